"""Which files a mode reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import LABEL_NAMES
from sentiment.splits import choose_splits
from tests.helpers import write


def test_which_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sentiment.splits.SNIPPETS", tmp_path / "snippets-{split}.txt")
    nothing = {"train": None, "dev": None, "test": None}
    with pytest.raises(ValueError, match=r"no reviews: .*bash setup\.sh"):
        choose_splits(nothing, None, need_train=False)
    for split in nothing:
        write(tmp_path / f"snippets-{split}.txt", "0 ||| a\n4 ||| b\n")
    splits = choose_splits(nothing, None, need_train=True)
    assert splits.dataset == "snippets"
    assert "bash setup.sh --course" in splits.stand_in
    assert len(splits.label_names) == 5
    (tmp_path / "data").mkdir()
    for split in ("train", "dev"):
        write(tmp_path / "data" / f"cfimdb-{split}.txt", "0 ||| a\n1 ||| b\n")
    splits = choose_splits(nothing, None, need_train=True)
    assert (splits.dataset, splits.stand_in, splits.test) == ("cfimdb", "", None)
    assert splits.label_names == ["bad", "good"]
    assert splits.names_path == LABEL_NAMES["cfimdb"]
    assert splits.outputs("prompting", nothing)["dev"][1] == "cfimdb-dev-prompting-output.txt"
    with pytest.raises(ValueError, match=r"absent\.txt: no such file"):
        choose_splits({**nothing, "test": "absent.txt"}, None, need_train=False)


@pytest.mark.parametrize(
    ("names", "hint"),
    [(None, "sst-label-mapping.json is meant"), ('["a", "b", "c", "d", "e"]', "beside")],
)
def test_other_labels_than_the_defaults_get_a_hint(
    names: str | None, hint: str, tmp_path: Path
) -> None:
    dev = write(tmp_path / "sst-dev.txt", "0 ||| a\n4 ||| b\n")
    if names:
        write(tmp_path / "sst-label-mapping.json", names)
        hint = str(tmp_path / "sst-label-mapping.json")
    message = r"line 2: label 4 is outside 0\.\.1, the 2 labels of .*cfimdb-label-mapping.json, "
    with pytest.raises(ValueError, match=message) as caught:
        choose_splits({"train": None, "dev": str(dev), "test": None}, None, need_train=False)
    assert hint in str(caught.value)


def test_labels_that_are_spelt_out_name_themselves(tmp_path: Path) -> None:
    asked: dict[str, str | None] = {"test": None}
    for split, content in (("train", "pos ||| a\nneg ||| b\n"), ("dev", "neg ||| a\npos ||| b\n")):
        asked[split] = str(write(tmp_path / f"x-{split}.txt", content))
    splits = choose_splits(asked, None, need_train=True)
    assert splits.label_names == ["neg", "pos"]
    assert splits.dev.labels == [0, 1]
    names = write(tmp_path / "n.json", '["pos", "neg"]')
    assert choose_splits(asked, str(names), need_train=True).dev.labels == [1, 0]


def test_what_another_dataset_wrote_is_not_replaced_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nothing = {"dev": None, "test": None}
    for folder, content in (("a", "0 ||| one\n1 ||| two\n"), ("b", "0 ||| three\n1 ||| four\n")):
        (tmp_path / folder).mkdir()
        dev = write(tmp_path / folder / "x-dev.txt", content)
        asked = {"train": None, "dev": str(dev), "test": None}
        splits = choose_splits(asked, None, need_train=False)
        if folder == "a":
            ((_, outfile),) = splits.outputs("prompting", nothing).values()
            write(tmp_path / outfile, "1 ||| one\n1 ||| two\n")
            assert splits.outputs("prompting", nothing), "its own file is written again"
    message = r"x-dev-prompting-output\.txt: holds predictions for other reviews than those of .*b"
    with pytest.raises(ValueError, match=message):
        splits.outputs("prompting", nothing)
    assert splits.outputs("prompting", {"dev": outfile, "test": None}), "it was asked for"


def test_what_cannot_be_trained_on_is_said(tmp_path: Path) -> None:
    def asked(train: str, dev: str) -> dict[str, str | None]:
        return {
            "train": str(write(tmp_path / "x-train.txt", train)),
            "dev": str(write(tmp_path / "x-dev.txt", dev)),
            "test": None,
        }

    good = "0 ||| a\n1 ||| b\n"
    with pytest.raises(ValueError, match="every label is -1: nothing can be learnt"):
        choose_splits(asked("-1 ||| a\n-1 ||| b\n", good), None, need_train=True)
    with pytest.raises(ValueError, match="every label is -1, so no epoch can be found the best"):
        choose_splits(asked(good, "-1 ||| a\n-1 ||| b\n"), None, need_train=True)
    few = asked("1 ||| a\n1 ||| b\n", good)
    with pytest.raises(ValueError, match=r"has the labels \[0\].*--allow_missing_classes"):
        choose_splits(few, None, need_train=True)
    assert choose_splits(few, None, need_train=True, missing_classes=True).train is not None
