"""The prompt and finetune modes on a small course checkpoint: right, resumable, and in one line."""

from __future__ import annotations

import itertools
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

import run_llama
from classifier import LlamaEmbeddingClassifier, LlamaZeroShotClassifier, prompt_suffix
from llama import load_pretrained
from sentiment.batching import Encoded, pad
from sentiment.scoring import calibrate, chain_rule_scores, course_scores
from sentiment.store import Store
from sentiment.training import Examples, Recipe, Trainer, predict
from tests.helpers import PROJECT, assert_user_error, contents, random_llama, run_script
from tokenizer import Tokenizer

LABELS = ["terrible", "wonderful while", "movie"]
RECIPE = Recipe(epochs=2, lr=1e-3, batch_size=8, max_tokens=64, seed=3, autocast=False)


def some_reviews(count: int, seed: int) -> str:
    rng = random.Random(seed)
    words = [
        "hero",
        "thriller",
        "movie",
        "playing",
        "wanted",
        "while",
        "wonderful",
        "terrible",
        "a",
    ]
    lines = []
    for i in range(count):
        sentence = " ".join(rng.choice(words) for _ in range(rng.randint(1, 12)))
        lines.append(f"{i % 3} ||| {sentence} {LABELS[i % 3]}")
    rng.shuffle(lines)
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def work(folder: Path) -> Path:
    for split, count in (("train", 60), ("dev", 36), ("test", 24)):
        (folder / f"toy-{split}.txt").write_text(some_reviews(count, seed=count))
    (folder / "names.json").write_text(json.dumps(LABELS))
    return folder


def flags(work: Path, **changes: str) -> list[str]:
    files = {s: str(work / f"toy-{s}.txt") for s in ("train", "dev", "test")}
    given = {**files, "label-names": str(work / "names.json"), **changes}
    return list(itertools.chain.from_iterable((f"--{k}", v) for k, v in given.items()))


@pytest.fixture(scope="module")
def zero_shot(work: Path) -> tuple[LlamaZeroShotClassifier, Tokenizer]:
    tokenizer = Tokenizer(tokenizer_model=work / "tokenizer.model")
    config = SimpleNamespace(num_labels=3, pretrained_model_path=work / "stories42M.pt")
    return LlamaZeroShotClassifier(config, tokenizer, LABELS), tokenizer


def brute_force(model: Any, tokenizer: Tokenizer, prompt: str, label: str) -> float:
    """log P(label | prompt): read prompt and label, encoded together, piece after piece."""
    alone = tokenizer.encode(prompt.rstrip(" "), bos=True, eos=False)
    joint = tokenizer.encode(prompt + label, bos=True, eos=False)
    assert joint[: len(alone)] == alone
    total = 0.0
    for n in range(len(alone), len(joint)):
        logits, _ = model(torch.tensor([joint[:n]]))
        total += float(F.log_softmax(logits[0, -1].double(), dim=-1)[joint[n]])
    return total


@pytest.mark.parametrize("causal", [True, False])
@torch.no_grad()
def test_zero_shot_is_the_chain_rule_alone_and_in_any_batch(work, zero_shot, causal: bool) -> None:
    _, tokenizer = zero_shot
    llama = load_pretrained(work / "stories42M.pt", causal=causal)
    config = SimpleNamespace(num_labels=3)
    classifier = LlamaZeroShotClassifier(config, tokenizer, LABELS, llama)
    assert sorted(map(len, classifier.label_name_ids))[-1] > 1  # of several pieces
    suffix = prompt_suffix(LABELS)
    prompts = [f"{text} {suffix}" for text in ("a hero", "wonderful thriller while playing", "a")]
    ids = [tokenizer.encode(prompt, bos=True, eos=False) for prompt in prompts]
    expected = torch.tensor(
        [[brute_force(llama, tokenizer, p, label) for label in LABELS] for p in prompts]
    )
    for row, text in enumerate(ids):
        got = classifier(torch.tensor([text]))
        torch.testing.assert_close(got, expected[row : row + 1], atol=1e-3, rtol=1e-4)
    for pad_id in (0, tokenizer.pad_id, 299):
        batch = pad(ids, [0, 1, 2], pad_id)
        got = classifier(batch.tokens, batch.mask)
        torch.testing.assert_close(got, expected, atol=1e-3, rtol=1e-4)
        left = torch.zeros_like(batch.tokens) + pad_id
        mask = batch.mask.flip(1)
        for row, text in enumerate(ids):
            left[row, left.shape[1] - len(text) :] = torch.tensor(text)
        torch.testing.assert_close(classifier(left, mask), expected, atol=1e-3, rtol=1e-4)
    encoded = Encoded(ids, 0)
    for order in ([0, 1, 2], [2, 0, 1]):
        shuffled = Encoded([ids[i] for i in order], 0)
        scores = chain_rule_scores(classifier, shuffled, 0, max_tokens=200)
        torch.testing.assert_close(scores, expected[order], atol=1e-3, rtol=1e-4)
    course = course_scores(classifier, encoded, tokenizer, LABELS, batch_size=3)
    assert not torch.allclose(course, expected, atol=0.1)


def test_the_courses_scores_are_the_courses(zero_shot) -> None:
    """Its own few lines: no mask, the last position, all pieces at once."""
    classifier, tokenizer = zero_shot
    ids = [tokenizer.encode(text, bos=True, eos=False) for text in ("a hero", "wonderful movie a")]
    width = max(map(len, ids))
    padded = torch.tensor([text + [tokenizer.pad_id] * (width - len(text)) for text in ids])
    with torch.no_grad():
        log_probabilities = F.log_softmax(classifier.llama(padded)[0], dim=-1)
    expected = torch.stack(
        [
            log_probabilities[:, :, tokenizer.encode(label, False, False)].sum(dim=-1)[:, 0]
            for label in LABELS
        ],
        dim=1,
    )
    got = course_scores(classifier, Encoded(ids, 0), tokenizer, LABELS, batch_size=8)
    torch.testing.assert_close(got, expected)


def test_calibration_takes_the_mean_of_each_label_away() -> None:
    scores = torch.randn(9, 3) + torch.tensor([5.0, 0.0, -5.0])
    torch.testing.assert_close(calibrate(scores).mean(dim=0), torch.zeros(3), atol=1e-6, rtol=0)


def test_label_names_have_to_fit(zero_shot) -> None:
    _, tokenizer = zero_shot
    for names in (["a", "b"], ["a", "b", "a"]):
        with pytest.raises(ValueError, match="must be 3 different ones"):
            LlamaZeroShotClassifier(SimpleNamespace(num_labels=3), tokenizer, names)


def test_the_course_builds_its_classifiers_like_this(work: Path) -> None:
    config = SimpleNamespace(
        num_labels=3, pretrained_model_path=str(work / "stories42M.pt"), option="finetune",
        hidden_dropout_prob=0.3, data_dir=".",
    )  # fmt: skip
    classifier = LlamaEmbeddingClassifier(config)
    assert classifier(torch.tensor([[1, 2, 3]])).shape == (1, 3)
    assert all(p.requires_grad for p in classifier.llama.parameters())
    config.option = "pretrain"
    assert not any(p.requires_grad for p in LlamaEmbeddingClassifier(config).llama.parameters())


def trainer(tmp_path: Path, name: str = "run", **changes: Any) -> Trainer:
    recipe = Recipe(**{**RECIPE.__dict__, **changes})
    torch.manual_seed(recipe.seed)
    config = SimpleNamespace(num_labels=3, option="finetune", hidden_dropout_prob=0.0)
    classifier = LlamaEmbeddingClassifier(config, random_llama())
    rng = random.Random(1)
    ids = [[rng.randrange(97) for _ in range(rng.randint(1, 15))] for _ in range(43)]
    data = Examples(ids, [sum(text) % 3 for text in ids])
    return Trainer(classifier, recipe, data, data, 0, Store(tmp_path, "toy", name, {}))


def weights(run: Trainer) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in run.classifier.parameters()])


def test_one_large_batch_equals_many_small_ones(tmp_path: Path) -> None:
    """Also for the last batch of an epoch, which has three sentences of eight."""
    whole, parts = trainer(tmp_path, max_tokens=10_000), trainer(tmp_path, max_tokens=20)
    for run in (whole, parts):
        run.run(save_seconds=1e9)
    torch.testing.assert_close(weights(whole), weights(parts), atol=2e-4, rtol=1e-3)
    assert whole.progress.history[0]["train_loss"] == pytest.approx(
        parts.progress.history[0]["train_loss"], abs=1e-4
    )


def test_the_loss_is_the_mean_over_the_batch_size(tmp_path: Path) -> None:
    run = trainer(tmp_path, batch_size=8)
    rows = [1, 5, 9]
    for p in run.classifier.parameters():
        p.grad = None
    for batch in run._micro_batches(rows):
        run._add_gradients(batch.rows, batch.tokens, batch.mask)
    got = run.classifier.classifier_head.bias.grad
    assert got is not None
    got = got.clone()
    run.classifier.zero_grad()
    loss = sum(
        F.nll_loss(
            run.classifier(torch.tensor([run.train_data.ids[row]])),
            torch.tensor([run.train_data.labels[row]]),
        )
        for row in rows
    )
    assert isinstance(loss, torch.Tensor)
    (loss / 8).backward()
    torch.testing.assert_close(got, run.classifier.classifier_head.bias.grad, atol=1e-5, rtol=1e-4)


def test_resumed_equals_unbroken_bit_for_bit(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    unbroken = trainer(tmp_path)
    unbroken.classifier.dropout.p = 0.4
    unbroken.run(save_seconds=1e9)
    for stop in (1, 4, 5, 6, 9):  # in an epoch, at its end, in the next
        broken = trainer(tmp_path / "broken")
        broken.classifier.dropout.p = 0.4
        steps = itertools.count(1)
        original = broken._step

        def step(rows, original=original, steps=steps, stop=stop):
            original(rows)
            if next(steps) == stop:
                raise SystemExit

        broken._step = step  # type: ignore[method-assign]
        with pytest.raises(SystemExit):
            broken.run(save_seconds=0)
        torch.manual_seed(99)
        resumed = trainer(tmp_path / "broken")
        resumed.classifier.dropout.p = 0.4
        assert resumed.resume() is (stop > 1)
        resumed.run(save_seconds=1e9)
        resumed.store.load_best(resumed.recipe, resumed.progress.best_epoch)
        assert torch.equal(weights(resumed), weights(unbroken)), stop
        assert resumed.progress == unbroken.progress
        broken.store.last.unlink()


def test_the_estimate_changes_nothing(tmp_path: Path) -> None:
    plain, timed = trainer(tmp_path, "a"), trainer(tmp_path, "b")
    assert timed.seconds_left() > 0
    plain.run(1e9)
    timed.run(1e9)
    assert torch.equal(weights(plain), weights(timed))


def test_another_setting_is_named(tmp_path: Path) -> None:
    trainer(tmp_path).save()
    with pytest.raises(ValueError, match=r"lr 0.001 then and 0.1 now.*give the same arguments"):
        trainer(tmp_path, lr=0.1).resume()
    (tmp_path / "toy-run-last.pt").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(ValueError, match="truncated or corrupt"):
        trainer(tmp_path).resume()


def test_a_run_under_another_name_is_compared_too(tmp_path: Path) -> None:
    trainer(tmp_path, "2-0.001").save()
    with pytest.raises(ValueError, match=r"lr 0.001 then and 0.5 now"):
        trainer(tmp_path, "2-0.5", lr=0.5).resume()


def test_the_best_of_another_run_is_never_taken(tmp_path: Path) -> None:
    """A rerun with the same name dies right after its first best; the state must not mix."""
    first = trainer(tmp_path)
    first.run(1e9)
    second = trainer(tmp_path)
    original = second.store.save_best

    def die(*arguments: Any) -> None:
        original(*arguments)
        raise SystemExit

    second.store.save_best = die  # type: ignore[method-assign, assignment]
    with pytest.raises(SystemExit):
        second.run(1e9)
    third = trainer(tmp_path)
    assert not third.resume()
    with pytest.raises(ValueError, match="not the best epoch of this run"):
        third.store.load_best(third.recipe, 2)


def test_training_learns_and_the_best_epoch_is_kept(tmp_path: Path) -> None:
    run = trainer(tmp_path, epochs=8)
    run.run(1e9)
    history = [entry["dev_accuracy"] for entry in run.progress.history]
    assert run.progress.best_epoch == history.index(max(history)) + 1
    assert max(history) > 0.6
    run.load_best()
    _, predictions = predict(run.classifier, run.dev_data, 0, run.recipe, "dev")
    right = [p == label for p, label in zip(predictions, run.dev_data.labels, strict=True)]
    assert sum(right) / len(right) == pytest.approx(max(history))


def test_a_full_disk_keeps_what_was_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trainer(tmp_path)
    run.save()
    before = run.store.last.read_bytes()

    def full(contents: Any, file: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save", full)
    with pytest.raises(ValueError, match="the disk is full or failing; what was saved before"):
        run.save()
    assert run.store.last.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["toy-run-last.pt"]


@pytest.mark.parametrize("options", [[], ["--scoring", "course"], ["--calibrate"]])
def test_the_prompt_mode(work: Path, run_here, options: list[str], tmp_path: Path) -> None:
    outputs = ["--dev_out", str(tmp_path / "new" / "d.txt"), "--test_out", str(tmp_path / "t.txt")]
    result = run_here(
        run_llama.main, "--option", "prompt", *flags(work), *outputs, *options, cwd=work
    )
    assert result.returncode == 0, result.stderr
    for part in ("expected", "dev accuracy", "majority class", "macro F1", "<- predicted"):
        assert part in result.stdout
    written = (tmp_path / "new" / "d.txt").read_text().splitlines()
    sentences = [line.split(" ||| ")[1] for line in (work / "toy-dev.txt").read_text().splitlines()]
    assert [line.split(" ||| ")[1] for line in written] == sentences
    assert {line.split(" ||| ")[0] for line in written} <= {"0", "1", "2"}


def test_a_sorted_file_gives_the_same_predictions(work: Path, run_here, tmp_path: Path) -> None:
    lines = (work / "toy-dev.txt").read_text().splitlines()
    (tmp_path / "sorted-dev.txt").write_text("\n".join(sorted(lines)))
    found = []
    for name in (work / "toy-dev.txt", tmp_path / "sorted-dev.txt"):
        result = run_here(
            run_llama.main, "--option", "prompt", *flags(work, dev=str(name)),
            "--dev_out", str(tmp_path / "out.txt"), "--test_out", str(tmp_path / "t.txt"), cwd=work,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        found.append(sorted((tmp_path / "out.txt").read_text().splitlines()))
    assert found[0] == found[1]


def finetune(work: Path, *options: str) -> list[str]:
    return ["--option", "finetune", *flags(work), "--epochs", "2", "--lr", "1e-3", *options]


@pytest.mark.parametrize(
    "options",
    [
        [], ["--freeze"], ["--pooling_method", "mean_pooling"],
        ["--freeze", "--pooling_method", "attention_pooling"], ["--autocast", "on"],
        ["--batch_size", "80", "--max_tokens", "50"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_the_finetune_mode(work: Path, run_here, options: list[str]) -> None:
    result = run_here(run_llama.main, *finetune(work, *options), cwd=work)
    assert result.returncode == 0, result.stderr
    for part in ("disk      finetune-toy-2-0.001", "expected", "best      epoch", "test accuracy"):
        assert part in result.stdout, result.stdout
    metrics = json.loads((work / "toy-finetuning-metrics.json").read_text())
    assert len(metrics["epochs"]) == 2
    assert 0 <= metrics["dev"]["accuracy"] <= 1
    for split in ("dev", "test"):
        lines = (work / f"toy-{split}-finetuning-output.txt").read_text().splitlines()
        assert len(lines) == len((work / f"toy-{split}.txt").read_text().splitlines())
    if "matplotlib" in sys.modules:
        assert (work / "toy-finetuning-curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_frozen_backbone_equals_the_model_it_stands_for(work: Path, run_here) -> None:
    """Training the head on looked-up states equals training it on computed ones."""
    run_here(run_llama.main, *finetune(work, "--freeze", "--autocast", "off"), cwd=work)
    saved = torch.load(work / "finetune-toy-2-0.001-frozen.pt", weights_only=True)["model"]
    config = SimpleNamespace(num_labels=3, option="frozen", hidden_dropout_prob=0.3)
    classifier = LlamaEmbeddingClassifier(config, load_pretrained(work / "stories42M.pt")).eval()
    own = classifier.state_dict()
    classifier.load_state_dict({**own, **saved})
    tokenizer = Tokenizer(tokenizer_model=work / "tokenizer.model")
    predictions = []
    for line in (work / "toy-dev.txt").read_text().splitlines():
        ids = tokenizer.encode(line.split(" ||| ")[1], bos=True, eos=False)
        predictions.append(str(int(classifier(torch.tensor([ids])).argmax())))
    written = (work / "toy-dev-finetuning-output.txt").read_text().splitlines()
    assert [line.split(" ||| ")[0] for line in written] == predictions


def test_damaged_states_are_computed_again(work: Path, run_here) -> None:
    options = finetune(work, "--freeze", "--max_sentence_len", "5")
    assert run_here(run_llama.main, *options, cwd=work).returncode == 0
    for path in (work / ".feature_cache").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    result = run_here(run_llama.main, *options, cwd=work)
    assert result.returncode == 0, result.stderr
    assert "is damaged" in result.stdout


def test_resume_with_other_arguments_names_them(work: Path, run_here) -> None:
    assert run_here(run_llama.main, *finetune(work, "--freeze"), cwd=work).returncode == 0
    for changed, part in (
        (["--lr", "0.5"], "lr 0.001 then and 0.5 now"),
        (["--bidirectional"], "causal True then and False now"),
        (["--max_sentence_len", "3"], "tokens"),
    ):
        options = finetune(work, "--freeze", "--resume", *changed)
        assert_user_error(run_here(run_llama.main, *options, cwd=work), "of another run", part)
    for path in work.glob("finetune-toy*"):
        path.unlink()


def test_the_seed_may_be_large(work: Path, run_here) -> None:
    options = finetune(work, "--freeze", "--seed", str(2**62))
    assert run_here(run_llama.main, *options, cwd=work).returncode == 0


def test_tensorboard(work: Path, run_here, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    outputs = ["--dev_out", str(tmp_path / "d.txt"), "--test_out", str(tmp_path / "t.txt")]
    result = run_here(
        run_llama.main, *finetune(work, "--freeze", "--tensorboard", *outputs), cwd=work
    )
    assert result.returncode == 0, result.stderr
    tags: set[str] = set()
    for events in tmp_path.rglob("events.out.*"):
        log = EventAccumulator(str(events)).Reload()
        tags |= set(log.Tags()["scalars"])
    assert tags >= {
        "Loss/train_step", "Loss/train_epoch", "Loss/dev", "Loss/test", "Accuracy/dev",
        "Accuracy/test", "F1/dev", "F1/test", "best_dev_accuracy", "best_epoch",
    }  # fmt: skip


def test_a_test_split_without_labels_has_no_accuracy(work: Path, run_here, tmp_path) -> None:
    (tmp_path / "x-test.txt").write_text("0 ||| a movie\n0 ||| a hero\n")
    options = flags(work, test=str(tmp_path / "x-test.txt"))
    result = run_here(run_llama.main, "--option", "prompt", *options, cwd=work)
    assert "test accuracy n/a" in result.stdout


def test_killed_at_random_moments_it_ends_the_same(work: Path, tmp_path: Path) -> None:
    """kill -9, three times, each followed by --resume."""
    options = finetune(work, "--save_minutes", "0", "--epochs", "6", "--seed", "5")
    options += ["--pretrained-model-path", str(work / "stories42M.pt")]
    options += ["--tokenizer", str(work / "tokenizer.model")]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    assert run_script("run_llama.py", *options, cwd=whole).returncode == 0
    rng = random.Random()
    command = [sys.executable, str(PROJECT / "run_llama.py"), *options, "--resume"]
    last = killed / "finetune-toy-6-0.001-last.pt"
    for kill in range(3):
        with subprocess.Popen(command, cwd=killed, stdout=subprocess.DEVNULL) as process:
            known = last.stat().st_mtime_ns if last.exists() else None
            deadline = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < deadline:
                if last.exists() and last.stat().st_mtime_ns != known:
                    time.sleep(rng.random() * 0.2)
                    break
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
        assert last.exists(), kill
    assert run_script(*command[1:], cwd=killed).returncode == 0
    for name in ("finetune-toy-6-0.001.pt", "finetune-toy-6-0.001-last.pt"):
        a, b = (torch.load(d / name, weights_only=True) for d in (whole, killed))
        assert all(torch.equal(x, b["model"][n]) for n, x in a["model"].items())
    for name in ("toy-dev-finetuning-output.txt", "toy-test-finetuning-output.txt"):
        assert (whole / name).read_bytes() == (killed / name).read_bytes()
    assert not list(killed.glob(".*.part")), "a killed run's half-written file was left"


def test_ctrl_c_saves_and_says_how_to_go_on(work: Path, tmp_path: Path) -> None:
    options = finetune(work, "--epochs", "1000", "--pretrained-model-path")
    options += [str(work / "stories42M.pt"), "--tokenizer", str(work / "tokenizer.model")]
    command = [sys.executable, "-u", str(PROJECT / "run_llama.py"), *options]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("epoch 2"):
                break
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "go on with the same command and --resume" in output
    assert "Traceback" not in errors
    assert (tmp_path / "finetune-toy-1000-0.001-last.pt").exists()


@pytest.mark.parametrize(
    ("mode", "changes", "parts"),
    [
        ("prompt", {"dev": "absent.txt"}, ["absent.txt: no such file"]),
        ("prompt", {"label-names": "two.json"}, ["label 2 is outside 0..1", "two.json"]),
        ("prompt", {"label-names": "absent.json"}, ["absent.json"]),
        ("prompt", {"dev": "latin.txt"}, ["latin.txt, line 1: not UTF-8"]),
        ("prompt", {"batch_size": "0"}, ["--batch_size 0", "at least 1"]),
        ("prompt", {"max_tokens": "0"}, ["--max_tokens 0", "at least 1"]),
        ("prompt", {"test_out": "stories42M.pt"}, ["is read by this run"]),
        ("prompt", {"dev_out": "toy-dev.txt"}, ["toy-dev.txt: is read by this run"]),
        ("finetune", {"dev_out": "toy-train.txt"}, ["toy-train.txt: is read by this run"]),
        ("prompt", {"label-names": "four.json"}, ["four.json names 4 labels", "none above 2"]),
        ("prompt", {"dev_out": "x.txt", "test_out": "x.txt"}, ["are one file"]),
        ("finetune", {"train": "two-train.txt"}, ["has the labels [2]", "two-train.txt"]),
        ("finetune", {"epochs": "0"}, ["--epochs 0", "at least 1"]),
        ("finetune", {"lr": "0"}, ["--lr 0", "positive"]),
        ("finetune", {"hidden_dropout_prob": "1"}, ["--hidden_dropout_prob 1", "[0, 1)"]),
        ("finetune", {"save_minutes": "-1"}, ["--save_minutes -1"]),
        ("finetune", {"dtype": "bfloat16"}, ["--dtype bfloat16", "--autocast"]),
        ("finetune", {"pooling_method": "median"}, ["--pooling_method", "'median'"]),
    ],
)
def test_bad_input_gets_one_line(
    work: Path, run_here, mode: str, changes: dict[str, str], parts: list[str]
) -> None:
    (work / "four.json").write_text(json.dumps([*LABELS, "x"]))
    (work / "two.json").write_text('["bad", "good"]')
    (work / "two-train.txt").write_text("0 ||| a\n1 ||| b\n")
    (work / "latin.txt").write_bytes(b"0 ||| caf\xe9\n")
    before = contents(work)
    result = run_here(run_llama.main, "--option", mode, *flags(work, **changes), cwd=work)
    expected = [part for part in parts if part != "two.json"]
    assert_user_error(result, *expected)
    assert contents(work) == before
