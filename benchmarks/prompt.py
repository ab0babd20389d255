"""prompt: zero-shot labels of film reviews, in prompts a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import checkpoints
from benchmarks.hugging_face import hugging_face_folder, load_theirs
from benchmarks.measure import Contender, Run, Work
from benchmarks.setting import NO_FAST_BFLOAT16, Setting, is_installed
from classifier import LlamaZeroShotClassifier, prompt_suffix
from inference import Decoder
from llama import Llama
from loading import load
from sentiment.encoding import encode_reviews
from sentiment.reviews import read_label_names, read_reviews, with_labels
from sentiment.scoring import chain_rule_scores, course_scores
from tokenizer import TextTokenizer, tokenizer_for
from training.batches import padded_batches

PEER = "transformers, float32"
COURSE_BATCH = 10  # prompts; the course's command says so
MAX_TOKENS = 1024  # of one of our batches: run_llama.py's default


def timed(
    scores: Callable[[list[list[int]]], Tensor], ids: list[list[int]], flops_per_token: float
) -> Callable[[bool], Run]:
    """Predict labels; the result are the predictions."""

    def run(warm_up: bool) -> Run:
        texts = ids[:COURSE_BATCH] if warm_up else ids
        start = time.perf_counter()
        with torch.inference_mode():
            predictions = scores(texts).argmax(dim=-1).tolist()
        seconds = time.perf_counter() - start
        flops = flops_per_token * sum(map(len, texts))
        return Run(seconds, len(texts), flops=flops, result=tuple(predictions))

    return run


def zero_shot(
    checkpoint: Path, names: list[str], pack: Callable[[Llama], Any] = Llama.eval
) -> tuple[LlamaZeroShotClassifier, TextTokenizer, float]:
    """Our classifier, its tokenizer, and the operations of a token without the head."""
    model, tokenizer = load(checkpoint)
    config = SimpleNamespace(num_labels=len(names), option="prompt")
    classifier = LlamaZeroShotClassifier(config, tokenizer, names, pack(model)).eval()
    layers = sum(p.numel() for p in model.layers.parameters())
    return classifier, tokenizer, 2.0 * layers


def ours(
    checkpoint: Path, names: list[str], ids: list[list[int]], pack: Callable[[Llama], Any]
) -> Callable[[bool], Run]:
    """What --option prompt does: lengths sorted, the prompt read once for all labels."""
    classifier, tokenizer, cost = zero_shot(checkpoint, names, pack)

    def scores(ids: list[list[int]]) -> Tensor:
        return chain_rule_scores(classifier, ids, tokenizer.pad_id, MAX_TOKENS)

    return timed(scores, ids, cost)


def course(checkpoint: Path, names: list[str], ids: list[list[int]]) -> Callable[[bool], Run]:
    """The course's loop: batches in the file's order, padded, without a mask."""
    classifier, tokenizer, cost = zero_shot(checkpoint, names)

    def scores(ids: list[list[int]]) -> Tensor:
        return course_scores(classifier, ids, tokenizer, names, COURSE_BATCH)

    return timed(scores, ids, cost)


def transformers(
    checkpoint: Path, folder: Path, dtype: str, names: list[str], ids: list[list[int]], batch: int
) -> Callable[[bool], Run]:
    """Sorted by length, the head on the last token alone, the first piece of each label."""
    classifier, tokenizer, cost = zero_shot(checkpoint, names)
    firsts = [pieces[0] for pieces in classifier.label_name_ids]
    loose = len(classifier.loose_end)  # our classifier takes it off, so it is taken off here
    model = load_theirs(folder, dtype)

    def scores(ids: list[list[int]]) -> Tensor:
        texts = [text[: len(text) - loose] for text in ids]
        found = torch.empty(len(texts), len(firsts))
        for rows, tokens, mask in batches(texts, tokenizer.pad_id):
            h = model.model(tokens, attention_mask=mask.long()).last_hidden_state
            last = h[torch.arange(len(rows)), mask.sum(dim=1) - 1]
            found[rows] = F.log_softmax(model.lm_head(last).float(), dim=-1)[:, firsts]
        return found

    def batches(texts: list[list[int]], pad_id: int) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        for part in padded_batches(texts, pad_id, max_tokens=2**20, max_rows=batch):
            yield part.rows, part.tokens, part.mask

    return timed(scores, ids, cost)


def works(setting: Setting, left_out: list[str]) -> list[Work]:
    """A sample of the reviews, taken evenly over the file."""
    names = read_label_names(setting.label_names)
    reviews = read_reviews(setting.reviews)
    reviews = with_labels(reviews, names, str(setting.label_names))
    count = min(len(reviews), 20 if setting.quick else 100)
    sentences = [reviews.sentences[i * len(reviews) // count] for i in range(count)]
    checkpoint = checkpoints.read(setting.checkpoint)
    limit = checkpoint.config.max_seq_len - 8  # room for the pieces of a label
    encoded = encode_reviews(
        sentences, tokenizer_for(checkpoint), limit, suffix=prompt_suffix(names)
    )
    common = {"checkpoint": setting.checkpoint, "names": names, "ids": encoded.ids}
    contenders = [
        Contender("ours, taught, float32", ours, {**common, "pack": Llama.eval}),
        Contender("ours, fast, float32", ours, {**common, "pack": Decoder}),
        Contender("ours, fast, int8", ours, {**common, "pack": partial(Decoder, quantize="int8")}),
        Contender(
            "the course's loop, float32",
            course,
            common,
            f"batches of {COURSE_BATCH}, padded, scores faulty as the course's are",
        ),
    ]
    if is_installed("transformers", left_out):
        theirs = {**common, "folder": hugging_face_folder(setting), "batch": COURSE_BATCH}
        note = f"sorted, no head, batches of {COURSE_BATCH}; the first piece of each label"
        for dtype in ("float32", "bfloat16"):
            name = f"transformers, {dtype}"
            if dtype == "bfloat16" and not setting.fast_bfloat16:
                left_out.append(f"{name}: {NO_FAST_BFLOAT16}")
                continue
            contenders.append(Contender(name, transformers, {**theirs, "dtype": dtype}, note))
    tokens = sum(map(len, encoded.ids)) / count
    about = f"{count} reviews of {reviews.path.name}, {tokens:.0f} tokens each with the question"
    return [Work("zero-shot", about, "prompts", PEER, contenders)]
