"""Files of tensors: nothing in them is run, each storage counts once."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from support.tensors import content_bytes, load_tensors, save_tensors


def test_tensors_and_plain_data_come_back(tmp_path: Path) -> None:
    contents = {"a": torch.arange(3), "b": [{"c": torch.ones(2)}, 1.5, "x", None]}
    save_tensors(tmp_path / "x.pt", contents)
    again = load_tensors(tmp_path / "x.pt", "never")
    assert torch.equal(again["a"], contents["a"])  # type: ignore[arg-type]
    assert again["b"][1:] == [1.5, "x", None]


def test_a_storage_counts_once() -> None:
    tensor = torch.ones(10)
    assert content_bytes({"a": tensor, "b": [tensor, {"c": torch.ones(5)}]}) == 60


class Trap:
    def __reduce__(self) -> tuple:
        return (print, ("run",))


@pytest.mark.parametrize("content", [b"", b"noise", pickle.dumps(Trap())])
def test_what_is_none_is_named_and_not_run(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.pt: truncated or corrupt; do that"):
        load_tensors(tmp_path / "x.pt", "do that")
    with pytest.raises(ValueError, match=r"y\.pt: no such file; do that"):
        load_tensors(tmp_path / "y.pt", "do that")
    assert capsys.readouterr().out == ""
