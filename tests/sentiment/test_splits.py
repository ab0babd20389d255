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
