"""Pretraining: a Llama learns to predict the next token of a text."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import Optimizer
from tqdm import tqdm

from checkpoints.tokenizer_files import saved_beside
from config import LlamaConfig
from llama import Llama
from loading import choose_device, generate
from pretraining.corpus import Corpus, encode_corpus, file_sha256, text_files, windows
from pretraining.fused import fuse_attention
from pretraining.settings import Settings, Text
from pretraining.vocabularies import learn_vocabulary
from support.files import require_space
from support.tensors import save_tensors
from support.words import banner, size_in_words
from tokenizer import TextTokenizer, make_tokenizer
from training.log import Curves, JsonLines, RunLog, Sink, TensorBoard, attempt, is_installed
from training.recipe import Recipe, choose_autocast
from training.run import RUNS, Run
from training.schedule import cosine_schedule
from training.trainer import Trainer, state_bytes

CACHE = Path(".corpus_cache")  # in the working folder; deleted at will
KIND = "pretrain-"  # what the names of runs begin with
PROMPT = 8  # tokens of the held-out text that a sample goes on from
PEAK = 1024  # rows and columns of the product that tells what a machine can do


def save_checkpoint(model: torch.nn.Module, optimizer: Optimizer, iteration: int, out: Any) -> None:
    """Save what a training loop needs to go on, to a path (whole or not at all) or a file object.

    Raises:
        ValueError: the disk is full or failing.
    """
    contents = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "iteration": iteration,
    }
    if hasattr(out, "write"):
        torch.save(contents, out)
    else:
        save_tensors(Path(out), contents)


def load_checkpoint(src: Any, model: torch.nn.Module, optimizer: Optimizer) -> int:
    """Take up what `save_checkpoint` saved; returns the iteration."""
    contents = torch.load(src, map_location="cpu", weights_only=True)
    model.load_state_dict(contents["model"])
    optimizer.load_state_dict(contents["optimizer"])
    return contents["iteration"]


def prepare(text: Text, progress: bool = True) -> Corpus:
    """The texts as tokens, made once: under `.corpus_cache/`, in a folder named for what it is of.

    Raises:
        ValueError: the texts are missing, or not as they must be.
    """
    source = text.data
    made_of: list[Any] = [file_sha256(file) for file in text_files(source)]
    made_of += [text.kind, text.vocab_size, text.valid_share, text.errors]
    digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:12]
    folder = CACHE / f"{source.stem}-{text.kind}-{digest}"
    if folder.exists():
        return Corpus.open(folder)
    vocabulary = learn_vocabulary(source, text.kind, text.vocab_size, text.errors, progress)
    return encode_corpus(
        source,
        folder,
        make_tokenizer(vocabulary),
        valid_share=text.valid_share,
        errors=text.errors,
        progress=progress,
    )


class TextTask:
    """What the trainer is handed: a model, and windows of a text; a round stands for an epoch."""

    def __init__(
        self,
        model: Llama,
        corpus: Corpus,
        tokenizer: TextTokenizer,
        settings: Settings,
        device: Any,
    ) -> None:
        """Raises a ValueError where a split of the corpus is not longer than the context."""
        self.model, self.corpus, self.tokenizer, self.settings = model, corpus, tokenizer, settings
        self.device = device
        self.context = settings.model.context
        self.train, self.valid = corpus.tokens("train"), corpus.tokens("valid")
        for split, tokens in (("train", self.train), ("valid", self.valid)):
            if len(tokens) <= self.context:
                raise ValueError(
                    f"{corpus.folder}: {split} has {len(tokens):,} tokens, and the context is "
                    f"{self.context}: give a longer text, or a shorter --model.context"
                )
        training = settings.training
        self.size = training.eval_every * training.batch_size
        last = min(training.eval_tokens, len(self.valid) - 1) - self.context
        self.fixed = list(range(0, max(1, last + 1), self.context))
        self.held_out = len(self.fixed)
        self.autocast = choose_autocast(training.autocast, device)
        self.started = time.perf_counter()

    def order(self, generator: torch.Generator) -> list[int]:
        """Where the windows of a round begin: anywhere, each place being as likely."""
        n = len(self.train) - self.context
        return torch.randint(n, (self.size,), generator=generator).tolist()

    def micro_batches(self, rows: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
        count = max(1, self.settings.training.max_tokens // self.context)
        for i in range(0, len(rows), count):
            yield windows(self.train, list(rows[i : i + count]), self.context, self.device)

    def loss(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, float]]:
        """The mean loss of a window, summed over the windows."""
        inputs, targets = batch
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            logits, _ = self.model(inputs, inputs)
        # torch's own is the fast twin of functional.cross_entropy, held equal by a test
        loss = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten())
        return loss * len(inputs), {}

    @torch.no_grad()
    def evaluate(self) -> tuple[float, dict[str, float]]:
        """The loss on the same windows each time, whatever the batches of training are."""
        self.model.eval()
        total, count = 0.0, max(1, self.settings.training.max_tokens // self.context)
        for i in range(0, len(self.fixed), count):
            part = windows(self.valid, self.fixed[i : i + count], self.context, self.device)
            total += float(self.loss(part)[0])
        loss = total / len(self.fixed)
        tqdm.write(f'  "{self.sample()}"')
        seconds, self.started = time.perf_counter() - self.started, time.perf_counter()
        figures = {
            "Loss/valid": loss,
            "Perplexity/valid": math.exp(min(loss, 100.0)),
            "Bits per byte/valid": loss / math.log(2) / self.bytes_per_token(),
            "Tokens per second/train": self.size * self.context / seconds,
        }
        return -loss, figures

    def bytes_per_token(self) -> float:
        """Of the held-out text."""
        return self.corpus.n_bytes("valid") / len(self.valid)

    def sample(self) -> str:
        """What the model makes of the prompt, the same choices each time."""
        settings, prompt = self.settings, self.settings.prompt
        if prompt is None:
            prompt = self.tokenizer.decode(self.valid[:PROMPT].tolist())
        return " ".join(
            generate(
                self.model,
                self.tokenizer,
                prompt,
                settings.sample_tokens,
                0.8,
                top_p=0.9,
                seed=settings.training.seed,
            ).split()
        )

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


def train(settings: Settings, *, resume: bool = False, device: str = "auto") -> Path:
    """Train, or go on with the newest run of the same settings; returns its best checkpoint.

    Raises:
        Interrupted: Ctrl-C or SIGTERM came; the state is saved.
        ValueError: a setting is out of range, there is no room on the disk, a state to resume is of
            another run, or the loss is no number any more.
    """
    settings.check()
    corpus = prepare(settings.text)
    tokenizer, place = corpus.tokenizer(), choose_device(device)
    shape, numbers = settings.model, settings.training
    about = corpus.about["splits"]
    words = (
        f"{about['train']['tokens']:,} tokens to train on, {about['valid']['tokens']:,} held out"
    )
    print(banner("corpus", f"{corpus.folder}: {words}, {tokenizer.n_words:,} kinds"))
    torch.manual_seed(numbers.seed)
    model = Llama(
        LlamaConfig(
            vocab_size=tokenizer.n_words,
            dim=shape.dim,
            dropout=shape.dropout,
            n_layers=shape.n_layers,
            n_heads=shape.n_heads,
            n_kv_heads=shape.n_kv_heads,
            hidden_dim=shape.hidden_dim,
            max_seq_len=shape.context,
        )
    ).to(place)
    fuse_attention(model)
    print(banner("model", f"{model.footprint()}"))
    task = TextTask(model, corpus, tokenizer, settings, place)
    recipe = Recipe(
        epochs=numbers.steps // numbers.eval_every,
        lr=numbers.lr,
        batch_size=numbers.batch_size,
        max_tokens=numbers.max_tokens,
        seed=numbers.seed,
        autocast=task.autocast,
        weight_decay=numbers.weight_decay,
    )
    setting = json.loads(json.dumps(asdict(settings), default=str))
    setting |= {"corpus": corpus.folder.name, "threads": torch.get_num_threads()}
    run = Run.fitting(KIND, setting) if resume else None
    if resume and run is None:
        print(banner("resume", f"no run {RUNS / KIND}... to go on with: starting anew"))
    if run is None:
        last, best = state_bytes(model)
        require_space(RUNS, 2 * last + 2 * best, f"a run in {RUNS}/")
        run = Run.new(f"{KIND}{settings.text.data.stem}-{settings.text.kind}", setting)
        sizes = f"state {size_in_words(last)}, best weights {size_in_words(best)}"
        print(banner("run", f"{run.folder}: {sizes}"))
    trainer = Trainer(
        task,
        recipe,
        run,
        schedule=lambda step: cosine_schedule(
            step, numbers.lr, numbers.min_lr, numbers.warmup_steps, numbers.steps
        ),
        max_norm=numbers.max_norm,
        betas=numbers.betas,
        period="round",
        tokens=shape.context,
    )
    with run:
        if run.last.exists():
            trainer.resume()
            print(banner("resumed", f"{run.folder}, after {trainer.step:,} steps"))
        with saved_beside(tokenizer.vocabulary, run.best):
            pass  # the weights themselves come round by round
        log = open_log(run, trainer)
        try:
            trainer.train(600.0, log)
        except KeyboardInterrupt:
            if run.last.exists():
                print(f"\n{run.last} is saved; go on with the same command and --resume")
            raise
        finally:
            log.close()
        finish(trainer, task, run)
    return run.best


def open_log(run: Run, trainer: Trainer) -> RunLog:
    """In the run's folder, as lines, as a picture, and for TensorBoard where that is installed."""
    sinks: list[Sink] = [JsonLines(run.log, trainer.step, trainer.progress.epoch)]
    if is_installed("matplotlib"):
        sinks.append(Curves(run.log, run.curves, run.folder.name, {}))
    if is_installed("tensorboard"):
        place = Path("tensorboard") / run.folder.name
        attempt("TensorBoard", lambda: sinks.append(TensorBoard(place, trainer.step)))
    return RunLog(sinks, asdict(trainer.recipe))


def finish(trainer: Trainer, task: TextTask, run: Run) -> None:
    """Say what came out, and write it down."""
    history, best = trainer.progress.history, trainer.progress.best_epoch
    figures = history[best - 1]
    speed = history[-1]["Tokens per second/train"]
    dtype = torch.bfloat16 if task.autocast else torch.float32
    peak = peak_flops(dtype, task.device)
    share = speed * flops_per_token(task.model, task.context) / peak
    run.finish({"rounds": history, "best_round": best, "share_of_peak": share})
    print(banner("speed", f"{speed:,.0f} tokens/s, {share:.0%} of one large product's"))
    perplexity, per_byte = figures["Perplexity/valid"], figures["Bits per byte/valid"]
    loss = f"validation loss {figures['Loss/valid']:.3f}, perplexity {perplexity:.1f}"
    print(banner("best", f"round {best}: {loss}, {per_byte:.3f} bits per byte"))
    how = f"python run_llama.py --pretrained-model-path {run.best}"
    print(
        banner("finished", f"{run.folder}; it writes with {how}, or python -m pretraining sample")
    )
