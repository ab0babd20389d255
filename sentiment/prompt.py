"""--option prompt: ask the language model what it thinks of each review, without training."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import SimpleNamespace

from torch import Tensor

from classifier import LlamaZeroShotClassifier, prompt_suffix
from llama import Llama
from sentiment.encoding import encode_reviews
from sentiment.evaluation import Metrics, describe, evaluate_reviews, write_predictions
from sentiment.scoring import calibrate, chain_rule_scores, course_scores
from sentiment.splits import Outputs, Splits
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

    def __post_init__(self) -> None:
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
    """Score every review of every split, print the metrics and write the predictions."""
    names = splits.label_names
    config = SimpleNamespace(num_labels=len(names), option="prompt")
    classifier = LlamaZeroShotClassifier(config, tokenizer, names, model).eval()
    suffix = prompt_suffix(names)
    print(f"prompt    review + {suffix!r}")
    # Room for a label after the prompt, whose last piece is never read.
    limit = model.config.max_seq_len - max(map(len, classifier.label_name_ids)) + 1
    encoded = {
        split: encode_reviews(reviews.sentences, tokenizer, limit, options.max_sentence_len, suffix)
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
        print(f"{len(reviews)} prompts in {seconds:.0f} s: {len(reviews) / seconds:.1f} prompts/s")
        write_predictions(outfile, predictions, reviews)
        print(f"wrote {outfile}", flush=True)
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
