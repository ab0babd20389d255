# %% [markdown]
# # Loss and chain rule
#
# To learn, a machine needs to be told how wrong it is, in one number. That number is the **loss**.
# Then it needs to know, for each of its weights, how the loss answers to it. Between a weight and
# the loss there may be hundreds of operations, and yet the answer is simple: go back along the
# chain and multiply. You will see
#
# - what a loss is, and why it is a landscape over the weights;
# - the chain rule: slopes of steps in a row are multiplied, slopes of ways side by side are added;
# - a first model that learns with it, by hand;
# - why language models are trained on cross-entropy;
# - why deep chains lose their slopes, and how Llama keeps them.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import torch

from tinytorch import Value

rng = np.random.default_rng(3)

# %% [markdown]
# ## How wrong?
#
# A cricket chirps faster when it is warm. Here are twenty evenings (made up, with some chance in
# them): the temperature, as degrees above or below 20, in tens; and the chirps per second. We guess
# a straight line, `guess = w · x + b`, and look for its two weights.

# %%
x = rng.uniform(-1, 1, 20)
y = 2.0 + 0.8 * x + rng.normal(size=20) * 0.15


def loss(w, b):
    """The mean of the squared misses."""
    return np.mean((w * x + b - y) ** 2)


ends = np.array([-1.1, 1.1])
figure, panels = plt.subplots(1, 2, figsize=(7.4, 3.0), sharey=True)
for panel, (w, b) in zip(panels, ((-0.5, 1.6), (0.8, 2.0)), strict=True):
    panel.vlines(x, y, w * x + b, color="C1", linewidth=1.5, label="misses")
    panel.plot(x, y, "o", color="black", markersize=4)
    panel.plot(ends, w * ends + b)
    panel.set_title(f"w = {w}, b = {b}: loss {loss(w, b):.3f}")
    panel.set_xlabel("x")
panels[0].legend()
plt.show()

# %% [markdown]
# Why squares? A miss of either side has to count as bad, so the sign must go. One large miss should
# count more than several small ones that add up to it. And the square has a slope everywhere, which
# an absolute value has not.
#
# The data stand still; what moves are the weights. So the loss is a function of `w` and `b`, a
# landscape with a height for each pair. Learning is walking down in it.

# %%
ws, bs = np.meshgrid(np.linspace(-1.2, 2.4, 61), np.linspace(0.8, 3.2, 41))
heights = np.mean((ws[..., None] * x + bs[..., None] - y) ** 2, axis=-1)
plt.figure(figsize=(7.2, 4.2))
levels = [0.05, 0.15, 0.3, 0.5, 0.9, 1.4, 2.0]
plt.clabel(plt.contour(ws, bs, heights, levels, linewidths=1.2), fontsize=9)
plt.plot([-0.5, 0.8], [1.6, 2.0], "o", color="C1")
for w, b, name in ((-0.5, 1.4, "the left line"), (0.8, 1.7, "the right line")):
    plt.text(w, b, name, ha="center", backgroundcolor="white")
plt.xlabel("w")
plt.ylabel("b")
plt.title("Every line is a point here, its loss the height")
plt.show()

# %% [markdown]
# ## One chain
#
# Take one evening alone. From the weight to the loss there are four small steps:
#
# `a = w · x`, `guess = a + b`, `miss = guess - y`, `loss = miss²`.
#
# Each step is something whose slope we know from [notebook 1](n01_slope.ipynb): how its result
# answers to what went in, here and now. If `w` moves a little, `a` moves `x` times as far. `guess`
# moves as far as `a`, and `miss` as far as `guess`. The loss moves `2 · miss` times as far as the
# miss. So in all,
#
# `slope of the loss to w = x · 1 · 1 · (2 · miss)`.
#
# It is like cogwheels. If one turns the next three times as fast, and that one the next twice, then
# the first turns the last six times as fast. **Slopes of steps in a row are multiplied**: that is
# the chain rule.


# %%
def chain(boxes, slopes, back):
    """Numbers in boxes; below them how the loss answers to each, and slopes between."""
    panel = plt.figure(figsize=(7.6, 2.1)).subplots()
    panel.axis("off")
    panel.set(xlim=(-0.6, len(boxes) - 0.4), ylim=(-1.1, 1.1))
    there, home = ({"arrowstyle": "->", "color": colour} for colour in ("C0", "C1"))
    frame = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": "C0"}
    for i, (name, value) in enumerate(boxes):
        panel.text(i, 0.45, f"{name}\n{value:.2f}", ha="center", va="center", bbox=frame)
        panel.text(i, -0.85, f"{back[i]:.2f}", ha="center", color="C1", weight="bold")
        if i:
            panel.text(i - 0.5, -0.6, f"· {slopes[i - 1]:.2f}", ha="center", color="C1")
            panel.annotate("", (i - 0.3, 0.45), (i - 0.7, 0.45), arrowprops=there)
            panel.annotate("", (i - 0.7, -0.75), (i - 0.3, -0.75), arrowprops=home)
    plt.show()


# %%
x0, y0, w0, b0 = 0.5, 2.4, -0.5, 1.6
a0 = w0 * x0
guess0 = a0 + b0
miss0 = guess0 - y0
loss0 = miss0**2

slopes = [x0, 1.0, 1.0, 2 * miss0]
back = [math.prod(slopes[i:]) for i in range(5)]
names = ("w", "a = w·x", "a + b", "miss", "miss²")
chain(list(zip(names, (w0, a0, guess0, miss0, loss0), strict=True)), slopes, back)

# %% [markdown]
# Above, from left to right, the numbers as they are made. Below, from right to left, how the loss
# answers to each of them. It begins with 1, for the loss answers to itself one to one. On each
# arrow it is multiplied with the slope of that step. Arriving at `w` we know: where `w` grows by a
# little, the loss shrinks 1.05 times as fast. The slope to `b` costs nothing more. It enters where
# `guess` is made, with the slope 1.
#
# Nudging agrees, and so does a `Value`, which keeps this very chain and walks back along it:


# %%
def one_loss(w):
    return (w * x0 + b0 - y0) ** 2


nudged = (one_loss(w0 + 1e-6) - one_loss(w0 - 1e-6)) / 2e-6
weight, shift = Value(w0), Value(b0)
((weight * x0 + shift - y0) ** 2).backward()
print(f"chain {back[0]:.6f}   nudged {nudged:.6f}   Value {weight.grad:.6f}")
assert abs(back[0] - nudged) < 1e-8
assert abs(weight.grad - back[0]) < 1e-12
assert abs(shift.grad - back[1]) < 1e-12

# %% [markdown]
# ## Ways side by side
#
# The weight `w` does not act on one evening alone, but on all twenty, and the loss is the mean. If
# `w` moves, all twenty squares move, and the loss feels the sum. So: **slopes of ways side by side
# are added**. A number that is used twice answers twice.

# %%
z = Value(3.0)
(z * z + z).backward()  # three ways from z to the result: 3 + 3 + 1
assert z.grad == 7.0


def gradient(w, b):
    """The slopes of the loss to w and b: the chain of each evening, and their mean."""
    miss = w * x + b - y
    return np.mean(2 * miss * x), np.mean(2 * miss)


by_hand = gradient(w0, b0)
h = 1e-6
by_nudging = (
    (loss(w0 + h, b0) - loss(w0 - h, b0)) / (2 * h),
    (loss(w0, b0 + h) - loss(w0, b0 - h)) / (2 * h),
)
np.testing.assert_allclose(by_hand, by_nudging, atol=1e-8)
print("slopes to w and b:", np.round(by_hand, 4))

# %% [markdown]
# These two rules are all there is to it. Whatever the network, each weight's slope is the sum, over
# all ways that lead from it to the loss, of the product of the slopes along the way. The only art
# is not to walk the shared stretches again and again. Walking back from the loss, each of them is
# walked once: this is **backpropagation**.
#
# ## Learning
#
# Now the walk. Against both slopes, by a small step, again and again.

# %%
w, b = -0.5, 1.6
path, losses = [(w, b)], [loss(w, b)]
for _ in range(60):
    to_w, to_b = gradient(w, b)
    w, b = w - 0.2 * to_w, b - 0.2 * to_b
    path.append((w, b))
    losses.append(loss(w, b))

figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.2))
left.contour(ws, bs, heights, levels, linewidths=0.9)
left.plot(*np.array(path).T, "o-", color="C1", markersize=3, linewidth=1)
left.set(xlabel="w", ylabel="b", title="the walk")
right.plot(losses)
right.set(xlabel="step", title="the loss", ylim=0)
plt.show()

# %% [markdown]
# It walks straight across the lines at first, then along the floor of the valley. For a straight
# line there is a formula for the best weights, and the walk has come to the same place. Of chance,
# which no line explains, a loss of about 0.15² remains.

# %%
best = np.polyfit(x, y, 1)
print(f"learnt {w:.3f}, {b:.3f}   by formula {best[0]:.3f}, {best[1]:.3f}")
np.testing.assert_allclose([w, b], best, atol=0.01)
assert losses[-1] < 2 * 0.15**2 < losses[0]

# %% [markdown]
# ## A longer chain
#
# A network has more links, and nothing else changes. Here is one with a hidden layer of eight
# neurons and `tanh` as its bend ([notebook 2](n02_matrix_product.ipynb)), for data that no straight
# line fits. Read `backward` from its first line: every line is one link, and uses what the line
# before found.

# %%
many = np.linspace(-2, 2, 41)
curve = np.sin(2 * many) + 0.1 * rng.normal(size=41)
weights = {"w": rng.normal(size=8), "b": rng.normal(size=8), "v": rng.normal(size=8)}


def forward(weights):
    before = many[:, None] * weights["w"] + weights["b"]  # (41, 8)
    hidden = np.tanh(before)
    return hidden, hidden @ weights["v"]  # (41, 8) and (41,)


def backward(weights, hidden, guess):
    to_guess = 2 * (guess - curve) / len(curve)  # (41,)
    to_v = to_guess @ hidden  # the sum over all 41 points
    to_hidden = to_guess[:, None] * weights["v"]  # (41, 8)
    to_before = to_hidden * (1 - hidden**2)  # the slope of tanh
    return {"w": many @ to_before, "b": to_before.sum(axis=0), "v": to_v}


# %%
def network_loss(weights):
    return np.mean((forward(weights)[1] - curve) ** 2)


by_chain = backward(weights, *forward(weights))
for name in weights:  # is the chain right? nudge one weight of each kind
    up, down = ({k: v.copy() for k, v in weights.items()} for _ in range(2))
    up[name][3] += h
    down[name][3] -= h
    nudged = (network_loss(up) - network_loss(down)) / (2 * h)
    print(f"{name}[3]   chain {by_chain[name][3]:+.6f}   nudged {nudged:+.6f}")
    assert abs(by_chain[name][3] - nudged) < 1e-7

# %% [markdown]
# Having checked it, we let it learn, and look at its guess on the way.

# %%
plt.plot(many, curve, "o", color="black", markersize=3)
for step in range(5001):
    hidden, guess = forward(weights)
    if step in (0, 100, 5000):
        label = f"after {step} steps: loss {network_loss(weights):.3f}"
        plt.plot(many, guess, label=label)
    slopes = backward(weights, hidden, guess)
    for name in weights:
        weights[name] -= 0.1 * slopes[name]
plt.xlabel("x")
plt.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

assert network_loss(weights) < 0.03

# %% [markdown]
# Writing `backward` by hand was easy to get wrong, and each change of the network would have to be
# made in two places. That is why engines do it. [Notebook 4](n04_value.ipynb) builds one for
# numbers, [notebook 5](n05_matrix_gradients.ipynb) looks at the lines for matrices.
#
# ## Which loss?
#
# Squares suit quantities. A language model has to name the next token, and so has to say how
# *probable* each one is. Take the smallest case: yes or no. The network gives a number, the
# **logit**, and `p = sigmoid(logit)` is how probable it holds "yes". Suppose "yes" is right. Two
# losses offer themselves: the square, `(1 - p)²`, and the surprise, `-log(p)`, which is called
# **cross-entropy**.

# %%
logit = np.linspace(-8, 5, 131)
p = 1 / (1 + np.exp(-logit))
figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.0))
left.plot(logit, (1 - p) ** 2, label="(1 - p)²")
left.plot(logit, -np.log(p), label="-log p")
left.set(title="the loss", xlabel="logit")
left.legend()
right.plot(logit, -2 * (1 - p) * p * (1 - p))
right.plot(logit, p - 1)
right.set(title="its slope", xlabel="logit")
plt.show()

# %% [markdown]
# At the far left the network is sure, and wrong. The square there costs next to 1, and is *flat*:
# the sigmoid is saturated, its slope `p(1 - p)` enters the chain as a factor of nearly nought, and
# nothing is learnt where most is to learn. The slope of `log p` is `1/p`, which is large there, and
# cancels that factor. What remains is the simplest formula of all:
#
# `slope of the loss to the logit = p - 1`, or in general *what was held probable, less what was
# right*.
#
# With more than two tokens it is the same: softmax in place of the sigmoid, and the slope to each
# logit is its probability, less 1 for the right one. That is what each training step of a Llama
# begins with on its way back.

# %%
logits = torch.tensor([2.0, -1.0, 0.5, 0.0], requires_grad=True)
right_one = torch.tensor(2)
surprise = torch.nn.functional.cross_entropy(logits, right_one)
(found,) = torch.autograd.grad(surprise, logits)
by_rule = torch.softmax(logits.detach(), dim=0)
by_rule[right_one] -= 1
torch.testing.assert_close(found, by_rule)
print("slopes to the logits:", [round(slope, 3) for slope in found.tolist()])
assert abs(found.sum()) < 1e-6  # what the right one gains, the others lose

# %% [markdown]
# ## Long chains
#
# Products of many factors are treacherous. A chain of fifty slopes of 0.8 is 0.00001; fifty of 1.2
# make 9,000. In a deep network the first layers' slopes are such products. We send a number through
# fifty steps of `tanh`, and ask at each depth how the result answers to what went in there. Then we
# do the same with a small change: each step *adds* a tenth of its result to what came in.


# %%
def slopes_through(step, depth=50):
    """How the end of the chain answers to the number at each depth."""
    numbers = [Value(0.5)]
    for _ in range(depth):
        numbers.append(step(numbers[-1]))
    numbers[-1].backward()
    return [abs(number.grad) for number in numbers]


plain = slopes_through(lambda z: (0.9 * z).tanh())
added = slopes_through(lambda z: z + 0.1 * (0.9 * z).tanh())
plt.semilogy(plain, label="each step replaces")
plt.semilogy(added, label="each step adds")
plt.xlabel("depth")
plt.ylabel("slope of the end")
plt.legend()
plt.title("What the end still knows of each depth")
plt.show()

print(f"from the end to the start: {plain[0]:.1e} and {added[0]:.2f}")
assert plain[0] < 1e-2 < 0.5 < added[0] < 5

# %% [markdown]
# Where each step replaces, the slope of the end to the beginning is lost on the way. Where each
# adds, there is always a way straight through, with the slope 1, and the rest is added to it. Every
# layer of Llama adds its result to what came in (read `LlamaLayer.forward` in `llama.py`), and what
# runs through it is called the **residual stream**. It is why models can be deep.
#
# ## What to keep
#
# - The loss is one number, and a landscape over the weights.
# - Steps in a row: multiply their slopes. Ways side by side: add. Begin at the loss, walk back
#   once.
# - Cross-entropy has the slope *probability less truth*, which stays large where the model is
#   wrong.
# - Long products vanish or explode. Adding keeps a way open.
#
# ## Exercises
#
# **1.** `loss = (tanh(w · x) - y)²`, at `w = 0.7`, `x = 2`, `y = 0.5`. Work out the slope to `w`,
# link by link, and the slope to `x`, which shares all links but one.
#
# <details><summary>Answer</summary>
#
# `t = tanh(1.4)`. The links from the end: `2(t - y)` for the square, 1 for the difference, `1 - t²`
# for the tanh. The last is `x` on the way to `w`, and `w` on the way to `x`.
#
# ```python
# t = math.tanh(1.4)
# shared = 2 * (t - 0.5) * (1 - t * t)
# w, x = Value(0.7), Value(2.0)
# (((w * x).tanh() - 0.5) ** 2).backward()
# assert abs(w.grad - shared * 2.0) < 1e-12
# assert abs(x.grad - shared * 0.7) < 1e-12
# ```
#
# </details>
#
# **2.** Five numbers are to be guessed by a single one: 1, 2, 3, 4 and 100. Which guess has the
# least mean of squared misses, and which the least mean of absolute misses? Why does the outlier
# matter in the one case only?
#
# <details><summary>Answer</summary>
#
# The slope of the squares is the sum of the misses, times 2: it is nought where the misses balance,
# at the *mean*, 22. The slope of the absolute misses counts only on which side each lies: it is
# nought where as many lie above as below, at the *median*, 3, however far away the 100 is.
#
# ```python
# five = np.array([1.0, 2.0, 3.0, 4.0, 100.0])
# guesses = np.arange(0.0, 101.0)[:, None]
# assert np.argmin(np.mean((guesses - five) ** 2, axis=1)) == 22
# assert np.argmin(np.mean(np.abs(guesses - five), axis=1)) == 3
# ```
#
# </details>
