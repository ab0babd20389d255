"""The encoder, piece by piece, against torch's own modules with the same weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vision import encoder
from vision.encoder import (
    POSITIONS,
    EncoderLayer,
    MultiHeadAttention,
    PositionalEncoding,
    TransformerEncoder,
    cut_patches,
    sine_positions,
    sine_positions_2d,
)

torch.manual_seed(0)
# B pictures of HEIGHT x WIDTH, P: no two sizes alike
B, CHANNELS, HEIGHT, WIDTH, P = 2, 3, 12, 20, 4
C, H, T, FF = 24, 4, 7, 40


def pictures() -> Tensor:
    return torch.randn(B, CHANNELS, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))


def small(**options: Any) -> Any:
    torch.manual_seed(2)
    return TransformerEncoder(16, 4, C, H, 2, FF, 5, **options).eval()


def agrees_with_unfold() -> None:
    expected = F.unfold(pictures(), P, stride=P).transpose(1, 2)
    assert torch.equal(encoder.cut_patches(pictures(), P), expected)


def test_patches_are_those_of_unfold() -> None:
    agrees_with_unfold()


def mixed(x: Tensor, size: int) -> Tensor:
    """The seed's fault: what is a patch here is made of pixels from all over the picture."""
    return x.reshape(x.shape[0], -1, x.shape[1] * size**2)


def channels_outside(x: Tensor, size: int) -> Tensor:
    patches = x.unfold(2, size, size).unfold(3, size, size)  # (B, channels, rows, columns, P, P)
    return patches.reshape(x.shape[0], -1, x.shape[1] * size**2)


def transposed(x: Tensor, size: int) -> Tensor:
    return cut_patches(x.mT, size)


def pixels_first(x: Tensor, size: int) -> Tensor:
    patches = cut_patches(x, size)
    return patches.unflatten(-1, (x.shape[1], -1)).transpose(-1, -2).flatten(-2)


@pytest.mark.parametrize("wrong", [mixed, channels_outside, transposed, pixels_first])
def test_wrong_patches_are_caught(
    wrong: Callable[[Tensor, int], Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "cut_patches", wrong)
    with pytest.raises(AssertionError):
        agrees_with_unfold()


def test_a_picture_rolled_by_a_patch_moves_its_patches() -> None:
    """Rows of patches go round as the picture does, each patch being what it was."""
    grid = cut_patches(pictures(), P).unflatten(1, (HEIGHT // P, WIDTH // P))
    rolled = cut_patches(pictures().roll((P, 2 * P), (2, 3)), P)
    assert torch.equal(rolled, grid.roll((1, 2), (1, 2)).flatten(1, 2))


def test_without_positions_an_encoder_cannot_tell_where_a_patch_stood() -> None:
    """Whatever the order of the patches, their mean is the same; with positions it is not."""
    model, x = small(), torch.randn(2, 3, 16, 16)
    rolled = x.roll((4, 8), (2, 3))
    assert (model(x) - model(rolled)).abs().max() > 1e-3
    model.positions = nn.Identity()
    torch.testing.assert_close(model(x), model(rolled))


def test_sizes_that_are_no_multiples_are_refused() -> None:
    with pytest.raises(ValueError, match="13 x 20 pixels cannot be cut into patches of 4"):
        cut_patches(torch.zeros(1, 3, 13, 20), 4)
    with pytest.raises(ValueError, match="img_size=27: must be a multiple of patch_size=4"):
        TransformerEncoder(27, 4, C, H, 1, FF, 2)
    with pytest.raises(ValueError, match="patch_size=7: the stem needs an even one"):
        TransformerEncoder(28, 7, C, H, 1, FF, 2, stem=True)
    with pytest.raises(ValueError, match="d_model=24: must be a multiple of num_heads=5"):
        MultiHeadAttention(C, 5)
    with pytest.raises(ValueError, match="d_model=7: must be even"):
        sine_positions(3, 7)
    with pytest.raises(ValueError, match="d_model=6: must be a multiple of 4"):
        sine_positions_2d(3, 3, 6)
    with pytest.raises(ValueError, match="positions='cosine': must be one of sine, sine-2d"):
        PositionalEncoding(C, 3, 3, "cosine")


def test_positions_are_the_papers() -> None:
    found = sine_positions(50, 10)
    for place, feature in ((0, 0), (0, 1), (7, 0), (7, 4), (49, 9), (13, 7)):
        angle = place / 10000 ** (2 * (feature // 2) / 10)
        expected = math.cos(angle) if feature % 2 else math.sin(angle)
        assert found[place, feature].item() == pytest.approx(expected, abs=1e-5)


def test_positions_in_a_grid_tell_row_and_column() -> None:
    grid = sine_positions_2d(3, 5, 12).unflatten(0, (3, 5))
    assert torch.equal(grid[:, 2, :6], sine_positions(3, 6))
    assert torch.equal(grid[1, :, 6:], sine_positions(5, 6))
    assert len(grid.flatten(0, 1).unique(dim=0)) == 15


@pytest.mark.parametrize("kind", POSITIONS)
def test_positions_are_added_and_only_the_learned_are_learnt(kind: str) -> None:
    encoding, x = PositionalEncoding(C, 3, 5, kind), torch.randn(B, 15, C)
    torch.testing.assert_close(encoding(x) - x, encoding.position.expand(B, 15, C))
    assert len(list(encoding.parameters())) == (kind == "learned")
    assert set(encoding.state_dict()) == ({"position"} if kind == "learned" else set())


def theirs(ours: MultiHeadAttention) -> nn.MultiheadAttention:
    """torch's attention with our weights."""
    other = nn.MultiheadAttention(C, H, batch_first=True)
    parts = (ours.query, ours.key, ours.value)
    weights = {
        "in_proj_weight": torch.cat([part.weight for part in parts]),
        "in_proj_bias": torch.cat([part.bias for part in parts]),
        "out_proj.weight": ours.output.weight,
        "out_proj.bias": ours.output.bias,
    }
    other.load_state_dict(weights)
    return other


def test_attention_is_torchs() -> None:
    ours, x = MultiHeadAttention(C, H), torch.randn(B, T, C)
    gathered, weights = ours(x)
    expected, expected_weights = theirs(ours)(x, x, x, average_attn_weights=False)
    torch.testing.assert_close(gathered, expected)
    torch.testing.assert_close(weights, expected_weights)


@pytest.mark.parametrize("norm_first", [True, False])
def test_a_layer_is_torchs(norm_first: bool) -> None:
    ours = EncoderLayer(C, H, FF, norm_first=norm_first)
    for norm in (ours.attention_norm, ours.feed_forward_norm):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    other = nn.TransformerEncoderLayer(
        C, H, FF, dropout=0.0, batch_first=True, norm_first=norm_first
    )
    other.self_attn = theirs(ours.attention)
    for part, own in (
        (other.linear1, ours.feed_forward.up),
        (other.linear2, ours.feed_forward.down),
        (other.norm1, ours.attention_norm),
        (other.norm2, ours.feed_forward_norm),
    ):
        part.load_state_dict(own.state_dict())
    x = torch.randn(B, T, C)
    torch.testing.assert_close(ours(x), other(x))


def test_dropout_is_at_work_in_training_alone() -> None:
    layer, x = EncoderLayer(C, H, FF, dropout=0.5), torch.randn(B, T, C)
    assert not torch.equal(layer(x), layer(x))
    layer.eval()
    assert torch.equal(layer(x), layer(x))
    torch.manual_seed(0)
    attention = MultiHeadAttention(64, 1, dropout=0.5)
    nn.init.eye_(attention.value.weight)
    nn.init.eye_(attention.output.weight)
    for part in (attention.value, attention.output):
        nn.init.zeros_(part.bias)
    mixed_weights, weights = attention(torch.eye(64)[None])  # the values are unit vectors
    dropped = mixed_weights[0] == 0
    assert 0.4 < dropped.double().mean() < 0.6
    torch.testing.assert_close(mixed_weights[0], weights[0, 0].masked_fill(dropped, 0) * 2)


@pytest.mark.parametrize("stem", [False, True])
@pytest.mark.parametrize("patch_size", [2, 4, 8])
def test_stem_and_patches_give_as_many_tokens(stem: bool, patch_size: int) -> None:
    model = TransformerEncoder(16, patch_size, C, H, 1, FF, 5, stem=stem)
    assert model.embedding(torch.randn(3, 3, 16, 16)).shape == (3, (16 // patch_size) ** 2, C)


def test_a_stem_of_convolutions_sees_beyond_its_patch() -> None:
    x = torch.zeros(1, 3, 16, 16)
    other = x.clone()
    other[0, :, 7, 7] = 1.0  # the last pixel of the patch at (1, 1)
    for stem, at_least, at_most in ((False, 1, 1), (True, 2, 9)):
        embedding = small(stem=stem).embedding
        changed = (embedding(x) != embedding(other)).any(dim=-1).sum()
        assert at_least <= changed <= at_most


@pytest.mark.parametrize("norm_first", [True, False])
def test_the_whole_is_its_parts(norm_first: bool) -> None:
    model, x = small(norm_first=norm_first, channels=1), torch.randn(3, 1, 16, 16)
    h = model.embedding.project(F.unfold(x, 4, stride=4).mT) + sine_positions(16, C)
    for layer in model.layers:
        h = layer(h)
    if norm_first:
        h = F.layer_norm(h, (C,), model.norm.weight, model.norm.bias)
    torch.testing.assert_close(model(x), model.head(h.mean(dim=1)))


def test_attention_maps_are_weights_of_every_layer() -> None:
    model, x = small(), torch.randn(3, 3, 16, 16)
    maps = model.attention_maps(x)
    assert maps.shape == (2, 3, H, 16, 16)
    torch.testing.assert_close(maps.sum(dim=-1), torch.ones(2, 3, H, 16))
    first = model.positions(model.embedding(x))
    layer = model.layers[0]
    torch.testing.assert_close(maps[0], layer.attention(layer.attention_norm(first))[1])
    assert not any(module._forward_hooks for module in model.modules())
