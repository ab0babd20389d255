"""What simple methods make of the same pictures: the figures that a network has to beat."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vision.pictures import Pictures, Split

DECAYS = (1e-3, 1e-2, 1e-1, 1.0)  # of logistic regression's weights, from which dev chooses
AT_ONCE = 500  # pictures that are compared with all others


def flat(pictures: Pictures) -> Tensor:
    """(N, pixels), from 0 to 1."""
    return pictures.pixels.flatten(1).float() / 255


def share_right(taken: Tensor, pictures: Pictures) -> float:
    return float((taken == pictures.labels).double().mean())


def majority(pictures: Split) -> float:
    """Accuracy on test of saying the largest class of train, whatever the picture."""
    largest = pictures.train.labels.bincount().argmax()
    return share_right(largest, pictures.test)


def nearest_neighbour(pictures: Split) -> float:
    """Accuracy on test of the label of the most similar picture in train, pixel by pixel."""
    known = flat(pictures.train)
    nearest = [
        torch.cdist(some, known).argmin(dim=1) for some in flat(pictures.test).split(AT_ONCE)
    ]
    return share_right(pictures.train.labels[torch.cat(nearest)], pictures.test)


def logistic_regression(pictures: Split) -> float:
    """Accuracy on test of one weight for each pixel and class, decayed as is best on dev."""
    x = flat(pictures.train)
    mean, deviation = x.mean(dim=0), x.std(dim=0) + 1e-2

    def scaled(some: Pictures) -> Tensor:
        return (flat(some) - mean) / deviation

    fitted = [_fitted(scaled(pictures.train), pictures.train, decay) for decay in DECAYS]
    results = [
        [share_right(_logits(scaled(some), weights).argmax(dim=1), some) for some in pictures[1:]]
        for weights in fitted
    ]
    return max(results)[1]


def _logits(x: Tensor, weights: Tensor) -> Tensor:
    return x @ weights[:-1] + weights[-1]


def _fitted(x: Tensor, pictures: Pictures, decay: float) -> Tensor:
    """(pixels + 1, classes), the last row being the bias."""
    weights = torch.zeros(x.shape[1] + 1, len(pictures.names), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(_logits(x, weights), pictures.labels)
        loss = loss + decay * weights[:-1].square().sum() / 2
        loss.backward()
        return loss

    optimizer.step(closure)
    return weights.detach()
