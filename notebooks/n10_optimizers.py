# %% [markdown]
# # SGD, Adam and AdamW in a valley
#
# Backward tells every weight which way is uphill. What to do with that is another matter. How far
# does one step? Should all weights step alike? Should one remember the steps before? An
# **optimizer** is an answer to these questions, and a Llama is trained with one that is called
# AdamW. In this project it is written out in `optimizer.py`, in some sixty lines that are worth
# reading afterwards. A model has millions of weights, and nobody can look at a landscape of so many
# dimensions. So we take one that can be seen: two weights, and a long narrow valley. You will see
#
# - why plain descent staggers from wall to wall, and what sets its speed limit;
# - what momentum is good for, and what noise asks for;
# - how Adam gives each weight a step of its own, and where that does not help;
# - what *bias correction* corrects, and what is *decoupled* in decoupled weight decay.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.patches import Ellipse

from optimizer import SGD, AdamW

# %% [markdown]
# ## The valley
#
# `loss = ½ (x² + 30 y²)`. Along `x` the ground is nearly flat, across it is thirty times as curved.
# Real losses are like that: a change of one weight shows at once, that of another hardly at all.
#
# Everybody starts at the same place. `walk` is an ordinary training loop that also notes where it
# has been.

# %%
CURVED = torch.tensor([1.0, 30.0])
START = (-4.0, 1.0)


def valley(p):
    return 0.5 * (CURVED * p**2).sum(-1)


def sgd(**options):
    """What makes an SGD with these options for some parameters."""
    return lambda parameters: SGD(parameters, **options)


def adam_w(**options):
    return lambda parameters: AdamW(parameters, **options)


def walk(make, loss=valley, steps=60, start=START):
    """The places that an optimizer visits: (steps + 1, 2)."""
    p = torch.nn.Parameter(torch.tensor(start))
    optimizer = make([p])
    places = [p.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        loss(p).backward()
        optimizer.step()
        places.append(p.detach().clone())
    return torch.stack(places).numpy()


def heights(places, loss=valley):
    return loss(torch.tensor(places)).tolist()


def map_of(panel):
    """The valley's lines of equal height, as on a hiking map, and its lowest point."""
    for height in (0.1, 0.5, 2, 5, 10, 20, 40):
        wide, tall = 2 * (2 * height / CURVED.numpy()) ** 0.5
        panel.add_patch(Ellipse((0, 0), wide, tall, fill=False, edgecolor="0.75"))
    panel.plot(0, 0, "*", color="black", markersize=9)
    panel.set(xlim=(-5, 5), ylim=(-2, 2))
    panel.axis("off")


# %% [markdown]
# ## Plain descent
#
# **SGD** goes against the slope: `p = p - rate · g`. (The S stands for *stochastic*, since in
# training the slope comes from a few examples drawn by chance. There is no chance in this valley
# yet.) Three rates:

# %%
figure, panels = plt.subplots(1, 3, figsize=(7.8, 2.6))
rates = (0.01, 0.06, 0.068)
for panel, rate in zip(panels, rates, strict=True):
    places = walk(sgd(lr=rate), steps=40)
    map_of(panel)
    panel.plot(*places.T, ".-", color="C0", linewidth=1, markersize=4)
    panel.set_title(f"rate {rate}")
plt.show()

# %% [markdown]
# On the left, forty steps and hardly any way made. In the middle it gets on along the valley, but
# staggers from wall to wall. On the right it is thrown out of the valley, and the rate is only an
# eighth larger.
#
# Where does the limit come from? The slope in `y` is `30 y`. So a step makes `y - rate · 30 y`,
# which is `(1 - 30 · rate) · y`: each step *multiplies* `y` by the same number. As long as that
# number lies between -1 and 1, `y` shrinks. At a rate of 2/30 it is -1, and above that `y` grows,
# each time with the other sign. The steepest wall sets the speed limit:
#
# **`rate < 2 / curvature`**, for the greatest curvature there is.
#
# And `x`, on its flat ground, must obey a limit that was made for `y`. It is multiplied by `1 -
# rate`, which is close to 1. That is the whole trouble of training in two numbers.

# %%
places = walk(sgd(lr=0.06))
factors = 1 - 0.06 * CURVED.numpy()
np.testing.assert_allclose(places[10], factors**10 * START, rtol=1e-4)

ends = {}
for rate in (0.066, 0.067, 0.068):
    ends[rate] = abs(walk(sgd(lr=rate), steps=500)[-1, 1])
    print(f"rate {rate}: after 500 steps |y| = {ends[rate]:.2g}")
assert ends[0.066] < 1e-3
assert ends[0.068] > 1e6

# %% [markdown]
# ## Momentum: a ball in place of a walker
#
# The staggering has a pattern. Across the valley the slope changes its sign at each step; along it,
# the slope always says the same. So one adds up the slopes of the past, and lets old ones fade:
#
# `m = 0.8 · m + g`, then `p = p - rate · m`
#
# What changes its sign cancels in that sum, what stays the same piles up, to five times as much. It
# is a heavy ball that rolls. This project's SGD does without; torch's has it.

# %%
plain = walk(sgd(lr=0.03))
ball = walk(lambda p: torch.optim.SGD(p, lr=0.03, momentum=0.8))

p, m = np.array(START), np.zeros(2)
for _ in range(60):  # the two lines, to see that it is no more than that
    g = CURVED.numpy() * p
    m = 0.8 * m + g
    p = p - 0.03 * m
np.testing.assert_allclose(p, ball[-1], atol=1e-5)

figure, panels = plt.subplots(1, 2, figsize=(7.8, 2.8))
walks = {"SGD": plain, "with momentum": ball}
for panel, (name, places) in zip(panels, walks.items(), strict=True):
    map_of(panel)
    panel.plot(*places.T, ".-", color="C0", linewidth=1, markersize=4)
    panel.set_title(f"{name}: loss {heights(places)[-1]:.1g} after 60 steps")
plt.show()
assert heights(ball)[-1] < heights(plain)[-1] / 100

# %% [markdown]
# ## Noise
#
# In real training each slope comes from another handful of examples, and is off by chance. At the
# bottom of the valley, where the true slope is nought, chance is all that is left. With a constant
# rate one never comes to rest. So the rate has to fall. `SGD` here can divide it by the root of the
# step's number.


# %%
def noisy(generator):
    return lambda p: valley(p) + (3.0 * torch.randn(2, generator=generator) * p).sum()


figure, panels = plt.subplots(1, 2, figsize=(7.8, 2.8))
means = []
for panel, decaying in zip(panels, (False, True), strict=True):
    chance = noisy(torch.Generator().manual_seed(3))
    places = walk(sgd(lr=0.05, decaying=decaying), chance, steps=600)
    map_of(panel)
    panel.plot(*places.T, "-", color="C0", linewidth=0.6)
    panel.set_title("rate that falls" if decaying else "constant rate")
    means.append(np.mean(heights(places[-100:])))
plt.show()
print(f"mean loss of the last 100: constant {means[0]:.2f}, falling {means[1]:.2f}")
assert means[1] < means[0] / 2

# %% [markdown]
# This is why every training has a *schedule* for its rate. Ours climbs for a while, and then comes
# down along half a cosine.
#
# ## Adam: a step of one's own
#
# The trouble was that one rate has to do for both directions. Adam notes, for each weight, how
# large its slopes usually are, and divides by that. It keeps two running means:
#
# - `m`, of the slopes: `m = 0.9 · m + 0.1 · g`, the ball of above;
# - `v`, of their squares: `v = 0.999 · v + 0.001 · g²`;
#
# and then steps by `rate · m / √v`. Think of a weight whose slopes are always the same, be it 30 or
# 0.001. Then `m / √v` is 1 or -1, and the step is just the *rate*. So with Adam a rate is no longer
# a factor for slopes; it is, roughly, **how far a weight moves in one step**.

# %%
adam = walk(adam_w(lr=0.25))
figure, (left, right) = plt.subplots(1, 2, figsize=(7.8, 3.0))
map_of(left)
runs = {"SGD": plain, "momentum": ball, "Adam": adam}
for name, places in runs.items():
    left.plot(*places.T, ".-", linewidth=1, markersize=4, label=name)
    right.semilogy(heights(places), label=name)
left.set_title("60 steps")
right.set(title="loss", xlabel="step")
right.legend()
plt.show()

first = adam[1] - adam[0]
print("Adam's first step:", first)
np.testing.assert_allclose(np.abs(first), 0.25, rtol=1e-4)

# %% [markdown]
# See how Adam sets out: not down the steepest way, but at 45 degrees, a quarter in `x` and a
# quarter in `y`. The slopes were -4 and 30, and it made the same of both. It overshoots a little,
# as a ball does, and settles.
#
# Is it better, then? In this valley momentum, with a rate chosen by hand for this very valley, is
# as good or better. Adam's merit is that nobody had to know the valley. Make it steeper along
# either axis, or multiply the loss by a thousand, and it walks the same way. A Transformer has
# weights whose slopes differ by factors of thousands, and no one rate would do for them all.
#
# ### Where it does not help
#
# Adam looks at each weight by itself. Turn the valley by 45 degrees, so that it lies across the
# axes, and both weights have slopes of equal size. There is nothing left to even out.


# %%
def turned(p):
    """The same valley, lying across the axes."""
    x, y = (p[..., 0] + p[..., 1]) / 2**0.5, (p[..., 1] - p[..., 0]) / 2**0.5
    return valley(torch.stack([x, y], dim=-1))


def turned_start():
    """The old start in the new valley."""
    x, y = START
    return (x - y) / 2**0.5, (x + y) / 2**0.5


makers = {"SGD": sgd(lr=0.03), "Adam": adam_w(lr=0.25)}
figure, panels = plt.subplots(1, 2, figsize=(7.8, 3.0), sharey=True)
for panel, (name, make) in zip(panels, makers.items(), strict=True):
    straight = heights(walk(make))
    across = heights(walk(make, turned, start=turned_start()), turned)
    panel.semilogy(straight, label="along the axes")
    panel.semilogy(across, "--", label="turned by 45 degrees")
    panel.set(title=name, xlabel="step")
    if name == "SGD":
        np.testing.assert_allclose(straight, across, rtol=1e-3)
panels[0].set_ylabel("loss")
panels[0].legend()
plt.show()

# %% [markdown]
# To SGD both valleys are the same, step by step. To Adam they are not: it depends on the axes,
# which means on which numbers we happened to call weights.
#
# ## What bias correction corrects
#
# Both means begin at nought. After the first step `m` is `0.1 · g`: a tenth of what it should be.
# And `v` is a *thousandth*, so its root is about a thirtieth. One is too small by a factor of 10,
# the other by a factor of 32, and the step, their quotient, is about three times *too large*. It
# becomes worse before it becomes better, since `m` recovers within tens of steps, and `v` within
# thousands.
#
# The mistake is known exactly: after `t` steps of equal slope, `m` is short by the factor `1 -
# 0.9ᵗ`, and `v` by `1 - 0.999ᵗ`. The correction divides by these. `AdamW` here has a switch for it,
# `correct_bias`. We give it a slope of 1 at every step and look how far it goes each time.

# %%
strides = {}
for correct in (True, False):
    places = walk(adam_w(lr=1.0, correct_bias=correct), lambda p: p.sum(), steps=1000)
    strides[correct] = -np.diff(places[:, 0])

t = np.arange(1, 1001)
_, panel = plt.subplots()
panel.plot(t, strides[True], label="corrected")
panel.plot(t, strides[False], label="not corrected")
panel.set(xscale="log", ylim=(0, 8), xlabel="step", ylabel="length of a step, in rates")
panel.legend()
plt.show()

expected = (1 - 0.9**t) / np.sqrt(1 - 0.999**t)
np.testing.assert_allclose(strides[False], expected, rtol=1e-2)
np.testing.assert_allclose(strides[True], 1.0, rtol=1e-2)
longest = strides[False].argmax()
print(f"longest: step {t[longest]}, {strides[False][longest]:.1f} times the rate")

# %% [markdown]
# More than six times as far as was asked for, and that at the beginning, when the weights are still
# chance and the slopes are steep. Corrected, each step has the length of the rate from the first
# on.
#
# ## Decay, and what it is decoupled from
#
# It is good for a model to keep its weights small, unless the loss wants them large. There are two
# ways to ask for that. One adds a pull towards nought to the *slope*: `g + decay · p`. The other
# shrinks the *weight* itself, after the step: `p = p - rate · decay · p`. For plain SGD the two are
# the same. For Adam they are not, since Adam divides all that is in the slope by `√v`.
#
# Take two weights for which the loss has no use: their slopes only flicker, up and down, those of
# the one by 1, those of the other by 0.01. Both should fade, at the same speed. Let us see.

# %%
RATE, DECAY = 0.01, 0.1
flicker = torch.tensor([1.0, 0.01])


def fade(pull_in_the_slope, steps=600):
    """How the two weights shrink, from 1."""
    p = torch.nn.Parameter(torch.ones(2))
    optimizer = AdamW([p], lr=RATE, weight_decay=0.0 if pull_in_the_slope else DECAY)
    places = []
    for t in range(steps):
        p.grad = flicker * (-1) ** t
        if pull_in_the_slope:
            p.grad += DECAY * p.detach()
        optimizer.step()
        places.append(p.detach().clone())
    return torch.stack(places).numpy()


figure, panels = plt.subplots(1, 2, figsize=(7.8, 3.0), sharey=True)
titles = {True: "pull in the slope (Adam with L2)", False: "decoupled (AdamW)"}
faded = {coupled: fade(coupled) for coupled in titles}
for panel, (coupled, title) in zip(panels, titles.items(), strict=True):
    for weight, style, name in ((0, "-", "1"), (1, "--", "0.01")):
        shown = faded[coupled][::10, weight]
        panel.plot(range(0, 600, 10), shown, style, label=f"flickers by {name}")
    panel.set(title=title, xlabel="step")
panels[0].set_ylabel("weight")
panels[1].legend()
plt.show()

np.testing.assert_allclose(faded[False][-1], (1 - RATE * DECAY) ** 600, atol=0.02)
assert faded[True][200, 0] > 0.7 > 0.1 > abs(faded[True][200, 1])

# %% [markdown]
# On the left, how fast a weight fades depends on how much its slope flickers, with which decay
# should have nothing to do. The quiet weight is gone after some hundred steps. On the right both
# shrink alike, by `rate · decay` at each step. *Decoupled* means: the decay touches neither `m` nor
# `v`, and is not divided by anything. That is the W in AdamW.
#
# ## What it costs
#
# `m` and `v` are two more numbers for each weight. With the weight itself and its gradient that
# makes four, of four bytes each: sixteen bytes per weight. For the small SmolLM2 with its 135
# million weights that is 2.2 GB, for a model of 7 billion it is 112 GB, before a single token has
# been read. This is why training needs so much more memory than running does.
#
# ## What to keep
#
# - The steepest wall limits the rate, the flattest ground sets the time.
# - Momentum cancels what staggers and piles up what agrees. Noise asks for a rate that falls.
# - Adam's rate is the length of a step, for each weight. It does not mind how a loss is scaled.
# - Means that begin at nought are too small at first; the correction is exact.
# - Decay belongs to the weight, and not into the slope.
#
# ## Exercises
#
# **1.** For SGD in our valley, which rate is the best? In each step `x` is multiplied by `1 - rate`
# and `y` by `1 - 30 · rate`. The slower of the two decides, so make both equally slow. How many
# steps does it take to come a thousand times nearer?
#
# <details><summary>Answer</summary>
#
# Equally slow means `1 - rate = -(1 - 30 · rate)`, hence `rate = 2/31`. Both shrink to 29/31 at
# each step, and `(29/31)ᵗ = 1/1000` at `t = ln(1000) / ln(31/29)`, which is about 104. In a valley
# that is ten times narrower, it would take about ten times as long.
#
# ```python
# t = np.log(1000) / np.log(31 / 29)
# assert round(t) == 104
# near = walk(sgd(lr=2 / 31), steps=104)[-1]
# np.testing.assert_allclose(np.abs(near), [4 / 1000, 1 / 1000], rtol=0.03)
# for other in (0.055, 0.0665):
#     assert np.abs(walk(sgd(lr=other), steps=104)[-1]).max() > 4 / 1000
# ```
#
# </details>
#
# **2.** The loss is multiplied by 1000. Which of the walks change, that of SGD or that of Adam? Why
# does Adam's `eps`, a tiny number that is added to `√v`, not spoil it? When would it?
#
# <details><summary>Answer</summary>
#
# SGD's steps become 1000 times longer, and it is thrown out at once. With Adam `m` and `√v` both
# grow by 1000, and their quotient stays. `eps` is there against a division by nought, and is far
# smaller than the slopes here. If slopes are as small as `eps`, it slows the steps down: multiply
# the loss by a millionth of a millionth, and Adam stands still.
#
# ```python
# make = adam_w(lr=0.25)
# same = walk(make, lambda p: 1000 * valley(p))
# np.testing.assert_allclose(same, adam, atol=1e-3)
# assert not np.isfinite(walk(sgd(lr=0.03), lambda p: 1000 * valley(p))).all()
# stands = walk(make, lambda p: 1e-12 * valley(p))
# np.testing.assert_allclose(stands[-1], START, atol=1e-2)
# ```
#
# </details>
