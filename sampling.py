"""From logits to the next token: argmax, temperature, and what narrows the choice. Pure functions.

Shapes: B batch, V vocabulary. The order is the one of transformers: the penalty on repetition,
temperature, top-k, top-p, min-p, the draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import torch
import torch.nn.functional as F
from torch import Tensor

COLDEST = 1e-30  # a colder temperature gives the same text, and 0 / 1e-40 is NaN in float32


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen among all of the vocabulary.

    Raises:
        ValueError: a field is out of its range; it is named, with the range.
    """

    temperature: float = 1.0  # 0 takes the most likely token
    top_k: int | None = None  # of the most likely tokens; None keeps them all
    top_p: float | None = None  # share of the probability, (0, 1]; None keeps all of it
    min_p: float | None = None  # share of the greatest probability, (0, 1]; None keeps all of it
    repetition_penalty: float = 1.0  # above 1, tokens that were there become less likely

    def __post_init__(self) -> None:
        temperature, top_k, top_p = self.temperature, self.top_k, self.top_p
        if not 0 <= temperature < float("inf"):  # false for NaN as well
            raise ValueError(
                f"temperature={temperature}: must be 0 (the most likely token) or a positive number"
            )
        if top_k is not None and top_k < 1:
            raise ValueError(f"top_k={top_k}: must be at least 1; leave it out to keep every token")
        if top_p is not None and not 0 < top_p <= 1:
            raise ValueError(f"top_p={top_p}: must be in (0, 1]; leave it out to keep every token")
        min_p, penalty = self.min_p, self.repetition_penalty
        if min_p is not None and not 0 < min_p <= 1:
            raise ValueError(f"min_p={min_p}: must be in (0, 1]; leave it out to keep every token")
        if not 0 < penalty < float("inf"):
            raise ValueError(f"repetition_penalty={penalty}: must be a positive number; 1 is none")


class Filters(TypedDict, total=False):
    """The fields of `Sampling` beside the temperature, as generating functions take them."""

    top_k: int | None
    top_p: float | None
    min_p: float | None
    repetition_penalty: float


def scale(logits: Tensor, temperature: float) -> Tensor:
    """Divide (B, V) logits by a positive temperature, shifted so that each row's greatest is 0.

    Softmax does not see the shift. Without it a temperature of 1e-40 would give inf - inf: NaN in
    place of the argmax that it approaches. In float32, since Apple's GPUs have no float64.
    """
    logits = logits.float()
    return (logits - logits.amax(dim=-1, keepdim=True)) / max(temperature, COLDEST)


def filter_top_k(logits: Tensor, k: int) -> Tensor:
    """Keep the k greatest logits of each row and set the others to -inf.

    Fan et al. 2018, https://arxiv.org/abs/1805.04833, section 5.1.

    1. The k-th greatest logit of each row, (B, 1); with k > V it is the smallest.
    2. -inf in the place of every logit that is below it. Tokens tied with the k-th stay, since
       there is no reason to prefer one.

    Args:
        logits: (B, V); not changed.
        k: how many to keep, at least 1.

    Returns:
        (B, V).
    """
    kth = logits.topk(min(k, logits.shape[-1]), dim=-1).values[..., -1:]  # (B, 1)
    return logits.masked_fill(logits < kth, float("-inf"))


def filter_top_p(logits: Tensor, p: float) -> Tensor:
    """Keep the fewest most likely tokens whose probabilities reach p, at least one; -inf elsewhere.

    The nucleus of Holtzman et al. 2019, https://arxiv.org/abs/1904.09751, equation 2.

    1. A p of 1 keeps everything.
    2. The probabilities of each row, by a softmax, in falling order.
    3. For each token the sum of those before it. While that is below p the nucleus is not full, and
       the token belongs to it; the first token belongs to it whatever p is.
    4. Back to the order of the vocabulary: a token that stays keeps its logit, others get -inf.

    Args:
        logits: (B, V), -inf where another filter has been; not changed.
        p: share of the probability, (0, 1].

    Returns:
        (B, V); in each row as many stay as that row needs.
    """
    if p >= 1:
        return logits
    probabilities = F.softmax(logits, dim=-1)
    # Tokens below (1 - p) / V share less than 1 - p, so the nucleus is among the others: a few
    # hundred of fifty thousand, as a rule. Sorting those alone is several times faster.
    likely = int((probabilities >= (1 - p) / logits.shape[-1]).sum(dim=-1).max())
    indices = probabilities.topk(likely).indices.sort(dim=-1).values  # ties in order of their ids
    ordered, order = probabilities.gather(-1, indices).sort(dim=-1, descending=True, stable=True)
    # What stands before a token must not yet reach p. (A cumulative sum that includes the token
    # itself would drop the one that crosses p, and with it, for a small p, every token.)
    beyond = ordered.cumsum(dim=-1) - ordered >= p
    beyond[..., 0] = False  # p = 1e-9 included, which rounding would lose
    indices = indices.gather(-1, order)
    kept = logits.gather(-1, indices).masked_fill(beyond, float("-inf"))
    return torch.full_like(logits, float("-inf")).scatter(-1, indices, kept)


def filter_min_p(logits: Tensor, p: float) -> Tensor:
    """Keep the tokens of at least p times the greatest probability and set the others to -inf.

    Nguyen et al. 2024, https://arxiv.org/abs/2407.01082, section 3.
    """
    probabilities = F.softmax(logits, dim=-1)
    least = p * probabilities.amax(dim=-1, keepdim=True)
    return logits.masked_fill(probabilities < least, float("-inf"))


def penalise_repetition(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Make (B, T) tokens less likely: a positive logit is divided by the penalty, others times it.

    Keskar et al. 2019, https://arxiv.org/abs/1909.05858, section 4.1, whose rule this is where
    logits are positive.
    """
    scores = logits.gather(-1, seen)
    lowered = torch.where(scores > 0, scores / penalty, scores * penalty)
    return logits.scatter(-1, seen, lowered)


def greedy_next(logits: Tensor) -> Tensor:
    """Take the most likely token of each row: greedy decoding.

    A softmax keeps the order, so the greatest logit is the greatest probability.

    Args:
        logits: (B, V).

    Returns:
        (B, 1) indices, so that they can be appended to (B, T) texts.
    """
    return logits.argmax(dim=-1, keepdim=True)


def sample_next(
    logits: Tensor, temperature: float, generator: torch.Generator | None = None
) -> Tensor:
    """Choose the next token of each row.

    1. Temperature 0: the index of the greatest logit.
    2. Otherwise divide the logits by the temperature (`scale`),
    3. turn them into probabilities with a softmax over the vocabulary,
    4. and draw one index per row (`torch.multinomial`) from the given generator.

    A low temperature sharpens the distribution, a high one flattens it.

    Args:
        logits: (B, V).
        temperature: 0 or a positive number.
        generator: the source of randomness; None is torch's global one.

    Returns:
        (B, 1) indices.
    """
    if temperature == 0:
        return greedy_next(logits)
    probabilities = F.softmax(scale(logits, temperature), dim=-1)
    return torch.multinomial(probabilities, num_samples=1, generator=generator)


def choose_token(
    logits: Tensor,
    sampling: Sampling,
    generator: torch.Generator | None = None,
    seen: Tensor | None = None,
) -> Tensor:
    """`sample_next` among the tokens that the filters leave; (B, V) to (B, 1).

    Args:
        seen: (B, T), the tokens that a penalty on repetition is for.

    Raises:
        ValueError: a row has no finite logit.
    """
    if not bool(torch.isfinite(logits.amax(dim=-1)).all()):  # NaN is passed on by amax
        raise ValueError("logits are not finite: damaged weights, or a dtype that is too narrow")
    if sampling.repetition_penalty != 1 and seen is not None:
        logits = penalise_repetition(logits.float(), seen, sampling.repetition_penalty)
    if sampling.temperature == 0:
        return sample_next(logits, 0.0, generator)
    logits = scale(logits, sampling.temperature)
    if sampling.top_k is not None:
        logits = filter_top_k(logits, sampling.top_k)
    if sampling.top_p is not None:
        logits = filter_top_p(logits, sampling.top_p)
    if sampling.min_p is not None:
        logits = filter_min_p(logits, sampling.min_p)
    return sample_next(logits, 1.0, generator)
