"""The fast decoder is the taught model, only faster."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from inference import Decoder
from tests.helpers import CONFIG, random_llama, random_tokens
from tests.test_generate import SHORT


def test_logits_equal() -> None:
    model = random_llama()
    decoder = Decoder(model)
    tokens = random_tokens(3, 17)
    a = model(tokens, targets=tokens)
    b = decoder(tokens, targets=tokens)
    torch.testing.assert_close(b[0], a[0], atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(b[1], a[1], atol=2e-5, rtol=1e-4)
    for config in (CONFIG, SHORT):
        model = random_llama(config); decoder = Decoder(model)
        p = random_tokens(4, 9)
        assert torch.equal(decoder.generate(p, 40, 0.0), model.generate(p, 40, 0.0))
        p = random_tokens(1, 12).repeat(4, 1)
        p[:, -2:] = random_tokens(4, 2)
        m = torch.ones_like(p, dtype=torch.bool); m[1, :3] = False; m[2, :1]=False
        assert torch.equal(decoder.generate(p, 40, 0.0), model.generate(p, 40, 0.0))
        assert torch.equal(decoder.generate(p, 40, 0.0,mask=m), model.generate(p, 40, 0.0,mask=m))
