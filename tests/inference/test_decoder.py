"""The fast decoder does what the taught model does."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

import inference.decoder
import inference.packing
from classifier import LlamaZeroShotClassifier
from config import RopeScaling
from inference import Decoder
from inference.decoder import TYPICAL
from inference.packing import to_int8
from support import processor
from tests.helpers import (
    CONFIG,
    assert_same_text,
    counting_llama,
    random_llama,
    random_tokens,
    recorded_margins,
)
from tests.test_generation import SHORT

CLOSE: Any = {"atol": 3e-5, "rtol": 1e-4}  # float32, other order of sums


SHAPES = {
    "grouped": CONFIG,
    "untied": replace(CONFIG, tie_embeddings=False),
    "every head its own": replace(CONFIG, n_kv_heads=6),
    "bidirectional": replace(CONFIG, causal=False),
    "other head size": replace(CONFIG, head_dim=10),
    "scaled frequencies": replace(CONFIG, rope_scaling=RopeScaling("linear", 4.0)),
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
    with recorded_margins() as margins:
        taught = model.generate(prompt, 40, 0.0)
    assert_same_text(decoder.generate(prompt, 40, 0.0), taught, margins)
    # Among one token there is no choice: the decoder passes on what decides.
    alone = decoder.generate(prompt, 40, 0.8, top_k=1, generator=torch.Generator().manual_seed(3))
    assert_same_text(alone, taught, margins)


def test_texts_stop_where_the_taught_ones_do() -> None:
    model = counting_llama(CONFIG)
    decoder, prompt = Decoder(model), torch.tensor([[5, 6], [40, 41]])
    for engine in (model, decoder):
        text = engine.generate(prompt, 40, 0.0, stop_tokens=[11, 45])
        assert text.tolist() == [[5, 6, 7, 8, 9, 10, 11], [40, 41, 42, 43, 44, 45, 45]]


def test_batches_of_unequal_length() -> None:
    model = random_llama(SHORT)
    decoder = Decoder(model)
    for side in ("left", "right", "both"):
        tokens, mask = padded(side)
        with recorded_margins() as margins:
            expected = model.generate(tokens, 30, 0.0, mask=mask)
        assert_same_text(decoder.generate(tokens, 30, 0.0, mask=mask), expected, margins)


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
    with recorded_margins() as margins:
        expected = model.generate(tokens, 20, 0.0, mask=mask)
    assert_same_text(decoder.generate(tokens, 20, 0.0, mask=mask), expected, margins)


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
    half = random_llama(replace(CONFIG, vocab_size=300)).bfloat16()  # torch knows two sizes then
    # Three forms in one process: none may be taken for another.
    forms = (
        (half, Decoder(half, "bfloat16"), (12, 13, 30), 5e-2),
        (model, Decoder(model, compile=True), (12, 13, 30), 1e-5),
        # What fills the cache is not compiled, and int8 then rounds otherwise.
        (rounded, Decoder(rounded, quantize="int8"), (13, 30), 1e-5),
    )
    for taught, decoder, *_ in forms:
        decoder.for_one = decoder.compiled_stack(taught)  # whether or not it would be the faster
    with torch.compiler.set_stance("fail_on_recompile"):  # once is enough for all lengths
        for taught, decoder, capacities, close in forms:
            for cache in [decoder.new_cache(1, capacity) for capacity in capacities]:
                taught(prompt[:, :1], cache=cache)  # the first token is not compiled either
                for end in range(2, 13):
                    ours, h = decoder(prompt[:, end - 1 : end], cache=cache)
                    logits, hidden = taught(prompt[:, :end])
                    assert (ours - logits).norm() < close * logits.norm()
                    assert (h[0, -1] - hidden[0, -1]).norm() < close * hidden[0, -1].norm()
        fast = forms[1][1]
        with torch.inference_mode():
            fast.generate(prompt, 4, 0.0)
        with recorded_margins() as margins:
            text = model.generate(prompt, 30, 0.0)
        assert_same_text(fast.generate(prompt, 30, 0.0), text, margins)
        longer, cache = random_tokens(1, TYPICAL + 9), fast.new_cache(1)
        fast(longer[:, :-1], cache=cache)
        logits = model(longer)[0]
        assert (fast(longer[:, -1:], cache=cache)[0] - logits).norm() < 1e-5 * logits.norm()


@torch.no_grad()
def test_of_two_stacks_the_faster_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock of our own, which no other work on the machine can slow down."""
    decoder = Decoder(random_llama())
    clock = 0.0

    def taking(seconds: float) -> Any:
        def run(*given: Any) -> torch.Tensor:
            nonlocal clock
            clock += seconds
            return plain(*given)

        return run

    plain = decoder.stack.run
    monkeypatch.setattr("inference.decoder.time.perf_counter", lambda: clock)
    fast, slow = (replace(decoder.stack, run=taking(seconds)) for seconds in (0.01, 0.02))
    assert not decoder._choose(fast, slow)
    assert decoder.for_one is fast
    assert decoder._choose(slow, fast)
    assert decoder.for_one is fast


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
    monkeypatch.setattr(inference.decoder, "compile_fault", lambda _: "no C++ compiler here")
    with pytest.raises(ValueError, match=r"no C\+\+ compiler here; leave it out"):
        Decoder(random_llama(), compile=True)


def test_wrong_calls_are_the_taught_models_errors() -> None:
    decoder = Decoder(random_llama())
    with pytest.raises(ValueError, match="tokens exceed max_seq_len=64"):
        decoder(random_tokens(1, 65))
    with pytest.raises(ValueError, match="max_new_tokens=-1"):
        decoder.generate(random_tokens(1, 5), -1)
