# %% [markdown]
# # Llama, taken apart
#
# This is a real language model. SmolLM2 has 135 million weights, was trained by Hugging Face on two
# million million tokens, and is a Llama to the last detail: the same layers as models five hundred
# times its size. It runs here on `llama.py`, the file that this course is about.
#
# We open it and look. You will see
#
# - what a text is to it: tokens, and rows of a table;
# - one forward pass, stage by stage, with the shape of everything;
# - heads at work: one that looks a word back, one that finds what came after this word last time,
#   and many that look at nothing;
# - the next word taking shape, layer by layer;
# - what temperature does to the choice.
#
# Twenty minutes. [Notebook 8](n08_attention.ipynb) has told what attention is, [notebook
# 9](n09_rotary.ipynb) how positions enter.

# %%
import math
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor

from cache import attention_context
from data import STAND_IN
from loading import generate, load
from rope import apply_rotary_emb
from sampling import filter_top_p, scale

if not STAND_IN.exists():
    raise SystemExit(f"{STAND_IN.name} is not here: bash setup.sh makes it")
model, tokenizer = load(STAND_IN)
model.requires_grad_(False)  # we look, and train nothing
config = model.config
print(generate(model, tokenizer, "Water boils at", 10, temperature=0))

# %% [markdown]
# It writes. Nothing of what follows adds to it; all of it is in there.
#
# ## Where the weights are
#
# The letters are those of `config.py`: C numbers in a token's row of the stream, H query heads and
# KV key/value heads of D numbers each, F inside the feed-forward, V tokens in the vocabulary.

# %%
print(f"C = {config.dim}, {config.n_layers} layers, V = {config.vocab_size}")
print(f"H = {config.n_heads}, KV = {config.n_kv_heads}, D = {config.head_dim}")
print(f"F = {config.hidden_dim}")


def draw_parts() -> None:
    """The weights by part, in millions, as one bar."""
    _, axes = plt.subplots(figsize=(8, 1.5))
    parts = {name: n for name, n in model.footprint().parts.items() if n > 1e6}
    left = 0.0
    for name, n in parts.items():
        axes.barh(0, n / 1e6, left=left)
        label = f"{name.replace('_', '-')}\n{n / 1e6:.0f} million"
        middle = left + n / 2e6
        axes.text(middle, 0, label, ha="center", va="center", color="white")
        left += n / 1e6
    axes.axis("off")
    plt.show()


draw_parts()
assert model.output.weight is model.tok_embeddings.weight

# %% [markdown]
# More than half is in the feed-forwards. (The norms have too few to be drawn.) A fifth is the table
# of embeddings, and it is used twice: its rows are what tokens come in as, and the same rows are
# what the result is compared with at the end. That is called *tied*.
#
# ## A text is a row of numbers
#
# The model knows no letters. A tokenizer cuts a text into pieces from a fixed list of 49,152, and
# each piece is its number in the list. Frequent words are one piece, with the space before them;
# rare ones fall into several; digits stand alone.


# %%
def spelt(ids: list[int]) -> list[str]:
    """Each token as it is written, its space shown as a low line."""
    return [tokenizer.decode([i]).replace(" ", "_") for i in ids]


def draw_tokens(text: str) -> None:
    """The pieces of a text in boxes, with their numbers below."""
    ids = tokenizer.encode(text, bos=False, eos=False)
    _, axes = plt.subplots(figsize=(8, 0.75))
    at = 0.0
    for n, (i, piece) in enumerate(zip(ids, spelt(ids), strict=True)):
        width = max(len(piece), 0.8 * len(str(i))) + 0.6
        shade = f"C{n % 2}"
        axes.barh(0, width - 0.25, left=at, height=0.5, color=shade, alpha=0.25)
        middle = at + width / 2 - 0.12
        axes.text(middle, 0, piece, ha="center", va="center")
        axes.text(middle, -0.5, str(i), ha="center", va="center", fontsize=8)
        at += width
    axes.set(xlim=(0, max(at, 62)), ylim=(-0.7, 0.3))
    axes.axis("off")
    plt.show()
    assert tokenizer.decode(ids) == text


draw_tokens("The sun rises in the east and sets in the")
draw_tokens("Mrs Orrell counted 1987 bees, unbelievably.")

# %% [markdown]
# The number itself says nothing: 12,397 is *Monday* by accident. Meaning begins with the embedding,
# the row of that number in the table. Take a token's row and ask which other rows point most nearly
# the same way:

# %%
table = F.normalize(model.tok_embeddings.weight, dim=-1)  # (V, C), of length 1
for word in (" Monday", " seven", " France", " river"):
    (i,) = tokenizer.encode(word, bos=False, eos=False)
    likeness = table @ table[i]  # (V,) cosines
    near = spelt(likeness.topk(6).indices[1:].tolist())
    print(f"{word:>8}:", " ".join(near))
    if word == " Monday":
        assert {"_Tuesday", "_Wednesday", "_Thursday"} <= set(near)

# %% [markdown]
# Nobody entered this. The rows were pushed about until the next token could be guessed well, and
# what is followed by the same things came to lie close together, as the vowels did in [notebook
# 7](n07_bigrams.ipynb).
#
# ## One forward pass
#
# Let us do by hand what `Llama.forward` does, on the sun that rises in the east. First the whole
# frame: rows of the table, thirty layers that add to them, a norm, and the dot product with every
# row of the table. We keep the stream after each layer, for later.

# %%
text = "The sun rises in the east and sets in the"
ids = tokenizer.encode(text, bos=True, eos=False)
tokens = torch.tensor([ids])  # (B, T)
B, T = tokens.shape
context = attention_context(config, B, T, tokens.device)  # the causal mask
assert context.visible is not None

h = model.tok_embeddings(tokens)  # (B, T, C)
streams = [h]
for layer in model.layers:
    h = layer(h, context)  # (B, T, C)
    streams.append(h)
logits = model.output(model.norm(h))  # (B, T, V)

assert torch.equal(logits, model(tokens, targets=tokens)[0])  # its own forward
for name, one in (("tokens", tokens), ("stream", h), ("logits", logits)):
    print(f"{name} {tuple(one.shape)}", end="   ")
print()
print("after the last token:", spelt(logits[0, -1].topk(3).indices.tolist()))

# %% [markdown]
# It says *west*. Now inside a layer, say the seventeenth (they are counted from nought). Every line
# below is a line of `LlamaLayer.forward` or `Attention.forward`:

# %%
sixteenth = model.layers[16]
attention, ffn = sixteenth.attention, sixteenth.feed_forward
H, KV, D = config.n_heads, config.n_kv_heads, config.head_dim
shapes: dict[str, Tensor] = {}

x = streams[16]
shapes["the stream, as layer 15 left it"] = x
normed = shapes["normed"] = sixteenth.attention_norm(x)
query = shapes["queries"] = attention.compute_query(normed).view(B, T, H, D)
key = shapes["keys"] = attention.compute_key(normed).view(B, T, KV, D)
value = shapes["values"] = attention.compute_value(normed).view(B, T, KV, D)
limit, theta = config.max_seq_len, config.rope_theta
query, key = apply_rotary_emb(query, key, D, limit, theta)
key, value = (one.repeat_interleave(H // KV, dim=2) for one in (key, value))
shapes["keys, three times each"] = key

# %%
query, key, value = (one.transpose(1, 2) for one in (query, key, value))  # by head
scores = query @ key.transpose(2, 3) / math.sqrt(D)
weights = F.softmax(scores.masked_fill(~context.visible, -math.inf), dim=-1)
shapes["weights: who looks at whom"] = weights
attended = shapes["values, blended"] = weights @ value
joined = attended.transpose(1, 2).reshape(B, T, -1)
x = x + attention.compute_output(joined)  # the stream, first addition
normed = sixteenth.ffn_norm(x)
inside = F.silu(ffn.w1(normed)) * ffn.w3(normed)
shapes["inside the feed-forward"] = inside
x = shapes["the stream, handed on"] = x + ffn.w2(inside)  # second addition

for name, one in shapes.items():
    print(f"{name:<34}{tuple(one.shape)}")
assert torch.allclose(x, streams[17], atol=1e-3)

# %% [markdown]
# That is all there is. The rest of this page only looks at what came by.
#
# ## How the stream grows
#
# Each layer adds to the stream, so its rows become longer. How long is the row of each token, after
# each layer?

# %%
lengths = torch.stack([one[0].norm(dim=-1) for one in streams])  # (layers + 1, T)


def draw_lengths() -> None:
    """The length of each token's row over the layers; the first token apart."""
    _, axes = plt.subplots(figsize=(7.2, 2.8))
    axes.semilogy(lengths[:, 1:], color="C0", alpha=0.4)
    axes.semilogy(lengths[:, 0], color="C1")
    axes.text(20, 11000, "the first token", color="C1", va="top")
    axes.text(20, 110, "all others", color="C0", va="top")
    axes.set(xlabel="layers", ylabel="length of the row", ylim=(1, 60000))
    plt.show()


draw_lengths()
assert lengths[12, 0] > 100 * lengths[11, 0]
assert lengths[20, 0] > 50 * lengths[20, 1:].max()

# %% [markdown]
# A strange picture. One token is not like the others: within layer 11 the row of the *first* grows
# more than a hundredfold, and stays so nearly to the end. It has nothing to do with the word: any
# word that stands first becomes such a giant. (Before, from layer 3 to 9, it is a smaller giant,
# and for that while the word *the* is one as well.) What for? Look at the heads.
#
# ## What heads look at
#
# The code above gave `weights` for one layer. Here it is as a function, for all layers and heads:


# %%
def attention_maps(tokens: Tensor) -> Tensor:
    """Of all heads on one text, (layers, H, T, T): rows look, columns are seen."""
    context = attention_context(config, 1, tokens.shape[1], tokens.device)
    assert context.visible is not None
    h, maps = model.tok_embeddings(tokens), []
    for layer in model.layers:
        attention, normed = layer.attention, layer.attention_norm(h)
        query = attention.compute_query(normed).unflatten(-1, (H, D))
        key = attention.compute_key(normed).unflatten(-1, (KV, D))
        query, key = apply_rotary_emb(query, key, D, limit, theta)
        key = key.repeat_interleave(H // KV, dim=2)
        scores = query.transpose(1, 2) @ key.permute(0, 2, 3, 1) / math.sqrt(D)
        scores = scores.masked_fill(~context.visible, -math.inf)
        maps.append(F.softmax(scores, dim=-1)[0])
        h = layer(h, context)
    return torch.stack(maps)


assert torch.allclose(attention_maps(tokens)[16], weights[0], atol=1e-4)

# %% [markdown]
# Three of the 270 heads, on a text in which a name comes twice:

# %%
twice = "Mrs Tamsin Orrell keeps bees. Every spring Mrs Tamsin Orrell"
twice_ids = tokenizer.encode(twice, bos=True, eos=False)
maps = attention_maps(torch.tensor([twice_ids]))


def draw_heads(*heads: tuple[int, int, str]) -> None:
    """The weights of some heads, on the text with a name that comes twice."""
    _, axes = plt.subplots(1, len(heads), figsize=(8, 3.6), sharey=True)
    pieces = spelt(twice_ids)
    for one, (layer, head, title) in zip(axes, heads, strict=True):
        one.imshow(
            maps[layer, head],
            cmap="Blues",
            vmin=0,
            vmax=1,
            interpolation="none",
        )
        one.set_title(f"layer {layer}, head {head}\n{title}", fontsize=10)
        one.set_xticks(range(len(pieces)), pieces, rotation=90, fontsize=8)
        one.set_yticks(range(len(pieces)), pieces, fontsize=8)
        one.tick_params(length=0)
        one.grid(False)
    plt.show()


draw_heads(
    (18, 8, "looks at nothing"),
    (16, 0, "looks one back"),
    (18, 6, "what came after"),
)

# %% [markdown]
# (A row is a token that looks, columns are what it sees. Dark is much.)
#
# **Left: nothing.** Everybody looks at the first token. Weights add up to one, so a head that has
# nothing to say here still has to look somewhere, and the first token is the place that everyone
# can see. In [notebook 8](n08_attention.ipynb) we built such a resting place by hand. Here training
# has built it, and this is what the giant is for: its key is easy to find, and its value is small,
# so that looking at it adds next to nothing.
#
# **Middle: one back.** A line beside the diagonal. Whatever the words are, each looks at its
# neighbour on the left. Only the rotary positions can tell a head where that is.
#
# **Right: what came after.** Look at the lower rows. At the second *_T* this head looks at *ams*,
# which came after the first *_T*; at the second *ams* it looks at *in*, and so on. It finds where
# the text has been here before, and sees what followed. Such a head is called an *induction head*,
# and it is how the model knows what comes next in a name that it has never read.

# %%
first, second = (i for i, piece in enumerate(spelt(twice_ids)) if piece == "_T")
assert maps[18, 8, 5:, 0].min() > 0.9
for step in range(5):
    looks_at = maps[18, 6, second + step].argsort(descending=True)[:2]
    assert first + step + 1 in looks_at  # behind its first place
seen = [twice_ids[i] for i in maps[18, 6, second].topk(2).indices]
print("at the second _T, the two most seen:", spelt(seen))

# %% [markdown]
# ## A test without words
#
# Is that really what they do? A good test has nothing to do with language: thirty tokens drawn by
# chance, and the same thirty once more. There is no sense in it. The only way to guess the second
# half is to find the place in the first.

# %%
chance = torch.Generator().manual_seed(1)
drawn = torch.randint(1000, 20000, (1, 30), generator=chance)
repeated = torch.cat((drawn, drawn), dim=1)  # (1, 60)
print("it begins with", " ".join(spelt(drawn[0, :6].tolist())))


def surprise(tokens: Tensor) -> Tensor:
    """How much each token but the first surprises the model: -log p, (T - 1,)."""
    logits, _ = model(tokens, targets=tokens)
    return F.cross_entropy(logits[0, :-1], tokens[0, 1:], reduction="none")


whole = surprise(repeated)
figure, ax = plt.subplots(figsize=(7.2, 2.4))
ax.bar(range(1, 60), whole, color=["C1"] * 29 + ["C0"] * 30)
ax.set(xlabel="place in the text", ylabel="surprise", ylim=(0, 24))
ax.text(15, 21, "the first time", color="C1", ha="center")
ax.text(45, 21, "the second time", color="C0", ha="center")
plt.show()
first_time, second_time = float(whole[:29].mean()), float(whole[30:].mean())
print(f"first {first_time:.1f}, second {second_time:.1f}")
assert first_time > 5 * second_time

# %% [markdown]
# The first time it is lost: a surprise of 13 is worse than betting on all tokens alike, which would
# be 10.8. The second time it knows what comes, after one look at a text that nobody has ever
# written. This is learning without any weight being changed, and it is the beginning of what makes
# a prompt with examples work.
#
# Now we can give every head a mark for each of the three habits: how much weight it puts, on
# average, on the first token, on the one before, and on the one *after the same token last time*.

# %%
maps = attention_maps(repeated)  # (30, 9, 60, 60)
late = torch.arange(31, 60)  # places in the second half
marks = {
    "on the first token": maps[:, :, late, 0].mean(dim=-1),
    "on the one before": maps[:, :, late, late - 1].mean(dim=-1),
    "on what came after": maps[:, :, late, late - 29].mean(dim=-1),
}


def draw_marks() -> None:
    """A mark for each head: layers from left to right, heads downwards."""
    _, axes = plt.subplots(3, 1, figsize=(7.6, 6.2), sharex=True)
    for one, (title, mark) in zip(axes, marks.items(), strict=True):
        one.imshow(
            mark.T,
            cmap="Blues",
            vmin=0,
            vmax=1,
            aspect="auto",
            interpolation="none",
        )
        one.set(title=title, ylabel="head", yticks=range(0, 9, 2))
        one.grid(False)
        layer, head = divmod(int(mark.argmax()), H)
        if mark.max() < 0.98:  # on the first token there are too many
            one.annotate(f"{layer}.{head}", (layer, head), (layer - 2.6, head),
                         color="C1", va="center")  # fmt: skip
    axes[-1].set(xlabel="layer", xticks=range(0, 30, 2))
    plt.show()


draw_marks()
assert divmod(int(marks["on the one before"].argmax()), H) == (16, 0)
assert divmod(int(marks["on what came after"].argmax()), H) == (18, 6)

# %% [markdown]
# Look at the first picture. Four heads in ten put more than half of their weight on the first
# token. And the layers in which they hardly do so, 0, 1, 10 and 11, are the very ones into which
# the first token comes with a row of ordinary length. The giant *is* the resting place: where it
# stands, heads rest; where it does not, they do not.

# %%
rest = marks["on the first token"].mean(dim=1)  # (layers,)
first_rows = lengths[:-1, 0]  # as they come into each layer
values = [
    layer.attention.compute_value(layer.attention_norm(one))[0].norm(dim=-1)
    for layer, one in zip(model.layers, streams[:-1], strict=True)
]
small = torch.stack([one[0] / one[1:].mean() for one in values])  # (layers,)

figure, ax = plt.subplots(figsize=(7.2, 2.6))
ax.bar(range(30), rest, color="C0", alpha=0.6)
ax.set(xlabel="layer", ylim=(0, 1))
ax.set_ylabel("weight on the first token", color="C0")
other = ax.twinx()
other.semilogy(first_rows, "o-", color="C1", markersize=4)
other.set_ylabel("length of its row", color="C1")
other.grid(False)
plt.show()

no_giant = torch.tensor([0, 1, 10, 11])
giant = torch.tensor([*range(3, 10), *range(12, 30)])
assert rest[no_giant].max() < rest[giant].min()
without, with_it = float(small[no_giant].mean()), float(small[giant].mean())
print(f"its value beside others': {without:.1f} of their length where it is no giant,")
print(f"{with_it:.1f} where it is one")
assert with_it < 0.4 < 0.8 < without

# %% [markdown]
# Now the two others. See how they stand: the head that looks one back is in layer 16, those that
# find what came after are in layers 17 and 18, *just behind it*. That is no chance. To find "what
# came after my token last time", a head can look for a token *whose predecessor is me*. But a key
# says something of its own token only, unless an earlier head has written the predecessor into that
# token's row. This is the work of the head that looks one back.
#
# If this story is true, then the second head must go blind without the first. We can switch a head
# off: the columns of `compute_output` that belong to it are set to nought.


# %%
@contextmanager
def without_head(layer: int, head: int) -> Iterator[None]:
    """The model, within `with`, as if this head had nothing to say."""
    written = model.layers[layer].attention.compute_output.weight  # (C, H * D)
    kept = written.clone()
    written[:, head * D : (head + 1) * D] = 0
    try:
        yield
    finally:
        written.copy_(kept)


def mark_and_loss() -> tuple[float, float]:
    """How well 18.6 sees what came after; the surprise of the second half."""
    found = attention_maps(repeated)[18, 6, late, late - 29].mean()
    return float(found), float(surprise(repeated)[30:].mean())


results = {"nothing": mark_and_loss()}
for layer_id, head in ((16, 1), (11, 1), (16, 0)):
    with without_head(layer_id, head):
        results[f"{layer_id}.{head}"] = mark_and_loss()
for name, (found, loss) in results.items():
    print(f"without {name:<8} 18.6 sees {found:.2f}     surprise {loss:.1f}")
assert results["16.0"][0] < 0.5 * results["nothing"][0]
assert results["16.0"][1] > results["nothing"][1] + 2

# %% [markdown]
# One head of 270, less than a thousandth of the weights, and the model all but forgets how to
# repeat. Its neighbour in the same layer can go unnoticed. So the story holds: two heads, in two
# layers, work together on something that neither can do alone.
#
# ## The next word takes shape
#
# Every layer adds to the same stream, and the last step compares that stream with every row of the
# table. Nothing forbids us to compare it *earlier*: after layer 10, say, norm and table, as if the
# model ended there. This is called the **logit lens**. Here it is for the whole text, every fourth
# layer and each token: what would come next?

# %%
shown = [0, 4, 8, 12, 16, 20, 24, 26, 28, 29, 30]
lens = torch.stack([model.output(model.norm(streams[n][0])) for n in shown])
bets = F.softmax(lens, dim=-1)  # (shown, T, V)


def draw_lens() -> None:
    """The best bet after some layers, for each token; darker is surer."""
    best = bets.max(dim=-1)
    _, axes = plt.subplots(figsize=(8, 4.6))
    axes.imshow(
        best.values,
        cmap="Blues",
        vmin=0,
        vmax=1.4,
        aspect="auto",
        origin="lower",
        interpolation="none",
    )
    for row in range(len(shown)):
        for column in range(T):
            piece = spelt([int(best.indices[row, column])])[0]
            axes.text(column, row, piece[:8], ha="center", va="center", fontsize=9)
    axes.set_yticks(range(len(shown)), shown)
    axes.set_xticks(range(T), spelt(ids))
    axes.set(
        ylabel="layers passed",
        xlabel="token; in its column, what would follow it",
    )
    axes.grid(False)
    plt.show()


draw_lens()

# %% [markdown]
# Read a column from below. At the bottom no layer has been passed, and nearly every token predicts
# *itself*: what is most like its row is its own row. Then comes a long stretch in which the lens
# shows a comma, a bracket, a space. In these layers the stream is no bet on words at all; it holds
# what the layers tell one another, such as "my predecessor is ...". Only the last quarter turns it
# into words. In the last column *_west* arrives at the very end:

# %%
west = tokenizer.encode(" west", bos=False, eos=False)[0]
east = tokenizer.encode(" east", bos=False, eos=False)[0]
chances = torch.stack(
    [F.softmax(model.output(model.norm(one[0, -1])), dim=-1) for one in streams]
)  # (layers + 1, V)
figure, ax = plt.subplots(figsize=(7.2, 2.6))
for i, label in ((west, "west"), (east, "east")):
    ax.plot(chances[:, i], "o-", markersize=4, label=label)
ax.set(xlabel="layers passed", ylabel="probability", ylim=(-0.03, 1.03))
ax.legend(loc="upper left")
plt.show()
assert chances[-1, west] > 0.9
assert chances[:26, west].max() < 0.05

# %% [markdown]
# ## Choosing a word
#
# The last logits are 49,152 numbers, and the softmax makes bets of them. What the model *says* is
# then a matter of choice. **Temperature** divides the logits before the softmax. A difference of
# two becomes a difference of four at temperature 0.5, and of one at temperature 2. So cold makes
# the likely likelier still, and heat makes all alike.

# %%
opened = "My favourite animal is the"
opened_ids = torch.tensor([tokenizer.encode(opened, bos=True, eos=False)])
last = model(opened_ids)[0][:, -1]  # (1, V)


def bets_at(temperature: float) -> Tensor:
    """The bets on what follows, (V,), at a temperature."""
    return F.softmax(scale(last, temperature), dim=-1)[0]


def draw_temperatures(*temperatures: float) -> None:
    """The ten likeliest tokens, at each of some temperatures."""
    likeliest = last[0].topk(10).indices
    _, axes = plt.subplots(1, len(temperatures), figsize=(8, 2.9), sharey=True)
    for one, temperature in zip(axes, temperatures, strict=True):
        one.barh(range(10), bets_at(temperature)[likeliest])
        one.set_title(f"temperature {temperature}")
        one.set(xlabel="probability", xlim=(0, 0.62))
    axes[0].set_yticks(range(10), spelt(likeliest.tolist()))
    axes[0].invert_yaxis()
    plt.show()


draw_temperatures(0.3, 1.0, 1.5)

# %% [markdown]
# The bars do not tell the whole. At temperature 1.5 each of the ten has a small chance, and so has
# everything else: forty-nine thousand tokens with a little each are together more likely than the
# ten. That is why hot texts break: sooner or later one of those is drawn, and the text has to go on
# from there. *Top-p* cuts them off, and keeps the fewest tokens that together have a share p of the
# bets.

# %%
for temperature in (0.3, 1.0, 1.5):
    ten = float(bets_at(temperature).topk(10).values.sum())
    kept = int(torch.isfinite(filter_top_p(scale(last, temperature), 0.9)).sum())
    about = round(kept, 1 - len(str(kept)))  # to one digit
    print(f"temperature {temperature}: the ten have {ten:.2f} together,", end=" ")
    print(f"top-p 0.9 keeps about {about:,} tokens")
assert bets_at(0.3).topk(10).values.sum() > 0.9
assert bets_at(1.5).topk(10).values.sum() < 0.3
assert torch.equal(bets_at(0.3).topk(3).indices, bets_at(1.5).topk(3).indices)

# %% [markdown]
# The order of the tokens never changes: temperature makes no bet better, it only says how closely
# the bets are followed. And at temperature nought there is no choice left, the first is taken
# always.
#
# That is a Llama. You have seen every kind of matrix it has, and what some of them do. Larger ones
# have more layers, more heads and longer rows. They have no other parts.
#
# ## Exercises
#
# **1.** Which layers say *west*? The stream at the end is a sum: the embedding, and what each layer
# has added (`streams[n + 1] - streams[n]`). The final norm divides by one number and multiplies by
# its weight; the logit is a dot product with the row of *west*. So the logit is a sum, too. Work
# out each layer's part, show that they add up, and find the layer that adds most to *west* above
# *east*.
#
# <details><summary>Answer</summary>
#
# Dividing by the root mean square of the *whole* stream is the same number for all parts, so it can
# be taken out of the sum. The parts add up. Nearly all of it comes from two layers of thirty: the
# last one, and layer 23, which says *west, not east* long before the lens shows either. It is there
# by then, and is drowned for a while by bets on commas and spaces.
#
# ```python
# end = streams[-1][0, -1]
# size = (end.pow(2).mean() + config.layer_norm_eps).sqrt()
# direction = model.output.weight[west] - model.output.weight[east]  # (C,)
# parts = [streams[0][0, -1]]
# parts += [after[0, -1] - before[0, -1] for before, after in zip(streams, streams[1:])]
# shares = torch.stack(parts) / size * model.norm.weight @ direction  # (layers + 1,)
#
# difference = logits[0, -1, west] - logits[0, -1, east]
# assert torch.allclose(shares.sum(), difference, atol=1e-2)
# assert shares.topk(2).indices.tolist() == [24, 30]  # layers 23 and 29; 0 is the embedding
# assert shares.topk(2).values.sum() > difference
# ```
#
# </details>
#
# **2.** How much does each layer matter? Leave one out (it adds to the stream, so the others can do
# without it), and measure the mean surprise on an English sentence of your own. Which layer is
# missed most? And how little is missed of some?
#
# <details><summary>Answer</summary>
#
# The first is missed by far the most, then the second: they turn bare tokens into something that
# the others can read. Third comes layer 11, which makes the giant. Most of the others cost next to
# nothing. Each has learnt to add a little, and the stream carries on without it.
#
# ```python
# own = "The old clock in the hall had not been wound since the winter, and nobody could say why."
# own_ids = torch.tensor([tokenizer.encode(own, bos=True, eos=False)])
# layers = list(model.layers)
# complete = float(surprise(own_ids).mean())
# missed = []
# for n in range(len(layers)):
#     model.layers = torch.nn.ModuleList(layers[:n] + layers[n + 1 :])
#     missed.append(float(surprise(own_ids).mean()) - complete)
# model.layers = torch.nn.ModuleList(layers)
#
# costly = sorted(range(len(layers)), key=missed.__getitem__, reverse=True)
# assert costly[:3] == [0, 1, 11]
# assert sum(cost < 0.5 for cost in missed) >= 20
# ```
#
# </details>
