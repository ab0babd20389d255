"""A transformer encoder that classifies pictures, told bottom-up.

The encoder of Vaswani et al. 2017 ("Attention Is All You Need", https://arxiv.org/abs/1706.03762),
which reads patches of a picture as a language model reads tokens (Dosovitskiy et al. 2021,
https://arxiv.org/abs/2010.11929). Beside `llama.py` it has no mask, since a picture has no before
and after; positions are added once and not turned in each layer; every norm and product has a bias.

    pictures                                              (B, channels, height, width)
      | cut_patches           the pixels of a patch        (B, T, channels * P * P)
      | a linear map          (or a stem of convolutions)  (B, T, C)
      | PositionalEncoding    where each patch stood
      |  num_layers times, EncoderLayer:
      |    MultiHeadAttention         every patch looks at every patch
      |    PositionWiseFeedForward    each patch by itself
      | the mean over patches, head                        (B, classes)

Shapes: B pictures, T patches of P by P pixels, H heads of D features, C = H * D features of the
model (`d_model`), F hidden features (`d_ff`).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

POSITIONS = ("sine", "sine-2d", "learned")


def cut_patches(pictures: Tensor, patch_size: int) -> Tensor:
    """Cut pictures into squares and lay the pixels of each in a row.

    1. Cut the height into rows of patches, and the width into columns of them:
       (B, channels, rows, P, columns, P).
    2. Move the axes of the grid to the front: (B, rows, columns, channels, P, P). A reshape alone
       would leave the channels outside, and make a "patch" of pixels from all over the picture.
    3. Join the grid's two axes to T, and the other three to the features of a patch.

    Args:
        pictures: (B, channels, height, width).
        patch_size: P, the side of a patch in pixels.

    Returns:
        (B, T, channels * P * P): patches row by row, as one reads; in each the first channel's
        pixels come first, again row by row, as in `torch.nn.functional.unfold`.

    Raises:
        ValueError: the height or the width is no multiple of `patch_size`.
    """
    B, channels, height, width = pictures.shape
    if height % patch_size or width % patch_size:
        raise ValueError(
            f"pictures of {height} x {width} pixels cannot be cut into patches of {patch_size}: "
            "both sides must be multiples of it"
        )
    rows, columns = height // patch_size, width // patch_size
    grid = pictures.reshape(B, channels, rows, patch_size, columns, patch_size)
    grid = grid.permute(0, 2, 4, 1, 3, 5)  # (B, rows, columns, channels, P, P)
    return grid.reshape(B, rows * columns, channels * patch_size**2)


def sine_positions(length: int, d_model: int) -> Tensor:
    """A vector for each place in a row: waves of every length, from a few places to thousands.

    Vaswani et al. 2017, section 3.5: for the features 2i and 2i + 1 of place t

        angle = t / 10000^(2i / d_model);  sin(angle) and cos(angle)

    1. The frequencies, (C / 2,): 10000^(-2i / d_model) for 2i = 0, 2, 4, ... below C.
    2. The angles, (T, C / 2): each place times each frequency.
    3. Sines in the even features and cosines in the odd ones.

    Args:
        length: T, how many places there are, counted from 0.
        d_model: C, even.

    Returns:
        (T, C) in float32, from -1 to 1.

    Raises:
        ValueError: d_model is odd.
    """
    if d_model % 2:
        raise ValueError(f"d_model={d_model}: must be even, for a sine and a cosine of each wave")
    frequencies = 10000.0 ** (-torch.arange(0, d_model, 2) / d_model)  # (C / 2,)
    angles = torch.arange(length)[:, None] * frequencies  # (T, C / 2)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)  # (T, C)


def sine_positions_2d(rows: int, columns: int, d_model: int) -> Tensor:
    """The same for a grid: half of the features tell the row, the other half the column.

    In a row of patches the one below is as far away as the picture is wide; here it is a neighbour.

    Returns:
        (T, C), T = rows * columns, row by row.

    Raises:
        ValueError: d_model is no multiple of 4.
    """
    if d_model % 4:
        raise ValueError(f"d_model={d_model}: must be a multiple of 4, for waves in two directions")
    down = sine_positions(rows, d_model // 2)[:, None].expand(-1, columns, -1)
    across = sine_positions(columns, d_model // 2)[None].expand(rows, -1, -1)
    return torch.cat((down, across), dim=-1).flatten(0, 1)


class PositionalEncoding(nn.Module):
    """Adds to each patch a vector that tells where it stood; attention by itself cannot know."""

    def __init__(self, d_model: int, rows: int, columns: int, kind: str = "sine") -> None:
        """`kind` is one of POSITIONS: the seed's waves in a row, waves in a grid, or learned."""
        super().__init__()
        if kind not in POSITIONS:
            raise ValueError(f"positions={kind!r}: must be one of {', '.join(POSITIONS)}")
        self.position: Tensor
        if kind == "learned":
            self.position = nn.Parameter(0.02 * torch.randn(rows * columns, d_model))
        elif kind == "sine":
            self.register_buffer("position", sine_positions(rows * columns, d_model), False)
        else:
            self.register_buffer("position", sine_positions_2d(rows, columns, d_model), False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) to (B, T, C)."""
        return x + self.position


class MultiHeadAttention(nn.Module):
    """Every patch asks all others, in several ways at once."""

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        if d_model % num_heads:
            raise ValueError(f"d_model={d_model}: must be a multiple of num_heads={num_heads}")
        self.num_heads = num_heads
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.output = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mix the values of all patches, each patch with weights of its own.

        Vaswani et al. 2017, equation 1 and section 3.2.2, on H heads at once:

        1. Project x to query, key and value, and cut the C features of each into H heads of D:
           (B, T, C) to (B, T, H, D), then the heads before the patches, (B, H, T, D).
        2. Scores: each query's dot product with each key, over sqrt(D), (B, H, T, T).
        3. Weights: softmax over the keys, the last axis.
        4. With dropout on the weights: each patch's weighted sum of values, (B, H, T, D).
        5. The heads side by side again, (B, T, C), and the output projection.

        Args:
            x: (B, T, C).

        Returns:
            What each patch has gathered, (B, T, C), and the weights before dropout, (B, H, T, T).
        """
        B, T, C = x.shape

        def heads(projected: Tensor) -> Tensor:
            return projected.reshape(B, T, self.num_heads, -1).transpose(1, 2)  # (B, H, T, D)

        query, key, value = heads(self.query(x)), heads(self.key(x)), heads(self.value(x))
        scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (B, H, T, T)
        weights = F.softmax(scores, dim=-1)
        gathered = self.dropout(weights) @ value  # (B, H, T, D)
        return self.output(gathered.transpose(1, 2).reshape(B, T, C)), weights


class PositionWiseFeedForward(nn.Module):
    """Two products with a threshold between them, for each patch by itself."""

    def __init__(self, d_model: int, d_ff: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Widen each patch, cut off what is negative, and narrow it again.

        Vaswani et al. 2017, equation 2:

        1. `up`, (B, T, F).
        2. Zero in the place of every negative number (ReLU).
        3. Dropout on what is left.
        4. `down`, (B, T, C).

        Args:
            x: (B, T, C).

        Returns:
            (B, T, C).
        """
        return self.down(self.dropout(F.relu(self.up(x))))


class EncoderLayer(nn.Module):
    """Attention and feed-forward, each of which adds to the stream."""

    def __init__(
        self,
        d_model: int,
        num_heads: int,
        d_ff: int,
        dropout: float = 0.0,
        norm_first: bool = True,
    ) -> None:
        """`norm_first` normalises what a part reads, as Llama does; else the sum, as in 2017."""
        super().__init__()
        self.norm_first = norm_first
        self.attention = MultiHeadAttention(d_model, num_heads, dropout)
        self.feed_forward = PositionWiseFeedForward(d_model, d_ff, dropout)
        self.attention_norm = nn.LayerNorm(d_model)
        self.feed_forward_norm = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Let the patches exchange, then let each think by itself.

        For each part, attention first and then the feed-forward network:

        - with `norm_first` (Xiong et al. 2020, https://arxiv.org/abs/2002.04745): the part reads
          norm(x), and x + dropout(part(norm(x))) goes on: the stream itself is never normalised;
        - without it (Vaswani et al. 2017, section 3.1): the part reads x itself, and
          norm(x + dropout(part(x))) goes on.

        Attention returns its weights too, which are not used here.

        Args:
            x: (B, T, C).

        Returns:
            (B, T, C).
        """
        if self.norm_first:
            x = x + self.dropout(self.attention(self.attention_norm(x))[0])
            return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))
        x = self.attention_norm(x + self.dropout(self.attention(x)[0]))
        return self.feed_forward_norm(x + self.dropout(self.feed_forward(x)))


class PatchEmbedding(nn.Module):
    """Each patch by the same linear map: no pixel knows its neighbours beforehand."""

    def __init__(self, channels: int, patch_size: int, d_model: int) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.project = nn.Linear(channels * patch_size**2, d_model)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, channels, height, width) to (B, T, C)."""
        return self.project(cut_patches(pictures, self.patch_size))


class ConvolutionStem(nn.Module):
    """Two convolutions in the place of the linear map (Xiao et al. 2021, arxiv.org/abs/2106.14881).

    The lesson in inductive bias: that neighbouring pixels belong together, and that a shape is the
    same wherever it stands, is built in here; a plain encoder has to learn it from pictures.
    """

    def __init__(self, channels: int, patch_size: int, d_model: int) -> None:
        """As many patches as without it; raises a ValueError where patch_size is odd."""
        super().__init__()
        if patch_size % 2:
            raise ValueError(f"patch_size={patch_size}: the stem needs an even one")
        strides = 2, patch_size // 2
        first, second = (max(3, 2 * stride - 1) for stride in strides)
        self.edges = nn.Conv2d(channels, d_model // 2, first, strides[0], first // 2)
        self.shapes = nn.Conv2d(d_model // 2, d_model, second, strides[1], second // 2)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, channels, height, width) to (B, T, C)."""
        return self.shapes(F.relu(self.edges(pictures))).flatten(2).transpose(1, 2)


class TransformerEncoder(nn.Module):
    """The whole classifier."""

    def __init__(
        self,
        img_size: int,
        patch_size: int,
        d_model: int,
        num_heads: int,
        num_layers: int,
        d_ff: int,
        num_classes: int,
        *,
        channels: int = 3,
        dropout: float = 0.0,
        positions: str = "sine",
        norm_first: bool = True,
        stem: bool = False,
    ) -> None:
        """Random weights.

        Args:
            img_size: height and width of a picture in pixels, a multiple of `patch_size`.
            channels: of a picture: 3 for colours, 1 for grey.
            dropout: of attention's weights, of the hidden features, and of what is added.
            positions: one of POSITIONS.
            norm_first: as in EncoderLayer.
            stem: convolutions in the place of the linear map of patches.

        Raises:
            ValueError: sizes do not fit, or there is no such kind of positions.
        """
        super().__init__()
        if img_size % patch_size:
            raise ValueError(f"img_size={img_size}: must be a multiple of patch_size={patch_size}")
        side = img_size // patch_size
        embedding = ConvolutionStem if stem else PatchEmbedding
        self.embedding = embedding(channels, patch_size, d_model)
        self.positions = PositionalEncoding(d_model, side, side, positions)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            EncoderLayer(d_model, num_heads, d_ff, dropout, norm_first) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(d_model) if norm_first else nn.Identity()
        self.head = nn.Linear(d_model, num_classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Classify pictures.

        1. Embed the patches, (B, T, C), add their positions, and apply dropout.
        2. Let them go through all layers, and through the last norm.
        3. The mean over the patches, (B, C): each has seen all others by now.
        4. The head.

        Args:
            pictures: (B, channels, img_size, img_size).

        Returns:
            Logits, (B, classes).
        """
        x = self.dropout(self.positions(self.embedding(pictures)))
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x).mean(dim=1))

    @torch.no_grad()
    def attention_maps(self, pictures: Tensor) -> Tensor:
        """At which patches each patch looks.

        Args:
            pictures: (B, channels, img_size, img_size).

        Returns:
            (layers, B, H, T, T): rows are the patches that look, and each sums to 1.
        """
        maps: list[Tensor] = []
        hooks = [
            module.register_forward_hook(lambda _module, _x, out: maps.append(out[1]))
            for module in self.modules()
            if isinstance(module, MultiHeadAttention)
        ]
        try:
            self(pictures)
        finally:
            for hook in hooks:
                hook.remove()
        return torch.stack(maps)
