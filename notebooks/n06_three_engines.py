# %% [markdown]
# # One network, three engines
#
# We now have two engines of our own that find gradients. `Value` does it number by number
# ([notebook 4](n04_value.ipynb)); TinyTorch does it with whole arrays, by the formulas of [notebook
# 5](n05_matrix_gradients.ipynb). And there is torch, which the world uses. If all three are right,
# they must train the same network in the same way, to the last digit or nearly so. And if they are
# all right, why is there more than one? You will see
#
# - one network written twice, once with numbers and once with tensors;
# - three trainings that end in the same place;
# - what each engine writes down on the way, counted and drawn;
# - how long each of them takes, and what happens when the network grows.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
import torch

import tinytorch
from tinytorch import Value
from tinytorch.value import topological

rng = np.random.default_rng(6)

# %% [markdown]
# ## The task
#
# A curve is to be learnt from twelve points of it. The network has one input, eight hidden neurons
# with `tanh` as their bend, and one output; the loss is the mean of the squared misses. Its weights
# begin by chance. All engines get the *same* chance, since the arrays are drawn once, here.


# %%
x = np.linspace(-2, 2, 12)[:, None]  # (points, 1)
y = np.sin(2 * x) * np.exp(-0.2 * x)  # (points, 1)


def first_weights(hidden):
    """W1, b1, W2, b2 as arrays."""
    shapes = (1, hidden), (hidden,), (hidden, 1), (1,)
    scales = 1.5, 1.0, hidden**-0.5, 0.0
    return [scale * rng.normal(size=s) for scale, s in zip(scales, shapes, strict=True)]


start = first_weights(hidden=8)
print(sum(part.size for part in start), "weights")

# %% [markdown]
# ## Written with numbers
#
# `Value` knows nothing of arrays. So we keep our weights in lists, and spell out each sum: for each
# point, for each neuron, a product, an addition, a bend.


# %%
def values_of(array):
    return [Value(number) for number in np.ravel(array)]


def loss_of_values(weights, x, y):
    """The mean of the squared misses, one number at a time."""
    W1, b1, W2, (b2,) = weights
    total = Value(0.0)
    for at, target in zip(x[:, 0], y[:, 0], strict=True):
        out = b2
        for w, b, v in zip(W1, b1, W2, strict=True):
            out = out + v * (w * at + b).tanh()
        total = total + (out - target) ** 2
    return total / len(x)


def step_of_values(weights, x, y, rate):
    """One step downhill; gives the loss before it."""
    loss = loss_of_values(weights, x, y)
    for weight in (w for part in weights for w in part):
        weight.grad = 0.0
    loss.backward()
    for weight in (w for part in weights for w in part):
        weight.data -= rate * weight.grad
    return loss.data


# %% [markdown]
# ## Written with tensors
#
# For the other two the same is a line of matrix products. It is *one* text for both: TinyTorch has
# torch's names, so which engine runs is decided by who is called `engine`. The numbers are float64,
# as Python's own are.


# %%
def tensors_of(engine, arrays):
    parts = [engine.tensor(array.tolist(), dtype=engine.float64) for array in arrays]
    return [part.requires_grad_() for part in parts]


def loss_of_tensors(weights, x, y):
    W1, b1, W2, b2 = weights
    out = (x @ W1 + b1).tanh() @ W2 + b2  # (points, 1)
    return ((out - y) ** 2).mean()


def step_of_tensors(engine, weights, x, y, rate):
    loss = loss_of_tensors(weights, x, y)
    for weight in weights:
        weight.grad = None
    loss.backward()
    with engine.no_grad():
        for weight in weights:
            weight -= rate * weight.grad
    return loss.item()


# %% [markdown]
# ## Three trainings
#
# A hundred steps, each engine by itself.


# %%
def stepper(name, arrays, x, y, rate=0.1):
    """A function that makes one step with the engine of that name."""
    if name == "Value":
        values = [values_of(part) for part in arrays]
        return lambda: step_of_values(values, x, y, rate)
    engine = {"TinyTorch": tinytorch, "torch": torch}[name]
    weights = tensors_of(engine, arrays)
    x, y = (engine.tensor(part.tolist(), dtype=engine.float64) for part in (x, y))
    return lambda: step_of_tensors(engine, weights, x, y, rate)


ENGINES = ("Value", "TinyTorch", "torch")
losses = {}
for name in ENGINES:
    step = stepper(name, start, x, y)
    losses[name] = [step() for _ in range(100)]

for at in (0, 9, 99):
    print(f"step {at + 1:>3}  " + "  ".join(f"{n} {losses[n][at]:.12f}" for n in ENGINES))

# %% [markdown]
# Digit for digit. Computers round, and the engines add in different orders, so the very last digits
# may differ. How much?

# %%
apart = {name: np.abs(np.subtract(losses[name], losses["torch"])) for name in ENGINES[:2]}
figure, (left, right) = plt.subplots(1, 2, figsize=(7.8, 3.2))
for name, width, style in zip(ENGINES, (7, 4, 1.5), ("-", "-", "--"), strict=True):
    left.plot(losses[name], style, linewidth=width, label=name)
left.set(title="the loss, three times", xlabel="step", ylim=(0, None))
left.legend()
for name, gap in apart.items():
    right.plot(np.maximum(gap, 1e-18), label=f"{name} and torch")
right.axhline(1e-6, color="0.5", linestyle=":")
right.text(0, 1.6e-6, "one millionth", color="0.4")
right.set(title="how far apart", xlabel="step", yscale="log", ylim=(1e-18, 1e-3))
right.legend(loc="center right")
plt.show()

assert max(gap.max() for gap in apart.values()) < 1e-9
assert losses["torch"][-1] < losses["torch"][0] / 4

# %% [markdown]
# The three curves on the left lie on one another. The distance on the right is that of rounding,
# far below anything that matters. This is a strong test, by the way. One wrong slope in one
# operation, and the curves would part within a few steps. This project's tests compare its engines
# in the same manner, with a whole Llama.
#
# ## What is written down
#
# So all find the same. But at what expense? Each engine takes down, on the way there, what it will
# need on the way back. We count the boxes of each graph.


# %%
def boxes(name, arrays, x, y):
    """How many boxes the graph of a loss has."""
    if name == "Value":
        values = [values_of(part) for part in arrays]
        return len(topological(loss_of_values(values, x, y)))
    weights = tensors_of(tinytorch, arrays)
    x, y = tinytorch.tensor(x), tinytorch.tensor(y)
    return len(topological(loss_of_tensors(weights, x, y).edge()))


hiddens = [2, 4, 8, 16, 32, 64]
counts = {
    name: [boxes(name, first_weights(hidden), x, y) for hidden in hiddens]
    for name in ("Value", "TinyTorch")
}
for name, numbers in counts.items():
    plt.loglog(hiddens, numbers, "o-", label=name)
    plt.text(64, 1.4 * numbers[-1], f"{numbers[-1]:,}", ha="center")
plt.xticks(hiddens, [str(hidden) for hidden in hiddens])
plt.minorticks_off()
plt.ylim(5, 20000)
plt.xlabel("hidden neurons")
plt.title("boxes in the graph of one loss")
plt.legend(loc="upper left")
plt.show()

assert len(set(counts["TinyTorch"])) == 1
assert counts["Value"][-1] > 10 * counts["Value"][0]

# %% [markdown]
# With `Value` the graph grows with the network and with the data: each product of two numbers is a
# box of its own. With tensors it does not grow at all, since a matrix product is *one* box, whether
# it multiplies eight numbers or eight million. The numbers inside it are dealt with by a routine in
# C, which does not ask for each of them what type it has and where it should be put.
#
# ## And the time
#
# Now we look at the clock. Each engine makes some steps; of several tries the shortest counts,
# since a computer that is busy with something else can only make them longer. We give the time in
# multiples of the fastest engine's. **Your numbers will differ**; it depends on the machine. That
# is why this page says in words only what holds on all of them.


# %%
def seconds(step, tries=3, steps=3):
    """The time of one step, the best of some tries."""
    best = float("inf")
    step()  # the first one sets things up
    for _ in range(tries):
        begin = time.perf_counter()
        for _ in range(steps):
            step()
        best = min(best, (time.perf_counter() - begin) / steps)
    return best


many_x = np.linspace(-2, 2, 48)[:, None]
many_y = np.sin(2 * many_x)
sizes = {"12 points, 8 neurons": (8, x, y)}
sizes["48 points, 32 neurons"] = (32, many_x, many_y)
times = {}
for size, (hidden, *data) in sizes.items():
    arrays = first_weights(hidden)
    times[size] = {name: seconds(stepper(name, arrays, *data)) for name in ENGINES}

# %%
figure, panels = plt.subplots(1, 2, figsize=(7.8, 3.2), sharey=True)
for panel, (size, taken) in zip(panels, times.items(), strict=True):
    ratios = [taken[name] / min(taken.values()) for name in ENGINES]
    bars = panel.bar(ENGINES, ratios, color=["C0", "C1", "C2"])
    labels = [f"{float(f'{ratio:.1g}'):g}" for ratio in ratios]  # no digit more is sure
    panel.bar_label(bars, labels, padding=2)
    panel.set(title=size, yscale="log", ylim=(0.5, 5000))
panels[0].set_ylabel("time of a step, fastest = 1")
plt.show()


# %% [markdown]
# Two things can be read from it. `Value` falls behind as the network grows, because it pays for
# every number. And TinyTorch, though written in Python, need not hide from torch. Both hand the
# real work to compiled routines and pay only for each *operation*; with small arrays, that fee is
# nearly all there is. How they compare with the arrays of a real model is measured in
# `docs/tinytorch.md`.
#
# That is the whole reason for tensors: **pay once per array, and not once per number.** It is also
# what makes graphics cards useful: an operation on a million numbers can be given to thousands of
# small processors, a million operations on one number cannot.
#
# ## Which one to read
#
# `Value` says what automatic differentiation *is*, in a file that one can read over a cup of tea.
# `tinytorch/autograd.py` and `operations.py` say the same for arrays. The walk has not changed:
# list the boxes, begin with 1 at the end, multiply, add. Only the slopes have grown into formulas.
#
# ## What to keep
#
# - Three engines, one result: the chain rule leaves no choice.
# - A graph of numbers grows with the network. A graph of tensors grows with the *program*.
# - The price of an operation is paid for each box, so boxes should be large.
# - Two independent ways to the same number are the best test there is.
#
# ## Exercises
#
# **1.** Predict, before you count: how many boxes more has the graph of `Value` for each further
# hidden neuron, with twelve points? (A number that is no `Value` becomes one, and so a box.)
#
# <details><summary>Answer</summary>
#
# Once, for the neuron: its three weights. And for each point six: the number `at` as a box, `w *
# at`, `+ b`, the `tanh`, the product with `v`, and the sum. That makes 3 + 12 · 6 = 75.
#
# ```python
# with_5, with_6 = (boxes("Value", first_weights(n), x, y) for n in (5, 6))
# assert with_6 - with_5 == 3 + 12 * 6
# ```
#
# </details>
#
# **2.** Break an engine. Give `Value` a `tanh` whose slope is `1 - y` in place of `1 - y²`, train
# as before, and find the step at which its loss is first off by more than a millionth. Would a look
# at the curve have shown it?
#
# <details><summary>Answer</summary>
#
# The first loss is still right, since nothing has been learnt yet; the second is off. Yet the loss
# goes down all the same: this slope is wrong in size, and never in sign, so most steps still lead
# downhill. A curve that falls is no proof. Only the comparison shows it.
#
# ```python
# def wrong(self):
#     y = np.tanh(self.data)
#     return Value(y, (self,), (1 - y,), "tanh")
#
# right_one = Value.tanh
# Value.tanh = wrong
# step = stepper("Value", start, x, y)
# off = [step() for _ in range(100)]
# Value.tanh = right_one
# step = stepper("torch", start, x, y)
# true = [step() for _ in range(100)]
# gaps = np.abs(np.subtract(off, true))
# assert gaps[0] < 1e-9 and gaps[1] > 1e-6
# assert off[-1] < off[0]
# ```
#
# </details>
