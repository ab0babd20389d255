# %% [markdown]
# # Rotary positions
#
# Attention, as [notebook 8](n08_attention.ipynb) left it, is blind to order. A word finds the name
# it looks for whether that stands one word back or a thousand, and of two names that fit it cannot
# choose the nearer. For language that will not do.
#
# Llama's answer is to *turn* things. Each query and each key is an arrow; before they meet, each is
# turned by an angle that grows with its position. When two arrows are compared, what counts is the
# angle between them, and so, all by itself, the distance of the two words. This is called **RoPE**,
# rotary position embedding, and `rope.py` has it in about thirty lines.
#
# You will see
#
# - one arrow that turns, and a score that knows distance and nothing else;
# - many arrows at many speeds, like the hands of a clock;
# - how likeness fades with distance;
# - a head that looks exactly one word back, built by hand on `llama.py`;
# - how Llama 3 came to read texts sixteen times as long.
#
# You need the sine, the cosine and the dot product. Fifteen minutes.

# %%
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor

from cache import visible_tokens
from config import LlamaConfig, RopeScaling
from llama import Attention
from rope import (
    apply_rotary_emb,
    rotary_angles,
    rotate_pairs,
    scale_frequencies,
)

torch.set_printoptions(precision=2, sci_mode=False)

# %% [markdown]
# ## One arrow
#
# Take two numbers as an arrow, (a, b). To turn it by an angle φ is a matrix product with two sines
# and two cosines, or simply:
#
# > (a, b) becomes (a cos φ - b sin φ, a sin φ + b cos φ)
#
# Let the angle be the position, in radians: a word in place 0 is not turned at all, in place 1 by
# one radian (57 degrees), in place 2 by two. Here is the same word in eight places:


# %%
def turn(arrow: Tensor, angle: float) -> Tensor:
    """An arrow (2,), turned to the left by so many radians."""
    a, b = arrow
    cos, sin = math.cos(angle), math.sin(angle)
    return torch.stack((a * cos - b * sin, a * sin + b * cos))


def draw_arrow(axes: plt.Axes, arrow: Tensor, colour: str, label: str = "") -> None:
    x, y = arrow.tolist()
    style = {
        "arrowstyle": "-|>",
        "color": colour,
        "lw": 2,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.annotate("", (x, y), (0, 0), arrowprops=style)
    axes.text(1.22 * x, 1.22 * y, label, ha="center", va="center", color=colour)


def bare(axes: plt.Axes) -> None:
    """A square around a circle, and nothing else."""
    axes.add_patch(plt.Circle((0, 0), 1, fill=False, color="lightgrey"))
    axes.set(xlim=(-1.4, 1.4), ylim=(-1.4, 1.4), aspect="equal")
    axes.axis("off")


arrow = torch.tensor([1.0, 0.0])
figure, ax = plt.subplots(figsize=(3.2, 3.2))
bare(ax)
for place in range(8):
    draw_arrow(ax, turn(arrow, place), "C0", str(place))
plt.show()

# %% [markdown]
# (Number 7 has come round nearly to where number 1 stands, since a full turn is 6.28 radians.
# Remember this; it is a weakness that we shall have to mend.)
#
# ## Only the distance counts
#
# Now a query and a key. Turn the query by *its* position, the key by *its own*, and take the dot
# product. Both are turned, but if both words move five places to the right, both arrows turn by
# five radians more, and the angle between them stays as it was:

# %%
query, key = torch.tensor([1.0, 0.2]), torch.tensor([0.8, 0.6])


def draw_meeting(*places: tuple[int, int]) -> None:
    """Query and key, turned by their places, and their dot product."""
    _, axes = plt.subplots(1, len(places), figsize=(7.6, 2.5))
    for one, (m, n) in zip(axes, places, strict=True):
        bare(one)
        draw_arrow(one, turn(query, m), "C1", "q")
        draw_arrow(one, turn(key, n), "C0", "k")
        score = float(turn(query, m) @ turn(key, n))
        one.set_title(f"query at {m}, key at {n}\nscore {score:.2f}", fontsize=10)
    plt.show()


draw_meeting((3, 2), (8, 7), (103, 102), (3, 0))
assert math.isclose(
    turn(query, 3) @ turn(key, 2),
    turn(query, 103) @ turn(key, 102),
    rel_tol=1e-4,
)

# %% [markdown]
# In the first three pictures the key stands one before the query, and the score is the same, in the
# fourth it stands three before, and the score is another. Work it out for all pairs of twelve
# places, and the picture is made of stripes: along a stripe the distance is the same.

# %%
places = torch.arange(12)
queries = torch.stack([turn(query, m) for m in range(12)])
keys = torch.stack([turn(key, n) for n in range(12)])
scores = queries @ keys.T  # (12, 12)

figure, ax = plt.subplots(figsize=(4.2, 3.5))
picture = ax.imshow(scores, cmap="RdBu", vmin=-1, vmax=1, interpolation="none")
ax.set(xlabel="place of the key", ylabel="place of the query")
ax.set(xticks=range(12), yticks=range(12))
ax.grid(False)
figure.colorbar(picture, label="score")
plt.show()
for distance in range(-11, 12):
    stripe = scores.diagonal(distance)
    assert torch.allclose(stripe, stripe[0].expand_as(stripe), atol=1e-5)

# %% [markdown]
# That is the whole point of RoPE, and why it is preferred to adding something to the word itself: a
# word keeps its meaning, its arrow keeps its length, and what a head has learnt about "the word
# before" holds at the beginning of a text as well as in the middle of a book. (Those who like
# complex numbers: an arrow is one, to turn it is to multiply by e to the power of iφ, and in the
# product with a conjugate the positions m and n leave nothing but m - n.)
#
# ## Hands of a clock
#
# One arrow that turns by a radian has gone round after 6.28 words. It can hardly tell the distance
# 1 from the distance 7. A clock has the same trouble, and several hands: the one for seconds is
# precise and soon round, the one for hours is coarse and lasts. A head of Llama has D numbers,
# which make D / 2 arrows, and each turns at its own speed: the first by one radian a word, and each
# next one slower by the same factor,
#
# > speed of arrow i = theta<sup>-2i/D</sup>, for i = 0, 1, ... D/2 - 1
#
# With `theta` = 10,000 and D = 8 the four speeds are 1, a tenth, a hundredth and a thousandth. Look
# at a row from left to right to see one hand move:

# %%
D, theta = 8, 10_000.0
shown = torch.tensor([0, 1, 2, 4, 8, 16, 64, 256])
angles = rotary_angles(shown, D, theta, torch.float32)[:, 0]  # (8, D/2), of rope.py
print("radians a word:", [round(x, 3) for x in angles[1].tolist()])

figure, grid = plt.subplots(4, 8, figsize=(7.6, 4))
for i in range(4):
    for column, place in enumerate(shown.tolist()):
        bare(grid[i, column])
        draw_arrow(grid[i, column], turn(arrow, float(angles[column, i])), f"C{i}")
        if i == 0:
            grid[i, column].set_title(f"{place}", fontsize=10)
plt.show()
assert torch.allclose(angles[1], torch.tensor([1.0, 0.1, 0.01, 0.001]))

# %% [markdown]
# (Columns are places in the text. The upper hands are for near things, the lower ones for far ones;
# the lowest has hardly moved after 256 words.)
#
# No two places of a text leave all hands alike. And a head may choose: what it writes into its
# first numbers is sensitive to every single place, what it writes into the last ones hardly knows
# of places at all, and can carry pure meaning.
#
# `rope.rotate_pairs` turns all pairs of all heads at once. Neighbours form a pair: numbers 0 and 1,
# numbers 2 and 3, and so on. Lengths stay, so RoPE makes no word louder than another.

# %%
x = torch.randn(1, 8, 1, D, generator=torch.Generator().manual_seed(0))
rotated = rotate_pairs(x, angles[:, None])
by_hand = turn(x[0, 3, 0, 2:4], float(angles[3, 1]))  # pair 1, word 3
assert torch.allclose(rotated[0, 3, 0, 2:4], by_hand, atol=1e-6)
assert torch.allclose(rotated.norm(dim=-1), x.norm(dim=-1), atol=1e-5)

# %% [markdown]
# How far do the hands of real models reach? The *wavelength* is the number of words in which a hand
# goes round once. SmolLM2, which [notebook 11](n11_llama.ipynb) takes apart, has heads of 64
# numbers and a `theta` of 100,000; Llama 3 has 128 and 500,000.


# %%
def speeds(head_dim: int, base: float) -> Tensor:
    """Radians a word, of each pair of a head: (D/2,)."""
    return rotary_angles(torch.tensor([1]), head_dim, base, torch.float32)[0, 0]


models = {
    "Llama 2": (128, 1e4, 4096),
    "SmolLM2": (64, 1e5, 8192),
    "Llama 3": (128, 5e5, 8192),
}
figure, ax = plt.subplots(figsize=(7.2, 3))
for name, (dim, base, _) in models.items():
    share = torch.arange(dim // 2) / (dim // 2)
    ax.semilogy(share, 2 * math.pi / speeds(dim, base), label=name)
ax.axhline(8192, color="grey", linestyle=":")
ax.text(0.01, 9500, "8,192 words", color="grey", va="bottom")
ax.set(xlabel="pairs of a head, from first to last", ylabel="words for one turn")
ax.legend(loc="lower right")
plt.show()
for name, (dim, base, context) in models.items():
    whole = int((2 * math.pi / speeds(dim, base) < context).sum())
    print(f"{name}: {whole} of {dim // 2} hands go round within {context:,} words")

# %% [markdown]
# ## Likeness fades
#
# What does that do to a score? Let a query and a key be equal, so that nothing but the distance
# speaks. Each pair then contributes the cosine of its angle, and the score is the mean of cosines
# of many speeds. At distance nought all are 1. A few words away the fast hands disagree already,
# and farther off one hand after another joins them:


# %%
def fading(distances: Tensor, base: float) -> Tensor:
    """The score of two equal arrows at some distances, as a share of the greatest."""
    angle = rotary_angles(distances, 128, base, torch.float32)[:, 0]  # (N, 64)
    return angle.cos().mean(dim=-1)


distances = torch.unique(torch.logspace(0, 4, 300).long())
figure, ax = plt.subplots(figsize=(7.2, 3))
for name, base in (("theta 10,000", 1e4), ("theta 500,000", 5e5)):
    ax.semilogx(distances, fading(distances, base), label=name)
ax.set(xlabel="distance in words", ylabel="score, as a share", ylim=(-0.2, 1))
ax.legend()
plt.show()
near = fading(torch.arange(1, 11), 1e4).mean()
far = fading(torch.arange(1000, 2000), 1e4).mean()
assert near > 0.7
assert abs(far) < 0.3

# %% [markdown]
# It falls, wobbling, about evenly on this scale of powers of ten: a near word has the advantage,
# with no one having trained anything. A greater `theta` makes all hands slower, and the same
# likeness reaches farther. But it is a tendency and no law: queries and keys are learnt, and a head
# can make use of any hand it likes, as the next section shows.
#
# ## A head that looks one back
#
# In notebook 8 we built attention by hand, from features. Let us do the same with positions. A head
# is to look at the word *before*, whatever the words are. How?
#
# All words get the same key: an arrow to the right. All words get the same query: the same arrow,
# *but turned back by the angle of one word*. In place m the query is turned by m, so that together
# it stands at m - 1: exactly where the key of the word before stands. No other key fits as well. Do
# so with all four pairs, each turned back by its own speed, and no distance of 7 can be mistaken
# for 1.
#
# The head runs on `llama.py`'s own `Attention`. Every word has one feature, "is a word", and the
# matrices make the arrows of it. It knows no word and no position; rotation does the rest.

# %%
words = ["Tamsin", "met", "Robert", "and", "she", "thanked", "him"]
config = LlamaConfig(vocab_size=1, dim=D, n_layers=1, n_heads=1, n_kv_heads=1)
head = Attention(config).requires_grad_(False)
right = torch.tensor([1.0, 0.0] * 4)  # four arrows to the right, (D,)


def look_back(by: float, strength: float = 8) -> None:
    """Give the head weights that make each word look so many words back."""
    back = rotary_angles(torch.tensor([-by]), D, theta, torch.float32)  # (1, 1, D/2)
    head.compute_key.weight.zero_()
    head.compute_query.weight.zero_()
    head.compute_key.weight[:, 0] = right  # feature 0 is "is a word"
    turned = rotate_pairs(right[None, None, None], back)[0, 0, 0]
    head.compute_query.weight[:, 0] = strength * turned


def weights_of(x: Tensor) -> Tensor:
    """Who looks at whom in the head, for (T, C) rows: (T, T)."""
    T = len(x)
    query = head.compute_query(x).view(1, T, 1, D)
    key = head.compute_key(x).view(1, T, 1, D)
    query, key = apply_rotary_emb(query, key, D, T, theta)
    scores = query[0, :, 0] @ key[0, :, 0].T / math.sqrt(D)
    visible = visible_tokens(T, causal=True)
    assert visible is not None
    return F.softmax(scores.masked_fill(~visible, -math.inf), dim=-1)


# %%
stream = torch.zeros(len(words), D)
stream[:, 0] = 1
look_back(by=1)
weights = weights_of(stream)

figure, ax = plt.subplots(figsize=(4.4, 4))
ax.imshow(weights, cmap="Blues", vmin=0, vmax=1, interpolation="none")
ax.set_xticks(range(len(words)), words, rotation=45, ha="left")
ax.set_yticks(range(len(words)), words)
ax.tick_params(length=0, labeltop=True, labelbottom=False)
ax.grid(False)
plt.show()
assert weights[1:].argmax(dim=-1).tolist() == list(range(6))

# %% [markdown]
# A line beside the diagonal: each word looks at the one before it (and the first, which has none,
# at itself). The neighbours of the right place get a little, too, since an angle that is nearly
# right scores nearly as well; a greater `strength` makes the head more exact. (The faint cell in
# the lower left is the fast hand, which is nearly round again: the other three hands have all but
# silenced it.) Such heads are found in every trained model. Notebook 11 shows one in SmolLM2, and
# what breaks when it is switched off.
#
# The answer of `Attention.forward` itself, mask, rotation and all, is the same:

# %%
values = torch.randn(D, D, generator=torch.Generator().manual_seed(2))
head.compute_value.weight.copy_(values)
head.compute_output.weight.copy_(torch.eye(D))
noise = torch.Generator().manual_seed(3)
stream[:, 1:] = torch.randn(len(words), D - 1, generator=noise)
expected = weights_of(stream) @ (stream @ values.T)
assert torch.allclose(head(stream[None])[0], expected, atol=1e-5)

# %% [markdown]
# One thing more is to be seen in that line: `values` are *not* turned. Position decides who is
# heard. It is no part of what they say.
#
# ## Two orders of numbers
#
# Which two numbers make a pair does not matter, as long as queries and keys agree. `rope.py`, as
# Meta's files, pairs neighbours. Hugging Face's pair the first half with the second: i with i +
# D/2. The scores are the same if the rows of both matrices are put into the other order, once, when
# a file is read. If that is forgotten, the model still runs. It only writes nonsense.

# %%
halves = torch.arange(D).view(D // 2, 2).T.flatten()  # 0 2 4 6 1 3 5 7
print("neighbours, in the order of halves:", halves.tolist())


def rotate_halves(x: Tensor, angles: Tensor) -> Tensor:
    """As in Hugging Face's files: number i turns with number i + D/2."""
    a, b = x.chunk(2, dim=-1)
    cos, sin = angles.cos(), angles.sin()
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)


q, k = torch.randn(2, 1, 8, 1, D, generator=torch.Generator().manual_seed(4))
ours = (rotate_pairs(q, angles[:, None]) * rotate_pairs(k, angles[:, None])).sum()
theirs = [rotate_halves(one[..., halves], angles[:, None]) for one in (q, k)]
assert torch.allclose((theirs[0] * theirs[1]).sum(), ours, atol=1e-4)

# %% [markdown]
# ## A longer text than ever
#
# Llama 3 was trained on texts of 8,192 tokens, Llama 3.1 reads 131,072. What goes wrong when a
# model is simply given more? A fast hand has gone round hundreds of times in training and has seen
# every angle. But a *slow* hand, with a wavelength of a million, has seen only a small part of its
# circle. In a longer text it reaches angles that were never there, and heads that rely on it are
# lost.
#
# The first remedy was to slow *all* hands, as if places were counted in fractions. Then no angle is
# new, but the fast hands, which tell neighbours apart, are spoilt. Llama 3.1 slows only those that
# need it:
#
# - a hand that went round more than four times in the old text stays as it is;
# - one that did not go round once is slowed by the full factor of 8;
# - between the two, a mixture.

# %%
slower = RopeScaling(
    kind="llama3",
    factor=8,
    low_freq_factor=1,
    high_freq_factor=4,
    original_max_seq_len=8192,
)
plain = speeds(128, 5e5)  # (64,)
scaled = scale_frequencies(plain, slower)
linear = scale_frequencies(plain, RopeScaling(kind="linear", factor=8))
turns = 8192 * plain / (2 * math.pi)  # of each hand, in the old text

figure, ax = plt.subplots(figsize=(7.2, 3))
ax.plot(linear / plain, "--", color="C1", label="all slowed alike")
ax.plot(scaled / plain, "o-", markersize=3, color="C0", label="Llama 3.1")
ax.axvspan(int((turns > 4).sum()) - 0.5, int((turns > 1).sum()) - 0.5, color="0.93")
ax.set(
    xlabel="pair of the head, from fast to slow",
    ylabel="speed, as a share",
    ylim=(0, 1.1),
)
ax.legend(loc="center left")
plt.show()

assert torch.equal(scaled[turns > 4], plain[turns > 4])
assert torch.allclose(scaled[turns < 1], plain[turns < 1] / 8)
assert (scaled.diff() < 0).all()  # the order of the hands stays

# %% [markdown]
# Does it serve? Ask of each hand how far it gets, in turns, at the end of the old text, and at the
# end of the new one with and without the remedy. (Once round, a hand has seen all angles, so what
# is above the dotted line is safe.)

# %%
new_length = 8 * 8192
figure, ax = plt.subplots(figsize=(7.2, 3))
ax.semilogy(turns, color="grey", label="8,192 tokens, as trained")
ax.semilogy(8 * turns, "--", color="C1", label="65,536 tokens, as it was")
ax.semilogy(
    new_length * scaled / (2 * math.pi),
    color="C0",
    label="65,536 tokens, Llama 3.1",
)
ax.axhline(1, color="black", linestyle=":", linewidth=1)
ax.set(xlabel="pair of the head, from fast to slow", ylabel="turns at the end")
ax.legend()
plt.show()

slow = turns < 1
assert torch.allclose(new_length * scaled[slow] / (2 * math.pi), turns[slow])

# %% [markdown]
# Below the dotted line the blue curve lies on the grey one: at the end of a text eight times as
# long, the slow hands stand where they used to stand at the end of the old. Above it, the blue
# curve leaves the grey and goes over to the other: the fast hands are as they always were. (Llama
# 3.1 was then trained on long texts, up to 131,072 tokens, to get used to them.)
#
# ## Exercises
#
# **1.** Make the head look *three* words back, and show it on a text of twenty words. What does it
# do if asked for half a word, `by=0.5`? And where does it look when D = 2, so that there is the
# fastest hand only, and the distance asked for is 1?
#
# <details><summary>Answer</summary>
#
# `look_back(3)` does it. Asked for half a word, it shares its weight between the word itself and
# the one before, as neither is nearer. With one hand of one radian a word, distances that differ by
# nearly a full turn score nearly alike: 7 is almost as good as 1, and 45 cannot be told from it at
# all, since 44 radians are seven full turns and a fiftieth of a radian.
#
# ```python
# twenty = torch.zeros(20, D)
# twenty[:, 0] = 1
# look_back(by=3, strength=40)
# assert weights_of(twenty)[3:].argmax(dim=-1).tolist() == list(range(17))
#
# look_back(by=0.5, strength=40)
# halfway = weights_of(twenty)[10]
# assert torch.allclose(halfway[9], halfway[10], atol=1e-3)
# assert halfway[9] + halfway[10] > 0.7
#
# one_hand = [math.cos(distance - 1) for distance in range(50)]
# assert max(range(50), key=one_hand.__getitem__) == 1
# assert one_hand[45] > 0.999
# assert one_hand[7] > 0.95
# ```
#
# </details>
#
# **2.** Move a text a hundred places to the right (`positions` of `apply_rotary_emb`) and show that
# no score changes. Then do the same with angles in `bfloat16`, at position 257. What happens, and
# why does `rope.py` compute angles in float32 at least?
#
# <details><summary>Answer</summary>
#
# Scores depend on distances, and these stay. In `bfloat16` a number has eight significant bits, so
# 257 is rounded to 256: the token in that place would stand where its neighbour stands.
#
# ```python
# q, k = torch.randn(2, 1, 8, 1, D, generator=torch.Generator().manual_seed(5))
#
#
# def scores_at(first: int) -> Tensor:
#     at = torch.arange(first, first + 8)
#     one, other = apply_rotary_emb(q, k, D, 8, theta, positions=at)
#     return one[0, :, 0] @ other[0, :, 0].T
#
#
# assert torch.allclose(scores_at(0), scores_at(100), atol=1e-4)
#
# place = torch.tensor([257], dtype=torch.bfloat16)
# assert float(place) == 256
# rounded = rotary_angles(place, D, theta, torch.float32)
# assert torch.equal(rounded, rotary_angles(torch.tensor([256]), D, theta, torch.float32))
# ```
#
# </details>
