"""--option prompt: ask the language model what it thinks of each review, without training."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import SimpleNamespace

from torch import Tensor

from classifier import QUESTION, LlamaZeroShotClassifier, prompt_suffix
from llama import Llama
from sentiment.encoding import encode_reviews
from sentiment.evaluation import (
    Metrics,
    describe,
    evaluate_reviews,
    write_predictions,
    write_probabilities,
)
from sentiment.scoring import calibrate, chain_rule_scores, course_scores
from sentiment.splits import Outputs, Splits
from support.words import banner, time_in_words
from tokenizer import TextTokenizer

COURSE_BATCH = 8  # prompts of a batch in its code


@dataclass(frozen=True)
class PromptOptions:
    """How prompts are scored.

    Raises:
        ValueError: a field is out of range.
    """

    scoring: str = "chain"  # or "course"
    calibrate: bool = False
    batch_size: int | None = None  # prompts in a batch; None: as many as max_tokens allow
    max_tokens: int = 1024  # of a batch, padding included
    max_sentence_len: int | None = None  # tokens of a review that are kept; None keeps what fits
    question: str = QUESTION  # after each review; {labels} stands for the labels
    probabilities: bool = False  # write them beside the predictions

    def __post_init__(self) -> None:
        if not self.question.strip():
            raise ValueError("--question is empty: leave it out, or give one that a label answers")
        for name in ("batch_size", "max_tokens", "max_sentence_len"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name}={value}: must be at least 1")


def run_prompt(
    model: Llama,
    tokenizer: TextTokenizer,
    splits: Splits,
    outputs: Outputs,
    options: PromptOptions,
) -> dict[str, Metrics | None]:
    """Score every review of every split, print the metrics and write the predictions.

    Raises:
        ValueError: a score is not finite, or a file of one review is to be calibrated.
    """
    for reviews, _ in outputs.values():
        if options.calibrate and len(reviews) == 1:
            raise ValueError(
                f"--calibrate subtracts each label's mean score over a file, and {reviews.path} "
                "holds one review: leave it out"
            )
    names = splits.label_names
    config = SimpleNamespace(num_labels=len(names), option="prompt")
    question = options.question
    classifier = LlamaZeroShotClassifier(config, tokenizer, names, model, question).eval()
    suffix = prompt_suffix(names, question)
    print(banner("prompt", f"review + {suffix!r}"))
    # Room for a label after the prompt, whose last piece is never read.
    limit = model.config.max_seq_len - max(map(len, classifier.label_name_ids)) + 1
    encoded = {
        split: encode_reviews(
            reviews.sentences, tokenizer, limit, options.max_sentence_len, suffix, reviews.place
        )
        for split, (reviews, _) in outputs.items()
    }
    metrics = {}
    for split, (reviews, outfile) in outputs.items():
        if encoded[split].cut:
            print(f"{split}: {encoded[split].cut} reviews were cut to fit {limit} tokens")
        start = time.perf_counter()
        scores = _scores(classifier, encoded[split].ids, tokenizer, names, options)
        seconds = time.perf_counter() - start
        predictions = scores.argmax(dim=-1).tolist()
        metrics[split] = evaluate_reviews(reviews, predictions, len(names))
        print(describe(split, metrics[split], names))
        took = time_in_words(seconds)
        print(f"{len(reviews)} prompts in {took}: {len(reviews) / seconds:.1f} prompts/s")
        write_predictions(outfile, predictions, reviews)
        print(f"wrote {outfile}")
        if options.probabilities:
            print(f"wrote {write_probabilities(outfile, scores, reviews, names)}")
    return metrics


def _scores(
    classifier: LlamaZeroShotClassifier,
    ids: list[list[int]],
    tokenizer: TextTokenizer,
    names: list[str],
    options: PromptOptions,
) -> Tensor:
    size = options.batch_size
    if options.scoring == "course":
        scores = course_scores(classifier, ids, tokenizer, names, size or COURSE_BATCH)
    else:
        scores = chain_rule_scores(classifier, ids, tokenizer.pad_id, options.max_tokens, size)
    return calibrate(scores) if options.calibrate else scores
