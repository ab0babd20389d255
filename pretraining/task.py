"""What the trainer is handed: a Llama that reads windows of a text, and how good it is by now."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from llama import Llama
from loading import encode_prompt, generate
from pretraining.batches import windows
from pretraining.corpus import Corpus
from pretraining.fused import fuse_attention, fused_cross_entropy
from pretraining.settings import Settings
from support.words import banner
from tokenizer import TextTokenizer
from training.processes import World
from training.recipe import choose_autocast
from training.trainer import LOSS

RATE, SHARE = "Tokens per second/train", "Share of peak/train"
PROMPT = 8  # tokens of the held-out text, where the text has not the prompt's characters
SHORT = 512  # tokens of a window, up to which the taught attention may be the faster one
PEAK = 1024  # rows and columns of the product that tells what a machine can do


class TextTask:
    """What the trainer is handed: a model, and windows of a text; a round stands for an epoch."""

    def __init__(
        self,
        model: Llama,
        corpus: Corpus,
        tokenizer: TextTokenizer,
        settings: Settings,
        device: Any,
        world: World,
    ) -> None:
        """Raises a ValueError where a split of the corpus is not longer than the context."""
        self.model, self.corpus, self.tokenizer, self.settings = model, corpus, tokenizer, settings
        self.device, self.world = device, world
        training, self.context = settings.training, settings.model.context
        self.train, self.valid = corpus.tokens("train"), corpus.tokens("valid")
        for split, tokens in (("train", self.train), ("valid", self.valid)):
            if len(tokens) <= self.context:
                raise ValueError(
                    f"{corpus.folder}: {split} has {len(tokens):,} tokens, and the context is "
                    f"{self.context}: give a longer text, or a shorter --model.context"
                )
        self.size = training.eval_every * training.batch_size
        last = min(training.eval_tokens, len(self.valid) - 1) - self.context
        self.fixed = list(range(0, max(1, last + 1), self.context))
        self.held_out = len(self.fixed)
        self.prompt = self._prompt()
        self.autocast = choose_autocast(training.autocast, device)
        # Measured: in bfloat16 torch's attention takes longer on a processor, if windows are short.
        if not (self.autocast and device.type == "cpu" and self.context <= SHORT):
            fuse_attention(model)
        called = torch.compile(model) if training.compile else model
        self.called = world.distribute(called, list(model.layers), training.sharding)
        self.peak = peak_flops(torch.bfloat16 if self.autocast else torch.float32, device)
        self.since = time.perf_counter()  # the round, or a resume within it, began
        self.tokens = 0  # that were trained on since, by all processes

    def _prompt(self) -> str:
        """The one of the settings, or, of characters that the text has not, the held-out text's."""
        prompt = self.settings.prompt
        try:
            count = len(encode_prompt(self.tokenizer, prompt))
        except ValueError:
            prompt = self.tokenizer.decode(self.valid[:PROMPT].tolist())
            print(
                banner("note", f"the text lacks characters of the prompt: {prompt!r} in its place")
            )
            return prompt
        if count > self.context:
            raise ValueError(
                f"prompt={prompt!r}: has {count} tokens, and the context {self.context}: give a "
                "shorter --prompt, or a longer --model.context"
            )
        return prompt

    def order(self, generator: torch.Generator) -> list[int]:
        """Where the windows of a round begin: anywhere, each place being as likely."""
        n = len(self.train) - self.context
        return torch.randint(n, (self.size,), generator=generator).tolist()

    def micro_batches(self, rows: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
        self.tokens += len(rows) * self.context * self.world.size
        return self._windows(self.train, rows)

    def _windows(self, text: Any, rows: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
        count = max(1, self.settings.training.max_tokens // self.context)
        for i in range(0, len(rows), count):
            inputs, targets = windows(text, list(rows[i : i + count]), self.context, self.device)
            if int(targets.max()) >= self.tokenizer.n_words:
                raise ValueError(
                    f"{self.corpus.folder}: token {int(targets.max())} is beyond the vocabulary of "
                    f"{self.tokenizer.n_words}: delete the folder, and it is made anew"
                )
            yield inputs, targets

    def loss(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, float]]:
        """The mean loss of a window, summed over the windows."""
        inputs, targets = batch
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            logits, _ = (self.called if self.model.training else self.model)(inputs, inputs)
        loss = fused_cross_entropy(logits.flatten(0, 1), targets.flatten())
        return loss * len(inputs), {}

    @torch.no_grad()
    def evaluate(self) -> tuple[float, dict[str, float]]:
        """The loss on the same windows each time, whatever the batches of training are."""
        speed = {}
        if self.tokens:  # none, where a run goes on with an evaluation
            rate = self.tokens / (time.perf_counter() - self.since)
            peak = self.peak * self.world.size
            speed[RATE] = rate
            speed[SHARE] = rate * flops_per_token(self.model, self.context) / peak
        self.model.eval()
        # Of a sharded model all processes have to call each forward: there each reads everything.
        is_shared = self.settings.training.sharding == "ddp"
        rows = self.world.share(self.fixed) if is_shared else self.fixed
        total = sum(float(self.loss(part)[0]) for part in self._windows(self.valid, rows))
        if is_shared:
            total = self.world.sums({LOSS: total})[LOSS]
        loss = total / len(self.fixed)
        written = self.write(self.settings.sample_tokens, temperature=0.8, top_p=0.9)
        tqdm.write(f'  "{" ".join(written.split())}"')
        figures = {
            "Loss/valid": loss,
            "Perplexity/valid": math.exp(min(loss, 100.0)),
            "Bits per byte/valid": loss / math.log(2) / self.bytes_per_token(),
            **speed,
        }
        self.since, self.tokens = time.perf_counter(), 0
        return -loss, figures

    def bytes_per_token(self) -> float:
        """Of the held-out text."""
        return self.corpus.n_bytes("valid") / len(self.valid)

    def write(self, tokens: int, **how: Any) -> str:
        """What the model makes of the prompt, the same choices each time."""
        seed = self.settings.training.seed
        return generate(self.model, self.tokenizer, self.prompt, tokens, seed=seed, **how)

    def best(self) -> dict[str, Any]:
        """A checkpoint that every mode reads."""
        return {"model_args": self.model.config.to_dict(), "model": self.model.state_dict()}


def flops_per_token(model: Llama, context: int) -> float:
    """Forward and backward: 6 for each weight of a product, and attention's (half are masked)."""
    config = model.config
    weights = sum(p.numel() for p in model.parameters() if p.ndim == 2)
    if not config.tie_embeddings:
        weights -= model.tok_embeddings.weight.numel()
    return 6 * weights + 6 * config.n_layers * context * config.n_heads * config.head_dim


def peak_flops(dtype: torch.dtype, device: Any) -> float:
    """What this machine reaches in one large product."""
    one = torch.ones(PEAK, PEAK, dtype=dtype, device=device)
    best = 0.0
    for _ in range(5):
        start = time.perf_counter()
        (one @ one)[0, 0].item()
        best = max(best, 2 * PEAK**3 / (time.perf_counter() - start))
    return best
