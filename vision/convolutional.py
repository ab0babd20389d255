"""A small convolutional network, as a peer of the encoder: LeCun et al. 1998, in today's dress."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class ConvolutionalNetwork(nn.Module):
    """Three times a convolution and a step to half the size, then the mean and a head."""

    def __init__(self, width: int, channels: int, num_classes: int, dropout: float = 0.0) -> None:
        """`width` features after the first convolution, twice and four times as many after that."""
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1)
            for before, after in ((channels, width), (width, 2 * width), (2 * width, 4 * width))
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width * size) for size in (1, 2, 4))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(4 * width, num_classes)

    @classmethod
    def of_size(
        cls, parameters: int, channels: int, num_classes: int, dropout: float = 0.0
    ) -> ConvolutionalNetwork:
        """The one whose number of parameters comes nearest."""
        width = 1
        distance = float("inf")
        while True:
            network = cls(width, channels, num_classes, dropout)
            off = abs(sum(p.numel() for p in network.parameters()) - parameters)
            if off > distance:
                return cls(width - 1, channels, num_classes, dropout)
            width, distance = width + 1, off

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, channels, side, side) to logits (B, classes)."""
        x = pictures
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.max_pool2d(F.relu(norm(convolution(x))), 2)
        return self.head(self.dropout(x.mean(dim=(2, 3))))
