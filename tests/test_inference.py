"""The fast decoder does what the taught model does."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

import inference.decoder
import inference.packing
from base_llama import KeyValueCache
from classifier import LlamaZeroShotClassifier
from inference import Decoder
from inference.decoder import TYPICAL
from inference.packing import Int8Product, Int8WeightProduct, PlainProduct, to_int8
from inference.traced import attend, pack_traceable, to_words, unpack
from support import processor
from tests.helpers import CONFIG, random_llama, random_tokens
from tests.test_generate import SHORT

CLOSE: Any = {"atol": 3e-5, "rtol": 1e-4}  # float32, other order of sums
SHAPES = {
    "grouped": CONFIG,
    "untied": replace(CONFIG, tie_embeddings=False),
    "every head its own": replace(CONFIG, n_kv_heads=6),
    "bidirectional": replace(CONFIG, causal=False),
    "large eps": replace(CONFIG, layer_norm_eps=0.3),
}


def padded(side: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of 9, 2, 12 and 1 tokens, padded to 14 on either side or both."""
    tokens, mask = random_tokens(4, 14, seed=5), torch.zeros(4, 14, dtype=torch.bool)
    for row, length in enumerate((9, 2, 12, 1)):
        start = {"left": 14 - length, "right": 0, "both": 1}[side]
        mask[row, start : start + length] = True
    return tokens, mask


@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)
@torch.no_grad()
def test_logits_and_states_are_the_taught_ones(config) -> None:
    model = random_llama(config)
    decoder, tokens = Decoder(model), random_tokens(3, 17)
    for targets in (None, tokens):
        for ours, taught in zip(decoder(tokens, targets), model(tokens, targets), strict=True):
            torch.testing.assert_close(ours, taught, **CLOSE)


@pytest.mark.parametrize("side", ["left", "right", "both"])
@pytest.mark.parametrize("cached", [True, False])
@torch.no_grad()
def test_padding_moves_nothing(side: str, cached: bool) -> None:
    model = random_llama()
    decoder = Decoder(model)
    tokens, mask = padded(side)
    cache = decoder.new_cache(4) if cached else None
    ours, ours_h = decoder(tokens, mask=mask, cache=cache)
    taught, taught_h = model(tokens, mask=mask)
    torch.testing.assert_close(ours, taught, **CLOSE)
    torch.testing.assert_close(ours_h[mask], taught_h[mask], **CLOSE)


@pytest.mark.parametrize("config", [CONFIG, SHORT, replace(SHORT, causal=False)])
@pytest.mark.parametrize("rows", [1, 3])
def test_texts_are_the_taught_ones(config, rows: int) -> None:
    model = random_llama(config)
    decoder, prompt = Decoder(model), random_tokens(rows, 9)
    taught = model.generate(prompt, 40, 0.0)
    assert torch.equal(decoder.generate(prompt, 40, 0.0), taught)
    stops = [int(taught[0, 15])]
    expected = model.generate(prompt, 40, 0.0, stop_tokens=stops)
    assert torch.equal(decoder.generate(prompt, 40, 0.0, stop_tokens=stops), expected)
    sampled = [
        engine.generate(
            prompt, 30, 0.8, top_k=20, top_p=0.9, generator=torch.Generator().manual_seed(3)
        )
        for engine in (decoder, model)
    ]
    assert torch.equal(*sampled)


def test_batches_of_unequal_length() -> None:
    model = random_llama(SHORT)
    decoder = Decoder(model)
    for side in ("left", "right", "both"):
        tokens, mask = padded(side)
        expected = model.generate(tokens, 30, 0.0, mask=mask)
        assert torch.equal(decoder.generate(tokens, 30, 0.0, mask=mask), expected)


@torch.no_grad()
def test_a_long_prompt_is_read_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference.decoder, "CHUNK", 5)
    model = random_llama()
    decoder, tokens = Decoder(model), random_tokens(2, 23)
    cache = decoder.new_cache(2)
    torch.testing.assert_close(decoder(tokens, tokens, cache=cache), model(tokens, tokens), **CLOSE)
    for side in ("left", "right"):
        tokens, mask = padded(side)
        ours = decoder(tokens, mask=mask, cache=decoder.new_cache(4))[0]
        torch.testing.assert_close(ours, model(tokens, mask=mask)[0], **CLOSE)


@pytest.mark.parametrize("padding", [False, True])
@torch.no_grad()
def test_what_all_rows_begin_with_is_read_once(
    padding: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = random_llama()
    decoder, tokens = Decoder(model), random_tokens(4, 20)
    mask = torch.ones_like(tokens, dtype=torch.bool)
    if padding:  # rows of 20, 19, 18 and 17 tokens
        for row in range(4):
            mask[row, :row] = False
    for row in range(4):
        start = row if padding else 0
        tokens[row, start : start + 12] = random_tokens(12, seed=9)
    seen = []
    embed = F.embedding

    def count(ids: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        seen.append(ids.numel())
        return embed(ids, table)

    monkeypatch.setattr(F, "embedding", count)
    cache = decoder.new_cache(4)
    logits, h = decoder(tokens, mask=mask, cache=cache)
    assert seen == [12, 4 * 8]
    monkeypatch.undo()
    taught, taught_h = model(tokens, mask=mask)
    torch.testing.assert_close(logits, taught, **CLOSE)
    torch.testing.assert_close(h[mask], taught_h[mask], **CLOSE)
    expected = model.generate(tokens, 20, 0.0, mask=mask)
    assert torch.equal(decoder.generate(tokens, 20, 0.0, mask=mask), expected)


@torch.no_grad()
def test_it_classifies_as_the_taught_model_does() -> None:
    model = random_llama()
    pieces = {"bad": [5], "good": [6, 7]}

    def encode(text: str, bos: bool, eos: bool) -> list[int]:
        return [1, 2, 3, *next((ids for name, ids in pieces.items() if text.endswith(name)), [])]

    tokenizer: Any = SimpleNamespace(encode=encode)
    tokens, mask = padded("right")
    engines: list[Any] = [Decoder(model), model]
    scores = [
        LlamaZeroShotClassifier(SimpleNamespace(num_labels=2), tokenizer, list(pieces), engine)(
            tokens, mask
        )
        for engine in engines
    ]
    torch.testing.assert_close(*scores, **CLOSE)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@torch.no_grad()
def test_half_precision_is_as_close_as_the_taught_model_in_it(dtype: str) -> None:
    model, tokens = random_llama(), random_tokens(3, 17)
    exact = model(tokens, tokens)[0]
    ours = Decoder(model, dtype)(tokens, tokens)[0]
    assert ours.dtype == getattr(torch, dtype)
    error = (ours.float() - exact).norm() / exact.norm()
    taught = model.to(ours.dtype)(tokens, tokens)[0].float()
    assert error < 1.5 * (taught - exact).norm() / exact.norm()


@pytest.mark.parametrize("rows", [1, 40])
def test_emulated_half_precision_is_still_the_product(rows: int) -> None:
    weight, x = torch.randn(24, 48), torch.randn(rows, 48)
    product = PlainProduct(weight.bfloat16())
    product.emulated = True
    ours = product(x.bfloat16()).float()
    assert (ours - x @ weight.T).norm() / (x @ weight.T).norm() < 0.01


@pytest.mark.parametrize("kind", [Int8Product, Int8WeightProduct])
def test_int8_is_off_by_its_rounding_only(kind) -> None:
    torch.manual_seed(0)
    weight = torch.randn(96, 256) * torch.logspace(-3, 3, 96)[:, None]  # scales that differ
    product, x = kind(weight), torch.randn(3, 8, 256)
    for ours in (product(x), torch.cat([product(row[None, None]) for row in x.flatten(0, 1)])):
        errors = (ours.view(24, 96) - (x @ weight.T).view(24, 96)) / weight.norm(dim=1)
        assert errors.square().mean(dim=0).sqrt().max() < 0.025


def test_no_pair_of_products_leaves_16_bits() -> None:
    """The worst input for each row, and weights that all are of one size."""
    weight = torch.randn(24, 64).sign() * 0.7
    x = (weight > 0).float()
    exact = x @ weight.T
    errors = (Int8Product(weight)(x) - exact).diagonal() / exact.diagonal()
    assert errors.abs().max() < 0.02


@pytest.mark.parametrize("columns", [48, 44, 43])  # torch reads them 8 at a time
def test_many_rows_are_the_product_too(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference.packing, "WIDENED", 10)
    weight, x = torch.randn(24, columns), torch.randn(100, columns)
    few = torch.cat([Int8WeightProduct(weight)(part) for part in x.split(10)])
    assert (Int8WeightProduct(weight)(x) - few).norm() / few.norm() < 0.01


def test_a_huge_row_does_not_cost_the_others_their_precision() -> None:
    torch.manual_seed(0)
    weight, x = torch.randn(96, 256), torch.randn(8, 256)
    x[0] *= 1e4
    exact = x @ weight.T
    errors = (Int8Product(weight)(x) - exact).norm(dim=1) / exact.norm(dim=1)
    assert errors.max() < 0.03
    assert torch.equal(Int8Product(weight)(torch.zeros(2, 256)), torch.zeros(2, 96))


@pytest.mark.slow
@pytest.mark.skipif(processor.cpp_compiler() is None, reason="no C++ compiler here")
@torch.no_grad()
def test_compiled_layers_compute_the_same() -> None:
    config = replace(CONFIG, max_seq_len=2 * TYPICAL)
    model, prompt = random_llama(config), random_tokens(1, 12)
    rounded = random_llama()  # to weights that int8 holds exactly: nothing may differ
    for layer in rounded.modules():
        if isinstance(layer, torch.nn.Linear):
            whole, scales = to_int8(layer.weight)
            layer.weight.copy_(whole * scales[:, None])
    # Two forms in one process: neither may be taken for the other.
    forms = (
        (model, Decoder(model, compile=True), (12, 13, 30)),
        # What fills the cache is not compiled, and int8 then rounds otherwise.
        (rounded, Decoder(rounded, quantize="int8"), (13, 30)),
    )
    for taught, decoder, _ in forms:
        decoder.for_one = decoder.compiled_stack(taught)  # whether or not it would be the faster
        decoder.generate(prompt, 4, 0.0)
    with torch.compiler.set_stance("fail_on_recompile"):  # once is enough for all lengths
        for taught, decoder, capacities in forms:
            for cache in [decoder.new_cache(1, capacity) for capacity in capacities]:
                taught(prompt[:, :1], cache=cache)  # the first token is not compiled either
                for end in range(2, 13):
                    ours, h = decoder(prompt[:, end - 1 : end], cache=cache)
                    logits, hidden = taught(prompt[:, :end])
                    assert (ours - logits).norm() < 1e-5 * logits.norm()
                    assert (h[0, -1] - hidden[0, -1]).norm() < 1e-5 * hidden[0, -1].norm()
        fast = forms[0][1]
        assert torch.equal(fast.generate(prompt, 30, 0.0), model.generate(prompt, 30, 0.0))
        longer, cache = random_tokens(1, TYPICAL + 9), fast.new_cache(1)
        fast(longer[:, :-1], cache=cache)
        logits = model(longer)[0]
        assert (fast(longer[:, -1:], cache=cache)[0] - logits).norm() < 1e-5 * logits.norm()


@torch.no_grad()
def test_of_two_stacks_the_faster_is_kept() -> None:
    decoder = Decoder(random_llama())
    plain = decoder.stack

    def slow(*given: Any) -> torch.Tensor:
        time.sleep(0.01)
        return plain.run(*given)

    slower = replace(plain, run=slow)
    assert not decoder._choose(plain, slower)
    assert decoder.for_one is plain
    assert decoder._choose(slower, plain)
    assert decoder.for_one is plain


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "int8"}, "dtype='int8'.*float32, bfloat16"),
        ({"quantize": "int4"}, "quantize='int4'.*'int8' or None"),
        ({"quantize": "int8", "dtype": "bfloat16"}, "takes dtype='float32', not 'bfloat16'"),
    ],
)
def test_wrong_options(options, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Decoder(random_llama(), **options)


def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference.decoder, "cpp_compiler", lambda: None)
    with pytest.raises(ValueError, match=r"no C\+\+ compiler here; install g\+\+"):
        Decoder(random_llama(), compile=True)


def test_wrong_calls_are_the_taught_models_errors() -> None:
    decoder = Decoder(random_llama())
    with pytest.raises(ValueError, match="tokens exceed max_seq_len=64"):
        decoder(random_tokens(1, 65))
    with pytest.raises(ValueError, match="max_new_tokens=-1"):
        decoder.generate(random_tokens(1, 5), -1)


def test_a_batch_that_does_not_fit_says_what_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("base_llama.free_memory", lambda: 10**6)
    # 2 tensors, 3 layers, 2 heads of 8 numbers of 4 bytes: 24,576 bytes for 64 tokens of a row
    with pytest.raises(ValueError, match=r"100 x 64 tokens take 0\.0 GB.*40 rows would fit"):
        KeyValueCache(CONFIG, 100)
    KeyValueCache(CONFIG, 40)
