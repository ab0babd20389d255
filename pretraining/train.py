"""Pretraining: a Llama learns to predict the next token of a text."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from checkpoints.tokenizer_files import saved_beside
from config import LlamaConfig
from llama import Llama
from pretraining.corpus import Corpus
from pretraining.muon import Muon
from pretraining.prepare import prepare
from pretraining.settings import Settings, Shape
from pretraining.task import RATE, SHARE, TextTask
from support.files import require_writable
from support.processor import choose_device, compile_fault, set_threads
from support.settings import differences
from support.tensors import save_tensors
from support.words import banner
from training.log import RunLog, open_log
from training.processes import World, ending_with_others, is_sharded, joined
from training.recipe import Recipe
from training.run import RUNS, Run, open_run, resumable
from training.schedule import cosine_schedule
from training.trainer import LOSS, Trainer, state_bytes

KIND = "pretrain-"  # what the names of runs begin with
AT_END = 100  # tokens of each sample when a run is finished
SUMS = ("threads", "processes")  # on whose number it depends in which order sums are made
FREE = (*SUMS, "device", "save_minutes", "weights")  # what may change when a run goes on
WAYS: dict[str, dict[str, Any]] = {  # of writing: name -> temperature and filters
    "greedy": {"temperature": 0.0},
    "sampling": {"temperature": 1.0},
    "top-k 50": {"temperature": 1.0, "top_k": 50},
    "top-p 0.9": {"temperature": 1.0, "top_p": 0.9},
}


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
    place = choose_device(settings.device)
    if settings.training.compile and (why := compile_fault(place.type)):
        raise ValueError(f"training.compile: {why}")
    corpus = prepare(settings.text)
    with joined(place) as world, contextlib.ExitStack() as stack:
        if not world.is_first:
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        for line in differences(settings, Settings()):
            print(banner("setting", line))
        world.require_shares(settings.training.batch_size)
        world.require_same(corpus.folder.name, "the corpus")
        return _train(settings, corpus, place, world, resume)


def _train(
    settings: Settings, corpus: Corpus, place: torch.device, world: World, resume: bool
) -> Path:
    tokenizer, numbers = corpus.tokenizer(), settings.training
    about = corpus.about["splits"]
    words = (
        f"{about['train']['tokens']:,} tokens to train on, {about['valid']['tokens']:,} held out"
    )
    print(banner("corpus", f"{corpus.folder}: {words}, {tokenizer.n_words:,} kinds"))
    torch.manual_seed(numbers.seed)  # the same weights in all processes
    model = new_model(settings.model, tokenizer.n_words).to(place)
    print(banner("model", f"{model.footprint()}"))
    sizes = state_bytes(model)  # of the whole
    task = TextTask(model, corpus, tokenizer, settings, place, world)
    torch.manual_seed(numbers.seed + world.rank)  # but dropout of their own
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
    run = Run(RUNS, setting)  # of a process that writes nothing
    if world.is_first:
        name = f"{settings.text.data.stem}-{settings.text.kind}"
        run = open_run(KIND, name, setting, sizes, resume=resume, free=FREE)
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
        tokens=settings.model.context,
        world=world,
    )
    with run if world.is_first else contextlib.nullcontext():
        if goes_on:
            trainer.resume()
            print(banner("resumed", f"{run.folder}, after {trainer.step:,} steps"))
            then = [f"{run.setting[n]} {n}" for n in SUMS if run.setting[n] != setting[n]]
            if then:
                words = f"{' and '.join(then)} before: from here on sums may round otherwise"
                print(banner("note", words))
            if world.is_first:
                run.change(**{name: setting[name] for name in FREE})
        if world.is_first:
            with saved_beside(tokenizer.vocabulary, run.best):
                pass  # the weights themselves come round by round
        log = RunLog([], {})
        if world.is_first:
            log = open_log(run, (trainer.step, trainer.progress.epoch), asdict(recipe))
        try:
            with resumable(run), ending_with_others():
                trainer.train(60 * settings.save_minutes, log)
        finally:
            log.close()
        finish(trainer, task, run)
    return run.best


def new_model(shape: Shape, vocab_size: int) -> Llama:
    """A Llama with random weights."""
    return Llama(
        LlamaConfig(
            vocab_size=vocab_size,
            dim=shape.dim,
            dropout=shape.dropout,
            n_layers=shape.n_layers,
            n_heads=shape.n_heads,
            n_kv_heads=shape.n_kv_heads,
            hidden_dim=shape.hidden_dim,
            max_seq_len=shape.context,
            tie_embeddings=shape.tie_embeddings,
        )
    )


def finish(trainer: Trainer, task: TextTask, run: Run) -> None:
    """Say what came out, write it down, and show what the best weights write, in four ways."""
    history, best = trainer.progress.history, trainer.progress.best_epoch
    figures, settings = history[best - 1], task.settings
    if timed := [figures for figures in history if RATE in figures]:
        share = f"{timed[-1][SHARE]:.0%} of one large product's"
        print(banner("speed", f"{timed[-1][RATE]:,.0f} tokens/s, {share}"))
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
