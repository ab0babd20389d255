"""The one door: a path to a model and its tokenizer, text in, text out."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

import checkpoints
import engine
import loading
from engine import DTYPES, Engine, LayerByLayer
from inference import Decoder
from llama import Llama, load_pretrained
from loading import generate, load, save, settled, stream_pieces, stream_text
from sampling import Sampling
from tests.helpers import CONFIG, contents, random_llama, random_tokens, vocabulary
from tokenizer import TextTokenizer

Opened = tuple[Llama, TextTokenizer]


@pytest.fixture
def counting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """A model that continues every text with the pieces that follow its last one."""
    monkeypatch.chdir(folder)
    return load("counting.pt")


def following(tokenizer: TextTokenizer, text: str, count: int) -> str:
    """What a model that counts makes of a text."""
    ids = tokenizer.encode(text, bos=True, eos=False)
    return tokenizer.decode(ids + [ids[-1] + n for n in range(1, count + 1)])


def test_it_gives_the_taught_model_unless_asked_otherwise(folder: Path, counting: Opened) -> None:
    assert isinstance(counting[0], Llama)
    assert isinstance(load("counting.pt", engine="fast")[0], Decoder)
    assert isinstance(load("counting.pt", engine="auto")[0], Decoder)
    told: list[str] = []
    model, _ = load(
        "counting.pt", engine=Engine("auto", "bfloat16"), causal=False, tell=told.append
    )
    assert model.dtype == torch.bfloat16
    assert not model.config.causal
    assert told[0].startswith("model     counting.pt (PyTorch): ")
    assert "bfloat16, bidirectional, fast engine" in told[1]


def test_a_text_and_several_at_once(counting: Opened) -> None:
    model, tokenizer = counting
    texts = ["a hero", "wonderful", "a"]
    expected = [following(tokenizer, text, 8) for text in texts]
    assert generate(model, tokenizer, texts, 8, temperature=0) == expected
    assert [generate(model, tokenizer, text, 8, 0.0) for text in texts] == expected
    assert generate(model, tokenizer, []) == []
    fast = Decoder(model)
    assert generate(fast, tokenizer, texts, 8, temperature=0) == expected


def test_a_streamed_text_is_the_generated_one(counting: Opened) -> None:
    """Also across the byte pieces, of which some make no character alone."""
    model, tokenizer = counting
    for text in ("a hero", "\x00"):
        whole = generate(model, tokenizer, text, 60, temperature=0)
        pieces = list(stream_text(model, tokenizer, text, 60, temperature=0))
        assert len(pieces) == 60
        assert tokenizer.decode(tokenizer.encode(text, True, False)) + "".join(pieces) == whole


def test_a_text_ends_before_the_first_of_its_stops(counting: Opened) -> None:
    """A stop within a token, over several, and one whose beginning comes more often than it."""
    model, tokenizer = counting
    prompt = "a hero"
    whole = generate(model, tokenizer, prompt, 60, temperature=0)
    new = whole[len(prompt) :]
    stops = [new[20:21], new[10:30], new[9:11] + "?", new[40:]]
    for stop in ([s] for s in stops):
        at = new.find(stop[0])
        expected = new if at < 0 else new[:at]
        pieces = list(stream_text(model, tokenizer, prompt, 60, temperature=0, stop=stop))
        assert "".join(pieces) == expected, stop
        assert generate(model, tokenizer, prompt, 60, 0.0, stop=stop) == prompt + expected
    first = min(new.find(s) for s in (stops[0], stops[1]))
    both = generate(model, tokenizer, [prompt, prompt], 60, 0.0, stop=stops[:2])
    assert both == [prompt + new[:first]] * 2
    # Nothing that has been shown is taken back, and nothing is held back for longer than it need.
    pieces = list(stream_text(model, tokenizer, prompt, 60, temperature=0, stop=["\ue000never"]))
    assert pieces == list(stream_text(model, tokenizer, prompt, 60, temperature=0))


def test_a_character_of_several_tokens_comes_whole(counting: Opened) -> None:
    """Its bytes one after another, as a model that is made to write them does."""
    _, tokenizer = counting
    llama = "🦙"
    ids = tokenizer.encode(llama, bos=False, eos=False)
    assert len(ids) > 3

    class Writer:
        device = torch.device("cpu")

        def __init__(self, written: list[int] = ids) -> None:
            self.written = written

        def write(self, _: object, count: int, *__: object, **___: object) -> Iterator[Tensor]:
            yield from torch.tensor(self.written[:count]).view(-1, 1, 1)

    pieces = list(stream_text(Writer(), tokenizer, "a", len(ids)))
    assert "".join(pieces).strip() == llama
    assert not any("\ufffd" in piece for piece in pieces)
    # What is left at the end is shown, whether the length ends it or the model.
    for written, count in ((ids, len(ids) - 1), ([*ids[:-1], tokenizer.eos_id], 99)):
        cut = list(stream_text(Writer(written), tokenizer, "a", count))
        assert len(cut) == min(count, len(written))
        assert "".join(cut).endswith("\ufffd")
    # A prompt that ends within it, as one of a bounded length may, is continued as well.
    begun, rest = tokenizer.encode("a 🦙", bos=True, eos=False), ids[-2:]
    start = settled(tokenizer.decode(begun[:-2]))
    assert start == "a "
    pieces = list(stream_pieces(Writer(rest), tokenizer, begun[:-2], 9, Sampling(0.0)))
    assert start + "".join(pieces) == "a 🦙"


def test_the_seed_decides(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    model, tokenizer = load("stories42M.pt")
    one, same, other = (generate(model, tokenizer, "a", 20, seed=seed) for seed in (1, 1, 2))
    assert one == same != other


def test_what_was_saved_loads_again(counting: Opened, tmp_path: Path) -> None:
    model, tokenizer = counting
    save(model, tokenizer, tmp_path / "own.pt")
    again, its_tokenizer = load(tmp_path / "own.pt")
    assert again.config == model.config
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name
    text = generate(again, its_tokenizer, "a hero", 5, temperature=0)
    assert text == following(tokenizer, "a hero", 5)
    assert {path.name for path in tmp_path.iterdir()} == {"own.pt", "own.tokenizer.model"}
    with pytest.raises(ValueError, match="a Decoder cannot be saved: save the Llama"):
        save(Decoder(model), tokenizer, tmp_path / "other.pt")  # type: ignore[arg-type]


def test_what_cannot_be_saved_leaves_what_was_there(
    counting: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights, and the tokenizer that belongs to them, be it of another kind."""
    model, tokenizer = counting
    save(model, tokenizer, tmp_path / "own.pt")
    before = contents(tmp_path)

    class Other(TextTokenizer):
        vocabulary = vocabulary()  # of another kind than the one before

        def _text_to_ids(self, s: str, specials: bool) -> list[int]:
            raise NotImplementedError

        def ends(self, s: str) -> list[int]:
            raise NotImplementedError

        def decode(self, t: object) -> str:
            raise NotImplementedError

        def id_to_token(self, i: int) -> str:
            raise NotImplementedError

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save", full)
    with pytest.raises(ValueError, match="the disk is full or failing"):
        save(model, Other(), tmp_path / "own.pt")
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"text": "hero " * 200}, "the context ends at max_seq_len=128"),
        ({"temperature": -1.0}, "temperature=-1.0"),
        ({"top_p": 0.0}, "top_p=0.0"),
        ({"max_new_tokens": -1}, "max_new_tokens=-1"),
    ],
)
def test_a_wrong_argument_is_named(counting: Opened, given: dict, message: str) -> None:
    model, tokenizer = counting
    with pytest.raises(ValueError, match=message):
        generate(model, tokenizer, **{"text": "a", **given})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"engine": "slow"}, "engine=slow: must be one of auto, fast, taught"),
        ({"engine": Engine("fast"), "device": "tpu"}, "device=tpu: there is no such device here"),
        ({"path": "nope.pt"}, "nope.pt: no such checkpoint"),
    ],
)
def test_what_cannot_be_loaded_is_named(counting: Opened, given: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(**{"path": "counting.pt", **given})


def test_a_tree_without_the_fast_engine(counting: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "Decoder", None)
    told: list[str] = []
    model, _ = load("counting.pt", engine="auto", tell=told.append)
    assert isinstance(model, Llama)
    assert told[-1].endswith("taught engine")
    for wanted in ({"name": "fast"}, {"quantize": "int8"}, {"compile": True}):
        with pytest.raises(ValueError, match="this tree has no folder inference/"):
            Engine(**wanted)


def test_without_any_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "STAND_IN", tmp_path / "absent.pt")
    with pytest.raises(ValueError, match=r"no checkpoint: neither .* bash setup\.sh"):
        loading.choose_checkpoint(None)
    (tmp_path / "absent.pt").touch()
    path, why = loading.choose_checkpoint(None)
    assert path.name == "absent.pt"
    assert "bash setup.sh --course" in why


@pytest.mark.parametrize(
    "options",
    [Engine("fast"), Engine("fast", "bfloat16"), Engine("fast", quantize="int8")],
    ids=["float32", "bfloat16", "int8"],
)
@pytest.mark.parametrize("tied", [True, False])
def test_packed_layer_by_layer_it_is_the_same(
    options: Engine, tied: bool, tmp_path: Path, folder: Path
) -> None:
    model = random_llama(replace(CONFIG, vocab_size=300, tie_embeddings=tied))
    model.save_pretrained(tmp_path / "m.pt")
    ours, _ = load(tmp_path / "m.pt", engine=options, tokenizer=folder / "tokenizer.model")
    expected = Decoder(
        load_pretrained(tmp_path / "m.pt", dtype=DTYPES[options.dtype]),
        options.dtype,
        options.quantize,
    )
    tokens = random_tokens(2, 9)
    assert torch.equal(ours(tokens)[0], expected(tokens)[0])


def test_a_layer_is_forgotten_once_it_is_packed(folder: Path) -> None:
    """So that the whole model is never there beside its packed form."""
    unread = LayerByLayer(
        checkpoints.read(folder / "counting.pt"), torch.float32, torch.device("cpu")
    )
    held: list[weakref.ref] = []
    for layer in unread.layers:
        held.append(weakref.ref(layer))
        assert sum(ref() is not None for ref in held) <= 2
        del layer
    assert len(held) == unread.config.n_layers


def test_what_does_not_fit_into_memory_is_said_with_what_would(
    counting: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In float32 they take 572 kB here, with a layer and copies of a matrix that is converted."""
    for free, engine_name, remedy in (
        (450_000, "auto", "--dtype bfloat16 takes .*, --quantize int8 takes "),
        (450_000, "taught", "--dtype bfloat16 takes [^,]*$"),
        (1_000, "auto", "free some memory, or take a smaller model$"),
    ):
        monkeypatch.setattr("support.processor.free_memory", lambda free=free: free)
        message = rf"counting\.pt: the weights take, in float32, .* kB and .* are free: {remedy}"
        with pytest.raises(ValueError, match=message):
            load("counting.pt", engine=engine_name)
    monkeypatch.setattr("support.processor.free_memory", lambda: None)
    load("counting.pt")
