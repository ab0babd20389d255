# %% [markdown]
# # Slope and derivative
#
# A model learns by turning millions of small screws, its weights, each a little to the left or to
# the right. Which way, and how far? The *slope* answers that: it says how a result moves when a
# number that it was made of is nudged. Everything else in training is bookkeeping around slopes.
#
# In a quarter of an hour this page goes from the slope of a straight line to a walk downhill. One
# curve goes with us all the way. You will see
#
# - what a slope is, and why a curve has one at each point;
# - why a computer should not find it by nudging, and what it does instead;
# - how to get to the lowest point of a curve with your eyes shut;
# - what a slope becomes where there are two numbers to nudge.

# %%
import matplotlib.pyplot as plt
import numpy as np

from tinytorch import TABLE, Value

# %% [markdown]
# ## The curve
#
# Our curve is a part of Llama. Each of its layers sends numbers through a soft gate, called
# **SiLU**, that lets large numbers pass as they are and holds back those below nought:
#
# `silu(x) = x · sigmoid(x)`, with `sigmoid(x) = 1 / (1 + e⁻ˣ)`, which climbs from 0 to 1.


# %%
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x * sigmoid(x)


x = np.linspace(-6, 4, 401)
plt.plot(x, silu(x), label="silu(x)")
plt.plot(x, x, ":", color="grey", linewidth=1.2, label="x itself")
plt.ylim(-1, 4)
plt.xlabel("x")
plt.legend()
plt.title("Held back on the left, let through on the right")
plt.show()

# %% [markdown]
# Coming from the left we see a long plain, a dip below nought, and a climb that ends as a straight
# line. We shall want three things: how steep the curve is at any place, where exactly it is lowest,
# and how someone could find that place who sees the curve one point at a time. (A model that learns
# is in just that position.)
#
# ## The slope between two points
#
# On a straight road, the slope is the *rise* divided by the *run*: how far one goes up, for each
# step to the right. It is the same wherever it is measured. On a curve one can still join two
# points by a straight line, and take the slope of that.


# %%
def slope_between(f, x, h):
    """The rise over the run from x to x + h."""
    return (f(x + h) - f(x)) / h


assert slope_between(lambda x: 3 * x + 5, x=-2.0, h=4.0) == 3.0

at, near = 0.5, np.linspace(-1.2, 3.2, 200)
plt.plot(near, silu(near), color="black", linewidth=2.5)
for h in (2.0, 1.0, 0.5, 0.01):
    slope = slope_between(silu, at, h)
    straight = silu(at) + slope * (near - at)
    line = plt.plot(near, straight, linewidth=1.3, label=f"h = {h:g}")
    plt.plot([at + h], [silu(at + h)], "o", color=line[0].get_color())
plt.plot([at], [silu(at)], "o", color="black")
plt.ylim(-0.8, 2.8)
plt.xlabel("x")
plt.legend(title="second point at 0.5 + h")
plt.title("As the second point comes closer, the line settles")
plt.show()

# %% [markdown]
# The lines differ, yet they come to rest as `h` shrinks. The numbers say so more clearly:

# %%
for h in (2.0, 1.0, 0.1, 0.01, 0.001, 0.0001):
    print(f"h = {h:<7g} slope {slope_between(silu, at, h):.6f}")

# %% [markdown]
# Each tenfold smaller `h` brings the slope about ten times nearer to a number around 0.74. That
# number, which the slopes approach and never need to reach, is the **derivative** of the curve at
# 0.5. It is written `silu'(0.5)`.
#
# Why is there such a number at all? Look at the curve through a microscope. At each zoom it is
# straighter, and what is straight has one slope.

# %%
figure, panels = plt.subplots(1, 3, figsize=(7.6, 2.7))
for panel, width in zip(panels, (3.0, 0.6, 0.05), strict=True):
    close = np.linspace(at - width, at + width, 100)
    panel.plot(close, silu(close))
    panel.plot([at], [silu(at)], "o", color="black", markersize=5)
    panel.set_title(f"0.5 ± {width:g}")
plt.show()

# %% [markdown]
# ## How small should h be?
#
# As small as possible, says the mathematics. The computer disagrees. It keeps some sixteen digits
# of a number, and when two numbers are subtracted that agree in the first ten, only six are left.
# So there are two errors. One comes from the bend of the curve, and it shrinks with `h`. The other
# comes from rounding, and it *grows* as `h` shrinks. To see them we need the true slope. Let us
# borrow it from a section below.


# %%
def silu_slope(x):
    s = sigmoid(x)
    return s * (1 + x * (1 - s))


def one_sided(x, h):
    return (silu(x + h) - silu(x)) / h


def two_sided(x, h):
    return (silu(x + h) - silu(x - h)) / (2 * h)


steps = 10.0 ** np.arange(-14, 0.5, 0.25)
true = silu_slope(at)
one = [abs(one_sided(at, h) - true) for h in steps]
two = [abs(two_sided(at, h) - true) for h in steps]
narrow = [abs(one_sided(np.float32(at), np.float32(h)) - true) for h in steps]
plt.loglog(steps, one, label="from x to x + h")
plt.loglog(steps, two, label="from x - h to x + h")
plt.loglog(steps, narrow, label="the first in float32")
plt.xlabel("h")
plt.ylabel("error of the slope")
plt.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.title("Too large is wrong, and so is too small")
plt.show()

# %% [markdown]
# Read it from right to left. The error falls with `h` until rounding takes over, then rises again.
# Two points on either side of `x` do better than one beside it: their errors of bending cancel, and
# the error falls with `h²` rather than with `h`. The best of it is reached near `h = 10⁻⁵`.
#
# And look at the float32 of models: with seven digits to a number, its slope is never right to more
# than three or four of them. A model of 135 million weights would also need one run per weight, for
# a single step of training. Nudging is how one *checks* slopes. (The project's own engine does so:
# `tinytorch.gradcheck` refuses float32, and nudges by 10⁻⁶ on either side.) To *get* them there is
# something better.

# %%
assert 1e-7 < steps[np.argmin(two)] < 1e-3
assert min(two) < 1e-9 < min(one) < 1e-6 < min(narrow)

# %% [markdown]
# ## Slopes by rule
#
# Take `x²`. From `x` to `x + h` it rises by `(x + h)² - x² = 2xh + h²`. Divide by `h`: the slope is
# `2x + h`. Now let `h` go to nought, and `2x` remains. It is exact, and nothing was nudged. A
# handful of such results is all one ever needs:
#
# | of | the slope to x is | because |
# |---|---|---|
# | `a + x` | 1 | what is added only shifts the curve |
# | `a · x` | `a` | a straight line |
# | `xⁿ` | `n · xⁿ⁻¹` | as above, for n = 2 |
# | `eˣ` | `eˣ` | it is the curve that is everywhere as steep as it is high |
# | `u · v` | `u' · v + u · v'` | first one factor moves, then the other |
#
# For the sigmoid they give `s · (1 - s)`: steepest in the middle, flat where it is near 0 or 1. And
# for our curve, which is the product of `x` and `s`, the last row gives
#
# `silu'(x) = 1 · s + x · s(1 - s) = s · (1 + x(1 - s))`,
#
# which is what we borrowed. The slope is a curve of its own: one number for each `x`.

# %%
figure, (top, bottom) = plt.subplots(2, 1, figsize=(7.2, 4.6), sharex=True)
top.plot(x, silu(x))
top.set_title("the curve")
bottom.plot(x, silu_slope(x), color="C1")
bottom.axhline(0, color="black", linewidth=1)
bottom.set_title("its slope")
bottom.set_xlabel("x")
lowest = x[np.argmin(silu(x))]
for panel in (top, bottom):
    panel.axvline(lowest, linestyle="--", color="grey", linewidth=1.2)
plt.show()

assert abs(silu_slope(lowest)) < 0.01
np.testing.assert_allclose(silu_slope(x), two_sided(x, 1e-5), atol=1e-9)

# %% [markdown]
# Follow the dashed line. Left of it the curve falls, and its slope is below nought. Right of it the
# curve climbs, and its slope is above. In between, at the lowest point, the slope is nought. Note
# also what happens at the far left: the curve is flat there, and the slope next to nothing.
# Remember it for later.
#
# ## A number that knows its slope
#
# Rules are dull work, and dull work is for machines. Open `tinytorch/value.py` of this project: a
# `Value` is a number that remembers what it was made of, and with each operation stands the rule
# for its slope, as in the table above. Ask for `backward`, and it applies them, one after another.

# %%
number = Value(0.5)
result = number / (1 + (-number).exp())
result.backward()
print(f"silu(0.5)  = {result.data:.6f}")
print(f"silu'(0.5) = {number.grad:.12f}")
print(f"by rule      {silu_slope(0.5):.12f}")
assert abs(number.grad - silu_slope(0.5)) < 1e-12

# %% [markdown]
# How the pieces are put together is the subject of [notebook 3](n03_loss.ipynb), and of [notebook
# 4](n04_value.ipynb). For arrays there is a table of the same kind in `tinytorch/operations.py`,
# with a row for each. SiLU's holds the function and its slope side by side:

# %%
row = TABLE["silu"]
print(row.sentence)
places = np.array([-6.0, 0.5, 4.0])
slopes = row.derivatives["a"].function(1.0, places)
for place, value, slope in zip(places, row.forward(places), slopes, strict=True):
    print(f"x = {place:4}   silu {value:8.4f}   slope {slope:8.4f}")
np.testing.assert_allclose(slopes, silu_slope(places))

# %% [markdown]
# ## Downhill, with your eyes shut
#
# Suppose you stand somewhere on the curve in thick fog, and want to get to its lowest point. You
# feel the slope under your feet. If the ground rises to the right, go left; if it rises to the
# left, go right; and go farther where it is steep, since the bottom is flat. As a rule:
#
# `x ← x - rate · slope`
#
# That is **gradient descent**. The number `rate` is the learning rate, and it matters a great deal.


# %%
def descend(start, rate, steps=40):
    """Every place on the way, the start included."""
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - rate * silu_slope(path[-1]))
    return np.array(path)


figure, panels = plt.subplots(1, 3, figsize=(7.6, 2.9), sharey=True)
wide = np.linspace(-12, 4, 161)
for panel, rate in zip(panels, (0.02, 0.5, 12.0), strict=True):
    path = descend(3.0, rate)
    panel.plot(wide, silu(wide), color="grey", linewidth=1.2)
    panel.plot(path, silu(path), "o-", color="C1", markersize=4, linewidth=0.8)
    panel.set_title(f"rate {rate:g}")
plt.show()

# %% [markdown]
# From the same start, in 40 steps each. On the left the steps are so short that the dip is not
# reached. In the middle they shorten by themselves as the ground flattens, and the walk comes to
# rest. On the right the first step leaps over the dip onto the plain, where it is so flat that the
# feet feel nothing: the walk crawls.
#
# The same befalls one who merely starts on the plain. Where the slope is nearly nought, nothing is
# learnt, however bad the place. Much in the design of networks is there to keep learners off such
# plains.

# %%
bottom_x = descend(3.0, 0.5, steps=400)[-1]
print(f"lowest at x = {bottom_x:.6f}, where silu is {silu(bottom_x):.6f}")
assert abs(silu_slope(bottom_x)) < 1e-9
assert descend(3.0, 0.02)[-1] > 1 > 0 > bottom_x  # too careful
assert descend(3.0, 12.0)[-1] < -9  # too bold: out on the plain

# %% [markdown]
# ## Two numbers to nudge
#
# In Llama the gate does not stand alone. One number, `g`, goes through SiLU, and what comes out is
# multiplied with another, `u`: the result is `silu(g) · u`. (Together this is called SwiGLU; read
# `FeedForward` in `llama.py`.) Now there are two questions: how does the result answer to `g`,
# while `u` is held still? And to `u`, while `g` is? Each answer is a slope as before, called
# **partial**, and the two together are the **gradient**.

# %%
g, u = Value(1.0, name="g"), Value(2.0, name="u")
out = u * g / (1 + (-g).exp())
out.backward()
print(f"result {out.data:.4f}, its slope to g {g.grad:.4f}, to u {u.grad:.4f}")
assert abs(g.grad - 2.0 * silu_slope(1.0)) < 1e-12  # u times the gate's slope
assert abs(u.grad - silu(1.0)) < 1e-12  # how far the gate is open

# %% [markdown]
# The gradient is a forecast. If both move by a little, then the result moves by about
#
# `(slope to g) · (move of g) + (slope to u) · (move of u)`.

# %%
move_g, move_u = 0.03, -0.02
forecast = g.grad * move_g + u.grad * move_u
happened = silu(1.0 + move_g) * (2.0 + move_u) - silu(1.0) * 2.0
print(f"forecast {forecast:+.5f}, happened {happened:+.5f}")
assert abs(forecast - happened) < 0.02 * abs(happened) + 1e-3

# %% [markdown]
# It is also a direction. Draw the two numbers as a map, with lines of equal height as hikers know
# them, and the gradient as an arrow at some places:

# %%
plt.figure(figsize=(7.2, 4.8))
across, up = np.meshgrid(np.linspace(-4, 4, 81), np.linspace(-3, 3, 61))
heights = [-9, -6, -3, -1, -0.2, 0.2, 1, 3, 6, 9]
lines = plt.contour(across, up, silu(across) * up, heights, linewidths=1.2)
plt.clabel(lines, fontsize=9)
a, b = np.meshgrid(np.linspace(-3.5, 3.5, 8), np.linspace(-2.5, 2.5, 6))
plt.quiver(a, b, b * silu_slope(a), silu(a), angles="xy", color="C1", width=0.004)
plt.xlabel("g")
plt.ylabel("u")
plt.gca().set_aspect("equal")
plt.title("silu(g) · u: lines of equal height, and the gradient")
plt.show()

# %% [markdown]
# Each arrow points straight uphill, across the lines and never along them, and it is longest where
# the lines are closest. Going against the arrow is the fastest way down. On the left, where the
# gate is shut, arrows shrink to dots: there nothing that `u` does matters much.
#
# A model of 135 million weights has a map with 135 million directions. Nobody can draw it, and the
# rule is the same: for each weight its slope, and one small step against it.
#
# ## Corners
#
# Not every curve has a slope everywhere. `relu(x)`, which is `x` above nought and 0 below, has a
# corner at 0: coming from the left the slope is 0, coming from the right it is 1, and no zoom makes
# it straight. It hardly matters in practice, since a number is hardly ever exactly 0. One of the
# two is chosen; ours, as PyTorch, takes 0.

# %%
corner = Value(0.0)
corner.relu().backward()
assert corner.grad == 0.0
print("from the right:", slope_between(lambda x: max(x, 0.0), 0.0, 1e-6))
print("from the left: ", slope_between(lambda x: max(x, 0.0), -1e-6, 1e-6))

# %% [markdown]
# ## What to keep
#
# - A slope is a rise over a run. A derivative is what it settles to as the run shrinks.
# - Nudging checks slopes; rules, applied by a machine, make them.
# - To get down, go against the slope, by a step that is proportional to it. Where it is flat, one
#   gets nowhere.
# - With many numbers there is a slope for each. Together they point uphill.
#
# ## Exercises
#
# **1.** The lowest point lies at -1.278465, and the curve is -0.278465 there. Those digits are no
# accident. Set the slope to nought in `s · (1 + x(1 - s))` and find out why the height is `x + 1`.
#
# <details><summary>Answer</summary>
#
# `s` is never 0, so the other factor must be: `1 + x(1 - s) = 0`. Multiplied out, `1 + x = x·s`.
# But `x·s` is `silu(x)`. So at the lowest point, and only there, the curve crosses the line `x +
# 1`.
#
# ```python
# assert abs(silu(bottom_x) - (bottom_x + 1)) < 1e-9
# assert abs(silu(bottom_x) - -0.278465) < 1e-6
# ```
#
# </details>
#
# **2.** Work out the slope of `x³ · eˣ` by the table of rules, at `x = 2`. Check it in two ways: by
# nudging on either side, and with a `Value`.
#
# <details><summary>Answer</summary>
#
# It is a product: `3x² · eˣ + x³ · eˣ = x²(3 + x) · eˣ`, and at 2 that is `20 · e²`, about 147.8.
#
# ```python
# by_rule = 20 * np.exp(2.0)
# f = lambda x: x**3 * np.exp(x)
# by_nudging = (f(2 + 1e-5) - f(2 - 1e-5)) / 2e-5
# two = Value(2.0)
# (two**3 * two.exp()).backward()
# assert abs(by_nudging - by_rule) < 1e-5
# assert abs(two.grad - by_rule) < 1e-9
# ```
#
# </details>
