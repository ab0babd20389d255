"""The stand-in as set-up leaves it: real weights, equal to transformers', and English."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

import checkpoints
import run_llama
from chat import Conversation, choose_form
from checkpoints.convert import convert
from data import SNIPPETS, STAND_IN
from flags import PROMPT
from inference import Decoder
from llama import Llama
from loading import load
from perplexity import score_text
from sampling import Sampling
from sentiment.reviews import read_reviews
from tests.oracle import hugging_face_twin
from tokenizer import TextTokenizer, tokenizer_for
from training.batches import padded_batches

pytestmark = pytest.mark.skipif(
    not STAND_IN.exists(), reason="the stand-in is not here: bash setup.sh prepares it"
)


@pytest.fixture(scope="module")
def checkpoint() -> checkpoints.Checkpoint:
    return checkpoints.read(STAND_IN)


@pytest.fixture(scope="module")
def model(checkpoint: checkpoints.Checkpoint) -> Llama:
    return Llama.from_checkpoint(checkpoint)


@pytest.fixture(scope="module")
def tokenizer(checkpoint: checkpoints.Checkpoint) -> TextTokenizer:
    return tokenizer_for(checkpoint)


def test_its_shape(model: Llama) -> None:
    config = model.config
    assert (config.n_layers, config.dim, config.n_heads, config.n_kv_heads) == (30, 576, 9, 3)
    assert (config.hidden_dim, config.vocab_size, config.max_seq_len) == (1536, 49152, 8192)
    assert (config.rope_theta, config.layer_norm_eps) == (1e5, 1e-5)
    assert model.footprint().parameters == 134_515_008


def test_its_tokenizer(tokenizer: TextTokenizer) -> None:
    assert not tokenizer.add_bos
    assert (tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id) == (1, 2, 2)
    digits = tokenizer.encode("2026", bos=True, eos=False)
    assert len(digits) == 4
    assert tokenizer.encode("<|im_end|>", bos=False, eos=False) != [2]
    assert tokenizer.encode("<|im_end|>", bos=False, eos=False, specials=True) == [2]
    for text in ("naïve café\n\t  ½ \U0001f999", PROMPT):
        assert tokenizer.decode(tokenizer.encode(text, bos=True, eos=True)) == text


@pytest.mark.slow
@torch.no_grad()
def test_equal_to_transformers(model: Llama, tokenizer: TextTokenizer) -> None:
    tokens = torch.tensor([tokenizer.encode(PROMPT, bos=True, eos=False)])
    assert tokens.shape[1] > 30
    expected = hugging_face_twin(model)(tokens).logits
    torch.testing.assert_close(model(tokens, targets=tokens)[0], expected, atol=2e-3, rtol=1e-3)


@torch.no_grad()
def test_it_knows_english(model: Llama, tokenizer: TextTokenizer) -> None:
    """The right word is far more likely than the wrong one, which needs every part to be right."""
    for text, right, wrong in (
        ("The capital of France is", " Paris", " seven"),
        ("She opened the door and walked into the", " room", " were"),
        ("One, two, three, four,", " five", " Paris"),
    ):
        tokens = torch.tensor([tokenizer.encode(text, bos=True, eos=False)])
        logits = model(tokens)[0][0, -1]
        first = [tokenizer.encode(word, bos=False, eos=False)[0] for word in (right, wrong)]
        assert logits[first[0]] > logits[first[1]] + 5, text


@pytest.mark.slow
def test_the_mode_typed_bare_writes_english(
    tmp_path: Path, run_here: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """In a folder without stories42M.pt, so with the stand-in."""
    result = run_here(run_llama.main, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "stand-in  stories42M.pt is not here" in result.stdout
    for name in ("generated-sentence-temp-0.txt", "generated-sentence-temp-1.txt"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert text.startswith(PROMPT)
        words = text.removeprefix(PROMPT).split()
        assert len(words) > 20
        # Text in a loop repeats its runs of four words.
        runs = [tuple(words[i : i + 4]) for i in range(len(words) - 3)]
        assert len(set(runs)) > 0.8 * len(runs), text
    assert text != (tmp_path / "generated-sentence-temp-0.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_pt_equals_its_gguf(model: Llama) -> None:
    pytest.importorskip("gguf")
    source = STAND_IN.with_name("SmolLM2-135M-Instruct.Q4_1.gguf")
    tensors = checkpoints.read(source).tensors
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, tensors[name]), name


@pytest.mark.slow
@torch.no_grad()
def test_int8_predicts_nearly_the_same(model: Llama, tokenizer: TextTokenizer) -> None:
    """Kullback-Leibler divergence: by so much, in nats, text of the model's own is less likely."""
    snippets = read_reviews(Path(str(SNIPPETS).format(split="dev"))).sentences
    ids = [tokenizer.encode(text, bos=True, eos=False) for text in snippets[:24]]
    divergence, count = 0.0, 0
    decoders = Decoder(model), Decoder(model, quantize="int8")
    for batch in padded_batches(ids, tokenizer.pad_id, max_tokens=256):
        exact, rounded = (
            F.log_softmax(decoder(batch.tokens, batch.tokens, mask=batch.mask)[0], dim=-1)
            for decoder in decoders
        )
        divergences = (exact.exp() * (exact - rounded)).sum(dim=-1)
        divergence += float(divergences[batch.mask].sum())
        count += int(batch.mask.sum())
    assert 0.0 < divergence / count < 0.04


@pytest.fixture(scope="module")
def hugging_face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in as a Hugging Face folder."""
    for package in ("safetensors", "transformers", "jinja2"):
        pytest.importorskip(package)
    folder = tmp_path_factory.mktemp("huggingface") / "smollm2"
    convert(STAND_IN, folder, "huggingface")
    return folder


@pytest.mark.slow
@torch.no_grad()
def test_as_a_hugging_face_folder_it_is_the_one_in_transformers(
    hugging_face: Path, tokenizer: TextTokenizer
) -> None:
    """60 greedy tokens, their log-probabilities, perplexity, and a conversation as it is spelt.

    Each of the tokens is the likeliest after those before it there, too, so that transformers
    writes the same text.
    """
    from transformers import AutoTokenizer, LlamaForCausalLM

    ours, own = load(hugging_face, engine="fast")
    theirs = LlamaForCausalLM.from_pretrained(hugging_face, dtype=torch.float32).eval()
    original = AutoTokenizer.from_pretrained(hugging_face)
    ids = torch.tensor([own.encode(PROMPT, bos=True, eos=False)])
    assert ids[0].tolist() == original(PROMPT).input_ids
    text, logprobs = ours.generate(ids, 60, 0, return_logprobs=True)
    expected = F.log_softmax(theirs(text).logits, dim=-1)[:, :-1]  # (1, T - 1, V)
    assert torch.equal(expected.argmax(dim=-1)[:, -60:], text[:, -60:])
    expected = expected.gather(-1, text[:, 1:, None])
    torch.testing.assert_close(logprobs, expected[:, -60:, 0], atol=1e-4, rtol=0)
    score = score_text(ours, own, own.decode(text[0].tolist()))
    assert score.tokens == text.shape[1] - 1
    assert score.perplexity == pytest.approx(float(expected.mean().neg().exp()), abs=1e-4)
    form, talk = choose_form(own), [{"role": "user", "content": "Hi"}]
    assert form.name == "the checkpoint's template"
    for _ in range(3):
        for system in ([], [{"role": "system", "content": "Be brief."}]):
            whole = [*system, *talk]
            spelt = original.apply_chat_template(whole, tokenize=False, add_generation_prompt=True)
            assert form.spell(whole) == spelt
            template = original.apply_chat_template(
                whole, add_generation_prompt=True, return_dict=False
            )
            assert form.opening(whole) == template
        talk += [{"role": "assistant", "content": "Hello! é"}, {"role": "user", "content": " x\n"}]
    assert choose_form(tokenizer).spell(talk) == form.spell(talk)


@pytest.mark.slow
def test_it_talks(model: Llama, tokenizer: TextTokenizer) -> None:
    """Sensibly; the second question is understood from the first."""
    conversation = Conversation(
        Decoder(model), choose_form(tokenizer), sampling=Sampling(0.0), max_new_tokens=30
    )
    assert "Paris" in "".join(conversation.ask("What is the capital of France?"))
    assert "Rome" in "".join(conversation.ask("And of Italy?"))
    assert conversation.turns[0].answered[-1] == tokenizer.eos_id
