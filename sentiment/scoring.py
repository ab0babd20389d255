"""Zero-shot scores of whole files: the chain rule, the course's way, and calibration."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from classifier import LlamaZeroShotClassifier
from sentiment.batching import Encoded, pad, padded_batches
from tokenizer import TextTokenizer


@torch.no_grad()
def chain_rule_scores(
    classifier: LlamaZeroShotClassifier,
    encoded: Encoded,
    pad_id: int,
    max_tokens: int,
    max_rows: int | None = None,
) -> Tensor:
    """(texts, classes) log-probabilities of the labels after each prompt, in the file's order."""
    scores = torch.empty(len(encoded.ids), classifier.num_labels)
    device = classifier.llama.device
    with tqdm(
        total=len(encoded.ids), desc="prompts", unit="prompt", leave=False, disable=None
    ) as bar:
        for batch in padded_batches(
            encoded.ids, pad_id, max_tokens=max_tokens, max_rows=max_rows, device=device
        ):
            scores[batch.rows] = classifier(batch.tokens, batch.mask).float().cpu()
            bar.update(len(batch.rows))
    return scores


@torch.no_grad()
def course_scores(
    classifier: LlamaZeroShotClassifier,
    encoded: Encoded,
    tokenizer: TextTokenizer,
    label_names: list[str],
    batch_size: int,
) -> Tensor:
    """(texts, classes) scores as the course's code computes them, faults included.

    Batches in the file's order, padded on the right without a mask; a label's pieces, of the
    label encoded alone, are all summed at the last position, which often is a pad.
    """
    pieces = [tokenizer.encode(name, bos=False, eos=False) for name in label_names]
    scores = torch.empty(len(encoded.ids), len(label_names))
    for start in tqdm(
        range(0, len(encoded.ids), batch_size), desc="batches", leave=False, disable=None
    ):
        rows = list(range(start, min(start + batch_size, len(encoded.ids))))
        batch = pad(encoded.ids, rows, tokenizer.pad_id, classifier.llama.device)
        logits, _ = classifier.llama(batch.tokens)
        log_probabilities = F.log_softmax(logits[:, -1].float(), dim=-1).cpu()
        for i, label in enumerate(pieces):
            scores[rows, i] = log_probabilities[:, label].sum(dim=-1)
    return scores


def calibrate(scores: Tensor) -> Tensor:
    """Subtract each label's mean score over the file.

    A label that the model likes whatever the review says loses its head start. It uses all
    prompts of the file and no label (after Zhao et al. 2021, https://arxiv.org/abs/2102.09690,
    which estimates the bias from inputs without content).
    """
    return scores - scores.mean(dim=0, keepdim=True)
