"""Generation: cached = uncached, a batch = its rows, stops, and texts longer than the context."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from config import LlamaConfig
from generation import pack_left_padded
from llama import Llama
from tests.helpers import CONFIG, random_tokens
from tests.helpers import random_llama as random_float32_llama

SHORT = replace(CONFIG, max_seq_len=16)


def random_llama(config: LlamaConfig = CONFIG) -> Llama:
    """In float64: two ways of computing differ by less than any two tokens do."""
    return random_float32_llama(config).double()


def slow_generate(model: Llama, text: list[int], new: int) -> list[int]:
    """The plain loop: read everything again for each token; past the context keep the last half."""
    text, window = list(text), list(text)
    limit = model.config.max_seq_len
    for _ in range(new):
        if len(window) > limit:
            window = window[-(limit // 2) :]
        with torch.no_grad():
            token = int(model(torch.tensor([window]))[0][0, -1].argmax())
        text.append(token)
        window.append(token)
    return text


@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("config", [CONFIG, SHORT], ids=["fits", "outgrows"])
def test_equal_to_the_plain_loop(config, causal: bool, use_cache: bool) -> None:
    model = random_llama(replace(config, causal=causal))
    prompt = random_tokens(1, 9)
    expected = slow_generate(model, prompt[0].tolist(), 40)
    assert model.generate(prompt, 40, 0.0, use_cache=use_cache)[0].tolist() == expected


@pytest.mark.parametrize("side", ["left", "right", "both"])
@pytest.mark.parametrize("config", [CONFIG, SHORT], ids=["fits", "outgrows"])
def test_each_row_of_a_batch_equals_its_run_alone(config, side: str) -> None:
    model = random_llama(config)
    prompts = [random_tokens(n, seed=n).tolist() for n in (9, 2, 12, 1)]
    width = 14
    tokens = torch.full((4, width), 3)
    mask = torch.zeros(4, width, dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        start = {"left": width - len(prompt), "right": 0, "both": 1}[side]
        span = slice(start, start + len(prompt))
        tokens[row, span], mask[row, span] = torch.tensor(prompt), True
    together = model.generate(tokens, 30, 0.0, mask=mask)
    assert torch.equal(together[:, :width], tokens)
    for row, prompt in enumerate(prompts):
        alone = model.generate(torch.tensor([prompt]), 30, 0.0)
        assert together[row, width:].tolist() == alone[0, len(prompt) :].tolist()


def test_exactly_as_many_tokens_as_asked() -> None:
    model, prompt = random_llama(), random_tokens(2, 5)
    for new in (0, 1, 7):
        assert model.generate(prompt, new).shape == (2, 5 + new)


def test_stop_tokens() -> None:
    model, prompt = random_llama(), random_tokens(3, 5, seed=4)
    free = model.generate(prompt, 20, 0.0)[:, 5:]
    stop = int(free[0, 6])
    first = [row.tolist().index(stop) if stop in row.tolist() else 20 for row in free]
    stopped = model.generate(prompt, 20, 0.0, stop_tokens=[stop])[:, 5:]
    for row, end in enumerate(first):
        assert stopped[row, :end].tolist() == free[row, :end].tolist()
        assert set(stopped[row, end:].tolist()) <= {stop}
    alone = model.generate(prompt[:1], 20, 0.0, stop_tokens=[stop])
    assert alone[0, 5:].tolist() == free[0, : first[0] + 1].tolist()


def test_stream_yields_what_generate_returns() -> None:
    model, prompt = random_llama(), random_tokens(2, 5)
    new = list(model.stream(prompt, 6, 0.0))
    assert all(token.shape == (2, 1) for token in new)
    assert torch.equal(torch.cat((prompt, *new), dim=1), model.generate(prompt, 6, 0.0))


def test_the_generator_decides() -> None:
    model, prompt = random_llama(), random_tokens(2, 5)

    def sample(seed: int, **options) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return model.generate(prompt, 20, 1.0, generator=generator, **options)

    state = torch.get_rng_state()
    assert torch.equal(sample(1), sample(1))
    assert not torch.equal(sample(1), sample(2))
    assert torch.equal(sample(1), sample(1, use_cache=False))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(sample(1, top_k=1), model.generate(prompt, 20, 0.0))


def test_nothing_is_left_over_between_calls() -> None:
    model, a, b = random_llama(), random_tokens(1, 5), random_tokens(2, 8, seed=1)
    before = a.clone()
    first = model.generate(a, 10, 0.0)
    model.generate(b, 10, 0.0)
    assert torch.equal(model.generate(a, 10, 0.0), first)
    assert torch.equal(a, before)


def test_generated_tokens_can_be_trained_on() -> None:
    model = random_llama()
    text = model.generate(random_tokens(1, 5), 5, 0.0)
    model(text, targets=text)[0].sum().backward()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_new_tokens": -1}, "max_new_tokens=-1"),
        ({"temperature": -0.5}, "temperature=-0.5"),
        ({"temperature": float("nan")}, "temperature=nan"),
        ({"top_k": 0}, "top_k=0"),
        ({"top_p": 0.0}, "top_p=0.0"),
        ({"top_p": 1.5}, "top_p=1.5"),
        ({"idx": torch.zeros(1, 0, dtype=torch.long)}, "prompt of shape"),
        ({"idx": torch.zeros(5, dtype=torch.long)}, "prompt of shape"),
        ({"idx": random_tokens(1, 65)}, "prompt of 65 tokens: the context ends at max_seq_len=64"),
        ({"mask": torch.ones(1, 5)}, "must be torch.bool"),
        ({"mask": torch.zeros(1, 5, dtype=torch.bool)}, "no real token"),
    ],
)
def test_a_wrong_argument_is_named(arguments: dict, message: str) -> None:
    given = {"idx": random_tokens(1, 5), "max_new_tokens": 3, **arguments}
    with pytest.raises(ValueError, match=r".") as caught:
        random_llama().generate(**given)
    assert message in str(caught.value)


def test_packing_by_hand() -> None:
    tokens = torch.tensor([[1, 2, 0, 0], [0, 3, 4, 5], [0, 6, 0, 7]])
    packed, real = pack_left_padded(tokens, tokens > 0)
    assert (packed * real).tolist() == [[0, 1, 2], [3, 4, 5], [0, 6, 7]]
    packed, real = pack_left_padded(tokens, tokens > 0, 2)
    assert (packed * real).tolist() == [[1, 2], [4, 5], [6, 7]]


def test_a_penalty_on_repetition_sees_the_row_alone() -> None:
    """Not its padding, of which every row of a batch has another amount; nor is a text the same."""
    model = random_llama()
    rows = [random_tokens(1, n, seed=n) for n in (3, 9, 6)]
    alone = [model.generate(row, 12, 0.0, repetition_penalty=1.8)[0, -12:] for row in rows]
    tokens, mask = torch.zeros(3, 9, dtype=torch.long), torch.zeros(3, 9, dtype=torch.bool)
    for i, row in enumerate(rows):
        tokens[i, -row.shape[1] :], mask[i, -row.shape[1] :] = row, True
    batch = model.generate(tokens, 12, 0.0, mask=mask, repetition_penalty=1.8)[:, -12:]
    assert torch.equal(batch, torch.stack(alone))
    assert not torch.equal(model.generate(rows[0], 12, 0.0)[0, -12:], alone[0])
    with pytest.raises(TypeError, match="topk"):
        model.generate(rows[0], 1, topk=3)  # type: ignore[call-arg]


@torch.no_grad()
def test_log_probabilities_are_the_models_own() -> None:
    """Of each token given all before it, whatever filters chose it; in a batch as alone."""
    model, idx = random_llama(), random_tokens(2, 5)
    options: Any = {"generator": torch.Generator().manual_seed(3), "top_k": 4}
    text, logprobs = model.generate(idx, 9, 0.7, return_logprobs=True, **options)
    assert logprobs.shape == (2, 9)
    logits = model(text[:, :-1], text[:, :-1])[0]
    expected = F.log_softmax(logits.float(), dim=-1).gather(-1, text[:, 1:, None])[:, 4:, 0]
    torch.testing.assert_close(logprobs, expected, atol=1e-4, rtol=1e-4)
    text, logprobs = model.generate(
        idx, 9, 0.0, return_logprobs=True, stop_tokens=(int(model.generate(idx, 2, 0.0)[0, 6]),)
    )
    assert (logprobs[0, 2:] == 0).all()
    assert (logprobs[:, :2] < 0).all()
    assert model.generate(idx, 0, return_logprobs=True)[1].shape == (2, 0)
