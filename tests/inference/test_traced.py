"""What is spelt out for the compiler computes what it stands for."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from inference.traced import attend, compile_kernel, pack_traceable, to_words, unpack
from support import processor


@pytest.mark.parametrize(("rows", "columns"), [(24, 48), (23, 43)])  # divisible, and not
@pytest.mark.parametrize(
    ("dtype", "quantize", "tolerance"),
    [
        (torch.float32, None, 1e-5),
        (torch.float16, None, 1e-3),
        (torch.bfloat16, None, 1e-2),
        (torch.float32, "int8", 1e-2),
    ],
)
def test_what_is_traced_is_the_product(
    rows: int, columns: int, dtype: torch.dtype, quantize: str | None, tolerance: float
) -> None:
    torch.manual_seed(0)
    weight, x = torch.randn(rows, columns), torch.randn(1, 1, columns)
    y = pack_traceable(weight, dtype, quantize, False)(x.to(dtype))
    assert y.shape == (1, 1, rows)
    assert (y.float() - x @ weight.T).norm() < tolerance * (x @ weight.T).norm()


def test_what_is_traced_is_the_attention() -> None:
    torch.manual_seed(0)
    query, (keys, values) = torch.randn(1, 6, 1, 8), torch.randn(2, 1, 2, 5, 8)
    fused = F.scaled_dot_product_attention(query, keys, values, enable_gqa=True)
    torch.testing.assert_close(attend(query, keys, values), fused)


@pytest.mark.parametrize("shape", [(7, 12), (7, 10)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.int8])
def test_words_hold_the_weights(shape: tuple[int, int], dtype: torch.dtype) -> None:
    whole = torch.randint(-128, 128, shape, generator=torch.Generator().manual_seed(1))
    weight = (whole if dtype == torch.int8 else whole / 3).to(dtype)
    words = to_words(weight)
    columns = torch.cat(unpack(words, dtype), dim=1)
    assert torch.equal(columns[:, : shape[1]], weight.float())
    assert not columns[:, shape[1] :].any()
    assert words.nbytes == columns[0].numel() * len(weight) * weight.itemsize


@pytest.mark.slow
@pytest.mark.skipif(processor.cpp_compiler() is None, reason="no C++ compiler here")
def test_a_kernel_is_compiled_for_each_size_and_shared_with_no_other() -> None:
    """Else its loops would be slower, or torch's limit of 8 be reached by several models."""

    def doubled(x: torch.Tensor) -> torch.Tensor:
        return 2 * x

    def compiled() -> int:
        return torch._dynamo.utils.counters["stats"]["unique_graphs"] - before

    before = 0
    before = compiled()
    kernel = compile_kernel(doubled)
    for size in (8, 9, 10, 8):
        assert torch.equal(kernel(torch.ones(size)), torch.full((size,), 2.0))
    assert compiled() == 3
    for _ in range(9):
        compile_kernel(doubled)(torch.ones(8))
    assert compiled() == 3 + 9
