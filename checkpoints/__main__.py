"""Look into a checkpoint, or convert one: `python -m checkpoints {show,convert}`."""

from __future__ import annotations

import support.early  # noqa: F401

# isort: split

import math
import time
from collections import Counter
from pathlib import Path

from checkpoints import read
from checkpoints.contents import Checkpoint
from checkpoints.convert import DTYPES, FORMATS, convert
from checkpoints.tokenizer_files import find_vocabulary
from checkpoints.vocabulary import (
    BytePairVocabulary,
    JsonVocabulary,
    SentencePieceVocabulary,
    Vocabulary,
    json_tokens,
    pieces_of,
)
from support import errors
from support.words import banner, count_in_words, size_in_words, time_in_words


def show(path: Path, all_tensors: bool) -> None:
    """Print what a checkpoint holds: sizes, tensors and tokenizer."""
    checkpoint = read(path)
    config, shapes = checkpoint.config, checkpoint.shapes
    parameters = sum(math.prod(shape) for shape in shapes.values())
    print(banner("file", f"{checkpoint.path} ({checkpoint.format})"))
    print(banner("model", f"Llama, {parameters:,} parameters, {_sizes(checkpoint)}"))
    layers = f"{config.n_layers} layers of width {config.dim}"
    heads = f"{config.n_heads} heads of {config.head_dim} on {config.n_kv_heads} of keys and values"
    print(banner("layers", f"{layers}, {heads}, feed-forward {_hidden(checkpoint)}"))
    tied = "tied" if config.tie_embeddings else "with a matrix of its own"
    print(banner("words", f"{config.vocab_size:,} rows in the embedding, output {tied}"))
    scaled = ""
    if config.rope_scaling is not None:
        scaled = f", scaled ({config.rope_scaling.kind}, factor {config.rope_scaling.factor:g})"
    causal = "" if config.causal else ", bidirectional"
    context = f"{config.max_seq_len:,} tokens, theta {config.rope_theta:g}{scaled}{causal}"
    print(banner("context", f"{context}, eps {config.layer_norm_eps:g}"))
    vocabulary = find_vocabulary(checkpoint.path, checkpoint.vocabulary)
    print(banner("tokenizer", "none" if vocabulary is None else _words(vocabulary)))
    for guess in checkpoint.guesses:
        print(banner("note", guess))
    for name, shape in shapes.items():
        if all_tensors:
            print(f"{name:45} {' x '.join(map(str, shape))}")


def _sizes(checkpoint: Checkpoint) -> str:
    parameters = sum(math.prod(shape) for shape in checkpoint.shapes.values())
    held = checkpoint.path.stat().st_size
    if checkpoint.path.is_dir():
        held = sum(p.stat().st_size for p in checkpoint.path.iterdir() if p.is_file())
    return f"{size_in_words(held)} on disk, {size_in_words(4 * parameters)} in float32"


def _hidden(checkpoint: Checkpoint) -> int:
    return checkpoint.shapes["layers.0.feed_forward.w1.weight"][0]


def _words(vocabulary: Vocabulary) -> str:
    """A tokenizer in a line."""
    if isinstance(vocabulary, BytePairVocabulary):
        kinds = Counter(vocabulary.token_types)
        how = f"byte-level BPE ({vocabulary.pre}), {len(vocabulary.tokens):,} tokens"
        how += f", {kinds[3]} of them control tokens"
    elif isinstance(vocabulary, JsonVocabulary):
        how = f"tokenizer.json, {len(json_tokens(vocabulary.json)):,} tokens"
    else:
        assert isinstance(vocabulary, SentencePieceVocabulary)
        how = f"SentencePiece, {len(pieces_of(vocabulary.model).pieces):,} pieces"
    template = "with" if vocabulary.chat_template else "without"
    return f"{how}, {template} a chat template"


def run_convert(source: Path, target: Path, format: str, dtype: str | None) -> None:
    """Convert, and say what was written."""
    start = time.perf_counter()
    written = convert(source, target, format, dtype, lambda line: print(banner("note", line)))
    n, seconds = len(written.shapes), time.perf_counter() - start
    what = f"{written.format}, {_sizes(written)}"
    print(banner("wrote", f"{written.path} ({what}) in {time_in_words(seconds)}"))
    rounded = ", rounded as asked" if dtype not in (None, "float32") else " to the bit"
    print(banner("compared", f"{count_in_words(n, 'tensor')} are the source's{rounded}"))
    if find_vocabulary(written.path, written.vocabulary) is None:
        print(banner("note", "the source has no tokenizer, so neither has this"))


def main() -> None:
    parser = errors.ArgumentParser(prog="checkpoints", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="{show,convert}")
    look = commands.add_parser("show", help="what a checkpoint holds")
    look.add_argument("file", type=Path, help="a checkpoint, or a folder of one")
    look.add_argument("--tensors", action="store_true", help="list each tensor with its shape")
    other = commands.add_parser("convert", help="write it in another format")
    other.add_argument("source", type=Path, help="a checkpoint of any format, or a folder of one")
    other.add_argument("target", type=Path, help="the file to write; for huggingface, a new folder")
    other.add_argument("--to", required=True, choices=FORMATS, help="the format")
    dtype = "of the weights (default: float32, or as the source has them)"
    other.add_argument("--dtype", choices=DTYPES, help=dtype)
    args = parser.parse_args()
    if args.command == "show":
        show(args.file, args.tensors)
    else:
        run_convert(args.source, args.target, args.to, args.dtype)


if __name__ == "__main__":
    errors.run(main)
