# %% [markdown]
# # A number that remembers
#
# In [notebook 3](n03_loss.ipynb) we walked a chain of slopes by hand, and had to write every link
# down. A computer can do that by itself. All it needs is a kind of number that remembers what it
# was made of. This page is about that number, which in this project is called `Value` and lives in
# `tinytorch/value.py`. The whole file fits on two screens. You will see
#
# - what such a number remembers, and how little it is;
# - the walk back, which is a handful of lines, and the two mistakes that everyone makes in it;
# - a neuron, drawn with all its slopes;
# - that neuron learning, and a few of them together learning what one cannot.

# %%
import inspect
import math
import textwrap

import matplotlib.pyplot as plt
import numpy as np

from tinytorch import Value, draw
from tinytorch.value import topological

rng = np.random.default_rng(4)

# %% [markdown]
# ## What it remembers
#
# A `Value` holds a number, and one can calculate with it. The result is a `Value` again:

# %%
a, b = Value(2.0, name="a"), Value(-3.0, name="b")
product = a * b
result = product + a
product.name, result.name = "p", "c"
print("a · b + a =", result.data)

# %% [markdown]
# The result knows more than -4. It knows which two numbers it was added from, and one of those
# knows which two it was multiplied from. And each result knows a **slope** for each of its parts:
# how much it would move if that part alone moved a little. For a sum, both slopes are 1. For a
# product, the slope to each factor is *the other factor*.

# %%
print("c is", [part.name for part in result.inputs], "by", result.operation)
print("    slopes", result.slopes)
print("p is", [part.name for part in product.inputs], "by", product.operation)
print("    slopes", product.slopes)
assert product.slopes == (b.data, a.data)

# %% [markdown]
# That is all: its parts and its slopes. Both are written down at the moment of calculating, when
# the numbers are at hand. Here is the whole of multiplication.

# %%
print(textwrap.dedent(inspect.getsource(Value.__mul__)))

# %% [markdown]
# ## The graph
#
# Numbers that point to their parts make a **graph**. `draw` of TinyTorch collects its boxes; with
# Graphviz installed it makes an SVG of them by itself. Here we lay them out with a few lines of our
# own, so that the page needs nothing else. Each box shows what the number is called or made by, the
# number itself, and its gradient, `grad`, which is still nought everywhere.


# %%
def layout(boxes):
    """A place for each box: what is used stands left of what uses it."""
    column = [0] * len(boxes)
    for n in reversed(range(len(boxes))):  # results come last
        for source in boxes[n].inputs:
            column[source] = min(column[source], column[n] - 1)
    height = {}
    lines = iter(range(len(boxes)))
    for n, box in enumerate(boxes):
        if not box.inputs:
            height[n] = -float(next(lines))
        else:
            height[n] = sum(height[source] for source in box.inputs) / len(box.inputs)
    return [(column[n], height[n]) for n in range(len(boxes))]


def show(value, size=(7.2, 2.4)):
    """The graph behind a Value, from left to right."""
    boxes = draw(value).boxes
    places = layout(boxes)
    _, panel = plt.subplots(figsize=size)
    drawn = []
    for box, place in zip(boxes, places, strict=True):
        text = f"{box.title}\n{box.value}\ngrad {box.gradient}"
        frame = {"boxstyle": "round", "facecolor": "white" if box.inputs else "#dcebf5"}
        drawn.append(panel.text(*place, text, ha="center", va="center", bbox=frame))
    for box, there, end in zip(boxes, places, drawn, strict=True):
        for source in box.inputs:
            look = {"arrowstyle": "-|>", "color": "0.5", "shrinkA": 0, "shrinkB": 0}
            look["patchA"] = drawn[source].get_bbox_patch()
            look["patchB"] = end.get_bbox_patch()
            panel.annotate("", there, places[source], arrowprops=look)
    across, up = np.array(places).T
    panel.set(xlim=(across.min() - 0.4, 0.4), ylim=(up.min() - 0.6, up.max() + 0.6))
    panel.axis("off")
    plt.show()


show(result)

# %% [markdown]
# Blue boxes are what we put in. Two arrows leave `a`, since it was used twice. Remember that; it is
# where mistakes are made.
#
# ## The walk back
#
# Now the question of all training: *if I nudge this number, how does the result answer?* That is
# what `grad` is to hold, for every box. We begin at the end. How does `c` answer to itself? One for
# one: its `grad` is 1. From there each box hands on to its parts
#
# `slope × own grad`
#
# which is the chain rule, and each part *adds up* what it receives, since ways side by side add.
# Let us do it on paper, for our four boxes:
#
# - `c` has 1. It is a sum, with slopes 1 and 1: `p` receives 1, and `a` receives 1.
# - `p` has 1. It is a product, with slopes -3 and 2: `a` receives -3, and `b` receives 2.
# - So `b` has 2, and `a` has 1 - 3 = -2.

# %%
result.backward()
assert (a.grad, b.grad) == (-2.0, 2.0)
show(result)

# %% [markdown]
# Is it true? The honest test is to nudge, and to look. `a` goes up by a thousandth:

# %%
h = 0.001
nudged = (2.0 + h) * -3.0 + (2.0 + h)
print(f"c moves from -4 to {nudged:.3f}: by {(nudged + 4) / h:.1f} times as much as a")
assert math.isclose((nudged + 4) / h, a.grad)

# %% [markdown]
# And here is the code that did it, as it stands in `tinytorch/value.py`.

# %%
print(textwrap.dedent(inspect.getsource(Value.backward)))

# %% [markdown]
# ## Two mistakes
#
# **To overwrite in place of adding.** With `=` where `+=` belongs, the `a` of our example would end
# with -3 or with 1, whichever came last. It only shows where something is used twice, and so it
# slips through small tests.
#
# **To hand on too early.** A box must have received *everything* before it passes anything on.
# `topological` sees to that: it lists each box after all its parts, and the walk reads the list
# from its end. One could also run down every single way from the result to the start, and add them
# all up. The sum would be right, but count the ways. In the next cell each step adds a number to
# itself, so at each step the ways double.

# %%
start = Value(1.0)
doubled = start
for _ in range(40):
    doubled = doubled + doubled
doubled.backward()
print(f"ways from the end to the start: {2**40:,}")
print(f"boxes visited by backward:      {len(topological(doubled))}")
assert start.grad == 2.0**40
assert len(topological(doubled)) == 41

# %% [markdown]
# Each box once, each arrow once: that is why the slopes to a hundred million weights cost no more
# than a few times the calculation itself. Nudging would need the whole calculation again for *each*
# weight.
#
# ## Bigger things from small ones
#
# `Value` knows few operations by heart: `+`, `*`, powers, `exp`, `log`, `tanh`, `relu`. All else is
# made of them, and has its slopes for free. Take SiLU, the bend of Llama, whose slope we found with
# some effort in [notebook 1](n01_slope.ipynb). Here nobody has to find it:


# %%
def silu(x):
    return x / (1 + (-x).exp())


x = np.linspace(-6, 4, 101)
points = [Value(number) for number in x]
heights = [silu(point) for point in points]
for height in heights:
    height.backward()

plt.plot(x, [height.data for height in heights], label="silu(x)")
plt.plot(x, [point.grad for point in points], label="its slope, by backward")
plt.xlabel("x")
plt.legend()
plt.show()

s = 1 / (1 + np.exp(-x))
np.testing.assert_allclose([point.grad for point in points], s + x * s * (1 - s))

# %% [markdown]
# ## A neuron
#
# A neuron multiplies each input with a weight, adds it all up with a bias, and bends the sum:
#
# `out = tanh(w₁ · x₁ + w₂ · x₂ + b)`
#
# One line of mathematics, and ten boxes:

# %%
w1, x1 = Value(-0.6, name="w1"), Value(1.5, name="x1")
w2, x2 = Value(0.9, name="w2"), Value(0.5, name="x2")
bias = Value(0.7, name="b")
out = (w1 * x1 + w2 * x2 + bias).tanh()
out.name = "out"
out.backward()
show(out, (7.8, 4.2))
assert len(topological(out)) == 10

# %% [markdown]
# Read it from the right. `tanh` has the slope `1 - out²`, which is near 1 here, since the neuron is
# not far from its middle. Sums pass on what they have, so that number reaches `b` and both products
# unchanged. At a product it is multiplied with the *other* factor. So the gradient of a weight is
# large where its input is large: **a weight answers for what went through it.**

# %%
bend = 1 - out.data**2
assert math.isclose(bias.grad, bend)
assert math.isclose(w1.grad, bend * x1.data)
assert math.isclose(x1.grad, bend * w1.data)

# %% [markdown]
# ## A neuron learns
#
# Now the purpose of it all. Here are two kinds of points; the neuron is to say +1 for one kind, and
# -1 for the other.


# %%
class Neuron:
    def __init__(self, inputs):
        self.weights = [Value(w) for w in rng.normal(size=inputs)]
        self.bias = Value(0.0)

    def __call__(self, inputs):
        pairs = zip(self.weights, inputs, strict=True)
        return sum((w * x for w, x in pairs), self.bias).tanh()

    def parameters(self):
        return [*self.weights, self.bias]


def mean_square(guesses, targets):
    misses = [(g - float(t)) ** 2 for g, t in zip(guesses, targets, strict=True)]
    return sum(misses, Value(0.0)) / len(misses)


def descend(parameters, loss, rate):
    """Forget the old gradients, walk back, and step downhill."""
    for parameter in parameters:
        parameter.grad = 0.0
    loss.backward()
    for parameter in parameters:
        parameter.data -= rate * parameter.grad


# %% [markdown]
# Mind the first lines of `descend`. `backward` *adds* to the gradients of what we put in; it cannot
# know that we are done with the last round. Whoever forgets to set them back steps along the sum of
# all slopes since the beginning. (In torch the line is `optimizer.zero_grad()`.)

# %%
kinds = np.repeat([1.0, -1.0], 20)
cloud = rng.normal(size=(40, 2)) * 0.7 + kinds[:, None] * [0.9, 0.6]

neuron = Neuron(2)
neuron.weights[0].data, neuron.weights[1].data = -1.0, 0.5  # a bad start
losses, borders = [], {}
for step in range(41):
    if step in (0, 2, 5, 40):
        borders[step] = [parameter.data for parameter in neuron.parameters()]
    loss = mean_square([neuron(point) for point in cloud], kinds)
    losses.append(loss.data)
    descend(neuron.parameters(), loss, rate=0.5)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.3))
for kind, colour in ((1, "C1"), (-1, "C0")):
    left.plot(*cloud[kinds == kind].T, "o", color=colour, markersize=4)
along = np.array([-3.0, 4.4])
greys = ("0.8", "0.65", "0.45", "0")
for (step, (u, v, c)), grey in zip(borders.items(), greys, strict=True):
    left.plot(along, -(u * along + c) / v, color=grey, label=f"{step}")
left.set(xlim=(-2.6, 4.4), ylim=(-2.6, 2.6), title="where the neuron says 0")
left.legend(title="step", loc="upper right", fontsize=9)
right.plot(losses)
right.set(xlabel="step", title="loss", ylim=(0, None))
plt.show()

answers = np.array([neuron(point).data for point in cloud])
right_ones = np.mean(answers * kinds > 0)
print(f"on the right side: {right_ones:.0%}")
assert losses[-1] < losses[0] / 4
assert right_ones > 0.9

# %% [markdown]
# The neuron's border is a straight line, which turns until the kinds lie on its two sides. Nobody
# told it how to turn. Each step consists of 40 guesses, one loss, one walk back, and three small
# subtractions.
#
# ## What one cannot, a few can
#
# These two moons cannot be parted by a straight line. So we take eight neurons side by side, and
# one more that looks at their answers. `Value` does not notice the difference: the graph grows, the
# walk is the same.


# %%
class Network:
    def __init__(self, inputs, hidden):
        self.hidden = [Neuron(inputs) for _ in range(hidden)]
        self.last = Neuron(hidden)

    def __call__(self, inputs):
        return self.last([neuron(inputs) for neuron in self.hidden])

    def parameters(self):
        return [p for neuron in [*self.hidden, self.last] for p in neuron.parameters()]


angle = np.tile(np.linspace(0, np.pi, 12), 2)
side = np.repeat([1.0, -1.0], 12)
moons = np.stack([np.cos(angle) + 0.5 * (side < 0), side * np.sin(angle)], axis=1)
moons = 1.3 * moons - 0.3 * side[:, None] + 0.08 * rng.normal(size=(24, 2))

network = Network(inputs=2, hidden=8)
loss = mean_square([network(point) for point in moons], side)
print(f"{len(network.parameters())} weights, {len(topological(loss)):,} boxes")

# %%
losses = []
for _ in range(80):
    loss = mean_square([network(point) for point in moons], side)
    losses.append(loss.data)
    descend(network.parameters(), loss, rate=0.5)

# %%
ticks = np.linspace(-2.6, 2.6, 21)
says = [[network((across, up)).data for across in ticks] for up in ticks]
figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.3))
left.contourf(ticks, ticks, says, [-1.1, 0, 1.1], colors=["C0", "C1"], alpha=0.25)
for kind, colour in ((1, "C1"), (-1, "C0")):
    left.plot(*moons[side == kind].T, "o", color=colour, markersize=4)
left.set_title("what the network says")
right.plot(losses)
right.set(xlabel="step", title="loss", ylim=(0, None))
plt.show()

print(f"loss: {losses[0]:.2f}, then {losses[-1]:.3f}")
assert all(network(p).data * k > 0 for p, k in zip(moons, side, strict=True))

# %% [markdown]
# The border bends between the moons. This is all there is to training: with a Llama the graph is
# larger, and that is the difference. Except that it would take hours to walk a graph in which every
# single number is a box of its own. So the boxes have to become larger too: a whole matrix in each.
# What the slopes of a matrix product are is the question of [notebook
# 5](n05_matrix_gradients.ipynb); how much is won by it, that of [notebook
# 6](n06_three_engines.ipynb).
#
# (That an engine for numbers says all there is to say, and says it so briefly, was shown by Andrej
# Karpathy's micrograd in 2020. `Value` owes it the idea.)
#
# ## What to keep
#
# - A `Value` remembers its parts, and its slope to each.
# - `backward` goes from the result to the start, each box once, after all that was made of it.
# - It multiplies along the arrows, and adds where arrows meet.
# - The gradients of one round have to be forgotten before the next.
#
# ## Exercises
#
# **1.** `e = (a + b) · (b + 1)` with `a = 2` and `b = 3`. Draw the graph on paper and write its
# gradients into it, before you let `backward` check you. On how many ways does `e` answer to `b`?
#
# <details><summary>Answer</summary>
#
# The sums are 5 and 4, and `e` is 20. Each factor receives the other: `a + b` has 4, `b + 1` has 5.
# Sums hand on what they have. So `a` has 4, and `b`, which is reached on two ways, has 4 + 5 = 9.
#
# ```python
# a, b = Value(2.0), Value(3.0)
# e = (a + b) * (b + 1)
# e.backward()
# assert (e.data, a.grad, b.grad) == (20.0, 4.0, 9.0)
# ```
#
# </details>
#
# **2.** Teach `Value` the sine, by a function of your own, `sin(x)`, that gives a `Value`. What
# must it write down? Try it on `sin(x)² + cos(x)²`, whose slope you know without calculating. (The
# cosine is a sine a quarter of a turn further on.)
#
# <details><summary>Answer</summary>
#
# The number, the part, and the slope, which is the cosine. The sum of the squares is 1 everywhere,
# and so its slope is 0: the two ways cancel.
#
# ```python
# def sin(x):
#     return Value(math.sin(x.data), (x,), (math.cos(x.data),), "sin")
#
# x = Value(0.7)
# one = sin(x) ** 2 + sin(x + math.pi / 2) ** 2
# one.backward()
# assert abs(one.data - 1) < 1e-12 and abs(x.grad) < 1e-12
# ```
#
# </details>
