"""Zero-shot scores of whole files: the chain rule, the course's way, and calibration."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from classifier import LlamaZeroShotClassifier
from sentiment.evaluation import require_finite
from tokenizer import TextTokenizer
from training.batches import pad, padded_batches, shown


@torch.no_grad()
def chain_rule_scores(
    classifier: LlamaZeroShotClassifier,
    ids: list[list[int]],
    pad_id: int,
    max_tokens: int,
    max_rows: int | None = None,
) -> Tensor:
    """(texts, classes) log-probabilities of the labels after each prompt, in the file's order.

    Raises:
        ValueError: one is not finite.
    """
    device = classifier.llama.device
    batches = padded_batches(ids, pad_id, max_tokens=max_tokens, max_rows=max_rows, device=device)
    scores = torch.empty(len(ids), classifier.num_labels)
    for batch in shown(batches, ids, "prompts"):
        scores[batch.rows] = classifier(batch.tokens, batch.mask).float().cpu()
        require_finite(scores[batch.rows])
    return scores


@torch.no_grad()
def course_scores(
    classifier: LlamaZeroShotClassifier,
    ids: list[list[int]],
    tokenizer: TextTokenizer,
    label_names: list[str],
    batch_size: int,
) -> Tensor:
    """(texts, classes) scores as the course's code computes them, faults included.

    Batches in the file's order, padded on the right without a mask; a label's pieces, of the
    label encoded alone, are all summed at the last position, which often is a pad.
    """
    device = classifier.llama.device
    pieces = [tokenizer.encode(name, bos=False, eos=False) for name in label_names]
    parts = [range(start, start + batch_size) for start in range(0, len(ids), batch_size)]
    batches = (pad(ids, part[: len(ids) - part.start], tokenizer.pad_id, device) for part in parts)
    scores = torch.empty(len(ids), len(label_names))
    for batch in shown(batches, ids, "prompts"):
        logits, _ = classifier.llama(batch.tokens)
        log_probabilities = F.log_softmax(logits[:, -1].float(), dim=-1).cpu()
        for i, label in enumerate(pieces):
            scores[batch.rows, i] = log_probabilities[:, label].sum(dim=-1)
        require_finite(scores[batch.rows])
    return scores


def calibrate(scores: Tensor) -> Tensor:
    """Subtract each label's mean score over the file.

    A label that the model likes whatever the review says loses its head start. It uses all
    prompts of the file and no label (after Zhao et al. 2021, https://arxiv.org/abs/2102.09690,
    which estimates the bias from inputs without content).
    """
    return scores - scores.mean(dim=0, keepdim=True)
