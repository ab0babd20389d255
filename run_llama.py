"""The modes: `python run_llama.py --option {generate,chat,score,prompt,finetune,classify}`.

Flags, defaults and file names are the course's; its own checkpoint is `stories42M.pt`. Where
nothing was asked for and that file is absent, the stand-in that setup.sh prepared is used.
"""

from __future__ import annotations

import support.early  # noqa: F401

# isort: split

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from chat import Conversation, choose_form
from chat.console import is_terminal, run_lines, run_terminal
from chat.conversation import SAMPLING
from engine import Engine, Model
from flags import NEW_TOKENS, get_args
from loading import (
    choose_checkpoint,
    encode_prompt,
    load,
    settled,
    stream_pieces,
)
from perplexity import score_text
from sampling import Sampling
from sentiment.classify import AT_ONCE, read_lines, run_classify
from sentiment.evaluation import probabilities_path
from sentiment.finetune import (
    FROZEN,
    WHOLE_MODEL,
    FinetuneOptions,
    require_places,
    run_finetune,
)
from sentiment.prompt import PromptOptions, run_prompt
from sentiment.splits import Outputs, Splits, choose_splits, holds_others
from sentiment.tables import Columns
from sentiment.trained import ReviewClassifier
from support import errors
from support.files import (
    STANDARD,
    is_sink,
    read_bytes,
    require_outputs,
    require_space,
    write_text,
)
from support.processor import choose_device, compile_fault, set_threads
from support.words import banner, time_in_words
from tokenizer import TextTokenizer, places
from training.recipe import Recipe, choose_autocast
from training.run import finished_run


def generate(args: argparse.Namespace) -> None:
    """--option generate: continue the prompt at temperature 0 and 1, or at the one given."""
    # What can be wrong is found before the model is read.
    runs, new_tokens, text = planned_texts(args)
    checkpoint, why = choose_checkpoint(args.pretrained_model_path)
    require_outputs([outfile for _, outfile in runs], files_of(args, checkpoint))
    model, tokenizer = load_for(args, checkpoint, why, engine_of(args), args.max_sentence_len)
    ids = prompt_ids(tokenizer, text, model.config.max_seq_len)
    expected = len(runs) * new_tokens * seconds_per_token(model, len(ids))
    work = f"{len(runs)} x {new_tokens} tokens"
    print(banner("expected", f"about {time_in_words(expected)} for {work}"))
    for sampling, outfile in runs:
        logprobs: list[Tensor] | None = [] if args.logprobs else None
        stream = stream_pieces(
            model, tokenizer, ids, new_tokens, sampling, args.seed, args.stop, logprobs
        )
        prompt = settled(tokenizer.decode(ids))
        text, whole = write_sentence(prompt, sampling.temperature, stream, logprobs)
        write_text(outfile, text)
        print(f"Wrote generated sentence to {outfile}.")
        if not whole:
            raise KeyboardInterrupt


def planned_texts(args: argparse.Namespace) -> tuple[list[tuple[Sampling, str]], int, str]:
    """How each text is sampled and where it goes, how long it gets, and what it continues."""
    low, high = args.generated_sentence_low_temp_out, args.generated_sentence_high_temp_out
    texts = {0.0: low, 1.0: high}
    if args.temperature is not None:
        texts = {args.temperature: low if args.temperature == 0 else high}
    filters = filters_of(args)
    runs = [(Sampling(t, **filters), outfile) for t, outfile in texts.items()]
    prompt = args.prompt
    if prompt == STANDARD:
        content = read_bytes(STANDARD, "give --prompt TEXT")
        prompt = as_text(content, "standard input").rstrip("\r\n")
    if not prompt:
        raise ValueError("--prompt is empty: give a text to continue")
    return runs, NEW_TOKENS if args.max_new_tokens is None else args.max_new_tokens, prompt


def prompt_ids(tokenizer: TextTokenizer, text: str, limit: int) -> list[int]:
    """The prompt's tokens; a ValueError where there are more than the model's context holds."""
    ids = encode_prompt(tokenizer, text)
    if len(ids) > limit:
        raise ValueError(
            f"--prompt has {len(ids)} tokens and the context of this model {limit}: "
            f"shorten it, or cut it with --max_sentence_len {limit - 1}"
        )
    return ids


def filters_of(args: argparse.Namespace) -> dict[str, Any]:
    """What narrows the choice of a token.

    Raises:
        ValueError: with them, a text cannot be written.
    """
    if "" in args.stop:
        raise ValueError("--stop is empty: give the text before which to end")
    if args.max_new_tokens is not None and args.max_new_tokens < 1:
        raise ValueError(f"--max_new_tokens {args.max_new_tokens}: must be at least 1")
    penalty = args.repetition_penalty
    return given(top_k=args.top_k, top_p=args.top_p, min_p=args.min_p, repetition_penalty=penalty)


def chat(args: argparse.Namespace) -> None:
    """--option chat: talk, at a terminal or a line at a time."""
    filters, temperature = filters_of(args), given(temperature=args.temperature)
    sampling = replace(SAMPLING, **filters, **temperature)
    if args.bidirectional:
        raise ValueError("--bidirectional: chat keeps what was said in a cache; leave it out")
    checkpoint, why = choose_checkpoint(args.pretrained_model_path)
    talks = is_terminal()
    tell = print if talks else partial(print, file=sys.stderr)
    model, tokenizer = load_for(args, checkpoint, why, engine_of(args), tell=tell)
    conversation = Conversation(
        model,
        choose_form(tokenizer, args.chat_format),
        system=args.system,
        sampling=sampling,
        context=args.context,
        stop=args.stop,
        seed=args.seed,
        tell=lambda line: tell(f"({line})"),
        **given(max_new_tokens=args.max_new_tokens),
    )
    tell(banner("chat", f"as {conversation.form.name} has it, {conversation.context:,} tokens"))
    inputs = files_of(args, checkpoint)
    if talks:
        run_terminal(conversation, inputs)
    elif sys.stdin is None:
        raise ValueError("standard input is closed: chat reads its questions there")
    else:
        run_lines(
            conversation, (as_text(line, "standard input") for line in sys.stdin.buffer), inputs
        )


def write_sentence(
    prompt: str, temperature: float, stream: Iterable[str], logprobs: list[Tensor] | None
) -> tuple[str, bool]:
    """Print a text as it comes, a piece for each token; then how fast, and log-probabilities.

    Args:
        prompt: what the text begins with.
        logprobs: takes those of the tokens as they come; None where they were not asked for.

    Returns:
        The text with its prompt, and whether it is whole: Ctrl-C ends one, which is kept.
    """
    print(f"\nTemperature is {temperature}\n{prompt}", end="", flush=True)
    pieces: list[str] = []  # one of each token
    start = first = time.perf_counter()
    whole = False
    try:
        for piece in stream:
            if not pieces:
                first = time.perf_counter()
            pieces.append(piece)
            print(piece, end="", flush=True)
        whole = True
    except KeyboardInterrupt:
        if not pieces:  # nothing that would be worth keeping
            raise
    seconds = time.perf_counter() - start
    print(
        f"\n---------------\n{len(pieces)} tokens in {time_in_words(seconds)}: "
        f"{len(pieces) / seconds:.1f} tokens/s, the first after {time_in_words(first - start)}"
    )
    for piece, logprob in zip(pieces, logprobs or [], strict=False):
        print(f"{logprob.item():10.4f}  {piece!r}")
    return prompt + "".join(pieces), whole


def score(args: argparse.Namespace) -> None:
    """--option score: how well the model predicts the text of a file."""
    if args.file is None:
        raise ValueError("score needs a text: --file FILE, - being standard input")
    text = as_text(read_bytes(args.file, "it should hold a text"), args.file)
    checkpoint, why = choose_checkpoint(args.pretrained_model_path)
    model, tokenizer = load_for(args, checkpoint, why, engine_of(args))
    found = score_text(model, tokenizer, text, args.window, args.stride, progress=True)
    speed = f"{found.tokens / found.seconds:,.0f} tokens/s"
    took = f"{found.tokens:,} tokens in {time_in_words(found.seconds)}: {speed}"
    print(banner("read", f"{found.n_bytes:,} bytes, {took}"))
    per_byte = f"{found.bits_per_byte:.4f} bits per byte"
    print(banner("score", f"perplexity {found.perplexity:.4f} per token, {per_byte}"))


def seconds_per_token(model: Model, T: int) -> float:
    """Time one more token after T others: with a cache, or, bidirectionally, all of them again."""
    tokens = torch.zeros((1, T + 1), dtype=torch.long, device=model.device)
    if model.config.causal:
        tokens = tokens[:, :1]
    seconds = []
    with torch.no_grad():
        for _ in range(3):  # the first touches the weights for the first time
            start = time.perf_counter()
            model(tokens[:, -model.config.max_seq_len :])[0].sum().item()
            seconds.append(time.perf_counter() - start)
    return min(seconds)


def prompt(args: argparse.Namespace) -> None:
    """--option prompt: classify zero-shot, by the likelihood of each label after a question."""
    options = PromptOptions(
        scoring=args.scoring,
        calibrate=args.calibrate,
        batch_size=args.batch_size,
        max_sentence_len=args.max_sentence_len,
        question=args.question,
        probabilities=args.probabilities,
        **given(max_tokens=args.max_tokens),
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
    require_places(outputs)
    # Typed bare on stand-ins it ends in minutes; a rate or epochs mean the course's whole model.
    by_default = bool(splits.stand_in or why) and args.lr is None and args.epochs is None
    freeze = by_default if args.freeze is None else args.freeze
    recipe, options = recipe_of(args, freeze), finetune_options(args, checkpoint, freeze)
    model, tokenizer = load_for(args, checkpoint, why, Engine("taught", trained=not freeze))
    if args.compile and not recipe.compile:
        print(banner("note", f"compile: {compile_fault()}; goes on without"))
    print(splits)
    stays = "the model stays as it is: it or the reviews stand in; --no-freeze, --lr or --epochs"
    if args.freeze is None and freeze:
        print(banner("frozen", f"{stays} trains it"))
    elif args.freeze is None:
        alone = "--freeze trains the head alone, in minutes"
        print(banner("whole", f"all of the model is trained, as in the course; {alone}"))
    run_finetune(model, tokenizer, splits, outputs, recipe, options)


def recipe_of(args: argparse.Namespace, freeze: bool) -> Recipe:
    """The numbers of a run, as they are asked for or as the kind of run has them."""
    if args.compile and freeze:
        raise ValueError(
            "--compile makes one kernel of AdamW's step over the whole model, and here a head "
            "alone is trained: leave it out, or give --no-freeze"
        )
    preset: dict[str, Any] = FROZEN if freeze else WHOLE_MODEL
    asked = given(
        epochs=args.epochs,
        lr=args.lr,
        batch_size=args.batch_size,
        max_tokens=args.max_tokens,
        seed=args.seed,
        autocast=choose_autocast(args.autocast, choose_device(device_name(args))),
        compile=args.compile and not compile_fault(),
        weight_decay=args.weight_decay,
        warmup_steps=args.warmup_steps,
        patience=args.patience,
    )
    return Recipe(**(preset | asked))


def finetune_options(args: argparse.Namespace, checkpoint: Path, freeze: bool) -> FinetuneOptions:
    """What decides a run beside its numbers."""
    return FinetuneOptions(
        checkpoint=checkpoint,
        freeze=freeze,
        pooling=args.pooling_method,
        dropout=args.hidden_dropout_prob,
        max_sentence_len=args.max_sentence_len,
        activation_checkpointing=args.activation_checkpointing,
        save_minutes=args.save_minutes,
        resume=args.resume,
        tensorboard=args.tensorboard,
        class_weights=args.class_weights,
        best_by=args.best_by,
        probabilities=args.probabilities,
        threads=args.threads,
    )


def given(**flags: Any) -> dict[str, Any]:
    """The flags that were given, so that what they are for has its own defaults."""
    return {name: value for name, value in flags.items() if value is not None}


def classify(args: argparse.Namespace) -> None:
    """--option classify: label reviews with what finetune has trained."""
    if args.text is not None and args.file is not None:
        raise ValueError("--text and --file are both given: give one of them")
    if args.text is not None and not args.text.strip():
        raise ValueError("--text is empty: give a review")
    if args.file is not None:
        content = read_bytes(args.file, "it should hold reviews, one a line")
        lines = list(read_lines(content.splitlines(), args.file))
    run = finished_run(args.run, "finetune-")
    classifier = ReviewClassifier.load(run, args.pretrained_model_path)
    classifier.model.to(choose_device(device_name(args)))
    print(banner("run", f"{run}: {', '.join(classifier.about.label_names)}"), file=sys.stderr)
    every = args.probabilities
    if args.text is not None:
        run_classify(classifier, [args.text], at_once=1, every=every)
    elif args.file is not None:
        run_classify(classifier, lines, at_once=AT_ONCE, every=every)
    else:
        if sys.stdin is None:
            raise ValueError("standard input is closed: give --text or --file")
        if sys.stdin.isatty():
            print("reviews, one a line; Ctrl-D ends", file=sys.stderr)
        reviews = read_lines(sys.stdin.buffer, "standard input")
        run_classify(classifier, reviews, at_once=1, every=every)


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
    args: argparse.Namespace,
    checkpoint: Path,
    why: str,
    engine: Engine,
    max_len: int | None = None,
    tell: Callable[[str], None] = print,
) -> tuple[Model, TextTokenizer]:
    """The model and its tokenizer, and a banner that says what they are and what runs them."""
    if why:
        tell(banner("stand-in", why))
    return load(
        checkpoint,
        engine=engine,
        device=device_name(args),
        tokenizer=args.tokenizer,
        max_len=max_len,
        causal=False if args.bidirectional else None,
        tell=tell,
    )


def read_splits(args: argparse.Namespace, kind: str, checkpoint: Path) -> tuple[Splits, Outputs]:
    """The reviews of a run and where its predictions go; checked before the model is read."""
    asked = {"train": args.train, "dev": args.dev, "test": args.test}
    splits = choose_splits(
        asked,
        args.label_names,
        need_train=kind == "finetuning",
        columns=Columns(args.label_column, args.text_column),
        missing_classes=args.allow_missing_classes,
    )
    outputs = splits.outputs(kind, {"dev": args.dev_out, "test": args.test_out})
    parts = (splits.train, splits.dev, splits.test)
    reads = [*files_of(args, checkpoint), splits.names_path, *(p.path for p in parts if p)]
    writes = [outfile for _, outfile in outputs.values()]
    require_outputs(writes + [probabilities_path(o) for o in writes] * args.probabilities, reads)
    for reviews, outfile in outputs.values():
        if is_sink(outfile):
            if args.probabilities:
                raise ValueError(f"--probabilities writes beside a file, and {outfile} is none")
            continue
        size = sum(len(sentence.encode()) + 10 for sentence in reviews.sentences)
        require_space(Path(outfile).parent, size, f"writing {outfile}")
        if holds_others(outfile, reviews):
            about = f"{outfile} holds predictions for other reviews, and is going to be replaced"
            print(banner("note", about))
    return splits, outputs


def as_text(content: bytes, name: str) -> str:
    """What bytes spell; a ValueError where that is no UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: not UTF-8 ({error.reason}); convert it") from error


def files_of(args: argparse.Namespace, checkpoint: Path) -> list[Path]:
    """Of a model, which no output may overwrite; also where they are only looked for."""
    return [checkpoint, *([Path(args.tokenizer)] if args.tokenizer else places(checkpoint))]


MODES = {
    "generate": generate,
    "chat": chat,
    "score": score,
    "prompt": prompt,
    "finetune": finetune,
    "classify": classify,
}


def main() -> None:
    args = get_args(tuple(MODES))
    if not 0 <= args.seed < 2**63:
        raise ValueError(f"--seed {args.seed}: must be from 0 to {2**63 - 1}")
    if why := set_threads(args.threads):
        piped = args.option == "classify" or (args.option == "chat" and not is_terminal())
        print(banner("note", why), file=sys.stderr if piped else sys.stdout)
    MODES[args.option](args)


if __name__ == "__main__":
    errors.run(main)
