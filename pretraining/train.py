"""Pretraining: a Llama learns to predict the next token of a text."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock  # which torch needs as well
from torch import Tensor
from torch.optim import Optimizer
from tqdm import tqdm

from checkpoints.tokenizer_files import saved_beside
from config import LlamaConfig
from llama import Llama
from loading import choose_device, encode_prompt, generate
from pretraining.corpus import Corpus, encode_corpus, file_sha256, text_files, windows
from pretraining.fused import fuse_attention, fused_cross_entropy
from pretraining.hub import DATASETS, fetched
from pretraining.muon import Muon
from pretraining.settings import Settings, Text, differences
from pretraining.vocabularies import given_vocabulary, learn_vocabulary
from support.files import require_space, require_writable
from support.processor import set_threads
from support.tensors import save_tensors
from support.words import banner, size_in_words
from tokenizer import TextTokenizer, make_tokenizer
from training.log import Curves, JsonLines, RunLog, Sink, TensorBoard, attempt, is_installed
from training.processes import World, ending_with_others, is_sharded, joined
from training.recipe import Recipe, choose_autocast
from training.run import RUNS, Run
from training.schedule import cosine_schedule
from training.trainer import LOSS, Trainer, state_bytes

CACHE = Path(".corpus_cache")  # in the working folder; deleted at will
KIND = "pretrain-"  # what the names of runs begin with
PROMPT = 8  # tokens of the held-out text, where the text has not the prompt's characters
SHORT = 512  # tokens of a window, up to which the taught attention may be the faster one
AT_END = 100  # tokens of each sample when a run is finished
FREE = ("threads", "processes", "device", "save_minutes", "weights")  # of a run that goes on
WAYS: dict[str, dict[str, Any]] = {  # of writing: name -> temperature and filters
    "greedy": {"temperature": 0.0},
    "sampling": {"temperature": 1.0},
    "top-k 50": {"temperature": 1.0, "top_k": 50},
    "top-p 0.9": {"temperature": 1.0, "top_p": 0.9},
}
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

    Of several processes that ask for it, one makes it, and the others wait.

    Raises:
        ValueError: the texts are missing, or not as they must be.
    """
    CACHE.mkdir(exist_ok=True)
    with FileLock(CACHE / "lock"):
        source, valid = text.data, text.valid
        if str(source) in DATASETS:
            source, own = fetched(str(source), CACHE)
            valid = valid or own
        files = text_files(source) + (text_files(valid) if valid else [])
        made_of: list[Any] = [file_sha256(file) for file in files]
        made_of += [text.kind, text.vocab_size, text.valid_share, text.errors]
        given = None if text.tokenizer is None else given_vocabulary(text.tokenizer)
        if given is not None:
            made_of.append(hashlib.sha256(given.to_file()[1]).hexdigest())
        digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:12]
        folder = CACHE / f"{text.data.stem}-{text.kind if given is None else 'given'}-{digest}"
        if folder.exists():
            return Corpus.open(folder)
        vocabulary = given or learn_vocabulary(
            source, text.kind, text.vocab_size, text.errors, progress
        )
        return encode_corpus(
            source,
            folder,
            make_tokenizer(vocabulary),
            valid=valid,
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
        speed = self.tokens / (time.perf_counter() - self.since)
        share = speed * flops_per_token(self.model, self.context) / self.peak / self.world.size
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
            "Tokens per second/train": speed,
            "Share of peak/train": share,
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


def train(settings: Settings, *, resume: bool = False) -> Path:
    """Train, or go on with the newest run of the same settings; returns its best checkpoint.

    Under torchrun the processes share each batch, and the first one writes.

    Raises:
        Interrupted: Ctrl-C or SIGTERM came; the state is saved.
        ValueError: a setting is out of range, there is no room on the disk, a state to resume is of
            another run, the loss is no number any more, or another process has ended.
    """
    settings.check()
    if settings.weights:
        require_writable(settings.weights)
    if why := set_threads(settings.threads):
        print(banner("note", why))
    corpus, place = prepare(settings.text), choose_device(settings.device)
    with joined(place) as world, contextlib.ExitStack() as stack:
        if not world.is_first:
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        for line in differences(settings, Settings()):
            print(banner("setting", line))
        world.require_same(corpus.folder.name, "the corpus")
        return _train(settings, corpus, place, world, resume)


def _train(
    settings: Settings, corpus: Corpus, place: torch.device, world: World, resume: bool
) -> Path:
    tokenizer, shape, numbers = corpus.tokenizer(), settings.model, settings.training
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
            tie_embeddings=shape.tie_embeddings,
        )
    ).to(place)
    print(banner("model", f"{model.footprint()}"))
    last, best = state_bytes(model)
    task = TextTask(model, corpus, tokenizer, settings, place, world)
    torch.manual_seed(numbers.seed + world.rank)  # of dropout
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
    setting |= {"processes": world.size}
    run = Run.fitting(KIND, setting, free=FREE) if resume and world.is_first else None
    if run is None and world.is_first:
        if resume:
            print(banner("resume", f"no run {RUNS / KIND}... to go on with: starting anew"))
        require_space(RUNS, 2 * last + 2 * best, f"a run in {RUNS}/")
        run = Run.new(f"{KIND}{settings.text.data.stem}-{settings.text.kind}", setting)
        sizes = f"state {size_in_words(last)}, best weights {size_in_words(best)}"
        print(banner("run", f"{run.folder}: {sizes}"))
    run = run or Run(RUNS, setting)  # of another process, which writes nothing
    goes_on = world.from_first(run.last.exists)
    muon = numbers.optimizer == "muon"
    trainer = Trainer(
        task,
        recipe,
        run,
        schedule=lambda step: cosine_schedule(
            step, numbers.lr, numbers.min_lr, numbers.warmup_steps, numbers.steps
        ),
        max_norm=numbers.max_norm,
        betas=numbers.betas,
        optimizer=Muon(model, numbers.lr, numbers.betas, numbers.weight_decay) if muon else None,
        period="round",
        tokens=shape.context,
        world=world,
    )
    with run if world.is_first else contextlib.nullcontext():
        if goes_on:
            trainer.resume()
            print(banner("resumed", f"{run.folder}, after {trainer.step:,} steps"))
            then = {name: run.setting[name] for name in ("threads", "processes")}
            if any(then[name] != setting[name] for name in then):
                print(banner("note", f"{then} before: from here the sums may round otherwise"))
            if world.is_first:
                run.change(**{name: setting[name] for name in FREE})
        if world.is_first:
            with saved_beside(tokenizer.vocabulary, run.best):
                pass  # the weights themselves come round by round
        log = open_log(run, trainer) if world.is_first else RunLog([], {})
        try:
            with ending_with_others():
                trainer.train(60 * settings.save_minutes, log)
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
    """Say what came out, write it down, and show what the best weights write, in four ways."""
    history, best = trainer.progress.history, trainer.progress.best_epoch
    figures, settings = history[best - 1], task.settings
    print(
        banner(
            "speed",
            f"{history[-1]['Tokens per second/train']:,.0f} tokens/s, "
            f"{history[-1]['Share of peak/train']:.0%} of one large product's",
        )
    )
    perplexity, per_byte = figures["Perplexity/valid"], figures["Bits per byte/valid"]
    loss = f"validation loss {figures['Loss/valid']:.3f}, perplexity {perplexity:.1f}"
    print(banner("best", f"round {best}: {loss}, {per_byte:.3f} bits per byte"))
    print(banner("training", f"final loss {history[-1][LOSS]:.3f}, a mean over the last round"))
    if trainer.world.is_first:
        weights = run.load_best(best)["model"]
        if settings.weights:
            save_tensors(settings.weights, weights)
            print(banner("weights", f"{settings.weights}"))
        run.finish({"rounds": history, "best_round": best})
        if not any(map(is_sharded, task.model.parameters())):
            task.model.load_state_dict(weights)
            for way, how in WAYS.items():
                print(f"\n{way}\n{task.write(AT_END, **how)}")
            print()
    again = f"python run_llama.py --pretrained-model-path {run.best}"
    print(
        banner("finished", f"{run.folder}; it writes with {again}, or python -m pretraining sample")
    )
