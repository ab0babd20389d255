# %% [markdown]
# # Attention
#
# The model of [notebook 7](n07_bigrams.ipynb) sees one letter. To do better, a word has to learn
# something from the words before it: who *she* is, what was *thanked* for, which name stood at the
# beginning. Attention is how. It is the one place in a transformer where anything passes from one
# token to another; every other part works on each token by itself.
#
# You need matrix products and the softmax, no more. We shall
#
# - look something up in a dictionary whose keys match only more or less;
# - build, by hand, an attention that finds out who *she* is, and watch it work;
# - forbid it to look ahead;
# - give it several heads, and let them share;
# - see what it does to the residual stream, and why there is one.
#
# Every piece is held against `llama.py`, whose `Attention` is what real weights run on, in
# [notebook 11](n11_llama.ipynb). Twenty minutes.

# %%
import math
from dataclasses import replace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor

from cache import visible_tokens
from config import LlamaConfig
from llama import Attention, LlamaLayer

# %% [markdown]
# ## A dictionary that blends
#
# In a dictionary of Python, a key either is there or it is not, and you get one value. Suppose keys
# were arrows instead, and what you ask with, the *query*, were an arrow too. Then no key need fit
# exactly. But some fit better than others, and the **dot product** says how well: it is large where
# two arrows point the same way, nought where they are at right angles, negative where they oppose.
#
# Four weather stations stand around a town, in the north, east, south and west, and each reports a
# temperature. You ask with a direction. The answer should be a *mean* of all four, in which the
# station you point at counts most. Weights for a mean must be positive and add up to one, and that
# is what a softmax makes of the four dot products.

# %%
compass = {"N": [0.0, 1.0], "E": [1.0, 0.0], "S": [0.0, -1.0], "W": [-1.0, 0.0]}
keys = torch.tensor(list(compass.values()))
values = torch.tensor([[4.0], [10.0], [16.0], [12.0]])  # degrees


def ask(query: Tensor) -> tuple[Tensor, Tensor]:
    """The weights of the four stations, and the mean that they make."""
    weights = F.softmax(keys @ query, dim=0)  # (4,)
    return weights, weights @ values


north_east = torch.tensor([0.6, 0.8])  # rather north
for length in (0.0, 1.0, 4.0):
    weights, answer = ask(length * north_east)
    shares = dict(zip(compass, [round(x, 2) for x in weights.tolist()], strict=True))
    print(f"length {length:.0f}: {shares}, so {float(answer):.1f} degrees")

# %% [markdown]
# A query of length nought points nowhere and gets the plain mean of all. The longer it is, the more
# the answer is that of one station. Turn the arrow once around the compass, and see the answer go
# from a blend to a lookup:


# %%
def draw_compass() -> None:
    """The answer to a query that turns, for four lengths of it."""
    turned = torch.linspace(0, 2 * math.pi, 241)
    arrows = torch.stack((turned.sin(), turned.cos()), dim=1)  # clockwise
    _, axes = plt.subplots(figsize=(7.2, 3))
    for length in (0, 1, 4, 30):
        answers = [float(ask(length * arrow)[1]) for arrow in arrows]
        axes.plot(turned.rad2deg(), answers, label=f"length {length}")
    axes.set_xticks(range(0, 361, 90), ["N", "E", "S", "W", "N"])
    axes.set_ylabel("degrees in the answer")
    axes.legend(loc="upper left", fontsize=9)
    plt.show()


draw_compass()
assert torch.allclose(ask(torch.zeros(2))[1], values.mean())
assert torch.allclose(ask(30 * keys[2])[1], values[2], atol=1e-3)

# %% [markdown]
# That is all of attention: **scores** are the dot products of a query with all keys, **weights**
# are their softmax, the **answer** is the mean of the values by these weights. And since every step
# of it is smooth, a gradient can pass through and teach the arrows where to point. A dictionary of
# Python could not be trained.
#
# ## Many queries at once
#
# In a text every token asks. Put the queries below each other as rows of a matrix, the keys and the
# values too, and all dot products are one matrix product. This is what stands in `llama.py`,
# without what is for many texts and many heads at once. (It divides by the root of D, the length of
# the arrows in numbers. Why, comes further down.)


# %%
def attention_weights(query: Tensor, key: Tensor, seen: Tensor | None = None) -> Tensor:
    """Who looks at whom: (T, D) queries, (S, D) keys to (T, S) shares of 1."""
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if seen is not None:
        scores = scores.masked_fill(~seen, float("-inf"))
    return F.softmax(scores, dim=-1)


torch.manual_seed(0)
config = LlamaConfig(vocab_size=1, dim=8, n_layers=1, n_heads=1, n_kv_heads=1)
taught = Attention(config).compute_query_key_value_scores  # of llama.py
q, k, v = torch.randn(3, 5, 8)
assert torch.allclose(taught(q, k, v), attention_weights(q, k) @ v, atol=1e-6)

# %% [markdown]
# ## Who is she?
#
# Where do queries, keys and values come from? Each token has a vector, its row in the *stream*.
# Three matrices make three arrows of it:
#
# - its **query**: what am I looking for?
# - its **key**: what would I be found by?
# - its **value**: what do I hand over to those who find me?
#
# As a rule these matrices are learnt, and nobody can read them. So let us write some that can be
# read. Here is a text of eight words. Each gets a row of eight numbers, and each number means
# something that has a name: *is a word*, *begins the text*, *is a woman's name*, and so on.

# %%
words = ["<start>", "Tamsin", "met", "Robert", "and", "she", "thanked", "him"]
FEATURES = ["word", "start", "woman's name", "man's name", "she/her", "he/him",
            "is Tamsin", "is Robert"]  # fmt: skip
MEANING = {
    "<start>": {"start"},
    "Tamsin": {"woman's name", "is Tamsin"},
    "Robert": {"man's name", "is Robert"},
    "she": {"she/her"},
    "her": {"she/her"},
    "he": {"he/him"},
    "him": {"he/him"},
}


def embed(text: list[str]) -> Tensor:
    """Words to (T, 8): a one for each thing that is true of a word."""
    true = [{"word", *MEANING.get(word, set())} for word in text]
    rows = [[float(name in one) for name in FEATURES] for one in true]
    return torch.tensor(rows)


stream = embed(words)
print("Tamsin:", [FEATURES[i] for i in stream[1].nonzero()])

# %% [markdown]
# Now the three matrices. Queries and keys have three numbers, and each stands for one way to match:
# *a woman*, *a man*, *a place to rest*.
#
# - **Keys.** A woman's name can be found under "woman", a man's name under "man", and `<start>`
#   under "rest".
# - **Queries.** `she` asks for a woman, strongly; `him` asks for a man. And every word, for the
#   sake of those that look for nobody, asks a little for a place to rest.
# - **Values.** What is handed over is who one is: the last two numbers of the row.

# %%
WAYS = ["woman", "man", "rest"]


def matrix(columns: list[str], entries: dict[tuple[str, str], float]) -> Tensor:
    """A row for each feature, a column for each name; nought but for the entries."""
    found = torch.zeros(len(FEATURES), len(columns))
    for (feature, column), number in entries.items():
        found[FEATURES.index(feature), columns.index(column)] = number
    return found


to_key = matrix(
    WAYS,
    {
        ("woman's name", "woman"): 1,
        ("man's name", "man"): 1,
        ("start", "rest"): 1,
    },
)
to_query = matrix(
    WAYS,
    {
        ("she/her", "woman"): 16,
        ("he/him", "man"): 16,
        ("word", "rest"): 8,
    },
)
to_value = matrix(
    FEATURES,
    {
        ("is Tamsin", "is Tamsin"): 1,
        ("is Robert", "is Robert"): 1,
    },
)

# %% [markdown]
# Three matrix products, a softmax, a fourth product. Rows of the picture ask, columns are asked.


# %%
def draw_weights(axes: plt.Axes, weights: Tensor, words: list[str]) -> None:
    """Weights of attention: each row is a word that looks, and adds up to one."""
    axes.imshow(weights, cmap="Blues", vmin=0, vmax=1.15, interpolation="none")
    axes.set_xticks(range(len(words)), words, rotation=45, ha="left")
    axes.set_yticks(range(len(words)), words)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    for i, row in enumerate(weights.tolist()):
        for j, weight in enumerate(row):
            if weight > 0.1:
                colour = "white" if weight > 0.6 else "black"
                axes.text(j, i, f"{weight:.2f}", ha="center", va="center",
                          fontsize=8, color=colour)  # fmt: skip


weights = attention_weights(stream @ to_query, stream @ to_key)  # (8, 8)
figure, ax = plt.subplots(figsize=(5, 4.8))
draw_weights(ax, weights, words)
plt.show()

she, him = words.index("she"), words.index("him")
assert weights[she].argmax() == words.index("Tamsin")
assert weights[him].argmax() == words.index("Robert")
assert weights[she].max() > 0.98

# %% [markdown]
# `she` looks at *Tamsin*, `him` at *Robert*. All others rest at the beginning of the text. A
# resting place is no whim of ours: weights add up to one, so a head *cannot* look at nothing.
# Trained models find the same way out by themselves. In notebook 11 many heads look at the first
# token nearly all of the time.
#
# What comes out is a mean of values, and it is **added** to the stream. Before, the row of `she`
# said "a word, a pronoun, female". Afterwards it says who is meant.

# %%
added = weights @ (stream @ to_value)  # (8, 8)
after = stream + added


def draw_streams(*streams: tuple[str, Tensor]) -> None:
    """Streams side by side: a row for each word, a column for each feature."""
    _, axes = plt.subplots(1, len(streams), figsize=(8, 3.9), sharey=True)
    for one, (title, rows) in zip(axes, streams, strict=True):
        one.imshow(rows, cmap="Blues", vmin=0, vmax=1.3, interpolation="none")
        one.set_xticks(range(len(FEATURES)), FEATURES, rotation=90, fontsize=8)
        one.set_yticks(range(len(words)), words)
        one.set_title(title)
        one.tick_params(length=0)
        one.grid(False)
    plt.show()


draw_streams(
    ("the stream", stream),
    ("what attention adds", added),
    ("the sum", after),
)
assert after[she, FEATURES.index("is Tamsin")] > 0.98
assert after[him, FEATURES.index("is Robert")] > 0.98

# %% [markdown]
# The matrices know nothing of this one text. They work for every text with such words:

# %%
other = ["<start>", "Robert", "came", "so", "Tamsin", "left", "without", "him"]
rows = embed(other)
last = attention_weights(rows @ to_query, rows @ to_key)[-1]
print("him:", other[int(last.argmax())], f"{float(last.max()):.2f}")
assert last.argmax() == other.index("Robert")

# %% [markdown]
# ## Not ahead
#
# A language model is trained to guess each next word, at all places of a text at once. If a word
# could look to its right, it would read the answer off the page and learn nothing. So a token may
# look at itself and at what came before: attention is **causal**.
#
# It is done on the scores, before the softmax. Where looking is forbidden the score becomes minus
# infinity, so that the weight is exactly nought and the others add up to one among themselves.
# `cache.visible_tokens` says who may look where. Three cases occur:
#
# - a text on its own: the triangle;
# - a text whose beginning was read before, and is remembered: the newest tokens see all of it;
# - a text that was padded to fit others: padding is looked at by nobody but itself. (At least by
#   itself, or its softmax would divide nought by nought.)

# %%
triangle = visible_tokens(6, causal=True)
remembered = visible_tokens(2, causal=True, past=4)
real = torch.tensor([[False, False, True, True, True, True]])
padded = visible_tokens(6, causal=True, real=real)
assert triangle is not None
assert remembered is not None
assert padded is not None


def draw_visible(*masks: tuple[str, Tensor]) -> None:
    """Which tokens (columns) each token (row) may look at."""
    ratios = [mask.shape[-1] for _, mask in masks]
    _, axes = plt.subplots(1, 3, figsize=(7.6, 2.8), width_ratios=ratios)
    for one, (title, mask) in zip(axes, masks, strict=True):
        T, S = mask.shape
        shades = mask.flip(0).float()
        one.pcolormesh(shades, cmap="Blues", vmax=1.4, edgecolors="white", linewidth=2)
        one.set_xticks([i + 0.5 for i in range(S)], range(S))
        one.set_yticks([i + 0.5 for i in range(T)], range(S - 1, S - T - 1, -1))
        one.set(title=title, aspect="equal")
        one.tick_params(length=0)
        one.grid(False)
        one.spines[:].set_visible(False)
    plt.show()


draw_visible(
    ("alone", triangle),
    ("4 remembered, 2 new", remembered),
    ("2 of padding", padded[0, 0]),
)

# %% [markdown]
# With the triangle on, `she` still finds *Tamsin*, who came before. But turn the sentence around,
# and she is out of sight: "when she came, Tamsin ..." leaves `she` with nothing but the resting
# place. English readers wait for the name, and a causal model has to do it as they do, at a later
# word.

# %%
turned = ["<start>", "when", "she", "came", "Tamsin", "smiled"]
T = len(turned)
rows = embed(turned)
everything = attention_weights(rows @ to_query, rows @ to_key)
visible = visible_tokens(T, causal=True)
causal = attention_weights(rows @ to_query, rows @ to_key, visible)
figure, pair = plt.subplots(1, 2, figsize=(7.6, 3.6))
draw_weights(pair[0], everything, turned)
draw_weights(pair[1], causal, turned)
pair[0].set_xlabel("sees everything")
pair[1].set_xlabel("causal")
plt.show()

assert everything[2].argmax() == 4
assert causal[2, 3:].sum() == 0
assert torch.allclose(causal.sum(dim=1), torch.ones(T))

# %% [markdown]
# There is a second gift in this. *What a token has found does not depend on what comes later*. So
# its keys and values can be kept when the text grows, and a model that writes computes one row per
# new token, not the whole text again. That store is the *key/value cache* of `cache.py`. Here is
# the fact that it rests on, held by llama's own layer with random weights:

# %%
config = LlamaConfig(vocab_size=1, dim=64, n_layers=1, n_heads=4, n_kv_heads=2)
layer = LlamaLayer(0, config)
x = torch.randn(1, 10, 64)
changed = x.clone()
changed[0, 7:] = torch.randn(3, 64)  # other words from the eighth on
with torch.no_grad():
    before, now = layer(x), layer(changed)
assert torch.allclose(before[0, :7], now[0, :7], atol=1e-5)  # seven did not notice
assert not torch.allclose(before[0, 7:], now[0, 7:], atol=1e-1)

# %% [markdown]
# ## Why the root of D
#
# A dot product is a sum of D products. If the numbers in it are of size one and as often negative
# as positive, the sum has a size of about the root of D: 8 for D = 64. And scores that lie far
# apart make a softmax that looks at one thing only, from the very beginning, when the weights are
# still random and there is no reason to. Its gradient is then close to nought, and nothing is
# learnt. So scores are divided by the root of D, and begin at size one for any D.


# %%
def greatest_weight(D: int, divide: bool) -> float:
    """The mean of the greatest of 16 weights, for random queries and keys."""
    generator = torch.Generator().manual_seed(D)
    query, key = torch.randn(2, 300, 16, D, generator=generator)
    scores = (query[:, :1] @ key.transpose(1, 2))[:, 0]  # (300, 16)
    scores = scores / math.sqrt(D) if divide else scores
    return float(F.softmax(scores, dim=-1).amax(dim=-1).mean())


sizes = [1, 4, 16, 64, 256, 1024]
plain = [greatest_weight(D, divide=False) for D in sizes]
scaled = [greatest_weight(D, divide=True) for D in sizes]
figure, ax = plt.subplots(figsize=(7.2, 2.7))
ax.semilogx(sizes, plain, "o-", base=2, label="as they are")
ax.semilogx(sizes, scaled, "o-", base=2, label="divided by the root of D")
ax.set_xticks(sizes, sizes)
ax.set(ylim=(0, 1), xlabel="D", ylabel="greatest of 16 weights")
ax.legend()
plt.show()
assert plain[-1] > 0.9
assert max(scaled) < 0.4

# %% [markdown]
# ## Heads
#
# A softmax makes one choice. But a word wants to know several things at once: who is meant, what
# was done, which word came just before. So attention runs several times side by side, each time
# with other matrices, and each such run is a **head**. `she` could ask one head for the woman, and
# another for *the man she is with*, and put the answers into different columns of the stream. One
# head alone would give half of each, and no one could tell which was which.
#
# No loop is needed. The matrices of H heads stand side by side in one large matrix; one product
# makes all queries, C = H · D numbers for each token, and these are then *cut into heads*. Mind the
# order of axes, which is where most first attempts go wrong: the numbers of one head are
# neighbours, so it is `view(T, H, D)`, and then the head's axis moves to the front.

# %%
H, D, C, T = 4, 16, 64, 10
attention = layer.attention
x = torch.randn(T, C)
flat = attention.compute_query(x)
cut = flat.view(T, H, D)
in_front = cut.transpose(0, 1)
print("of every token, one after another   ", tuple(flat.shape), "(T, C)")
print("the same numbers, cut into heads    ", tuple(cut.shape), "(T, H, D)")
print("heads to the front                  ", tuple(in_front.shape), "(H, T, D)")

of_head_2 = attention.compute_query.weight[2 * D : 3 * D]
assert torch.allclose(in_front[2], x @ of_head_2.T, atol=1e-6)
wrong = flat.view(H, T, D)  # runs as well, and mixes up the tokens
assert not torch.allclose(wrong[2], x @ of_head_2.T, atol=1e-2)

# %% [markdown]
# At the end each head has D numbers for each token. They are laid side by side again, and a last
# matrix, `compute_output`, writes them into the stream. It can be read head by head as well: the
# columns of it that belong to a head say *where in the stream that head writes*. So the output of
# attention is a plain sum over heads, and one can ask each for its share. (In notebook 11 we shall
# switch off single heads of a real model that way.)

# %%
answers = torch.randn(T, H, D)
together = attention.compute_output(answers.reshape(T, C))
places = attention.compute_output.weight.split(D, dim=1)  # H matrices of (C, D)
one_by_one = [answers[:, head] @ places[head].T for head in range(H)]
assert torch.allclose(together, torch.stack(one_by_one).sum(dim=0), atol=1e-5)

# %% [markdown]
# ## Heads that share
#
# The cache has to hold keys and values of every token, in every head of every layer, and for a long
# text that is more than the processor likes to read for each new word. *Grouped* heads save on it:
# several query heads share the keys and values of one. They ask different questions of the same
# index. SmolLM2, in notebook 11, has nine query heads on three such pairs:


# %%
def draw_groups(n_heads: int, n_kv_heads: int) -> None:
    """Which query head meets which key/value head."""
    group = n_heads // n_kv_heads
    _, axes = plt.subplots(figsize=(7.2, 1.9))
    for shared in range(n_kv_heads):
        middle = shared * group + (group - 1) / 2
        axes.scatter(middle, 0, s=700, marker="s", color=f"C{shared}")
        axes.text(middle, 0, shared, ha="center", va="center", color="white")
        for head in range(shared * group, (shared + 1) * group):
            axes.plot([middle, head], [0, 1], color=f"C{shared}", zorder=0)
            axes.scatter(head, 1, s=500, color=f"C{shared}")
            axes.text(head, 1, head, ha="center", va="center", color="white")
    axes.set_yticks([0, 1], ["key and value", "query"])
    axes.set(xticks=[], ylim=(-0.45, 1.4))
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    plt.show()


draw_groups(9, 3)
for kv in (9, 3):
    size = 2 * 30 * kv * 64 * 4 / 1000
    print(f"{kv} key/value heads: {size:.0f} kB of cache for each token")

# %% [markdown]
# (Two, for key and value, times 30 layers, times the heads, times 64 numbers of four bytes.)
#
# In the code it is one line: each key/value head is repeated for the query heads of its group. The
# order matters: 0 0 0 1 1 1 2 2 2, not 0 1 2 0 1 2 0 1 2. A model with the second runs just as
# well, and writes nonsense. Grouped heads are full heads some of which are equal, as can be
# checked:

# %%
shared_keys = torch.arange(3)
print("repeat_interleave", shared_keys.repeat_interleave(3).tolist())
print("repeat           ", shared_keys.repeat(3).tolist())

grouped = layer.attention  # 4 query heads on 2 of keys and values
full = Attention(replace(config, n_kv_heads=4))
weights_of = dict(grouped.state_dict())
for name in ("compute_key.weight", "compute_value.weight"):
    of_a_head = weights_of[name].view(2, D, C)
    weights_of[name] = of_a_head.repeat_interleave(2, dim=0).reshape(C, C)
full.load_state_dict(weights_of)
assert torch.allclose(full(x[None]), grouped(x[None]), atol=1e-5)

# %% [markdown]
# ## The residual stream
#
# Attention *added* to the stream; it did not replace it. So does the second half of every layer,
# the feed-forward, which thinks about each token by itself. That is the whole plan of a
# transformer: a stream that runs from the first layer to the last, and layers that read from it and
# add to it.


# %%
def draw_arrow(axes: plt.Axes, start: tuple[float, float], end: tuple[float, float],
               width: int, colour: str) -> None:  # fmt: skip
    style = {"arrowstyle": "-|>", "lw": width, "color": colour}
    axes.annotate("", end, start, arrowprops=style)


def draw_stream() -> None:
    """A token's way through two layers, with what is read and added beside it."""
    _, axes = plt.subplots(figsize=(8, 2.3))
    draw_arrow(axes, (-0.4, 0), (10, 0), 5, "C0")
    for i, name in enumerate(("attention", "feed-forward") * 2):
        at, colour = 0.5 + 2.35 * i, ("C1", "C2")[i % 2]
        axes.plot([at, at, at + 1.7], [0, 1, 1], color=colour, zorder=0)
        draw_arrow(axes, (at + 1.7, 1.01), (at + 1.7, 0.06), 2, colour)
        box = {"facecolor": colour, "edgecolor": "none", "pad": 5}
        axes.text(at + 0.8, 1, f"norm,\n{name}", ha="center", va="center",
                  fontsize=9, color="white", bbox=box)  # fmt: skip
        axes.text(at + 1.7, -0.06, "+", ha="center", va="top", fontsize=14)
    axes.text(2.4, -0.75, "layer 0", ha="center", color="grey")
    axes.text(7.1, -0.75, "layer 1", ha="center", color="grey")
    axes.axvline(4.98, color="lightgrey", linestyle=":")
    axes.set(xlim=(-0.5, 10.1), ylim=(-0.9, 1.6))
    axes.axis("off")
    plt.show()


draw_stream()

# %% [markdown]
# Two things follow at once. If a part has nothing to say, it adds nought and the stream passes
# untouched. And what comes out is a sum: the token's own row, plus what each part of each layer has
# added. Both can be checked on llama's layer:

# %%
with torch.no_grad():
    x = torch.randn(1, 10, 64)
    said = layer.attention(layer.attention_norm(x))
    thought = layer.feed_forward(layer.ffn_norm(x + said))
    assert torch.allclose(layer(x), x + said + thought, atol=1e-5)

    silent = LlamaLayer(0, layer.attention.config)
    silent.attention.compute_output.weight.zero_()
    silent.feed_forward.w2.weight.zero_()
    assert torch.equal(silent(x), x)

# %% [markdown]
# And why? Attention is a mean, and means of means become all alike. Stack 24 layers of random
# weights without the stream, each fed with nothing but what the one before has said: after eight of
# them all sixteen tokens point the same way, and nobody further up can tell them apart. With the
# stream each token stays itself, and picks up something of the others on the way.


# %%
def likeness(h: Tensor) -> float:
    """The mean cosine of two tokens of (1, T, C): 1 where all point the same way."""
    T = h.shape[1]
    unit = F.normalize(h[0], dim=-1)
    return float(((unit @ unit.T).sum() - T) / (T * (T - 1)))


deep = [LlamaLayer(0, config) for _ in range(24)]
adding = replacing = torch.randn(1, 16, 64)
added_up, replaced = [likeness(adding)], [likeness(replacing)]
with torch.no_grad():
    for one in deep:
        adding = one(adding)
        replacing = one.attention(one.attention_norm(replacing))
        replacing = one.feed_forward(one.ffn_norm(replacing))
        added_up.append(likeness(adding))
        replaced.append(likeness(replacing))

figure, ax = plt.subplots(figsize=(7.2, 2.8))
ax.plot(added_up, label="each layer adds")
ax.plot(replaced, label="each layer replaces")
ax.set(xlabel="layers", ylabel="likeness of the tokens", ylim=(-0.05, 1.05))
ax.legend()
plt.show()
assert added_up[8] < 0.2
assert replaced[8] > 0.8

# %% [markdown]
# ## All of it
#
# You can now read `Attention` and `LlamaLayer` in `llama.py` from top to bottom; but for one line,
# the call of `apply_rotary_emb`. It is there because everything in this notebook is blind to order.
# Our `she` finds *Tamsin* whether she stands one word back or a thousand. How a token comes to know
# what is near is told in [notebook 9](n09_rotary.ipynb).
#
# ## Exercises
#
# **1.** Give the story a second woman: *Tamsin met Edda and she ...* Let Edda be a woman's name
# (that needs a ninth feature, *is Edda*, or just look at the weights). Where does `she` look? Could
# any other number in `to_query` make it choose?
#
# <details><summary>Answer</summary>
#
# Half at each, whatever the number: the two keys are equal, so the two scores are, so the weights
# are. Attention can only tell apart what differs in the keys. What would help is the place: "the
# nearest woman". That is what notebook 9 is about.
#
# ```python
# MEANING["Edda"] = {"woman's name"}
# two = ["<start>", "Tamsin", "met", "Edda", "and", "she"]
# rows = embed(two)
# looks = attention_weights(rows @ to_query, rows @ to_key)[-1]
# assert torch.allclose(looks[1], looks[3])
# assert looks[1] + looks[3] > 0.98
# stronger = attention_weights(rows @ (3 * to_query), rows @ to_key)[-1]
# assert torch.allclose(stronger[1], stronger[3])
# ```
#
# </details>
#
# **2.** Show that attention without a mask is blind to order: shuffle the rows of `stream`, and the
# rows of the result are shuffled the same way, and otherwise equal. Why does it fail with a causal
# mask? Does that make the mask a way to know the order?
#
# <details><summary>Answer</summary>
#
# Each query meets the same set of keys, in another order, and a sum does not care for the order of
# what is added. With the mask, a token that moves to the front sees fewer others. So a causal model
# does get to know something of order from its mask alone: how many tokens it sees. But within what
# it sees it still has no near and no far.
#
# ```python
# order = torch.tensor([3, 0, 7, 5, 1, 6, 2, 4])
#
#
# def attend(rows: Tensor, visible: Tensor | None = None) -> Tensor:
#     return attention_weights(rows @ to_query, rows @ to_key, visible) @ (rows @ to_value)
#
#
# assert torch.allclose(attend(stream[order]), attend(stream)[order], atol=1e-6)
# seen = visible_tokens(8, causal=True)
# assert not torch.allclose(attend(stream[order], seen), attend(stream, seen)[order], atol=1e-2)
# ```
#
# </details>
