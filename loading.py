"""The one door: a path to a model and its tokenizer; text in, text out.

from loading import generate, load

model, tokenizer = load("data/SmolLM2-135M-Instruct.pt")
print(generate(model, tokenizer, "Water boils at", 20, temperature=0))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import TypeVar, Unpack

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

import checkpoints
from checkpoints.tokenizer_files import saved_beside
from data import STAND_IN
from engine import DTYPES, Engine, Model, require_room
from llama import Llama
from sampling import Filters, Sampling
from support.processor import choose_device
from support.words import banner, count_in_words
from tokenizer import TextTokenizer, tokenizer_for

COURSE_CHECKPOINT = "stories42M.pt"
Texts = TypeVar("Texts", str, list[str])  # one, or several


def load(
    path: str | PathLike[str],
    *,
    engine: str | Engine = "taught",
    device: str | torch.device = "cpu",
    tokenizer: str | PathLike[str] | None = None,
    max_len: int | None = None,
    causal: bool | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[Model, TextTokenizer]:
    """Read a model and its tokenizer from a checkpoint of any format.

    Args:
        path: of the checkpoint.
        engine: "taught" gives a `Llama`, "fast" an `inference.Decoder`; an `Engine` says more.
        device: "cpu", "cuda" or "mps"; "auto" takes a GPU where there is one.
        tokenizer: path of its tokenizer; None for the one in or beside the checkpoint.
        max_len: tokens of a text that the tokenizer keeps.
        causal: overrides the checkpoint's configuration.
        tell: is told, a line at a time, what was loaded and what runs it.

    Raises:
        ValueError: a file is missing, damaged or does not fit, or an option makes no sense.
    """
    options = Engine(engine) if isinstance(engine, str) else engine
    device = choose_device(device) if isinstance(device, str) else device
    not_finite: list[str] = []
    checkpoint = checkpoints.watched(checkpoints.read(path), not_finite.append)
    text_tokenizer = tokenizer_for(checkpoint, max_len, tokenizer)
    skeleton = Llama.skeleton(checkpoint, causal=causal).to(DTYPES[options.dtype])
    about = f"{checkpoint.path.name} ({checkpoint.format}): {skeleton.footprint()}"
    tell(banner("model", about))
    require_room(checkpoint, skeleton, options, device)
    model, words = options.run(checkpoint, device, causal)
    kind = "" if skeleton.config.causal else ", bidirectional"
    threads = f", {count_in_words(torch.get_num_threads(), 'thread')}"
    where = device.type + (threads if device.type == "cpu" else "")
    tell(banner("runs on", f"{where}, {options.dtype}{kind}, {words}"))
    notes = [*checkpoint.guesses, *text_tokenizer.guesses, *options.notes(device)]
    if not_finite:
        notes.append(checkpoints.not_numbers(checkpoint.path, not_finite))
    for note in notes:
        tell(banner("note", note))
    return model, text_tokenizer


def save(model: Llama, tokenizer: TextTokenizer, path: str | PathLike[str]) -> None:
    """Write a course `.pt`, and beside it the tokenizer; `load` takes both up again.

    Raises:
        ValueError: the model is no `Llama`, or a file cannot be written.
    """
    if not isinstance(model, Llama):
        raise ValueError(f"a {type(model).__name__} cannot be saved: save the Llama it was made of")
    with saved_beside(tokenizer.vocabulary, Path(path)):
        model.save_pretrained(path)


def generate(
    model: Model,
    tokenizer: TextTokenizer,
    text: Texts,
    max_new_tokens: int = 75,
    temperature: float = 1.0,
    *,
    seed: int | None = None,
    stop: Sequence[str] = (),
    **filters: Unpack[Filters],
) -> Texts:
    """Continue a text, or several at once; each is returned with what follows it.

    Args:
        text: a text, or a list of them.
        max_new_tokens: how many tokens to add at most; a text ends earlier where the model ends it.
        temperature: how they are chosen; 0 takes the most likely one.
        seed: of the choice; None takes torch's global source of randomness.
        stop: texts before the first of which the new one ends.
        filters: top_k, top_p, min_p, repetition_penalty; see `sampling.Sampling`.

    Raises:
        ValueError: an argument is out of range, or a text has no token or too many.
    """
    sampling = Sampling(temperature, **filters)
    texts = [text] if isinstance(text, str) else text
    prompts = [torch.tensor(encode_prompt(tokenizer, part)) for part in texts]
    rows = write_rows(model, tokenizer, prompts, max_new_tokens, sampling, seed)
    whole = []
    for prompt, row in zip(prompts, rows, strict=True):
        start = len(settled(tokenizer.decode(prompt.tolist())))
        written = tokenizer.decode(prompt.tolist() + row)
        whole.append(written[:start] + before(written[start:], stop))
    return whole[0] if isinstance(text, str) else whole


def write_rows(
    model: Model,
    tokenizer: TextTokenizer,
    prompts: list[Tensor],
    max_new_tokens: int,
    sampling: Sampling,
    seed: int | None,
) -> list[list[int]]:
    """The ids that follow each prompt of a batch, up to the token that ends it and its copies."""
    if not prompts:
        return []
    idx = pad_sequence(prompts, batch_first=True, padding_value=tokenizer.pad_id).to(model.device)
    lengths = torch.tensor([len(prompt) for prompt in prompts])
    mask = torch.arange(idx.shape[1]) < lengths[:, None]
    new: Iterator[Tensor] = model.write(
        idx,
        max_new_tokens,
        sampling,
        stop_tokens=tokenizer.control_ids,
        generator=generator(model, seed),
        mask=mask.to(model.device),
    )
    return torch.cat([idx[:, :0], *new], dim=1).tolist()


def stream_text(
    model: Model,
    tokenizer: TextTokenizer,
    text: str,
    max_new_tokens: int = 75,
    temperature: float = 1.0,
    *,
    seed: int | None = None,
    stop: Sequence[str] = (),
    **filters: Unpack[Filters],
) -> Iterator[str]:
    """Yield what follows a text, piece by piece as it is written; see `generate`."""
    sampling, ids = Sampling(temperature, **filters), encode_prompt(tokenizer, text)
    return stream_pieces(model, tokenizer, ids, max_new_tokens, sampling, seed, stop)


def stream_pieces(
    model: Model,
    tokenizer: TextTokenizer,
    ids: list[int],
    max_new_tokens: int,
    sampling: Sampling,
    seed: int | None = None,
    stop: Sequence[str] = (),
    logprobs: list[Tensor] | None = None,
) -> Iterator[str]:
    """Yield the text of each token that follows `ids`: nothing for a part of a character.

    The pieces continue `settled(tokenizer.decode(ids))`. What may be the beginning of a text in
    `stop` is held back until it is known not to be. `logprobs` takes the log-probability of each.
    """
    tokens = model.write(
        torch.tensor([ids], device=model.device),
        max_new_tokens,
        sampling,
        stop_tokens=tokenizer.control_ids,
        generator=generator(model, seed),
        logprobs=logprobs,
    )
    return spell(tokenizer, ids, map(int, tokens), max_new_tokens, stop)


def spell(
    tokenizer: TextTokenizer,
    ids: list[int],
    tokens: Iterable[int],
    max_new_tokens: int,
    stop: Sequence[str] = (),
) -> Iterator[str]:
    """Yield what each of at most so many tokens adds to the text of `ids`; see `stream_pieces`."""
    prompt = text = settled(tokenizer.decode(ids))
    new: list[int] = []
    for token in tokens:
        new.append(token)
        longer = tokenizer.decode(ids + new)
        last = len(new) == max_new_tokens or token in tokenizer.control_ids
        if not last:
            longer = settled(longer)
        written = longer[len(prompt) :]
        if (kept := before(written, stop)) != written:
            yield (prompt + kept)[len(text) :]
            return
        if not last:
            longer = longer[: len(longer) - begun(written, stop)]
        yield longer[len(text) :]
        text = longer


def before(text: str, stop: Sequence[str]) -> str:
    """A text up to the first of others that it holds."""
    return text[: min((at for part in stop if (at := text.find(part)) >= 0), default=None)]


def begun(text: str, stop: Sequence[str]) -> int:
    """How many characters at the end of a text begin one of others."""
    longest = max(map(len, stop), default=1) - 1
    ends = range(min(longest, len(text)), 0, -1)
    return next((n for n in ends if any(part.startswith(text[-n:]) for part in stop)), 0)


def settled(text: str) -> str:
    """A text without the beginning of a character at its end, whose other bytes may yet come."""
    return text.rstrip("\ufffd")


def encode_prompt(tokenizer: TextTokenizer, text: str) -> list[int]:
    """A text to continue as token ids; raises a ValueError where that leaves nothing."""
    ids = tokenizer.encode(text, bos=True, eos=False)
    if not ids:
        raise ValueError("the prompt is empty: give a text to continue")
    return ids


def generator(model: Model, seed: int | None) -> torch.Generator | None:
    """A source of randomness where the model is."""
    return None if seed is None else torch.Generator(model.device).manual_seed(seed)


def choose_checkpoint(asked: str | None) -> tuple[Path, str]:
    """The checkpoint to read, and why it is a stand-in (or nothing).

    Raises:
        ValueError: nothing was asked for and neither default is here.
    """
    if asked is not None:
        return Path(asked), ""
    if Path(COURSE_CHECKPOINT).exists():
        return Path(COURSE_CHECKPOINT), ""
    if STAND_IN.exists():
        return STAND_IN, f"{COURSE_CHECKPOINT} is not here; bash setup.sh --course fetches it"
    raise ValueError(
        f"no checkpoint: neither {COURSE_CHECKPOINT} nor {STAND_IN.name} is here; "
        "bash setup.sh prepares the latter, --pretrained-model-path names another"
    )
