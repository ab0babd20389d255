"""The three modes: `python run_llama.py --option {generate,prompt,finetune}`.

Flags, defaults and file names are the course's; its own checkpoint is `stories42M.pt`. Where
nothing was asked for and that file is absent, the stand-in that setup.sh prepared is used.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from pathlib import Path

import torch

from engine import (
    COURSE_CHECKPOINT,
    DTYPES,
    NO_COMPILER,
    EngineOptions,
    Loaded,
    choose_checkpoint,
    choose_device,
    load,
    seconds_per_token,
    set_threads,
)
from sampling import check_sampling
from sentiment.activations import LIMITS
from sentiment.finetune import run_finetune
from sentiment.pooling import POOLING_METHODS
from sentiment.prompt import PromptOptions, run_prompt
from sentiment.recipe import FinetuneOptions, Recipe, choose_autocast, choose_compile
from sentiment.reviews import Reviews
from sentiment.splits import Splits, choose_splits
from support import errors
from support.files import require_writable, write_text

PROMPT = (
    "I have wanted to see this thriller for a while, and it didn't disappoint. "
    "Keanu Reeves, playing the hero John Wick, is"
)
Outputs = dict[str, tuple[Reviews, str]]  # split -> its reviews, where predictions go


def load_for(args: argparse.Namespace, options: EngineOptions) -> Loaded:
    """What the flags ask for, read; with what there is to note about it, printed."""
    device = choose_device(args.device, args.use_gpu)
    # Reviews are cut where they are encoded, so that a prompt keeps its question.
    max_len = args.max_sentence_len if args.option == "generate" else None
    causal = False if args.bidirectional else None
    loaded = load(
        args.pretrained_model_path,
        device,
        options,
        tokenizer=args.tokenizer,
        max_len=max_len,
        causal=causal,
    )
    print(f"model     {loaded.source}")
    if loaded.stand_in:
        print(f"stand-in  {loaded.stand_in}")
    print(f"runs on   {loaded.runs_on}")
    for note in options.notes(device):
        print(f"note      {note}")
    return loaded


def engine_options(args: argparse.Namespace) -> EngineOptions:
    """The flags that say what runs the model."""
    return EngineOptions(args.engine, args.dtype, args.quantize, args.compile)


def write_sentence(
    loaded: Loaded,
    ids: list[int],
    outfile: str,
    *,
    max_new_tokens: int,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    seed: int,
) -> None:
    """Generate one text, print it as it comes, and write prompt and text to `outfile`."""
    model, tokenizer = loaded.model, loaded.tokenizer
    generator = torch.Generator(model.device).manual_seed(seed)
    print(f"\nTemperature is {temperature}")
    text = tokenizer.decode(ids)
    print(text, end="", flush=True)
    start = first = time.perf_counter()
    new: list[int] = []
    for token in model.stream(
        torch.tensor([ids], device=model.device),
        max_new_tokens,
        temperature,
        top_k=top_k,
        top_p=top_p,
        stop_tokens=tokenizer.control_ids,
        generator=generator,
    ):
        if not new:
            first = time.perf_counter()
        new.append(int(token))
        longer = tokenizer.decode(ids + new)
        # A character of several tokens shows as U+FFFD until it is whole.
        if longer.endswith("\ufffd"):
            continue
        print(longer[len(text) :], end="", flush=True)
        text = longer
    whole = tokenizer.decode(ids + new)
    print(whole[len(text) :])
    seconds = time.perf_counter() - start
    print(
        f"---------------\n{len(new)} tokens in {seconds:.1f} s: {len(new) / seconds:.1f} "
        f"tokens/s, the first after {first - start:.2f} s"
    )
    write_text(outfile, whole)
    print(f"Wrote generated sentence to {outfile}.")


def require_output(
    args: argparse.Namespace, outfile: str, sources: Iterable[Path | str | None] = ()
) -> None:
    """Raise a ValueError when a file cannot be written, or is one that the run reads."""
    require_writable(outfile)
    checkpoint, _ = choose_checkpoint(args.pretrained_model_path)
    for source in (checkpoint, args.tokenizer, *sources):
        if source is not None and Path(outfile).resolve() == Path(source).resolve():
            raise ValueError(f"{outfile}: is read by this run; write to another file")


def require_seed(seed: int) -> None:
    """Raise a ValueError for a seed that torch does not take."""
    if not 0 <= seed < 2**63:
        raise ValueError(f"--seed {seed}: must be from 0 to {2**63 - 1}")


def generate(args: argparse.Namespace) -> None:
    """--option generate: continue the prompt at temperature 0 and 1, or at the one given."""
    if args.temperature is None:
        runs = {
            0.0: args.generated_sentence_low_temp_out,
            1.0: args.generated_sentence_high_temp_out,
        }
    elif args.temperature == 0:
        runs = {0.0: args.generated_sentence_low_temp_out}
    else:
        runs = {args.temperature: args.generated_sentence_high_temp_out}
    # What can be wrong is found before the model is read.
    options = engine_options(args)
    for temperature, outfile in runs.items():
        check_sampling(temperature, args.top_k, args.top_p)
        require_output(args, outfile)
    if len({Path(outfile).resolve() for outfile in runs.values()}) < len(runs):
        raise ValueError(f"{outfile}: two texts cannot go into one file; give two names")
    if args.max_new_tokens < 1:
        raise ValueError(f"--max_new_tokens {args.max_new_tokens}: must be at least 1")
    if not args.prompt:
        raise ValueError("--prompt is empty: give a text to continue")
    loaded = load_for(args, options)
    ids = loaded.tokenizer.encode(args.prompt, bos=True, eos=False)
    limit = loaded.model.config.max_seq_len
    if len(ids) > limit:
        raise ValueError(
            f"--prompt has {len(ids)} tokens and the context of this model {limit}: "
            f"shorten it, or cut it with --max_sentence_len {limit - 1}"
        )
    expected = len(runs) * args.max_new_tokens * seconds_per_token(loaded.model, len(ids))
    print(
        f"expected  about {expected:.0f} s for {len(runs)} x {args.max_new_tokens} tokens",
        flush=True,
    )
    for temperature, outfile in runs.items():
        write_sentence(
            loaded, ids, outfile, max_new_tokens=args.max_new_tokens, temperature=temperature,
            top_k=args.top_k, top_p=args.top_p, seed=args.seed,
        )  # fmt: skip


def read_splits(args: argparse.Namespace, kind: str) -> tuple[Splits, Outputs]:
    """The reviews of a run and where its predictions go; checked before the model is read."""
    asked = {"train": args.train, "dev": args.dev, "test": args.test}
    splits = choose_splits(asked, args.label_names, need_train=kind == "finetuning")
    outputs = splits.outputs(kind, {"dev": args.dev_out, "test": args.test_out})
    reviews = (splits.train, splits.dev, splits.test)
    sources = [args.label_names, *(part.path for part in reviews if part is not None)]
    for _, outfile in outputs.values():
        require_output(args, outfile, sources)
    if len({Path(outfile).resolve() for _, outfile in outputs.values()}) < len(outputs):
        raise ValueError("--dev_out and --test_out are one file; give two names")
    return splits, outputs


def print_reviews(splits: Splits) -> None:
    """Say which reviews are used, and why."""
    counts = [
        f"{len(reviews)} {split}"
        for split, reviews in (("train", splits.train), ("dev", splits.dev), ("test", splits.test))
        if reviews is not None
    ]
    print(
        f"reviews   {splits.dataset}: {', '.join(counts)}; labels {', '.join(splits.label_names)}"
    )
    if splits.stand_in:
        print(f"stand-in  {splits.stand_in}")


def prompt(args: argparse.Namespace) -> None:
    """--option prompt: classify zero-shot, by the likelihood of each label after a question."""
    splits, outputs = read_splits(args, "prompting")
    options = PromptOptions(
        args.scoring,
        args.calibrate,
        args.batch_size,
        1024 if args.max_tokens is None else args.max_tokens,
        args.max_sentence_len,
    )
    loaded = load_for(args, engine_options(args))
    print_reviews(splits)
    run_prompt(loaded.model, loaded.tokenizer, splits, outputs, options)


def finetune(args: argparse.Namespace) -> None:
    """--option finetune: train a classifier, keep its best epoch, write its predictions."""
    splits, outputs = read_splits(args, "finetuning")
    if args.engine == "fast" or args.quantize is not None:
        raise ValueError("finetune trains the taught model: leave out --engine fast and --quantize")
    if args.dtype != "float32":
        raise ValueError(
            f"--dtype {args.dtype}: finetune keeps float32 weights; --autocast on multiplies in "
            "bfloat16"
        )
    path, stand_in = choose_checkpoint(args.pretrained_model_path)
    freeze = bool(splits.stand_in or stand_in) if args.freeze is None else args.freeze
    autocast = choose_autocast(args.autocast, choose_device(args.device, args.use_gpu))
    recipe = Recipe.preset(
        freeze,
        epochs=args.epochs,
        lr=args.lr,
        batch_size=args.batch_size,
        max_tokens=args.max_tokens,
        seed=args.seed,
        autocast=autocast,
        compile=choose_compile(args.compile, freeze),
    )
    options = FinetuneOptions(
        freeze, args.activation_checkpointing, args.pooling_method, args.hidden_dropout_prob,
        args.max_sentence_len, args.save_minutes, args.resume, args.tensorboard, path,
    )  # fmt: skip
    loaded = load_for(args, EngineOptions("taught"))
    if args.compile and not recipe.compile:
        print(f"note      {NO_COMPILER}")
    print_reviews(splits)
    if args.freeze is None and freeze:
        print(
            "frozen    the model stays as it is: it or the reviews stand in; --no-freeze trains it"
        )
    run_finetune(loaded.model, loaded.tokenizer, splits, outputs, recipe, options)


def get_args() -> argparse.Namespace:
    parser = errors.ArgumentParser(
        description="LLaMA from scratch: generate text, classify zero-shot, finetune.",
    )

    def add(group, flag: str, text: str, **options) -> None:
        if options.get("default") is not None:
            text += " (default: %(default)s)"
        group.add_argument(flag, help=text, **options)

    add(
        parser,
        "--option",
        "generate: continue a text; prompt: zero-shot labels; finetune: train a classifier",
        choices=("generate", "prompt", "finetune"),
        default="generate",
    )
    add(
        parser,
        "--pretrained-model-path",
        "a .pt or GGUF checkpoint "
        f"(default: {COURSE_CHECKPOINT}, or the stand-in where that is absent)",
        metavar="FILE",
    )
    add(
        parser,
        "--tokenizer",
        "its tokenizer (default: the one in or beside the checkpoint, or tokenizer.model)",
        metavar="FILE",
    )
    add(
        parser,
        "--max_sentence_len",
        "tokens of a text that are kept (default: all)",
        type=int,
        metavar="N",
    )
    add(parser, "--seed", "of everything random", type=int, default=1337)
    add(
        parser,
        "--device",
        "auto: a GPU where there is one",
        choices=("auto", "cpu", "cuda", "mps"),
        default="auto",
    )
    add(parser, "--use_gpu", "the course's way to say --device cuda", action="store_true")
    add(parser, "--dtype", "of the weights", choices=tuple(DTYPES), default="float32")
    add(
        parser,
        "--engine",
        "fast: the packed twin of the model, for generate and prompt; taught: "
        "llama.py itself; auto: fast on a CPU, where inference/ is here",
        choices=("auto", "fast", "taught"),
        default="auto",
    )
    add(
        parser,
        "--quantize",
        "int8: matrices in a quarter of the bytes, faster for one text at a "
        "time, nearly the same text; needs the fast engine",
        choices=("int8",),
    )
    add(
        parser,
        "--compile",
        "let torch.compile make kernels, a quarter of a minute the first "
        "time: for one token at a time, used if they are faster here; with finetune for AdamW's "
        "step, of whole models",
        action="store_true",
    )
    add(
        parser,
        "--threads",
        "processors to compute with (default: torch's choice)",
        type=int,
        metavar="N",
    )
    add(
        parser,
        "--bidirectional",
        "no causal mask, as the course's reference of 2024-25: slow, and not for good text",
        action="store_true",
    )

    group = parser.add_argument_group("generate")
    add(group, "--prompt", "the text to continue", default=PROMPT, metavar="TEXT")
    add(group, "--max_new_tokens", "tokens to add", type=int, default=75, metavar="N")
    add(group, "--temperature", "one text at this temperature, 0 being the most likely token "
        "(default: two texts, at 0 and at 1)", type=float, metavar="T")  # fmt: skip
    add(
        group,
        "--top_k",
        "sample among the K most likely tokens (default: all)",
        type=int,
        metavar="K",
    )
    add(
        group,
        "--top_p",
        "sample among the fewest tokens that hold this share of the probability (default: 1)",
        type=float,
        metavar="P",
    )
    add(
        group,
        "--generated_sentence_low_temp_out",
        "where the text at temperature 0 goes",
        default="generated-sentence-temp-0.txt",
        metavar="FILE",
    )
    add(
        group,
        "--generated_sentence_high_temp_out",
        "where the text at another temperature goes",
        default="generated-sentence-temp-1.txt",
        metavar="FILE",
    )

    group = parser.add_argument_group("prompt and finetune")
    for split in ("train", "dev", "test"):
        add(
            group,
            f"--{split}",
            f"lines `label ||| sentence` (default: data/cfimdb-{split}.txt, "
            "or the stand-in where that is absent)",
            metavar="FILE",
        )
    add(
        group,
        "--label-names",
        "JSON list, the name of each label (default: data/cfimdb-label-mapping.json)",
        metavar="FILE",
    )
    for split in ("dev", "test"):
        add(
            group,
            f"--{split}_out",
            f"predictions for --{split} (default: "
            f"<dataset>-{split}-<prompting or finetuning>-output.txt)",
            metavar="FILE",
        )
    add(
        group,
        "--batch_size",
        "sentences; for finetune of one step, however little memory there is (default: 8)",
        type=int,
        metavar="N",
    )
    add(
        group,
        "--max_tokens",
        "tokens that go through the model at once, padding included: the "
        "less, the less memory (default: 1024; 512 for finetune)",
        type=int,
        metavar="N",
    )

    group = parser.add_argument_group("prompt")
    add(group, "--scoring", "chain: a label's pieces in turn, given the prompt; course: as the "
        "course's code, pads included", choices=("chain", "course"), default="chain")  # fmt: skip
    add(group, "--calibrate", "subtract each label's mean score over the file", action="store_true")

    group = parser.add_argument_group("finetune")
    add(
        group,
        "--epochs",
        "passes over --train (default: 5; 20 with --freeze)",
        type=int,
        metavar="N",
    )
    add(group, "--lr", "learning rate (default: 2e-5; 3e-4 with --freeze)", type=float)
    add(group, "--hidden_dropout_prob", "dropout before the classification head",
        type=float, default=0.3, metavar="P")  # fmt: skip
    add(
        group,
        "--freeze",
        "train the head alone, on states of the model that are computed once: "
        "minutes in place of hours (default: only with a stand-in)",
        action=argparse.BooleanOptionalAction,
        default=None,
    )
    add(
        group,
        "--pooling_method",
        "how a text's states become one vector",
        choices=POOLING_METHODS,
        default="last_token",
    )
    add(
        group,
        "--autocast",
        "multiply in bfloat16, with float32 weights and sums; auto: where the processor has it",
        choices=("auto", "on", "off"),
        default="auto",
    )
    add(
        group,
        "--activation_checkpointing",
        "compute layers again for their gradients, for less "
        "memory and up to a third more time; auto: for long texts",
        choices=tuple(LIMITS),
        default="auto",
    )
    add(group, "--save_minutes", "how often the state of a run is saved, beside each epoch's end",
        type=float, default=10.0, metavar="M")  # fmt: skip
    add(group, "--resume", "go on with an interrupted run", action="store_true")
    add(
        group,
        "--tensorboard",
        "log for TensorBoard, in the folder of --dev_out",
        action="store_true",
    )
    return parser.parse_args()


def main() -> None:
    args = get_args()
    require_seed(args.seed)
    set_threads(args.threads)
    {"generate": generate, "prompt": prompt, "finetune": finetune}[args.option](args)


if __name__ == "__main__":
    errors.run(main)
