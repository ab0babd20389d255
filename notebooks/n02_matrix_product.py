# %% [markdown]
# # Matrix product and non-linearity
#
# A language model on disk is a heap of matrices, and running it means multiplying with them, one
# after another. If that were all, it could not even tell the inside of a ring from the outside.
# What makes the difference is a bend between the products. You will see
#
# - what a matrix product computes, number by number, and how to read its shape;
# - what a matrix does to the plane;
# - why a hundred matrices in a row are worth no more than one;
# - how hinges, bends of the simplest kind, build any curve, and how they solve the ring;
# - both together as they stand in Llama.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from llama import FeedForward
from rope import apply_rotary_emb
from tinytorch import hprt

rng = np.random.default_rng(2)

# %% [markdown]
# ## One number: a weighted sum
#
# A shop sells three things. The prices are a list of numbers, a basket is another, and the bill is
# the sum of price times count. That is a **dot product**: multiply in pairs, and add up. A *neuron*
# does nothing else. Its inputs are the counts, its weights the prices.

# %%
prices = np.array([2.0, 0.5, 3.0])
basket = np.array([1.0, 4.0, 2.0])
bill = 2.0 * 1.0 + 0.5 * 4.0 + 3.0 * 2.0
assert prices @ basket == bill
print("the bill:", bill)

# %% [markdown]
# Now let there be four baskets and two shops. Each basket is a row, each shop's price list a
# column, and the **matrix product** `baskets @ shops` is the table of all eight bills. (`hprt`,
# from this project's TinyTorch, prints arrays side by side, with their shapes.)

# %%
baskets = np.array([[1.0, 4.0, 2.0], [0.0, 1.0, 0.0], [3.0, 0.0, 1.0], [2.0, 2.0, 2.0]])
shops = np.array([[2.0, 1.0], [0.5, 1.0], [3.0, 4.0]])
hprt(baskets, "@", shops, "=", baskets @ shops)

# %% [markdown]
# Every number of the result is the dot product of one row on the left with one column on the right:
#
# `result[i, j] = Σₖ left[i, k] · right[k, j]`


# %%
def product(left, right):
    """The matrix product as the formula has it, one number at a time."""
    rows, columns = left.shape[0], right.shape[1]
    result = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            for k in range(left.shape[1]):
                result[i, j] += left[i, k] * right[k, j]
    return result


np.testing.assert_allclose(product(baskets, shops), baskets @ shops)

# %% [markdown]
# Shapes read like dominoes: `(4, 3) @ (3, 2)` makes `(4, 2)`. The inner sizes have to match, since
# rows and columns are paired number by number, and they vanish; the outer ones stay. In the model
# the rows are **tokens**, and a row holds the features of one token: `(T, C) @ (C, F)` makes `(T,
# F)`. Each token is treated by itself, and all of them alike.

# %%
one_by_one = np.stack([basket @ shops for basket in baskets])
np.testing.assert_allclose(one_by_one, baskets @ shops)

try:
    baskets @ shops.T
except ValueError as error:
    print("(4, 3) @ (2, 3):", str(error).split(",")[0])

# %% [markdown]
# It costs `4 · 3 · 2` multiplications, and as many additions. For a token in SmolLM2, the small
# model that this project runs, all matrices together are 135 million numbers, each used once. So a
# token costs 135 million multiplications. Nearly all of a model's time goes into this one
# operation.
#
# ## What a matrix does to the plane
#
# Let rows have two numbers. Then each row is a point of a plane, and a 2 × 2 matrix sends every
# point somewhere else. We draw a grid and a flag, and look where they go.


# %%
def grid(points):
    """The lines of a grid, each so many points: (points, 2)."""
    along, places = np.linspace(-2, 2, points), np.linspace(-2, 2, 9)
    across = [np.stack([along, np.full(points, place)], axis=1) for place in places]
    return across + [line[:, ::-1] for line in across]


FLAG = np.array([[0, 0], [0, 1.5], [0.9, 1.1], [0.12, 0.75], [0.12, 0]])


def draw(panel, move, title, points=2):
    """The grid and the flag, with every point moved."""
    for line in grid(points):
        panel.plot(*move(line).T, color="C5", linewidth=0.8)
    panel.fill(*move(FLAG).T, color="C1", alpha=0.8)
    panel.set_title(title)
    panel.set(xlim=(-3.5, 3.5), ylim=(-3.5, 3.5), aspect="equal")
    panel.axis("off")


# %%
turn = np.array([[np.cos(0.6), np.sin(0.6)], [-np.sin(0.6), np.cos(0.6)]])
matrices = {
    "as it was": np.eye(2),
    "stretch": np.diag([1.5, 0.5]),
    "turn": turn,
    "shear": np.array([[1.0, 0.0], [0.7, 1.0]]),
    "mirror": np.diag([-1.0, 1.0]),
    "flatten": np.array([[0.8, 0.4], [0.8, 0.4]]),
}
figure, panels = plt.subplots(2, 3, figsize=(7.4, 5.0))
for panel, (name, matrix) in zip(panels.flat, matrices.items(), strict=True):
    draw(panel, lambda points, matrix=matrix: points @ matrix, name)
plt.show()

# %% [markdown]
# Look at what never happens. Lines stay straight, lines that were parallel stay so, the middle
# stays where it is. Such a map is called **linear**. To know it, it is enough to know where the two
# steps `(1, 0)` and `(0, 1)` go. Those are the rows of the matrix:

# %%
for matrix in matrices.values():
    np.testing.assert_allclose(np.array([1.0, 0.0]) @ matrix, matrix[0])
    np.testing.assert_allclose(np.array([0.0, 1.0]) @ matrix, matrix[1])

# %% [markdown]
# The third of them lives in Llama. It tells tokens their place by *turning* pairs of their
# features, and `rope.py` does it without ever making a matrix. At position 1 it turns by one
# radian, as this matrix does. ([Notebook 9](n09_rotary.ipynb) is about nothing else.)

# %%
pair = torch.tensor([[[[0.3, -1.2]], [[0.3, -1.2]]]])  # (1, 2, 1, 2): positions 0 and 1
turned, _ = apply_rotary_emb(pair, pair, head_dim=2, max_seq_len=2)
one_radian = np.array([[np.cos(1), np.sin(1)], [-np.sin(1), np.cos(1)]])
np.testing.assert_allclose(turned[0, 1, 0], [0.3, -1.2] @ one_radian, atol=1e-6)

# %% [markdown]
# The last one has flattened the plane to a line. Points that were apart have fallen on one another,
# and no matrix will get them apart again. How many dimensions a matrix leaves is its **rank**: here
# 1.
#
# ## Many in a row are one
#
# Turn, then shear. Is there a single matrix that does both? There is, and it is the product of the
# two: `(x @ A) @ B = x @ (A @ B)`. The order matters.

# %%
A, B = turn, matrices["shear"]
figure, panels = plt.subplots(1, 3, figsize=(7.4, 2.7))
draw(panels[0], lambda points: points @ A @ B, "turn, then shear")
draw(panels[1], lambda points: points @ (A @ B), "by their product")
draw(panels[2], lambda points: points @ B @ A, "shear, then turn")
plt.show()

np.testing.assert_allclose((FLAG @ A) @ B, FLAG @ (A @ B), atol=1e-12)
assert not np.allclose(A @ B, B @ A)

# %% [markdown]
# That is bad news for a builder of deep networks. A hundred layers of weights, multiplied one after
# another, are one layer of weights:

# %%
layers = [np.linalg.qr(rng.normal(size=(16, 16)))[0] for _ in range(100)]
tokens = rng.normal(size=(5, 16))
deep = tokens
for layer in layers:
    deep = deep @ layer
single = np.linalg.multi_dot(layers)
np.testing.assert_allclose(deep, tokens @ single, atol=1e-9)
assert np.abs(deep).max() > 1
print("100 matrices of", layers[0].size, "numbers did what one of", single.size, "does")

# %% [markdown]
# ## What straight lines cannot do
#
# Here are two kinds of points: a disc, and a ring around it. A linear judge gives each point a
# score, `a·x + b·y + c`, and says "ring" where it is above nought. The boundary of that is a
# straight line. We let the best such judge be found (by least squares, which has a formula and
# needs no training).

# %%
count = 200
angle = rng.uniform(0, 2 * np.pi, 2 * count)
radius = np.concatenate([rng.uniform(0, 1, count), rng.uniform(1.5, 2.5, count)])
points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
kind = np.repeat([-1.0, 1.0], count)  # the disc, the ring


def fit(features):
    """Weights for these features, the last one for a constant, by least squares."""
    with_constant = np.hstack([features, np.ones((len(features), 1))])
    return np.linalg.lstsq(with_constant, kind, rcond=None)[0]


def right(features, weights):
    """The share of the points whose kind is found."""
    score = features @ weights[:-1] + weights[-1]
    return float(np.mean(np.sign(score) == kind))


straight = right(points, fit(points))
print(f"a linear judge is right on {straight:.0%} of the points")
assert straight < 0.7

# %% [markdown]
# It hardly beats a coin, and no cleverness in training would help: there is no straight line
# between a disc and a ring. Nor would more matrices in a row.
#
# ## A bend
#
# The smallest remedy is a **hinge**: `relu(x) = max(x, 0)`. What is below nought becomes nought,
# the rest passes. Put it between two matrices, and the plane is not only moved but *folded*:


# %%
def relu(x):
    return np.maximum(x, 0)


away = np.array([0.4, 0.3])
figure, panels = plt.subplots(1, 3, figsize=(7.4, 2.7))
draw(panels[0], lambda points: points @ turn + away, "a matrix and a shift")
draw(panels[1], lambda points: relu(points @ turn + away), "and a hinge", 41)
draw(panels[2], lambda points: relu(points @ turn + away) @ turn - 1, "and a matrix", 41)
plt.show()

# %% [markdown]
# The lines are no longer straight. One quarter of the plane has passed unharmed; the others are
# folded onto its edges. A single fold is crude, so let us count what many can do.
#
# ## Hinges build any curve
#
# In one dimension, `relu(x - p)` is a line that runs flat and turns up at `p`. A weighted sum of
# such hinges is a line with a bend at each `p`, and a line with many bends can follow any curve:

# %%
x = np.linspace(-3, 3, 241)
wanted = np.sin(2 * x) + 0.3 * x
figure, panels = plt.subplots(1, 3, figsize=(7.6, 2.7), sharey=True)
misses = []
for panel, hinges in zip(panels, (3, 8, 24), strict=True):
    places = np.linspace(-3, 3, hinges, endpoint=False)
    features = np.hstack([relu(x[:, None] - places), np.ones((len(x), 1))])
    weights = np.linalg.lstsq(features, wanted, rcond=None)[0]
    misses.append(np.abs(features @ weights - wanted).max())
    panel.plot(x, wanted, color="grey", linewidth=4, alpha=0.4)
    panel.plot(x, features @ weights)
    panel.set_title(f"{hinges} hinges")
plt.show()
print("at most wrong by", ", ".join(f"{miss:.3f}" for miss in misses))
assert misses[0] > misses[1] > 5 * misses[2]

# %% [markdown]
# For points of several numbers the same reads `relu(x @ first + shift) @ second`: a matrix, a
# hinge, a matrix. That is the whole of a **feed-forward** network with one hidden layer, and the
# hinges are its hidden neurons.
#
# ## The ring, solved
#
# Back to disc and ring. Each point goes to a number of hinges in random directions, and least
# squares weighs them. Nothing is trained but the last weights. For comparison, the same random
# matrix without the hinge:


# %%
def hidden(points, neurons, bend):
    """(N, 2) to (N, neurons): a random matrix and shift, then the bend."""
    random = np.random.default_rng(0)
    first, shift = random.normal(size=(2, neurons)), random.normal(size=neurons)
    return bend(points @ first + shift)


print("neurons   without the hinge   with it")
for neurons in (2, 8, 32):
    both = [hidden(points, neurons, bend) for bend in (lambda x: x, relu)]
    shares = [right(features, fit(features)) for features in both]
    print(f"{neurons:7}{shares[0]:20.0%}{shares[1]:10.0%}")

assert abs(shares[0] - straight) < 0.01
assert shares[1] > 0.99

# %% [markdown]
# Without the hinge, 32 neurons are as helpless as none: it is the linear judge again. With it, a
# handful draws a boundary around the disc: a polygon, and more neurons give it more corners. (Out
# in the corners of the last picture below it says "disc". There are no points there that would tell
# it better. A network is worth something where it has seen data, and guesses elsewhere.)

# %%
across, up = np.meshgrid(np.linspace(-2.8, 2.8, 57), np.linspace(-2.8, 2.8, 57))
plane = np.stack([across.ravel(), up.ravel()], axis=1)
figure, panels = plt.subplots(1, 3, figsize=(7.6, 2.8))
for panel, neurons in zip(panels, (2, 8, 32), strict=True):
    weights = fit(hidden(points, neurons, relu))
    score = hidden(plane, neurons, relu) @ weights[:-1] + weights[-1]
    score = score.reshape(across.shape)
    panel.contourf(across, up, score, [-99, 0, 99], colors=["C0", "C1"], alpha=0.25)
    for value, colour in ((-1, "C0"), (1, "C1")):
        panel.plot(*points[kind == value].T, ".", color=colour, ms=3, rasterized=True)
    panel.set_title(f"{neurons} hinges")
    panel.set_aspect("equal")
    panel.axis("off")
plt.show()

# %% [markdown]
# ## Softer bends
#
# A hinge is one choice of many. Any bend will do, as long as it is not a straight line. Models
# prefer soft ones, which have a slope everywhere ([notebook 1](n01_slope.ipynb)):

# %%
along = torch.linspace(-4, 4, 161)
for bend in (torch.relu, torch.tanh, torch.nn.functional.silu):
    plt.plot(along, bend(along), label=bend.__name__)
plt.ylim(-1.3, 3)
plt.xlabel("x")
plt.legend()
plt.title("Three bends: a hinge, a squeeze, and Llama's own")
plt.show()

# %% [markdown]
# ## As it stands in Llama
#
# The feed-forward part of a Llama layer is built of what you have just seen, with one more idea.
# There are two first matrices in place of one. What comes out of `w1` goes through the bend and
# becomes a **gate**; what comes out of `w3` is multiplied with it, number by number; `w2` leads
# back.

# %%
torch.manual_seed(0)
part = FeedForward(dim=8, hidden_dim=24, multiple_of=1, dropout=0.0)
stream = torch.randn(5, 8)  # (T, C)

gate = torch.nn.functional.silu(stream @ part.w1.weight.T)  # (T, F)
by_hand = (gate * (stream @ part.w3.weight.T)) @ part.w2.weight.T  # (T, C)

torch.testing.assert_close(by_hand, part(stream))
print("in", tuple(stream.shape), "hidden", tuple(gate.shape), "out", tuple(by_hand.shape))
print(sum(weight.numel() for weight in part.parameters()), "weights = 3 · 8 · 24")

# %% [markdown]
# Two tests tell a linear map from others. Doubling what goes in doubles what comes out; and what is
# made of a sum is the sum of what is made of its parts. A matrix passes both. The feed-forward
# fails, and that is what it is there for.

# %%
one, other = stream[:1], stream[1:2]
linear = part.w1
with torch.no_grad():
    torch.testing.assert_close(linear(2 * one), 2 * linear(one))
    torch.testing.assert_close(linear(one + other), linear(one) + linear(other))
    assert not torch.allclose(part(2 * one), 2 * part(one), rtol=0.1)
    assert not torch.allclose(part(one + other), part(one) + part(other), rtol=0.1)

# %% [markdown]
# ## What to keep
#
# - A matrix product is a table of dot products: rows on the left with columns on the right.
# - `(T, C) @ (C, F)` makes `(T, F)`: every token by itself, all alike.
# - A matrix moves space and keeps lines straight. Any number of matrices in a row is one matrix.
# - A bend between two of them breaks that spell, and many bends can follow any curve.
#
# How the weights are found where no formula gives them is the subject of [notebook
# 3](n03_loss.ipynb).
#
# ## Exercises
#
# **1.** `A`, `B` and `C` have the shapes (1000, 10), (10, 1000) and (1000, 1). The product of the
# three is the same whether `A @ B` or `B @ C` is made first. How many multiplications does each way
# take?
#
# <details><summary>Answer</summary>
#
# A product of `(n, k)` and `(k, m)` takes `n · k · m` multiplications. From the left that is 10
# million for `A @ B` and a million for the rest; from the right it is 10,000 and 10,000, which is
# 550 times less. Autograd goes through a network from its end for the same reason: there stands a
# single number, the loss.
#
# ```python
# cost = lambda n, k, m: n * k * m
# from_left = cost(1000, 10, 1000) + cost(1000, 1000, 1)
# from_right = cost(10, 1000, 1) + cost(1000, 10, 1)
# assert (from_left, from_right) == (11_000_000, 20_000)
# a, b, c = (rng.normal(size=shape) for shape in ((1000, 10), (10, 1000), (1000, 1)))
# np.testing.assert_allclose((a @ b) @ c, a @ (b @ c), atol=1e-9)
# ```
#
# </details>
#
# **2.** Exclusive or: of two inputs, each 0 or 1, exactly one is 1. No straight line parts the four
# points. Find, by hand, two hinges and the weights of their sum that compute it.
#
# <details><summary>Answer</summary>
#
# Both hinges look at the sum of the inputs, which is 0, 1 or 2. The first passes it on; the second
# begins at 1. One of the first, less two of the second: 0, 1, and 2 - 2 = 0.
#
# ```python
# inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
# first, shift, second = np.ones((2, 2)), np.array([0, -1]), np.array([1, -2])
# assert (relu(inputs @ first + shift) @ second).tolist() == [0, 1, 1, 0]
# ```
#
# </details>
