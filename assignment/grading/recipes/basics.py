"""Cases of the course `basics`: a tokenizer, a loss, and what a training loop is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from assignment.arrays import Array
from assignment.grading import reference_basics as reference
from assignment.grading.recipes.drawing import Arrays, Recorded, normal, wide

WIDTH = 24  # bytes of a token that are looked at, as in runners/plain_bpe.py
END = "<|end|>"
SYLLABLES = ["ba", "na", "lo", "we", "st", "er", "th", "in", "qu"]
REFUSED = {"refused": np.int64(1)}


def invented(rng: np.random.Generator, letters: Sequence[str], count: int, most: int) -> list[str]:
    """Words, no two alike, of one to `most` letters or syllables."""
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(rng.choice(letters, rng.integers(1, most + 1)))] = None
    return list(found)


def some_text(rng: np.random.Generator, words: Sequence[str], count: int) -> str:
    """Words with a space between them, the first of the list oftener than the last."""
    shares = 1 / np.arange(1, len(words) + 1)
    return " ".join(rng.choice(words, count, p=shares / shares.sum()))


def as_bytes(text: str) -> Array:
    return np.frombuffer(text.encode(), np.uint8)


def rows(tokens: Sequence[bytes]) -> Array:
    """A row for each token: its bytes, and -1 behind its end."""
    spelt = np.full((len(tokens), WIDTH), -1)
    for row, token in zip(spelt, tokens, strict=True):
        row[: len(token)] = list(token[:WIDTH])
    return spelt


def bpe_training_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, text: str, n_merges: int, special_tokens: Sequence[str] = ()) -> Recorded:
        inputs: Arrays = {"text": as_bytes(text)}
        inputs |= {f"special.{i}": as_bytes(token) for i, token in enumerate(special_tokens)}
        inputs["vocab_size"] = np.int64(256 + n_merges + len(special_tokens))
        merges = reference.learn(text, n_merges, special_tokens)
        tokens = [*(a + b for a, b in merges), *(token.encode() for token in special_tokens)]
        outputs: Arrays = {"merges": rows([x for pair in merges for x in pair])}
        outputs["merges"] = outputs["merges"].reshape(-1, 2, WIDTH)
        outputs |= {"ids_are_0_to_n": np.int64(1), "bytes_first": np.int64(1)}
        return about, inputs, outputs | {"tokens_from_256": rows(tokens)}

    words = invented(rng, SYLLABLES, 14, 3)
    runs = [letter * int(n) for letter in "ab" for n in rng.permutation(np.arange(2, 8))]
    tied = invented(rng, list("ACmpz"), 24, 4)
    cut = [*invented(rng, SYLLABLES, 5, 2), *invented(rng, list("128"), 4, 3)]
    marks = rng.choice(["'s", "'ll", "!?", ", ", "  ", "\n\n", "\t", "..."], 30)
    signs = "".join(word + mark for word, mark in zip(rng.choice(cut, 30), marks, strict=True))
    documents = [some_text(rng, words[:6], 9).replace(" ", "") + "?" * (i % 2) for i in range(8)]
    overlapping = ["<|end", "<|", END]
    joins = rng.permutation([END, END, END, END + END, "<|end", "<|", END + "<|"])
    joined = "".join(a + b for a, b in zip(documents, [*joins, ""], strict=True))
    letters = invented(rng, ["é", "ü", "あ", "い", "🦙", "e", "n"], 10, 4)
    few = "".join(rng.permutation(list("kvxyz"))[:3])
    refused: Arrays = {"text": as_bytes("a text"), "special.0": as_bytes(END)}
    refused |= {"vocab_size": np.int64(256), "refused": np.True_}
    return {
        "words": case(
            "a text of a few words, some of them frequent", some_text(rng, words, 90), 20
        ),
        "ties": case(
            "words that occur once: of equally frequent pairs the greatest is merged",
            " ".join(tied),
            16,
        ),
        "runs": case(
            'runs of a letter: "aaa" has a pair twice, and is merged once', " ".join(runs), 9
        ),
        "signs": case("what is a word: signs, digits, white space", signs * 2, 24),
        "special": case(
            "special tokens, the longest where several fit: no pair reaches across them",
            joined,
            18,
            overlapping,
        ),
        "bytes": case("letters of several bytes", some_text(rng, letters, 60), 18),
        "exhausted": case("a text with fewer pairs than there is room for", few, 9, [END]),
        "refused": ("no room for the special token is a ValueError", refused, dict(REFUSED)),
    }


def bpe_encoding_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(
        about: str,
        learnt_from: str,
        n_merges: int,
        text: str,
        special_tokens: Sequence[str] = (),
        shuffled: bool = False,
        across: Sequence[tuple[bytes, bytes]] = (),
    ) -> Recorded:
        """`across` are merges that no word can make."""
        merges = [*reference.learn(learnt_from, n_merges, []), *across]
        tokens = [*(bytes([b]) for b in range(256)), *(a + b for a, b in merges)]
        tokens += [token.encode() for token in special_tokens]
        if shuffled:
            tokens = [tokens[i] for i in rng.permutation(len(tokens))]
        ids = {token: i for i, token in enumerate(tokens)}
        inputs: Arrays = {"text": as_bytes(text), "tokens": rows(tokens).astype(np.int32)}
        inputs |= {f"special.{i}": as_bytes(token) for i, token in enumerate(special_tokens)}
        inputs["merges"] = np.array([[ids[a], ids[b]] for a, b in merges])
        found = reference.encode(text, tokens, merges, special_tokens)
        return about, inputs, {"ids": np.array(found), "ids_of_nothing": np.int64(0)}

    def letters(alphabet: str, count: int) -> str:
        return "".join(rng.choice(list(alphabet), count))

    def mixed(alphabet: str, count: int) -> str:
        return " ".join(letters(alphabet, int(n)) for n in rng.integers(1, 9, count))

    words = invented(rng, SYLLABLES, 14, 3)
    learnt = some_text(rng, words, 90)
    unseen = some_text(rng, [*words[:7], *invented(rng, SYLLABLES, 7, 4)], 25)
    runs = " ".join("a" * int(n) for n in rng.permutation(np.arange(1, 12)))
    foreign = mixed("éüあ🦙en", 12)
    special = ["<|end", "<|", END, END + END]
    joins = rng.permutation([END, END + END, END * 3, END * 4, "<|", END + "<|", "<|end"])
    parts = [" " + mixed("abc", 2).replace(" ", "") for _ in joins]
    joined = "".join(a + b for a, b in zip(parts, joins, strict=True)) + letters("abc", 6)
    return {
        "words": case("words that training has seen, and new ones", learnt, 24, unseen),
        "ranks": case(
            "pairs in the order in which they were learnt, not in that of the text",
            mixed("abcd", 60),
            40,
            mixed("abcd", 30),
        ),
        "runs": case("runs of a letter: from left to right", "aaaaaaaa aaaa", 3, runs),
        "apart": case(
            "the same letters with white space and signs: words are encoded one by one",
            mixed("ab", 60) + "\n\n  a's  b",
            30,
            "".join(rng.choice(["ab", "a", "b", " ", "  ", "\n", "'s", "!", "7"], 50)),
            across=[(a, b) for a in (b"a", b"b") for b in (b" ", b"\n", b"!", b"'")],
        ),
        "special": case(
            "special tokens, the longest where several fit", mixed("abc", 60), 20, joined, special
        ),
        "bytes": case("letters of several bytes", foreign, 12, foreign[::-1] + "ßλ漢"),
        "shuffled": case(
            "a vocabulary whose ids have another order",
            mixed("abcd", 60),
            40,
            mixed("abcd", 30) + END + mixed("abcd", 9),
            [END],
            shuffled=True,
        ),
    }


def get_batch_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, T: int, starts: int, most: int) -> Recorded:
        """Tokens of which no two are alike tell where a window has begun."""
        text = rng.permutation(np.arange(most - 40, most))[: T + starts]
        both = [[*text[i : i + T], *text[i + 1 : i + 1 + T]] for i in range(starts)]
        order = np.argsort([row[0] for row in both])
        outputs: Arrays = {"shape_of_inputs": np.array([5, T])}
        outputs |= {"shape_of_targets": np.array([5, T]), "windows": np.array(both)[order]}
        outputs |= {"shares": np.full(starts, 1 / starts), "int64": np.int64(1)}
        seeds = ["same_seed_differs"]
        if starts > 1:
            seeds += ["other_seed_agrees", "global_seed_ignored"]
        outputs |= dict.fromkeys(seeds, np.int64(0))
        return about, {"text": text, "context_length": np.int64(T)}, outputs

    text = rng.permutation(30)
    elsewhere = {"text": text, "context_length": np.int64(4), "elsewhere": np.True_}
    refused = {"text": text[:7], "context_length": np.int64(7), "refused": np.True_}
    return {
        "starts": case("a text with four places to begin at, the last one too", 3, 4, 1000),
        "large": case("tokens above 32,767, stored as uint16", 7, 4, 65_000),
        "one": case("a text that is one token longer than a window", 6, 1, 300),
        "elsewhere": ("on another device", elsewhere, {"tensors_on_the_device": np.int64(2)}),
        "refused": ("a text no longer than a window is a ValueError", refused, dict(REFUSED)),
    }


def softmax_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, x: Array, dim: int) -> Recorded:
        outputs = {"probabilities": reference.softmax(x.astype(np.float64), dim)}
        return about, {"x": x, "dim": np.int64(dim)}, outputs | {"input_kept": np.int64(1)}

    far = normal(rng, 3, 5) + np.array([[-400], [0], [400]], np.float32)
    return {
        "last": case("along the last dimension", normal(rng, 3, 4, 6) * 2, -1),
        "first": case("along the first dimension", normal(rng, 5, 3), 0),
        "middle": case("along one between the others", normal(rng, 2, 5, 3, 2), 1),
        "large": case("numbers of a thousand", 1000 * normal(rng, 4, 7), -1),
        "far": case("rows that lie far from one another", far, -1),
    }


def cross_entropy_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, *shape: int, scale: float = 2.0) -> Recorded:
        logits = normal(rng, *shape) * np.float32(scale)
        targets = rng.integers(0, shape[-1], shape[:-1])
        if scale > 100:  # the most likely one is the right one once, and never again
            targets[0] = logits[0].argmax()
            targets[1:] = logits[1:].argmin(axis=-1)
        loss, gradient = reference.cross_entropy(logits.astype(np.float64), targets)
        outputs = {"loss": loss, "logits_kept": np.int64(1), "gradient": gradient}
        return about, {"logits": logits, "targets": targets}, outputs

    refused = {"logits": normal(rng, 2, 3, 5), "targets": rng.integers(0, 5, (3, 2))}
    return {
        "batch": case("(B, T, V)", 3, 4, 7),
        "square": case("as many rows as there are tokens: shapes hide a wrong axis", 6, 6),
        "one": case("a single row, without a batch", 9),
        "large": case("logits of a thousand", 4, 5, scale=1000.0),
        "refused": (
            "targets of another shape than the logits' rows are a ValueError",
            refused | {"refused": np.True_},
            dict(REFUSED),
        ),
    }


def sgd_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, steps: int, *groups: tuple[float, bool], **asked: Any) -> Recorded:
        """Groups are a rate, and whether it falls; each has two parameters."""
        inputs: Arrays = {"lr": np.array([lr for lr, _ in groups], np.float32)}
        inputs["decaying"] = np.array([decaying for _, decaying in groups])
        outputs: Arrays = {}
        losses = np.zeros(steps)
        count = 2 * len(groups)
        missing = asked.get("missing", np.zeros((steps, count), bool))
        for i in range(count):
            start, gradients = normal(rng, 5) + 2, normal(rng, steps, 5)
            inputs |= {f"parameters.{i}": start, f"gradients.{i}": gradients}
            lr, decaying = float(inputs["lr"][i // 2]), groups[i // 2][1]
            path = reference.sgd(
                start.astype(np.float64),
                [
                    None if gone else g.astype(np.float64)
                    for g, gone in zip(gradients, missing[:, i], strict=True)
                ],
                asked.get("rates", np.full(steps, lr)).astype(np.float64),
                decaying,
            )
            outputs[f"parameters.{i}"] = path[-1]
            losses += (path[:-1] * gradients.astype(np.float64)).sum(axis=1)
        outputs["gradients_kept"] = np.int64(1)
        if "closure" in asked:
            outputs |= {"losses": losses, "closure_calls": np.int64(steps)}
        return about, inputs | asked, outputs

    gone = np.array([[0, 1], [0, 0], [1, 0], [0, 1], [0, 0]], bool)
    gone = np.concatenate([gone, gone[::-1]], axis=1)
    rates = np.array([0.3, 0.02, 0.1, 0.2], np.float32)
    return {
        "plain": case("one rate for all steps", 3, (0.1, False)),
        "decaying": case("a rate that falls with the root of t + 1", 5, (0.5, True)),
        "groups": case("two groups with settings of their own", 4, (0.3, True), (0.05, False)),
        "schedule": case("a rate that changes from step to step", 4, (0.1, False), rates=rates),
        "missing": case(
            "parameters without a gradient, now and then",
            5,
            (0.5, True),
            (0.1, False),
            missing=gone,
        ),
        "closure": case("a closure that computes the loss", 3, (0.2, True), closure=np.True_),
        "resumed": case(
            "its state saved, and loaded by another", 4, (0.5, True), resume=np.int64(2)
        ),
    }


def clipping_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, max_norm: float, sizes: Sequence[float], **asked: Any) -> Recorded:
        """A gradient for each size, of unlike shapes."""
        shapes: list[tuple[int, ...]] = [(3, 2), (4,), (2, 1, 2)]
        gradients = [
            normal(rng, *shape) * np.float32(size)
            for shape, size in zip(shapes, sizes, strict=False)
        ]
        inputs: Arrays = {f"gradients.{i}": gradient for i, gradient in enumerate(gradients)}
        inputs["max_norm"] = np.float32(max_norm)
        new, norm = reference.clipped(
            [g.astype(np.float64) for g in gradients], float(np.float32(max_norm))
        )
        outputs: Arrays = {f"gradients.{i}": gradient for i, gradient in enumerate(new)}
        if "tiny" in asked:
            outputs = {"factor": (new[0] / gradients[0]).mean()}
        outputs |= {"returns_a_number": np.int64(1), "norm": np.float64(norm)}
        return about, inputs | asked, outputs

    refused = {"max_norm": np.float32(0), "refused": np.True_}
    return {
        "above": case("a norm above the bound", 2.0, (3, 3, 3)),
        "unlike": case("one gradient far larger than the others", 5.0, (30, 1, 0.2)),
        "below": case("a norm below the bound: nothing changes", 50.0, (1, 2, 1)),
        "once": case("parameters that can be gone through once", 1.0, (2, 1, 3), once=np.True_),
        "tiny": case("a norm so small that 1e-6 counts", 1e-6, (2e-6, 3e-6), tiny=np.True_),
        "none": case("no parameter has a gradient", 1.0, ()),
        "refused": ("a bound of 0 is a ValueError", refused, dict(REFUSED)),
    }


def schedule_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, warmup_steps: int, cycle_steps: int, floor: float = 0.3) -> Recorded:
        max_lr, min_lr = np.float32(1 + rng.random()), np.float32(floor * (0.5 + rng.random()))
        steps = np.arange(cycle_steps + 5)
        numbers = float(max_lr), float(min_lr), warmup_steps, cycle_steps
        rates = np.array([reference.rate(int(step), *numbers) for step in steps])
        inputs: Arrays = {"steps": steps, "max_lr": max_lr, "min_lr": min_lr}
        inputs |= {"warmup_steps": np.int64(warmup_steps), "cycle_steps": np.int64(cycle_steps)}
        return about, inputs, {"rates": rates}

    warmup_steps = int(rng.integers(4, 9))
    refused: Arrays = {"max_lr": np.float32(1), "min_lr": np.float32(0.1), "refused": np.True_}
    refused |= {"warmup_steps": np.int64(9), "cycle_steps": np.int64(5)}
    return {
        "usual": case(
            "up in a line, down along a cosine, level", warmup_steps, 3 * warmup_steps + 1
        ),
        "to_zero": case("down to 0", 3, 12, floor=0.0),
        "at_once": case("without a warm-up", 0, 9),
        "no_way_down": case("a warm-up that takes the whole cycle", 6, 6),
        "refused": ("a warm-up longer than the cycle is a ValueError", refused, dict(REFUSED)),
    }


def save_checkpoint_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, where: str) -> Recorded:
        """A model after two steps of SGD with momentum."""
        inputs: Arrays = {"weight": normal(rng, 3, 4), "seen": normal(rng, 2)}
        inputs |= {"gradients": normal(rng, 2, 3, 4), **settings_of_a_loop(rng)}
        w = wide(inputs)
        first, second = w["gradients"]
        lr, momentum = float(inputs["lr"]), float(inputs["momentum"])
        fading = momentum * first + second
        state = {
            "model.weight": w["weight"] - lr * first - lr * fading,
            "model.seen": w["seen"],
            "optimizer.momentum": fading,
            "optimizer.lr": np.float64(lr),
            "iteration": inputs["iteration"],
        }
        flags = ("left_open", "file_is_there", *(f"has {name}" for name in state))
        return about, inputs | {where: np.True_}, dict.fromkeys(flags, np.int64(1)) | state

    return {
        "file": case("to an open file", "file"),
        "path": case("to a path", "path"),
        "text": case("to a path that is a text", "text"),
    }


def load_checkpoint_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def saved() -> Arrays:
        inputs: Arrays = {name: normal(rng, 3, 4) for name in ("weight", "fading", "gradient")}
        return inputs | {"seen": normal(rng, 2), **settings_of_a_loop(rng)}

    def case(about: str, where: str) -> Recorded:
        inputs = saved()
        w, lr, momentum = wide(inputs), float(inputs["lr"]), float(inputs["momentum"])
        outputs: Arrays = {"returns_a_number": np.int64(1), "iteration": inputs["iteration"]}
        outputs |= {"model.weight": w["weight"], "model.seen": w["seen"]}
        later = w["weight"] - lr * (momentum * w["fading"] + w["gradient"])  # by all that was saved
        return about, inputs | {where: np.True_}, outputs | {"weight_a_step_later": later}

    other, pickle = saved() | {"another": normal(rng, 2)}, saved() | {"pickle": np.True_}
    return {
        "file": case("from an open file", "file"),
        "path": case("from a path", "path"),
        "text": case("from a path that is a text", "text"),
        "other_model": ("a model with other parameters is an error", other, dict(REFUSED)),
        "pickle": ("a file that would have code run is an error", pickle, dict(REFUSED)),
    }


def settings_of_a_loop(rng: np.random.Generator) -> Arrays:
    return {
        "lr": np.float32(0.25 + 0.5 * rng.random()),
        "momentum": np.float32(0.9),
        "iteration": rng.integers(10, 90),
    }
