"""The modes: `python run_llama.py --option {generate,prompt,finetune,classify}`.

Flags, defaults and file names are the course's; its own checkpoint is `stories42M.pt`. Where
nothing was asked for and that file is absent, the stand-in that setup.sh prepared is used.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from loading import (
    COURSE_CHECKPOINT,
    DTYPES,
    ENGINES,
    NO_COMPILER,
    Engine,
    Model,
    choose_checkpoint,
    choose_device,
    encode_prompt,
    load,
    seconds_per_token,
    stream_pieces,
)
from sampling import Sampling
from sentiment.classify import AT_ONCE, ReviewClassifier, read_lines, run_classify
from sentiment.finetune import FROZEN, WHOLE_MODEL, FinetuneOptions, run_finetune
from sentiment.pooling import POOLING_METHODS
from sentiment.prompt import PromptOptions, run_prompt
from sentiment.splits import Outputs, Splits, choose_splits
from support import errors
from support.files import require_outputs, write_text
from support.processor import cpp_compiler, set_threads
from tokenizer import TextTokenizer
from training.activations import LIMITS
from training.recipe import Recipe, choose_autocast
from training.run import finished_run

PROMPT = (
    "I have wanted to see this thriller for a while, and it didn't disappoint. "
    "Keanu Reeves, playing the hero John Wick, is"
)


def generate(args: argparse.Namespace) -> None:
    """--option generate: continue the prompt at temperature 0 and 1, or at the one given."""
    low, high = args.generated_sentence_low_temp_out, args.generated_sentence_high_temp_out
    texts = {0.0: low, 1.0: high}
    if args.temperature is not None:
        texts = {args.temperature: low if args.temperature == 0 else high}
    # What can be wrong is found before the model is read.
    runs = [(Sampling(t, args.top_k, args.top_p), outfile) for t, outfile in texts.items()]
    if args.max_new_tokens < 1:
        raise ValueError(f"--max_new_tokens {args.max_new_tokens}: must be at least 1")
    if not args.prompt:
        raise ValueError("--prompt is empty: give a text to continue")
    checkpoint, why = choose_checkpoint(args.pretrained_model_path)
    require_outputs(texts.values(), [checkpoint, args.tokenizer])
    model, tokenizer = load_for(args, checkpoint, why, engine_of(args), args.max_sentence_len)
    ids = encode_prompt(tokenizer, args.prompt)
    limit = model.config.max_seq_len
    if len(ids) > limit:
        raise ValueError(
            f"--prompt has {len(ids)} tokens and the context of this model {limit}: "
            f"shorten it, or cut it with --max_sentence_len {limit - 1}"
        )
    expected = len(runs) * args.max_new_tokens * seconds_per_token(model, len(ids))
    print(f"expected  about {expected:.0f} s for {len(runs)} x {args.max_new_tokens} tokens")
    for sampling, outfile in runs:
        text = write_sentence(model, tokenizer, ids, args.max_new_tokens, sampling, args.seed)
        write_text(outfile, text)
        print(f"Wrote generated sentence to {outfile}.")


def write_sentence(
    model: Model,
    tokenizer: TextTokenizer,
    ids: list[int],
    max_new_tokens: int,
    sampling: Sampling,
    seed: int,
) -> str:
    """Generate one text and print it as it comes; returns it with its prompt."""
    text = tokenizer.decode(ids)
    print(f"\nTemperature is {sampling.temperature}\n{text}", end="", flush=True)
    pieces: list[str] = []  # one of each token
    start = first = time.perf_counter()
    for piece in stream_pieces(model, tokenizer, ids, max_new_tokens, sampling, seed):
        if not pieces:
            first = time.perf_counter()
        pieces.append(piece)
        print(piece, end="", flush=True)
    seconds = time.perf_counter() - start
    print(
        f"\n---------------\n{len(pieces)} tokens in {seconds:.1f} s: "
        f"{len(pieces) / seconds:.1f} tokens/s, the first after {first - start:.2f} s"
    )
    return text + "".join(pieces)


def prompt(args: argparse.Namespace) -> None:
    """--option prompt: classify zero-shot, by the likelihood of each label after a question."""
    options = PromptOptions(
        args.scoring,
        args.calibrate,
        args.batch_size,
        1024 if args.max_tokens is None else args.max_tokens,
        args.max_sentence_len,
    )
    checkpoint, why = choose_checkpoint(args.pretrained_model_path)
    splits, outputs = read_splits(args, "prompting", checkpoint)
    model, tokenizer = load_for(args, checkpoint, why, engine_of(args))
    print(splits)
    run_prompt(model, tokenizer, splits, outputs, options)


def finetune(args: argparse.Namespace) -> None:
    """--option finetune: train a classifier, keep its best epoch, write its predictions."""
    if args.engine == "fast" or args.quantize is not None:
        raise ValueError("finetune trains the taught model: leave out --engine fast and --quantize")
    if args.dtype != "float32":
        raise ValueError(
            f"--dtype {args.dtype}: finetune keeps float32 weights; --autocast on multiplies in "
            "bfloat16"
        )
    checkpoint, why = choose_checkpoint(args.pretrained_model_path)
    splits, outputs = read_splits(args, "finetuning", checkpoint)
    # Typed bare on stand-ins it ends in minutes; a rate or epochs mean the course's whole model.
    by_default = bool(splits.stand_in or why) and args.lr is None and args.epochs is None
    freeze = by_default if args.freeze is None else args.freeze
    if args.compile and freeze:
        raise ValueError(
            "--compile makes one kernel of AdamW's step over the whole model, and here a head "
            "alone is trained: leave it out, or give --no-freeze"
        )
    given = {
        "epochs": args.epochs,
        "lr": args.lr,
        "batch_size": args.batch_size,
        "max_tokens": args.max_tokens,
        "seed": args.seed,
        "autocast": choose_autocast(args.autocast, choose_device(device_name(args))),
        "compile": args.compile and cpp_compiler() is not None,
    }
    preset: dict[str, Any] = FROZEN if freeze else WHOLE_MODEL
    recipe = Recipe(**(preset | {name: x for name, x in given.items() if x is not None}))
    options = FinetuneOptions(
        checkpoint,
        freeze,
        args.pooling_method,
        args.hidden_dropout_prob,
        args.max_sentence_len,
        args.activation_checkpointing,
        args.save_minutes,
        args.resume,
        args.tensorboard,
    )
    model, tokenizer = load_for(args, checkpoint, why, Engine("taught"))
    if args.compile and not recipe.compile:
        print(f"note      {NO_COMPILER}")
    print(splits)
    if args.freeze is None and freeze:
        print(
            "frozen    the model stays as it is: it or the reviews stand in; --no-freeze, --lr or "
            "--epochs trains it"
        )
    run_finetune(model, tokenizer, splits, outputs, recipe, options)


def classify(args: argparse.Namespace) -> None:
    """--option classify: label reviews with what finetune has trained."""
    if args.text is not None and args.file is not None:
        raise ValueError("--text and --file are both given: give one of them")
    if args.text is not None and not args.text.strip():
        raise ValueError("--text is empty: give a review")
    at_once = AT_ONCE
    if args.text is not None:
        reviews: Iterable[str] = [args.text]
    elif args.file is not None:
        reviews = list(read_lines(Path(args.file).read_bytes().splitlines(), args.file))
    else:
        reviews = read_lines(sys.stdin.buffer, "standard input")
        if sys.stdin.isatty():
            at_once = 1
            print("reviews, one a line; Ctrl-D ends", file=sys.stderr)
    run = finished_run(args.run, "finetune-")
    classifier = ReviewClassifier.load(run / "best.pt", args.pretrained_model_path)
    classifier.model.to(choose_device(device_name(args)))
    print(f"run       {run}: {', '.join(classifier.about.label_names)}", file=sys.stderr)
    run_classify(classifier, reviews, at_once)


def engine_of(args: argparse.Namespace) -> Engine:
    """The flags that say what runs the model."""
    return Engine(args.engine, args.dtype, args.quantize, args.compile)


def device_name(args: argparse.Namespace) -> str:
    """The device that --device and --use_gpu ask for; a ValueError if they disagree."""
    if not args.use_gpu:
        return args.device
    if args.device not in ("auto", "cuda"):
        raise ValueError(f"--use_gpu and --device {args.device} disagree; give one of them")
    if not torch.cuda.is_available():
        raise ValueError("--use_gpu: there is no cuda device here; leave it out")
    return "cuda"


def load_for(
    args: argparse.Namespace, checkpoint: Path, why: str, engine: Engine, max_len: int | None = None
) -> tuple[Model, TextTokenizer]:
    """The model and its tokenizer, and a banner that says what they are and what runs them."""
    if why:
        print(f"stand-in  {why}")
    return load(
        checkpoint,
        engine=engine,
        device=device_name(args),
        tokenizer=args.tokenizer,
        max_len=max_len,
        causal=False if args.bidirectional else None,
        tell=print,
    )


def read_splits(args: argparse.Namespace, kind: str, checkpoint: Path) -> tuple[Splits, Outputs]:
    """The reviews of a run and where its predictions go; checked before the model is read."""
    asked = {"train": args.train, "dev": args.dev, "test": args.test}
    splits = choose_splits(asked, args.label_names, need_train=kind == "finetuning")
    outputs = splits.outputs(kind, {"dev": args.dev_out, "test": args.test_out})
    parts = (splits.train, splits.dev, splits.test)
    reads = [checkpoint, args.tokenizer, args.label_names, *(p.path for p in parts if p)]
    require_outputs([outfile for _, outfile in outputs.values()], reads)
    return splits, outputs


def get_args() -> argparse.Namespace:
    parser = errors.ArgumentParser(
        description="LLaMA from scratch: generate text, classify zero-shot, finetune, classify.",
    )
    add_common_flags(parser)
    add_generate_flags(parser.add_argument_group("generate"))
    add_review_flags(parser.add_argument_group("prompt and finetune"))
    add_prompt_flags(parser.add_argument_group("prompt"))
    add_finetune_flags(parser.add_argument_group("finetune"))
    add_classify_flags(parser.add_argument_group("classify"))
    return parser.parse_args()


def add(group: Any, flag: str, metavar: str | None, text: str, **options: Any) -> None:
    """A flag with its help, which ends in its default where there is one."""
    if metavar is not None:
        options["metavar"] = metavar
    if options.get("default") is not None:
        text += " (default: %(default)s)"
    group.add_argument(flag, help=text, **options)


def add_common_flags(group: Any) -> None:
    modes = "generate: continue a text; prompt: zero-shot labels; finetune: train a classifier; "
    modes += "classify: use it"
    add(group, "--option", None, modes, choices=tuple(MODES), default="generate")
    model = f"a .pt or GGUF checkpoint (default: {COURSE_CHECKPOINT}, or the stand-in without it)"
    add(group, "--pretrained-model-path", "FILE", model)
    tokenizer = "its tokenizer (default: the one in or beside the checkpoint, or tokenizer.model)"
    add(group, "--tokenizer", "FILE", tokenizer)
    kept = "tokens of a text that are kept (default: all)"
    add(group, "--max_sentence_len", "N", kept, type=int)
    add(group, "--seed", None, "of everything random", type=int, default=1337)
    devices = ("auto", "cpu", "cuda", "mps")
    add(group, "--device", None, "auto: a GPU where there is one", choices=devices, default="auto")
    add(group, "--use_gpu", None, "the course's way to say --device cuda", action="store_true")
    add(group, "--dtype", None, "of the weights", choices=tuple(DTYPES), default="float32")
    engine = "fast: the packed twin of the model, for generate and prompt; taught: llama.py "
    engine += "itself; auto: fast on a CPU, where inference/ is here"
    add(group, "--engine", None, engine, choices=ENGINES, default="auto")
    quantize = (
        "int8: matrices in a quarter of the bytes, faster for one text at a time, nearly the "
    )
    quantize += "same text; needs the fast engine"
    add(group, "--quantize", None, quantize, choices=("int8",))
    compile = "let torch.compile make kernels, a quarter of a minute the first time: for one token "
    compile += "at a time, used if they are faster here; with finetune for AdamW's step"
    add(group, "--compile", None, compile, action="store_true")
    add(group, "--threads", "N", "processors to compute with (default: torch's choice)", type=int)
    bidirectional = "no causal mask, as the course's reference of 2024-25: slow, no good for texts"
    add(group, "--bidirectional", None, bidirectional, action="store_true")


def add_generate_flags(group: Any) -> None:
    add(group, "--prompt", "TEXT", "the text to continue", default=PROMPT)
    add(group, "--max_new_tokens", "N", "tokens to add", type=int, default=75)
    temperature = (
        "one text at this temperature, 0 being the most likely token (default: two, 0 and 1)"
    )
    add(group, "--temperature", "T", temperature, type=float)
    add(group, "--top_k", "K", "sample among the K most likely tokens (default: all)", type=int)
    top_p = "sample among the fewest tokens that hold this share of the probability (default: 1)"
    add(group, "--top_p", "P", top_p, type=float)
    for name, at in (("low", "0"), ("high", "1")):
        flag, file = f"--generated_sentence_{name}_temp_out", f"generated-sentence-temp-{at}.txt"
        text = f"where the text at {'temperature 0' if at == '0' else 'another temperature'} goes"
        add(group, flag, "FILE", text, default=file)


def add_review_flags(group: Any) -> None:
    for split in ("train", "dev", "test"):
        text = f"lines `label ||| sentence` (default: data/cfimdb-{split}.txt, or the stand-in)"
        add(group, f"--{split}", "FILE", text)
    names = "JSON list, the name of each label (default: data/cfimdb-label-mapping.json)"
    add(group, "--label-names", "FILE", names)
    for split in ("dev", "test"):
        file = f"<dataset>-{split}-<prompting or finetuning>-output.txt"
        add(group, f"--{split}_out", "FILE", f"predictions for --{split} (default: {file})")
    size = "sentences; for finetune of one step, however little memory there is (default: 8)"
    add(group, "--batch_size", "N", size, type=int)
    tokens = (
        "tokens that go through the model at once, padding included: the less, the less memory "
    )
    tokens += "(default: 1024; 512 for finetune)"
    add(group, "--max_tokens", "N", tokens, type=int)


def add_prompt_flags(group: Any) -> None:
    scoring = (
        "chain: a label's pieces in turn, given the prompt; course: as its code, pads included"
    )
    add(group, "--scoring", None, scoring, choices=("chain", "course"), default="chain")
    calibrate = "subtract each label's mean score over the file"
    add(group, "--calibrate", None, calibrate, action="store_true")


def add_finetune_flags(group: Any) -> None:
    on_or_off = argparse.BooleanOptionalAction
    add(group, "--epochs", "N", "passes over --train (default: 5; 20 with --freeze)", type=int)
    add(group, "--lr", None, "learning rate (default: 2e-5; 3e-4 with --freeze)", type=float)
    dropout = "dropout before the classification head"
    add(group, "--hidden_dropout_prob", "P", dropout, type=float, default=0.3)
    freeze = (
        "train the head alone, on states of the model that are computed once: minutes in place "
    )
    freeze += "of hours (default: only with a stand-in, and neither --epochs nor --lr)"
    add(group, "--freeze", None, freeze, action=on_or_off)
    pooling = "how a text's states become one vector"
    add(group, "--pooling_method", None, pooling, choices=POOLING_METHODS, default="last_token")
    autocast = "multiply in bfloat16, with float32 weights and sums; auto: where that is fast"
    add(group, "--autocast", None, autocast, choices=("auto", "on", "off"), default="auto")
    again = (
        "compute layers again for their gradients, for less memory and up to a third more time; "
    )
    again += "auto: for long texts"
    add(group, "--activation_checkpointing", None, again, choices=tuple(LIMITS), default="auto")
    minutes = "how often the state of a run is saved, beside each epoch's end"
    add(group, "--save_minutes", "M", minutes, type=float, default=10.0)
    resume = "go on with the newest run of these arguments, interrupted or killed"
    add(group, "--resume", None, resume, action="store_true")
    tensorboard = "log for TensorBoard in the folder of --dev_out (default: where it is installed)"
    add(group, "--tensorboard", None, tensorboard, action=on_or_off)


def add_classify_flags(group: Any) -> None:
    add(group, "--text", "TEXT", "a review (default: lines on standard input)")
    add(group, "--file", "FILE", "reviews, one a line")
    add(group, "--run", "NAME", "the run in runs/ that trained (default: the newest finished one)")


MODES = {"generate": generate, "prompt": prompt, "finetune": finetune, "classify": classify}


def main() -> None:
    args = get_args()
    if not 0 <= args.seed < 2**63:
        raise ValueError(f"--seed {args.seed}: must be from 0 to {2**63 - 1}")
    set_threads(args.threads)
    MODES[args.option](args)


if __name__ == "__main__":
    errors.run(main)
