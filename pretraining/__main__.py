"""From a text file to a language model: train, evaluate, sample, encode, tokenizer."""

from __future__ import annotations

import support.early  # noqa: F401

# isort: split

import sys
from dataclasses import dataclass, field
from pathlib import Path

import torch

from checkpoints.vocabulary import BytePairVocabulary, JsonVocabulary, as_json
from data import BIBLE
from loading import load, stream_text
from perplexity import score_tokens
from pretraining.prepare import prepare
from pretraining.settings import Settings, Text
from pretraining.train import KIND, WAYS, train
from pretraining.vocabularies import learn_vocabulary
from support import errors
from support.files import atomic_path, read_json
from support.settings import filled, from_arguments, from_toml
from support.words import banner, count_in_words
from training.run import finished_run


@dataclass(frozen=True)
class Sample:
    """Write with what train has trained, in four ways."""

    run: str | None = None
    """the run in runs/ (default: the newest finished one)"""
    prompt: str = "In a world where"
    max_new_tokens: int = 100
    seed: int = 1337


@dataclass(frozen=True)
class Evaluate:
    """Score all of the held-out text, each token from at least half a window before it."""

    run: str | None = None
    """the run in runs/ (default: the newest finished one)"""
    stride: int | None = None
    """tokens from one window to the next (default: half the context)"""


@dataclass(frozen=True)
class Tokenizer:
    """Learn a tokenizer from texts, and write it for other programs: tokenizer.json, or .model."""

    out: Path
    """the file to write"""
    data: Path = BIBLE
    kind: str = "bpe"
    vocab_size: int = 4096


@dataclass(frozen=True)
class Encode:
    """Turn texts into a corpus of tokens, as train does before it trains."""

    text: Text = field(default_factory=Text)


def train_command(arguments: list[str]) -> None:
    """Take --config FILE and --resume out, and leave the rest to tyro."""
    resume = "--resume" in arguments
    arguments = [a for a in arguments if a != "--resume"]
    defaults = Settings()
    if "--config" in arguments:
        place = arguments.index("--config")
        if place + 1 == len(arguments):
            raise ValueError("--config needs a file: a TOML with [model], [training] and [text]")
        defaults = from_toml(Path(arguments[place + 1]), defaults)
        del arguments[place : place + 2]
    about = (
        "Train a tokenizer and a Llama on a text. --config FILE reads TOML with the same names; "
        "--resume goes on with the newest run of these settings."
    )
    settings = from_arguments(
        Settings, arguments, default=defaults, prog="pretraining train", description=about
    )
    train(settings, resume=resume)


def sample_command(arguments: list[str]) -> None:
    asked = from_arguments(Sample, arguments, prog="pretraining sample")
    run = finished_run(asked.run, KIND)
    model, tokenizer = load(run / "best.pt", engine="auto", tell=print)
    for name, how in WAYS.items():
        print(f"\n{name}\n{asked.prompt}", end="", flush=True)
        for piece in stream_text(
            model, tokenizer, asked.prompt, asked.max_new_tokens, seed=asked.seed, **how
        ):
            print(piece, end="", flush=True)
        print()


def evaluate_command(arguments: list[str]) -> None:
    asked = from_arguments(Evaluate, arguments, prog="pretraining evaluate")
    run = finished_run(asked.run, KIND)
    setting = read_json(run / "config.json")
    corpus = prepare(filled(Text(), setting["text"], f"{run / 'config.json'}: text: "))
    if corpus.folder.name != setting["corpus"]:
        raise ValueError(
            f"{run}: its text or tokenizer was changed since: it was trained on "
            f"{setting['corpus']}, and this is {corpus.folder.name}; train anew"
        )
    model, _ = load(run / "best.pt", engine="auto", tell=print)
    ids = torch.from_numpy(corpus.tokens("valid").astype("int64"))[None]
    found = score_tokens(model, ids, corpus.n_bytes("valid"), stride=asked.stride, progress=True)
    loss = f"loss {found.nats / found.tokens:.4f}, perplexity {found.perplexity:.3f}"
    speed = f"{found.tokens / found.seconds:,.0f} tokens/s"
    print(banner("score", f"{loss}, {found.bits_per_byte:.4f} bits per byte"))
    print(banner("read", f"{found.tokens:,} tokens of held-out text, {speed}"))


def tokenizer_command(arguments: list[str]) -> None:
    asked = from_arguments(Tokenizer, arguments, prog="pretraining tokenizer")
    vocabulary = learn_vocabulary(asked.data, asked.kind, asked.vocab_size, progress=True)
    if isinstance(vocabulary, BytePairVocabulary):
        vocabulary = as_json(vocabulary)
    content = vocabulary.json.encode() if isinstance(vocabulary, JsonVocabulary) else None
    with atomic_path(asked.out) as temporary:
        temporary.write_bytes(vocabulary.to_file()[1] if content is None else content)
    print(banner("wrote", f"{asked.out}: {asked.kind}, from {asked.data}"))


def encode_command(arguments: list[str]) -> None:
    asked = from_arguments(Encode, arguments, prog="pretraining encode")
    corpus = prepare(asked.text)
    for split, of in corpus.about["splits"].items():
        size = f"{of['tokens']:,} tokens in {count_in_words(of['documents'], 'document')}"
        print(banner(split, f"{size}, {of['bytes'] / of['tokens']:.2f} bytes a token"))
    print(banner("wrote", f"{corpus.folder}, which train finds by the same --text"))


COMMANDS = {
    "train": train_command,
    "evaluate": evaluate_command,
    "sample": sample_command,
    "encode": encode_command,
    "tokenizer": tokenizer_command,
}


def main() -> None:
    parser = errors.ArgumentParser(prog="pretraining", description=__doc__)
    about = (
        "train: a tokenizer and a Llama; evaluate: score the held-out text; sample: write; "
        "encode: the corpus alone; tokenizer: that alone"
    )
    parser.add_argument("command", choices=tuple(COMMANDS), help=f"{about} (each has --help)")
    command = parser.parse_args(sys.argv[1:2]).command
    COMMANDS[command](sys.argv[2:])


if __name__ == "__main__":
    errors.run(main)
