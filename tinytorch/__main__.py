"""TinyTorch at work: `python -m tinytorch {generate,train,operations}`.

generate: run_llama.py's first mode, its flags and files, on this engine
train: a small Llama that learns to make up names; --compare trains it on PyTorch as well
operations: the table of operations, which is docs/operations.md

PyTorch reads checkpoints here, and is what --compare compares with. The engine does without it.
"""

from __future__ import annotations

import support.early  # noqa: F401

# isort: split

import argparse
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

from tqdm import tqdm

import checkpoints
import tinytorch
from data import NAMES
from flags import add, add_generate_flags, add_sampling_flags
from loading import choose_checkpoint, settled, spell
from run_llama import files_of, planned_texts, prompt_ids, write_sentence
from support import errors
from support.files import require_outputs, write_text
from support.processor import set_threads
from support.words import banner
from tinytorch.names import Names, Recipe, Run, batches, tiny_engine, torch_engine
from tinytorch.reference import reference_page
from tinytorch.stand_in import on_tinytorch
from tokenizer import tokenizer_for

ROWS = 10  # of the table of losses


def generate(args: argparse.Namespace) -> None:
    """Continue a prompt at temperature 0 and 1, or at the one given, with `llama.py` as it is."""
    runs, new_tokens, text = planned_texts(args)
    path, why = choose_checkpoint(args.pretrained_model_path)
    require_outputs([outfile for _, outfile in runs], files_of(args, path))
    checkpoint = checkpoints.read(path)
    tokenizer = tokenizer_for(checkpoint, args.max_sentence_len, args.tokenizer)
    if why:
        print(banner("stand-in", why))
    model = tiny_engine().llama.Llama.from_checkpoint(on_tinytorch(checkpoint))
    print(banner("model", f"{path.name} ({checkpoint.format}): {model.footprint()}"))
    print(banner("runs on", "TinyTorch (NumPy), float32, llama.py"))
    ids = prompt_ids(tokenizer, text, model.config.max_seq_len)
    for chosen, outfile in runs:
        logprobs: list[Any] | None = [] if args.logprobs else None
        tokens = model.write(
            tinytorch.tensor([ids]),
            new_tokens,
            chosen,
            stop_tokens=tokenizer.control_ids,
            generator=tinytorch.Generator().manual_seed(args.seed),
            logprobs=logprobs,
        )
        stream = spell(tokenizer, ids, map(int, tokens), new_tokens, args.stop)
        prompt = settled(tokenizer.decode(ids))
        text, whole = write_sentence(prompt, chosen.temperature, stream, logprobs)
        write_text(outfile, text)
        print(f"Wrote generated sentence to {outfile}.")
        if not whole:
            raise KeyboardInterrupt


def train(args: argparse.Namespace) -> None:
    """Train on names, print the loss, and write new ones; with --compare on both engines."""
    recipe = Recipe(**{field.name: getattr(args, field.name) for field in fields(Recipe)})
    names = Names(args.data)
    if recipe.batch_size > len(names.train):
        most = len(names.train)
        raise ValueError(f"--batch_size {recipe.batch_size}: must be at most {most}, the names")
    runs = [Run(tiny_engine(), names, recipe)]
    if args.compare:
        set_threads(1)  # torch's would wait for NumPy's by spinning, and these for them
        runs.append(Run(torch_engine(), names, recipe))
        runs[1].begin_as(runs[0])
    print(banner("names", f"{args.data}: {len(names.train):,} to learn, {len(names.valid):,} held "
                          f"out, {len(names.characters)} characters"))  # fmt: skip
    print(banner("model", str(runs[0].model.footprint())))
    print(f"{'step':>6}" + "".join(f"{run.engine.name:>14}" for run in runs))
    losses: list[list[float]] = []
    seconds = [0.0] * len(runs)
    every = max(1, recipe.steps // ROWS)
    bar = tqdm(batches(names, recipe), "training", recipe.steps, leave=False, disable=None)
    for rows in bar:
        found = []
        for i, run in enumerate(runs):
            start = time.perf_counter()
            found.append(run.step(rows))
            seconds[i] += time.perf_counter() - start
        losses.append(found)
        if len(losses) in (1, recipe.steps) or len(losses) % every == 0:
            with bar.external_write_mode():
                print(f"{len(losses):6}" + "".join(f"{loss:14.6f}" for loss in found))
    print(f"{'held out':>6}" + "".join(f"{run.validation_loss():14.6f}" for run in runs)[2:])
    for run, total in zip(runs, seconds, strict=True):
        print(banner(run.engine.name, f"{1000 * total / recipe.steps:.1f} ms a step"))
    if args.compare:
        apart = max(abs(one - other) for one, other in losses)
        ratio = seconds[0] / seconds[1]
        print(banner("compared", f"the losses differ by {apart:.1e} at most; {ratio:.1f} times "
                                 "PyTorch's time"))  # fmt: skip
    written = runs[0].write(20)
    told = [name + " *" * (name in names.known) for name in written if name]
    print(banner("new names", ", ".join(told)))
    print(banner("", "(* is one that it has read)"))


def operations(args: argparse.Namespace) -> None:
    """Print the reference page."""
    sys.stdout.write(reference_page())


def get_args() -> argparse.Namespace:
    parser = errors.ArgumentParser(prog="tinytorch", description="TinyTorch at work.")
    modes = parser.add_subparsers(dest="mode", required=True, metavar="{generate,train,operations}")
    text = modes.add_parser("generate", help="write text with a checkpoint, by llama.py as it is")
    model = "a checkpoint of any format (default: stories42M.pt, or the stand-in without it)"
    add(text, "--pretrained-model-path", "FILE", model)
    add(text, "--tokenizer", "FILE", "the model's tokenizer (default: the one in or beside it)")
    add(text, "--max_sentence_len", "N", "tokens of the prompt that are kept", type=int)
    add(text, "--seed", None, "of sampling", type=int, default=1337)
    add_generate_flags(text)
    add_sampling_flags(text)
    names = modes.add_parser("train", help="train a small Llama, character by character, on names")
    add(names, "--data", "FILE", "one name a line", type=Path, default=NAMES)
    add(names, "--compare", None, "train the same on PyTorch, and print both losses",
        action="store_true")  # fmt: skip
    for field in fields(Recipe):
        kind = type(field.default)
        add(names, f"--{field.name}", "N", ABOUT[field.name], type=kind, default=field.default)
    modes.add_parser("operations", help="print the table of operations")
    return parser.parse_args()


ABOUT = {
    "steps": "of the optimizer",
    "batch_size": "names of a step",
    "lr": "learning rate of the hand-written AdamW",
    "seed": "of weights, batches and new names",
    "dim": "width of the model",
    "n_layers": "layers of the model",
}


def main() -> None:
    args = get_args()
    {"generate": generate, "train": train, "operations": operations}[args.mode](args)


if __name__ == "__main__":
    errors.run(main)
