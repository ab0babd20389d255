# %% [markdown]
# # Gradients of a matrix product
#
# Nearly everything that a language model does is `Y = X @ W`: tokens times weights. So nearly
# everything that its training does is to ask how the loss answers to `X` and to `W`. The answer is
# two short formulas. Books often give them without a reason, and people learn them by heart. On
# this page you find them yourself, in two ways:
#
# - by hand, for a single element: which numbers does it touch?
# - by shape: there is only one way to fit the pieces together;
# - and then the same for a bias that is added to every row, which is called **broadcasting**;
# - with all three, a whole network backwards, in seven lines.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

import tinytorch

rng = np.random.default_rng(5)

# %% [markdown]
# ## The question
#
# Two tokens with three features each, and weights that make four features of them:


# %%
X = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])  # (2, 3)
W = np.array([[1, -2, 0, 1], [3, 1, -1, 0.5], [0, 2, 1, -1]])  # (3, 4)
Y = X @ W  # (2, 4)
tinytorch.hprt(X, "@", W, "=", Y)

# %% [markdown]
# Further on in the network, something is made of `Y`, and at the very end a single number, the loss
# `L`. We need not know what happens in between. Those who come after us, on the way back, have
# already found out how `L` answers to each number in `Y`, and hand us the result: a table `G` of
# the shape of `Y`. If `G[0, 2]` is 0.5, then nudging `Y[0, 2]` up by a little moves the loss up by
# half as much.
#
# To have something to count with, let the loss be a sum of the numbers in `Y`, each with a weight
# of its own. Then `G` is just those weights. (For any other loss, `G` would be its slopes at this
# place, and nothing else on this page would change.)

# %%
G = np.array([[1.0, -1.0, 0.5, 2.0], [0.0, 3.0, -2.0, 1.0]])  # (2, 4), as Y


def loss(X, W):
    return np.sum(G * (X @ W))


print("L =", loss(X, W))

# %% [markdown]
# ## One element, by hand
#
# Take `X[0, 1]`, which is 2: the second feature of the first token. Which numbers of `Y` was it
# used for? Remember that `Y[i, j]` is row `i` of `X` with column `j` of `W`. So `X[0, 1]` takes
# part in the *whole first row* of `Y`, and in nothing else. Let us see that.


# %%
def table(panel, tallest, numbers, title, marked):
    """A matrix as a grid of numbers, some of its cells in orange, beside others."""
    rows, columns = numbers.shape
    for i in range(rows):
        for j in range(columns):
            colour = "#f6c9a5" if (i, j) in marked else "white"
            cell = plt.Rectangle((j, -i - 1), 1, 1, facecolor=colour, edgecolor="0.4")
            panel.add_patch(cell)
            text = f"{numbers[i, j]:g}"
            panel.text(j + 0.5, -i - 0.5, text, ha="center", va="center")
    panel.set(xlim=(-0.1, columns + 0.1), ylim=(-tallest - 0.1, 0.1), anchor="N")
    panel.set_aspect("equal")
    panel.set_title(f"{title}  {numbers.shape}")
    panel.axis("off")


def tables(*shown):
    """Some matrices side by side: of each the numbers, the title, and what is marked."""
    widths = [numbers.shape[1] for numbers, *_ in shown]
    tallest = max(numbers.shape[0] for numbers, *_ in shown)
    size = (7.8, 0.45 * tallest + 0.5)
    _, panels = plt.subplots(1, len(shown), figsize=size, width_ratios=widths)
    for panel, about in zip(panels, shown, strict=True):
        table(panel, tallest, *about)
    plt.show()


row = [(0, j) for j in range(4)]
tables((X, "X", [(0, 1)]), (W, "W", [(1, j) for j in range(4)]), (Y, "Y", row))

# %% [markdown]
# By how much? `Y[0, j]` holds `X[0, 1] · W[1, j]`, and other terms that do not know `X[0, 1]`. So
# if `X[0, 1]` goes up by one, `Y[0, j]` goes up by `W[1, j]`. Those are the orange numbers in `W`.

# %%
nudged = X.copy()
nudged[0, 1] += 1
print("Y moves by")
print(nudged @ W - Y)
assert np.array_equal((nudged @ W - Y)[0], W[1])

# %% [markdown]
# And each of these four movements moves the loss, by what stands in `G` at that place. Four ways
# lead from `X[0, 1]` to `L`; ways side by side add up ([notebook 3](n03_loss.ipynb)):
#
# `∂L/∂X[0, 1] = G[0, 0]·W[1, 0] + G[0, 1]·W[1, 1] + G[0, 2]·W[1, 2] + G[0, 3]·W[1, 3]`

# %%
by_hand = 1 * 3 + -1 * 1 + 0.5 * -1 + 2 * 0.5
print("by hand:   ", by_hand)
print("by nudging:", loss(nudged, W) - loss(X, W))
assert by_hand == loss(nudged, W) - loss(X, W) == G[0] @ W[1]

# %% [markdown]
# Look at that sum. It is the dot product of row 0 of `G` with row 1 of `W`. For `X[i, k]` it is the
# same with row `i` of `G` and row `k` of `W`:
#
# `∂L/∂X[i, k] = Σⱼ G[i, j] · W[k, j]`
#
# A table of dot products is a matrix product. Only, a matrix product takes a row of the left and a
# *column* of the right, and here both are rows. So we lay `W` on its side, which makes columns of
# its rows, and is called the **transpose**, `W.T`:
#
# **`∂L/∂X = G @ Wᵀ`**

# %%
to_X = G @ W.T
upright = [(j, 1) for j in range(4)]
tables((G, "G", row), (W.T, "Wᵀ", upright), (to_X, "G @ Wᵀ", [(0, 1)]))

# %% [markdown]
# ## An element of the weights
#
# Now `W[1, 2]`, which leads from feature 1 of the input to feature 2 of the output. Each token goes
# through it: it takes part in the *whole column* 2 of `Y`, in row `i` multiplied with `X[i, 1]`.

# %%
column = [(0, 2), (1, 2)]
tables((X, "X", [(0, 1), (1, 1)]), (W, "W", [(1, 2)]), (Y, "Y", column))

# %% [markdown]
# So there are as many ways to the loss as there are tokens, and they add up:
#
# `∂L/∂W[1, 2] = X[0, 1] · G[0, 2] + X[1, 1] · G[1, 2]`
#
# This is a column of `X` with a column of `G`. This time it is the left one that has to be laid on
# its side:
#
# **`∂L/∂W = Xᵀ @ G`**

# %%
to_W = X.T @ G
tables((X.T, "Xᵀ", [(1, 0), (1, 1)]), (G, "G", column), (to_W, "Xᵀ @ G", [(1, 2)]))
assert to_W[1, 2] == 2 * 0.5 + 0 * -2

# %% [markdown]
# Read it as a sentence: *what a weight gets to hear is, summed over all tokens, what went in times
# what was wanted at the other end.* It is [notebook 4](n04_value.ipynb)'s neuron again, for many
# neurons and many tokens at once. The second token had a 0 in feature 1, and so had no say.
#
# ## By shape
#
# Here is how to find the two formulas again when they have been forgotten. A gradient has the shape
# of what it is the gradient of, always, since it holds one slope for each number. We have
#
# | | `X` | `W` | `G` |
# |---|---|---|---|
# | shape | (T, C) | (C, F) | (T, F) |
#
# Wanted is `∂L/∂X`, of shape (T, C), and it can only be made of `G` and `W` (the slope of a product
# is the *other* factor). Of (T, F) and (C, F), how does one get (T, C)? The `F` has to vanish, so
# it has to stand inside: (T, F) @ (F, C). There is no other way: `G @ Wᵀ`. Likewise (C, F) of (T,
# C) and (T, F): the `T` has to vanish, (C, T) @ (T, F), `Xᵀ @ G`.
#
# What vanishes is what is summed over, and that makes sense as well: a token's feature went into
# all `F` outputs, a weight was used by all `T` tokens.
#
# Let a program try all ways, to be sure that only one fits:


# %%
def ways_that_fit(one, other, shape):
    """All products of two matrices, in any order, transposed or not, of a given shape."""
    forms = {"": lambda a: a, "ᵀ": lambda a: a.T}
    found = []
    for (m, a), (n, b) in ((one, other), (other, one)):
        for mark_a, turn_a in forms.items():
            for mark_b, turn_b in forms.items():
                left, right = turn_a(a), turn_b(b)
                if left.shape[1] == right.shape[0] and (left @ right).shape == shape:
                    found.append(f"{m}{mark_a} @ {n}{mark_b}")
    return found


print("of the shape of X:", ways_that_fit(("G", G), ("W", W), X.shape))
print("of the shape of W:", ways_that_fit(("X", X), ("G", G), W.shape))
assert ways_that_fit(("G", G), ("W", W), X.shape) == ["G @ Wᵀ"]
assert ways_that_fit(("X", X), ("G", G), W.shape) == ["Xᵀ @ G"]

# %% [markdown]
# A warning: this only works while all sizes differ. With square matrices all eight ways fit, seven
# of them are wrong, and nothing complains. So test with sizes that differ.

# %%
square = rng.normal(size=(3, 3))
all_fit = ways_that_fit(("G", square), ("W", square), square.shape)
print(len(all_fit), "ways fit")
assert len(all_fit) == 8

# %% [markdown]
# ## Three judges
#
# Nudge each of the 18 numbers, one after the other; let TinyTorch say; let torch say.


# %%
def by_nudging(f, at, h=1e-6):
    """The slope to each number of an array, each from a nudge up and a nudge down."""
    slopes = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[place] += h
        down[place] -= h
        slopes[place] = (f(up) - f(down)) / (2 * h)
    return slopes


np.testing.assert_allclose(by_nudging(lambda X: loss(X, W), X), to_X, atol=1e-8)
np.testing.assert_allclose(by_nudging(lambda W: loss(X, W), W), to_W, atol=1e-8)

for engine in (tinytorch, torch):
    x, w, g = (engine.tensor(part.tolist(), dtype=engine.float64) for part in (X, W, G))
    x.requires_grad_()
    w.requires_grad_()
    (g * (x @ w)).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), to_X)
    np.testing.assert_allclose(w.grad.numpy(), to_W)
    print(f"{engine.__name__:<10} agrees")

# %% [markdown]
# In TinyTorch the two formulas stand in a table, `tinytorch/operations.py`, beside the product
# itself. What `g` is there is `G` here.
#
# ## A bias: what was repeated is summed
#
# Layers often add a bias: `Y = X @ W + b`, where `b` has one number for each feature, shape (F,).
# The product has shape (T, F). To add the two, NumPy and torch pretend that `b` stood there `T`
# times, once for each row. That is **broadcasting**.
#
# How does the loss answer to `b[2]`? It was added to `Y[0, 2]` and to `Y[1, 2]`, each with slope 1.
# Two ways, so two terms: `G[0, 2] + G[1, 2]`. For all of `b`, add up the rows of `G`:
#
# **`∂L/∂b = G.sum(axis=0)`**

# %%
b = np.array([0.5, -1.0, 2.0, 0.0])
repeated = np.broadcast_to(b, Y.shape)
total = G.sum(axis=0, keepdims=True)
tables((repeated, "b, as used", column), (G, "G", column), (total, "summed", [(0, 2)]))

found = by_nudging(lambda b: np.sum(G * (X @ W + b)), b)
np.testing.assert_allclose(found, G.sum(axis=0), atol=1e-8)

# %% [markdown]
# The rule holds for every kind of broadcasting: **what the way there repeats, the way back sums.**
# Axes that were put in front are summed away; axes of size 1 that were stretched are summed to size
# 1 again. In code:


# %%
def summed_to(gradient, shape):
    """The gradient of what had this shape before it was broadcast."""
    in_front = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(in_front)))
    stretched = [axis for axis, size in enumerate(shape) if size == 1]
    return gradient.sum(axis=tuple(stretched), keepdims=True)


big = rng.normal(size=(5, 3, 4))
slopes = rng.normal(size=(5, 3, 4))  # of a product this time: times the other factor
for shape in ((4,), (1, 4), (3, 1), (5, 3, 1), (1, 1, 1), ()):
    small = rng.normal(size=shape)
    found = by_nudging(lambda small: np.sum(slopes * (small * big)), small)
    back = summed_to(slopes * big, shape)
    np.testing.assert_allclose(found, back, atol=1e-7)
    print(f"{shape!s:<10} to (5, 3, 4) and back to {back.shape}")

# %% [markdown]
# The rule also works the other way round: what the way there *sums*, the way back *repeats*. Each
# of the numbers in a sum has slope 1, so each gets the same gradient. Repeating and summing are
# each other's way back, just as `W` and `Wᵀ` are.
#
# ## A network, backwards
#
# Now all pieces together. Five tokens, six features, eight hidden ones, a bend, and four possible
# answers, of which one is right for each token. The loss is cross-entropy, whose slope we know from
# [notebook 3](n03_loss.ipynb): *probability less truth*.

# %%
T, C, F, V = 5, 6, 8, 4  # all different, as we have learnt
inputs = rng.normal(size=(T, C))
targets = np.array([0, 3, 1, 1, 2])
W1, b1 = rng.normal(size=(C, F)), rng.normal(size=F)
W2, b2 = rng.normal(size=(F, V)), rng.normal(size=V)

# There
hidden = np.tanh(inputs @ W1 + b1)  # (T, F)
logits = hidden @ W2 + b2  # (T, V)
p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
surprise = -np.log(p[np.arange(T), targets]).mean()

# And back
to_logits = (p - np.eye(V)[targets]) / T  # (T, V)
to_W2 = hidden.T @ to_logits  # (F, V)
to_b2 = to_logits.sum(axis=0)  # (V,)
to_hidden = to_logits @ W2.T  # (T, F)
to_sum = to_hidden * (1 - hidden**2)  # (T, F): through tanh
to_W1 = inputs.T @ to_sum  # (C, F)
to_b1 = to_sum.sum(axis=0)  # (F,)

# %% [markdown]
# Seven lines for the way back, and each is one that you have derived. TinyTorch, asked for the
# same:

# %%
parts = [tinytorch.tensor(w, requires_grad=True) for w in (W1, b1, W2, b2)]
w1, c1, w2, c2 = parts
out = (tinytorch.tensor(inputs) @ w1 + c1).tanh() @ w2 + c2
loss_of = tinytorch.nn.functional.cross_entropy
loss_of(out, tinytorch.tensor(targets)).backward()

by_lines = dict(zip(("W1", "b1", "W2", "b2"), (to_W1, to_b1, to_W2, to_b2), strict=True))
for (name, lines), part in zip(by_lines.items(), parts, strict=True):
    np.testing.assert_allclose(part.grad.numpy(), lines, atol=1e-12)
    print(f"{name}  {lines.shape!s:<7} agrees")

# %% [markdown]
# Let us look at one of these tables. Each row of `∂L/∂W1` belongs to a feature of the input, each
# column to a hidden neuron. It is `Xᵀ @ G`, a sum with one term for each token, and each term is a
# column times a row: everything that this token had to say, to all weights at once.

# %%
terms = [np.outer(x, g) for x, g in zip(inputs, to_sum, strict=True)]
np.testing.assert_allclose(sum(terms), to_W1)

_, panels = plt.subplots(1, T + 1, figsize=(7.8, 1.9))
names = [f"token {t}" for t in range(T)] + ["their sum"]
top = np.abs(to_W1).max()
for panel, numbers, name in zip(panels, [*terms, to_W1], names, strict=True):
    panel.pcolormesh(numbers[::-1], cmap="RdBu_r", vmin=-top, vmax=top)
    panel.set(xticks=[], yticks=[], aspect="equal")
    panel.set_title(name, fontsize=10)
plt.show()

# %% [markdown]
# Each of the small pictures is striped: all its rows are multiples of one row. (Its rank is 1, in
# the language of [notebook 2](n02_matrix_product.ipynb).) Only the sum of many is a matrix in its
# own right.
#
# ## What the way back costs
#
# The way there makes one matrix product per layer; the way back makes two of the same size, `G @
# Wᵀ` and `Xᵀ @ G`. So training costs *three* times what running does. A product takes a
# multiplication and an addition for each weight and each token, which is 2, and 3 times 2 is 6.
# This is where the rule of thumb comes from that **training takes six operations for each weight
# and each token**.
#
# And it needs memory: for `Xᵀ @ G` the way back wants to see `X` again, and so every layer's input
# has to be kept until then.
#
# ## What to keep
#
# - `Y = X @ W` has the gradients `G @ Wᵀ` and `Xᵀ @ G`.
# - Forgotten? A gradient has the shape of its number. Fit the pieces, with sizes that all differ.
# - What is repeated on the way there is summed on the way back; what is summed is repeated.
# - In doubt, nudge.
#
# ## Exercises
#
# **1.** Attention compares each query with each key: `S = Q @ Kᵀ`, where `Q` is (T, D) and `K` is
# (U, D). Given `G = ∂L/∂S`, find the gradients of `Q` and of `K`, by shape, and say in words over
# what each of them sums.
#
# <details><summary>Answer</summary>
#
# `G` is (T, U). For (T, D) the `U` has to vanish: `G @ K`, each query sums over the keys that it
# was compared with. For (U, D) the `T` has to: `Gᵀ @ Q`, each key sums over the queries.
#
# ```python
# Q, K, G = rng.normal(size=(3, 2)), rng.normal(size=(5, 2)), rng.normal(size=(3, 5))
# to_Q = by_nudging(lambda Q: np.sum(G * (Q @ K.T)), Q)
# to_K = by_nudging(lambda K: np.sum(G * (Q @ K.T)), K)
# np.testing.assert_allclose(to_Q, G @ K, atol=1e-7)
# np.testing.assert_allclose(to_K, G.T @ Q, atol=1e-7)
# assert to_K.shape == K.shape
# ```
#
# </details>
#
# **2.** From every row of `X`, shape (T, C), its mean is taken away: `Y = X - X.mean(axis=1,
# keepdims=True)`. Show that `∂L/∂X` is `G` with each row's mean taken away. (Two ways lead from
# `X[i, k]` to the loss: directly, and through the mean.)
#
# <details><summary>Answer</summary>
#
# The direct way gives `G[i, k]`. The mean of row `i` was repeated `C` times, with the slope -1: it
# receives minus the *sum* of row `i` of `G`. And `X[i, k]` has a share of `1 / C` in it. Together:
# `G[i, k]` less the sum of the row over `C`, which is its mean.
#
# ```python
# X, G = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
# found = by_nudging(lambda X: np.sum(G * (X - X.mean(axis=1, keepdims=True))), X)
# np.testing.assert_allclose(found, G - G.mean(axis=1, keepdims=True), atol=1e-7)
# assert np.abs(found.sum(axis=1)).max() < 1e-7
# ```
#
# </details>
