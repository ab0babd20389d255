"""`python -m benchmarks SUBJECT`: ours and what people would use instead, in turn."""

from __future__ import annotations

import support.early  # noqa: F401

# isort: split

import argparse
import importlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from benchmarks import machine, report
from benchmarks.measure import Measured, Work, measure
from benchmarks.setting import Setting, default_checkpoint
from data import LABEL_NAMES, SNIPPETS
from support import errors
from support.files import require_writable
from support.processor import has_units, set_threads

SUBJECTS = {
    "decode": "writing text: batch 1, 16 and 64, and late in a long text",
    "prompt": "zero-shot labels of film reviews",
    "finetune": "training the whole model",
    "optimizer": "one AdamW step over all parameters",
    "pretraining": "learning a tokenizer, encoding a text, a step of training",
    "tinytorch": "the engine that can be read: llama.py on it and on PyTorch",
    "load": "from a file, and from a command, to the first token",
}
ROUNDS, QUICK_ROUNDS = 5, 2


def get_args() -> argparse.Namespace:
    subjects = "\n".join(f"  {name:<11} {text}" for name, text in SUBJECTS.items())
    parser = errors.ArgumentParser(
        prog="python -m benchmarks",
        description=f"{__doc__.partition(': ')[2]}\n\nsubjects:\n{subjects}\n\n"
        "Contenders run in processes of their own, one after another in each round. A ratio is "
        "taken within\na round; median and range over the rounds are shown. Missing peers are "
        "named and left out.\nA machine that does nothing else gives the best figures.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("subject", choices=tuple(SUBJECTS), metavar="SUBJECT")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="less work and fewer rounds, nothing compiled: about a minute",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        metavar="N",
        help=f"runs of each contender (default: {ROUNDS}, with --quick {QUICK_ROUNDS})",
    )
    parser.add_argument(
        "--threads",
        type=int,
        metavar="N",
        default=torch.get_num_threads(),
        help="of every contender (default: %(default)s)",
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="TEXT",
        help="contenders whose name contains this; may be given again",
    )
    parser.add_argument(
        "--pretrained-model-path",
        type=Path,
        metavar="FILE",
        help="a .pt checkpoint (default: the stand-in that setup.sh prepares)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        default=Path(str(SNIPPETS).format(split="dev")),
        help="reviews, lines `label ||| sentence` (default: the snippets' dev split)",
    )
    parser.add_argument(
        "--label-names",
        type=Path,
        metavar="FILE",
        default=LABEL_NAMES["sst"],
        help="JSON list, the name of each label (default: SST's five)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        default=Path("out/benchmarks"),
        help="where SUBJECT.json and SUBJECT.png go, and the weights for transformers "
        "(default: %(default)s)",
    )
    return parser.parse_args()


def check(args: argparse.Namespace) -> None:
    """Raise a ValueError for a number that makes no sense or a folder that cannot be written."""
    if args.rounds is not None and args.rounds < 1:
        raise ValueError(f"--rounds {args.rounds}: must be at least 1")
    set_threads(args.threads)
    for end in ("json", "png"):
        require_writable(args.out / f"{args.subject}.{end}")


def limits_of_the_machine(threads: int) -> machine.Limits:
    """Measured in a process of its own, like everything else."""
    with ProcessPoolExecutor(
        1, get_context("spawn"), initializer=torch.set_num_threads, initargs=(threads,)
    ) as pool:
        return pool.submit(machine.measure_limits).result()


def choose(works: list[Work], only: list[str] | None) -> list[Work]:
    """The works with the contenders that were asked for.

    Raises:
        ValueError: no contender has such a name.
    """
    if not only:
        return works
    names = sorted({c.name for work in works for c in work.contenders})
    chosen = []
    for work in works:
        kept = [c for c in work.contenders if any(text in c.name for text in only)]
        if kept:
            chosen.append(replace(work, contenders=kept))
    if not chosen:
        raise ValueError(f"--only {' '.join(only)}: none of {'; '.join(names)}")
    return chosen


def main() -> None:
    args = get_args()
    check(args)
    checkpoint = args.pretrained_model_path or default_checkpoint()
    setting = Setting(
        checkpoint, args.data, args.label_names, args.out, args.quick, has_units(torch.bfloat16)
    )
    left_out: list[str] = []
    subject = importlib.import_module(f"benchmarks.{args.subject}")
    works = choose(subject.works(setting, left_out), args.only)
    contents: dict[str, Any] = {
        "subject": args.subject,
        "model": checkpoint.name,
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "quick": args.quick,
        "rounds": args.rounds or (QUICK_ROUNDS if args.quick else ROUNDS),
        "threads": args.threads,
        "machine": machine.describe(),
        "load_before": machine.load_average(),
    }
    limits = limits_of_the_machine(args.threads)
    print_banner(contents, limits)
    for line in left_out:
        print(f"left out  {line}")

    def tell(line: str) -> None:
        left_out.append(line)
        tqdm.write(f"left out  {line}")

    summaries: list[dict[str, Any]] = []
    try:
        for work in works:
            measured = [Measured(contender) for contender in work.contenders]
            try:
                measure(work, measured, contents["rounds"], args.threads, tell)
            finally:
                summaries.append(report.summarise(work, measured))
                print(f"\n{report.table(summaries[-1])}", flush=True)
        limits = limits.best(limits_of_the_machine(args.threads))
    finally:  # after Ctrl-C too: what was measured is kept
        contents |= {
            "load_after": machine.load_average(),
            "limits": asdict(limits),
            "left_out": left_out,
            "works": [summary for summary in summaries if summary["contenders"]],
        }
        finish(contents, args.out)


def print_banner(contents: dict[str, Any], limits: machine.Limits) -> None:
    about = contents["machine"]
    print(f"machine   {about['cpu']}, {about['cores']} cores, {about['capability']}")
    print(f"runs on   {contents['threads']} threads, torch {about['torch']}")
    print(f"limits    {limits}")
    print(f"load      {contents['load_before'] or 'unknown'} before; above 0.5: no quiet machine")
    print(f"rounds    {contents['rounds']}, each contender once in each", flush=True)


def finish(contents: dict[str, Any], out: Path) -> None:
    """Write the files."""
    print(f"\nload      {contents['load_after'] or 'unknown'} after")
    stem = out / contents["subject"]
    report.write_json(stem.with_suffix(".json"), contents)
    print(f"wrote {stem}.json")
    if report.draw(stem.with_suffix(".png"), contents):
        print(f"wrote {stem}.png")
    else:
        print("no picture: that needs the package matplotlib (extra plots)")


if __name__ == "__main__":
    errors.run(main)
