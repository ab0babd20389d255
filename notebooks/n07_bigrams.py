# %% [markdown]
# # Bigrams of names
#
# A language model answers one question, over and over: *given what stands here, what comes next?*
# This notebook builds the smallest model that answers it at all. It looks at a single letter and
# bets on the next one, and it knows first names and nothing else.
#
# We build it twice. First by counting, which needs no training and cannot be beaten by any model
# that sees one letter only. Then by gradient descent, from a table of noughts, and we watch it
# arrive at the same place. On the way stand the three things that every language model, however
# large, is made of:
#
# - **softmax**, which makes probabilities of any numbers;
# - **cross-entropy**, which says how wrong a bet was;
# - **embeddings**, which are rows of a table, and nothing more.
#
# Fifteen minutes. You need matrix products, and from notebook 3 what a loss and a gradient are.

# %%
import math

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from data import NAMES
from optimizer import AdamW
from pretraining.functional import cross_entropy, softmax

if not NAMES.exists():
    raise SystemExit(f"data/{NAMES.name} is not here: bash setup.sh brings it")
names = NAMES.read_text(encoding="utf-8").split()
print(len(names), "names, for instance", ", ".join(names[::900]))

# %% [markdown]
# ## Pairs of letters
#
# A model has to know where a name begins and where it ends. One more symbol does both: a dot. So
# `mary` is read as `.mary.`, and gives five pairs, each a letter and what followed it. Such a pair
# is a *bigram*.

# %%
LETTERS = ".abcdefghijklmnopqrstuvwxyz"
INDEX = {letter: i for i, letter in enumerate(LETTERS)}


def bigrams(name: str) -> list[tuple[str, str]]:
    """The pairs of neighbours in a name, its beginning and its end included."""
    return list(zip("." + name, name + ".", strict=True))


print("mary:", " ".join(a + b for a, b in bigrams("mary")))

pairs = torch.tensor([(INDEX[a], INDEX[b]) for name in names for a, b in bigrams(name)])
before, after = (
    pairs[:, 0],
    pairs[:, 1],
)  # (N,) each: a letter, and the one behind it
print(f"{len(pairs):,} pairs in all")
assert len(pairs) == sum(len(name) + 1 for name in names)

# %% [markdown]
# ## Counting
#
# Now we count. Row `a`, column `n` of the table says how often an `n` came right after an `a`.
# Twenty-seven symbols make a table of 27 by 27, and this table *is* our first model.

# %%
V = len(LETTERS)
counts = torch.zeros(V, V)
counts.index_put_((before, after), torch.tensor(1.0), accumulate=True)
assert counts.sum() == len(pairs)


def draw_table(axes: plt.Axes, table: Tensor, title: str, top: float) -> None:
    """A table of 27 by 27: darker is more, and white is nought."""
    shown = table.where(table > 0, math.nan)
    axes.imshow(shown, cmap="Blues", vmin=-top / 12, vmax=top, interpolation="none")
    axes.set_xticks(range(V), list(LETTERS), fontsize=8)
    axes.set_yticks(range(V), list(LETTERS), fontsize=8)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.grid(False)
    axes.set_title(title)


figure, ax = plt.subplots(figsize=(6, 6.3))
draw_table(
    ax,
    counts.sqrt(),
    "how often a letter (row) is followed by another (column)",
    42,
)
plt.show()

# %% [markdown]
# There is a lot to read in it. (The shade shows the square root of a count, or the rare pairs could
# not be seen.) The first row says how names begin: with nearly any letter. The first column says
# how they end: on `a` before anything else, then on `e`. The columns of `a`, `e`, `i` and `o` are
# dark from top to bottom, for after most letters a vowel may come. The row of `q` is blank but for
# a `u`, and one `i`. And the white cells are empty: these pairs never occur.

# %%
ends = counts[:, 0]
print(
    "names that end on:",
    {LETTERS[i]: int(ends[i]) for i in ends.argsort(descending=True)[:5]},
)
assert LETTERS[int(ends.argmax())] == "a"
print(
    "after q:",
    {b: int(n) for b, n in zip(LETTERS, counts[INDEX["q"]], strict=True) if n},
)
print("pairs that never occur:", int((counts == 0).sum()), "of", V * V)

# %% [markdown]
# ## From counts to bets
#
# Divide each row by its sum, and it holds *probabilities*: what share of all `m`s was followed by
# an `a`. Mind the axis. We want rows that add up to one, since a row answers one question: "after
# this letter, which?" Dividing by the sums of columns would run without an error, and answer
# another question.

# %%
probabilities = counts / counts.sum(dim=1, keepdim=True)  # (27, 27) over (27, 1)
assert torch.allclose(probabilities.sum(dim=1), torch.ones(V))


def draw_bets(letter: str) -> None:
    """What the table bets on behind one letter, as bars."""
    _, axes = plt.subplots(figsize=(7.5, 2))
    axes.bar(list(LETTERS), probabilities[INDEX[letter]], color="C0")
    axes.set_title(f"what follows an {letter}?")
    axes.set_ylabel("probability")
    axes.grid(visible=False, axis="x")
    plt.show()


draw_bets("m")

# %% [markdown]
# ## Making up names
#
# A model that bets can also write. Begin with a dot; draw the next letter by its probability; go on
# from there; stop at the next dot. That loop is how the largest models write, too.
#
# How does one draw by probability? Lay the shares end to end along a ruler of length one, so that a
# likely letter takes a long piece and a rare one a short piece. Then throw a dart at the ruler.
# (The project's `sampling.sample_next` does the same, with `torch.multinomial`.)


# %%
def draw_letter(shares: Tensor, dart: Tensor) -> int:
    """The index of the piece of a ruler that a dart, a number in [0, 1), has hit."""
    ruler = shares.double().cumsum(dim=0)  # where each piece ends
    return min(int((ruler <= dart).sum()), int(shares.nonzero()[-1]))


def make_up(table: Tensor, generator: torch.Generator) -> str:
    """A new name: letter after letter until a dot."""
    name, letter = "", 0
    while True:
        letter = draw_letter(table[letter], torch.rand((), generator=generator))
        if letter == 0:
            return name
        name += LETTERS[letter]


darts = torch.Generator().manual_seed(14)
nothing_learnt = torch.full((V, V), 1 / V)
print(
    "every letter alike: ",
    ", ".join(make_up(nothing_learnt, darts) or "-" for _ in range(4)),
)
print(
    "from the table:     ",
    ", ".join(make_up(probabilities, darts) for _ in range(12)),
)

# %% [markdown]
# They are no names, but you can say most of them aloud. Their lengths are all wrong, and for a
# reason: the model sees one letter. It cannot know whether it stands in the second place or the
# ninth, nor that it has just written the same two letters.
#
# ## How good is it? Cross-entropy
#
# Looking at samples is no measure. Better: give the model *real* names, and see what probability it
# had given to the letter that came. A good model is seldom surprised.
#
# The probability of a whole name is a product of many numbers below one, and soon too small to
# write down. So we take logarithms, which turn the product into a sum, and flip the sign, so that
# more means worse. The *surprise* of a letter is
#
# > surprise = -log p(letter | the one before)
#
# A letter that was certain costs nothing. One that had a chance in ten costs log 10 = 2.3.


# %%
def surprises(name: str) -> Tensor:
    """-log p of each letter of a name and of its end, in nats."""
    p = [probabilities[INDEX[a], INDEX[b]] for a, b in bigrams(name)]
    return -torch.stack(p).log()


def draw_surprises(*shown: str) -> None:
    """Names beside each other, a bar for each letter's surprise."""
    _, axes = plt.subplots(1, len(shown), figsize=(8.5, 2.3), sharey=True)
    for one, name in zip(axes, shown, strict=True):
        heights = surprises(name)
        mean = float(heights.mean())
        one.bar(
            range(len(heights)),
            heights,
            color=["C1" if h > 4 else "C0" for h in heights],
        )
        one.axhline(mean, color="grey", linestyle=":")
        one.set_xticks(range(len(heights)), list(name + "."))
        one.set_title(f"{name}: {mean:.2f} on average")
        one.grid(visible=False, axis="x")
    axes[0].set_ylabel("surprise")
    plt.show()


draw_surprises("mary", "queenie", "zbigniew")

product = math.prod(float(probabilities[INDEX[a], INDEX[b]]) for a, b in bigrams("mary"))
assert math.isclose(-math.log(product), float(surprises("mary").sum()), rel_tol=1e-5)

# %% [markdown]
# The mean of this surprise over all pairs is the **cross-entropy**, the loss of language models.
# Two numbers give it a scale. Someone who knows nothing and bets on all 27 symbols alike is
# surprised by log 27 = 3.30 each time. And our table:

# %%
floor = float(-probabilities[before, after].log().mean())
print(f"knows nothing: {math.log(V):.2f}     the table: {floor:.2f}")
print(f"that is like a choice among {math.exp(floor):.1f} letters, instead of {V}")
assert 2.33 < floor < 2.35

# %% [markdown]
# *e* to the power of the loss is called the *perplexity*: how many equally likely letters would
# leave one as unsure. Ours hesitates between ten.
#
# This loss is a floor: on these names, no model that sees one letter can do better than the shares
# that were counted. Any other bets lose, and the loss is greater by exactly the distance between
# the two sets of bets, which is never below nought. We shall lean on that below.
#
# ## The same table, learnt
#
# Counting works because the question is so small. For a model that looks at a thousand letters
# there is nothing to count: almost every text of that length is new. So models *learn* their table.
# Let us do that where we know the answer.
#
# The table begins as 27 by 27 noughts. Its numbers may become anything, negative ones too, since
# gradient descent moves them about as it likes. They are called **logits**. What makes bets of them
# is the **softmax**: take *e* to the power of each, which makes it positive, then divide by the
# sum.

# %%
logits = torch.tensor([2.0, 1.0, 0.0, -1.0])


def draw_softmax(x: Tensor) -> None:
    """A softmax in three steps: numbers, their exponentials, shares of one."""
    steps = {
        "logits": x,
        "e to the power of them": x.exp(),
        "divided by their sum": softmax(x, 0),
    }
    _, axes = plt.subplots(1, 3, figsize=(8.5, 2.3))
    for one, (title, heights) in zip(axes, steps.items(), strict=True):
        one.bar(list("abcd"), heights, color="C0")
        one.axhline(0, color="black", linewidth=0.8)
        one.set_ylim(min(0, 1.8 * float(heights.min())), 1.2 * float(heights.max()))
        for i, height in enumerate(heights.tolist()):
            side = "bottom" if height >= 0 else "top"
            one.text(i, height, f"{height:.2f}", ha="center", va=side, fontsize=8)
        one.set_yticks([])
        one.spines[["left", "bottom"]].set_visible(False)
        one.tick_params(length=0)
        one.grid(False)
        one.set_title(title)
    plt.show()


draw_softmax(logits)

# %% [markdown]
# Three things are worth knowing of it. Only *differences* count: add five to all logits, and
# nothing changes, for each exponential grows by the same factor. A difference of one is a factor of
# *e* = 2.72 between two bets. And logits that are all alike give equal bets.
#
# The first of these is why `pretraining/functional.py` may subtract the greatest before it takes a
# power: *e* to the power of 1000 is more than a float can hold.

# %%
assert torch.allclose(softmax(logits + 5, 0), softmax(logits, 0))
first, second = softmax(logits, 0)[:2]
assert torch.allclose(first / second, torch.tensor(math.e))
assert torch.allclose(softmax(torch.zeros(V), 0), torch.full((V,), 1 / V))
assert torch.isfinite(softmax(torch.tensor([1000.0, 0.0]), 0)).all()

# %% [markdown]
# And now the pleasant surprise. Softmax followed by the logarithm looks as if its gradient were a
# mess. It is the simplest one could wish for: *the bets, minus what came*. If the model gave `a` a
# chance of .2 and `a` came, its logit is pulled up by .8, and every other is pushed down by the
# chance that it was given in vain.

# %%
logits.requires_grad_()
cross_entropy(logits[None], torch.tensor([1])).backward()  # a b came
bets, came = softmax(logits.detach(), 0), torch.tensor([0.0, 1.0, 0.0, 0.0])
assert logits.grad is not None
print("bets           ", [f"{x:5.2f}" for x in bets.tolist()])
print("what came      ", [f"{x:5.2f}" for x in came.tolist()])
print("the gradient   ", [f"{x:5.2f}" for x in logits.grad.tolist()])
assert torch.allclose(logits.grad, bets - came)

# %% [markdown]
# ## Embeddings are rows
#
# How does a letter get into a matrix product? The textbook way: as a vector of 27 numbers, all
# nought but for a one at its place. Such a *one-hot* vector times a matrix gives one row of the
# matrix. All the other rows are multiplied by nought.
#
# So nobody multiplies. One *looks up the row*, and calls it the letter's **embedding**. The two
# lines below give the same numbers; one of them does 27 times as much work for it. With a
# vocabulary of 49,152 tokens, as in notebook 11, it would be 49,152 times.

# %%
table = torch.randn(V, V, generator=torch.Generator().manual_seed(1))
some = before[:6]
one_hot = torch.eye(V)[some]  # (6, 27)
assert torch.equal(one_hot @ table, table[some])  # multiplied, and looked up
print(
    "the letters",
    " ".join(LETTERS[i] for i in some),
    "as rows:",
    tuple(table[some].shape),
)

# %% [markdown]
# ## Gradient descent
#
# Everything is there. Look up the rows of the letters, ask `cross_entropy` how wrong their bets
# were, and take a step against the gradient. The steps are long ones, of 50 times the gradient: a
# pair that is seldom seen has a small share in a mean over 38,235, and moves slowly otherwise.

# %%
weights = torch.zeros(V, V, requires_grad=True)
losses = []
for _ in range(100):
    loss = cross_entropy(weights[before], after)
    losses.append(float(loss.detach()))
    weights.grad = None
    loss.backward()
    with torch.no_grad():
        weights -= 50 * weights.grad  # type: ignore[operator]
learnt = softmax(weights.detach(), 1)

assert math.isclose(losses[0], math.log(V), rel_tol=1e-5)  # noughts bet on all alike
assert min(losses) > floor  # nobody comes below
assert losses[-1] - floor < 0.03


def draw_descent() -> None:
    """The loss over the steps, and the floor that counting gave."""
    _, axes = plt.subplots(figsize=(7, 2.8))
    axes.plot(losses, color="C0", linewidth=2)
    axes.axhline(floor, color="C1", linestyle="--", linewidth=1)
    axes.text(
        100,
        floor - 0.02,
        f"counting: {floor:.2f}",
        color="C1",
        ha="right",
        va="top",
    )
    axes.annotate("knows nothing", (0, losses[0]), (8, losses[0] - 0.03), color="grey")
    axes.set_ylim(2.2, 3.35)
    axes.set_xlabel("step")
    axes.set_ylabel("cross-entropy")
    plt.show()


draw_descent()

# %% [markdown]
# It comes down to the floor and stays above it. Put the two tables side by side, and they look like
# one another although nobody counted for the second:

# %%
figure, pair = plt.subplots(1, 2, figsize=(10, 5.2))
draw_table(pair[0], probabilities.sqrt(), "counted", 1.0)
draw_table(pair[1], learnt.sqrt(), "learnt", 1.0)
plt.show()

shares = counts.sum(dim=1) / counts.sum()  # (27,), of each letter
seen = counts > 0
distance = probabilities * (probabilities / learnt).log()  # (27, 27), NaN where unseen
excess = float((shares[:, None] * distance)[seen].sum())
print(f"loss above the floor: {losses[-1] - floor:.3f}")
print(f"distance of the two tables, row by row: {excess:.3f}")
assert abs(excess - (losses[-1] - floor)) < 1e-3

# %% [markdown]
# The second line is the distance promised above, the *Kullback-Leibler divergence*: in each row the
# sum of `p log(p / q)` for counted bets `p` and learnt bets `q`, weighted by how often the row is
# asked. Loss and distance agree, so there is nothing else in the loss.
#
# Where does the rest come from? From rare rows, and from the 279 empty cells. A bet of exactly
# nought needs a logit of minus infinity, and descent is still on its way there.
#
# ## A narrow embedding says what is alike
#
# Our rows have 27 numbers, one for each letter that may follow, so nothing needs to be shared. Real
# models give a token a row that is far narrower than the vocabulary. Let us squeeze: each letter
# gets *two* numbers, and a second table turns these two into 27 logits.
#
# Two numbers cannot hold a whole row of bets. The model has to economise, and put letters that are
# followed by the same letters in the same place. Two numbers can be drawn, so we can watch. (AdamW
# is the optimiser of notebook 10, from the project's `optimizer.py`. Its weight decay keeps rare
# letters from running off the page.)

# %%
start = torch.Generator().manual_seed(0)
rows = (0.1 * torch.randn(V, 2, generator=start)).requires_grad_()  # the embedding
columns = (0.1 * torch.randn(2, V, generator=start)).requires_grad_()
bias = torch.zeros(V, requires_grad=True)
optimizer = AdamW([rows, columns, bias], lr=0.05, weight_decay=0.1)
for _ in range(200):
    surprise = -softmax(rows @ columns + bias, 1).log()  # (27, 27)
    narrow = (counts * surprise).sum() / counts.sum()
    optimizer.zero_grad()
    narrow.backward()
    optimizer.step()
print(f"two numbers a letter: {float(narrow.detach()):.2f}, all 27: {floor:.2f}")
assert floor < float(narrow.detach()) < 2.6

# %%
places = rows.detach()
vowels = [INDEX[letter] for letter in "aeiouy"]
consonants = [i for i in range(1, V) if i not in vowels]


def draw_letters(at: Tensor) -> None:
    """Each letter at the place that its two numbers name."""
    _, axes = plt.subplots(figsize=(6.5, 4.2))
    for i, letter in enumerate(LETTERS):
        colour = "C1" if i in vowels else "C0"
        axes.text(float(at[i, 0]), float(at[i, 1]), letter, color=colour, fontsize=14)
    low, high = at.amin(dim=0) - 0.3, at.amax(dim=0) + 0.3
    axes.set_xlim(float(low[0]), float(high[0]))
    axes.set_ylim(float(low[1]), float(high[1]))
    axes.set_xlabel("first number")
    axes.set_ylabel("second number")
    plt.show()


draw_letters(places)
assert places[vowels, 0].max() < places[consonants, 0].min() - 0.1

# %% [markdown]
# Nobody told the model what a vowel is. It has put all six of them on one side and the consonants
# on the other, because after a vowel the same things may come: nearly any consonant, or the end.
# And `q`, which hardly anything but a `u` follows, stands far from everyone.
#
# ## Where this goes
#
# What you have seen is a language model with everything a large one has, save one thing. Notebook
# 11 takes a real Llama apart: it begins with a table of rows, ends with a table of columns, a
# softmax makes bets of its logits, and it was trained on this very cross-entropy. What stands
# between the two tables is a way to look at *more than one* letter, and to decide which of those
# that came before matter now. That is attention, and [the next notebook](n08_attention.ipynb).
#
# ## Exercises
#
# **1.** Our table has read all the names there are. Split them: count on nine names in ten (leave
# out every tenth), and measure the loss on those left out. Why is it infinite? Mend it by adding
# one to every count before the division. What does that cost on the names that were counted?
#
# <details><summary>Answer</summary>
#
# Some pair of the held-out names was never seen, so its bet is nought, and minus its logarithm is
# infinite. With one added to each count nothing is impossible any more. On the counted names the
# loss grows by a hair, since the shares are no longer exactly theirs. This is *smoothing*, the
# oldest remedy against a model that is too sure of itself.
#
# ```python
# held_out = names[::10]
# kept = [name for i, name in enumerate(names) if i % 10]
#
#
# def count(some_names: list[str]) -> Tensor:
#     found = torch.zeros(V, V)
#     for name in some_names:
#         for a, b in bigrams(name):
#             found[INDEX[a], INDEX[b]] += 1
#     return found
#
#
# def loss_on(some_names: list[str], bets_of: Tensor) -> float:
#     asked = count(some_names)
#     asked, p = asked[asked > 0], bets_of[asked > 0]
#     return float(-(asked * p.log()).sum() / asked.sum())
#
#
# plain = count(kept)
# plain /= plain.sum(dim=1, keepdim=True)
# smoothed = count(kept) + 1
# smoothed /= smoothed.sum(dim=1, keepdim=True)
#
# assert loss_on(held_out, plain) == math.inf
# assert 2.3 < loss_on(held_out, smoothed) < 2.5
# assert 0 < loss_on(kept, smoothed) - loss_on(kept, plain) < 0.01
# ```
#
# </details>
#
# **2.** Look at *two* letters instead of one. Count a table of 27 by 27 by 27, and measure its loss
# on all names. How far does it fall? How many cells has the table, and how many of them are empty?
# What would you expect of a table for ten letters?
#
# <details><summary>Answer</summary>
#
# The loss falls from 2.34 to below 2.0. But of 19,683 cells more than three in four are empty:
# there are not enough names to fill them. Ten letters would need 27 to the power of 11 cells, which
# is five thousand million million, and nearly all would be empty. That is where counting ends and
# learning begins: a model that learns can share what it knows between contexts that are alike.
#
# ```python
# triples = torch.tensor(
#     [
#         [INDEX[letter] for letter in dotted[i : i + 3]]
#         for dotted in (f"..{name}." for name in names)
#         for i in range(len(dotted) - 2)
#     ]
# )
# a, b, c = triples.unbind(dim=1)
# cube = torch.zeros(V, V, V)
# cube.index_put_((a, b, c), torch.tensor(1.0), accumulate=True)
# bets_on_two = cube / cube.sum(dim=2, keepdim=True)
# loss_on_two = float(-bets_on_two[a, b, c].log().mean())
#
# assert len(triples) == len(pairs)
# assert 1.8 < loss_on_two < 2.0 < floor
# assert (cube == 0).sum() > 0.75 * cube.numel()
# ```
#
# </details>
