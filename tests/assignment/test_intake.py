"""Submissions as they arrive: what is taken, what is left out with a line, what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assignment.sandbox.members import UNFIT
from assignment.specimens.archives import hostile
from assignment.specimens.archives.hostile import ARCHIVES
from assignment.specimens.archives.odd import ODD_BUT_HONEST
from tests.assignment.submissions import FILES, HONEST, Form, take_in, unpacked, zipped
from tests.helpers import contents


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHIVES)
def test_a_hostile_archive_is_refused_by_name_and_nothing_is_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hostile, "TOO_MUCH", 2**27)  # as good as a gigabyte, and sooner made
    monkeypatch.chdir(tmp_path)
    write, word = ARCHIVES[name]
    write(tmp_path / "student.zip", HONEST)
    before = contents(tmp_path)
    taken = take_in(tmp_path / "student.zip")
    assert word in taken.refused.lower(), taken.refused
    assert not UNFIT.search(taken.refused)
    assert "\n" not in taken.refused
    assert len(taken.refused) < 300
    assert taken.files == {}
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ODD_BUT_HONEST)
def test_an_odd_and_honest_archive_is_taken(name: str, tmp_path: Path) -> None:
    ODD_BUT_HONEST[name](tmp_path / "student.zip", HONEST)
    taken = take_in(tmp_path / "student.zip")
    assert (taken.refused, taken.missing) == ("", [])
    for file, data in HONEST.items():
        assert taken.files[file].replace(b"\r\n", b"\n") == data


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damage_anywhere_ends_in_words(data: st.DataObject, tmp_path: Path) -> None:
    small = dict.fromkeys(FILES, b"x = 1\n" * 5)
    good = zipped(tmp_path / "student.zip", small).read_bytes()
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, 3)) or data.draw(st.integers(0, len(bad)))
    (tmp_path / "student.zip").write_bytes(bytes(bad[:-cut] if cut else bad))
    taken = take_in(tmp_path / "student.zip")
    if taken.refused:
        assert taken.files == {}
    else:  # what is still taken has passed its checksum, or is a name that was hit
        assert all(taken.files[name] == small[name] for name in FILES if name in taken.files)


@pytest.mark.parametrize("top", ["", "anna/", "J\u00f6rg M\u00fcller (2)/"])
def test_one_top_folder_is_stripped(top: str, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {top + name: data for name, data in HONEST.items()})
    assert take_in(path).files == HONEST


@pytest.mark.parametrize("form", [zipped, unpacked])
def test_of_two_folders_the_one_with_more_of_the_files_is_taken(form: Form, tmp_path: Path) -> None:
    deep = {f"Users/me/hw1/{name}": data for name, data in HONEST.items()}
    old = {"old/llama.py": b"x = 1\n", "old/rope.py": b"x = 1\n", "helper.py": b"", "notes": b""}
    taken = take_in(form(tmp_path / "a.zip", deep | old))
    assert taken.files == HONEST
    assert taken.notes == [
        "helper.py: ignored, not a part of the submission",
        "notes: ignored, not a part of the submission",
        "old/llama.py: left out, the files in Users/me/hw1/ were taken",
        "old/rope.py: left out, the files in Users/me/hw1/ were taken",
    ]


def test_of_two_alike_the_one_that_is_less_deep_is_taken_or_both_are_named(tmp_path: Path) -> None:
    files = {f"{top}{name}": x for top in ("a/", "b/old/") for name, x in HONEST.items()}
    files["b/old/llama.py"] = b"x = 1\n"
    assert take_in(zipped(tmp_path / "a.zip", files)).files == HONEST
    files = {f"{top}/{name}": x for top in ("a", "b") for name, x in HONEST.items()}
    taken = take_in(zipped(tmp_path / "b.zip", files))
    assert taken.refused == "a/ and b/ have 5 of the 5 files each: hand in one folder"
    assert taken.files == {}


def test_clutter_is_no_second_top_folder_and_gets_no_line(tmp_path: Path) -> None:
    files = {f"anna/{name}": data for name, data in HONEST.items()}
    files |= {"__MACOSX/anna/._rope.py": b"\0", ".DS_Store": b"\0", "anna/Thumbs.db": b"\0"}
    taken = take_in(zipped(tmp_path / "a.zip", files))
    assert taken.files == HONEST
    assert taken.notes == []


def test_a_helper_is_taken_and_what_would_hide_something_is_not(tmp_path: Path) -> None:
    hides = {
        "math.py": "a module of Python", "typing.py": "a module of Python",
        "conftest.py": "a module of Python", "sitecustomize.py": "a module of Python",
        "torch.py": "an installed package", "numpy.py": "an installed package",
        "pytest.py": "an installed package", "config.py": "a file of the handout",
        "base_llama.py": "a file of the handout", "assignment.py": "a file of the handout",
        "sentiment.py": "a file of the handout", "rope_test.py": "a file of the handout",
    }  # fmt: skip
    path = zipped(tmp_path / "a.zip", {**HONEST, "my_helpers.py": b"A = 1\n", "a-b.py": b"",
                                       **dict.fromkeys(hides, b"raise SystemExit\n")})  # fmt: skip
    taken = take_in(path)
    assert set(taken.files) == {*FILES, "my_helpers.py"}
    assert "my_helpers.py: taken as a helper" in taken.notes
    assert "a-b.py: ignored, no module can be imported by this name" in taken.notes
    for name, what in hides.items():
        assert f"{name}: ignored, it would hide {what}" in taken.notes


def test_what_is_no_source_at_the_top_is_ignored_with_a_line(tmp_path: Path) -> None:
    others = ("README.md", "rope.pyc", "tests/conftest.py", "llama/__init__.py", "pyvenv.cfg",
              "sst-dev-output.txt", "data/sanity_check.npz", "torch.pth", "rope.so")  # fmt: skip
    tools = (".venv/", ".git/", "venv/", "sub/.idea/", "node_modules/", "__pycache__/")
    inside = [f"{folder}lib/{name}" for folder in tools for name in (*FILES, *map(str, range(99)))]
    everything = {**HONEST, **dict.fromkeys((*others, *inside), b"")}
    taken = take_in(zipped(tmp_path / "a.zip", everything))
    assert taken.files == HONEST
    assert taken.notes == [
        f"{name}: ignored, not a part of the submission" for name in sorted((*others, *tools))
    ]
    assert take_in(unpacked(tmp_path / "a", everything)).notes == taken.notes


def test_all_missing_files_are_named_at_once(tmp_path: Path) -> None:
    files = {"rope.py": b"x = 1\n", "llama.py": b"x = 1\n"}
    taken = take_in(zipped(tmp_path / "a.zip", files))
    assert taken.refused == ""
    assert taken.missing == ["sampling.py", "optimizer.py", "classifier.py"]
    for name in taken.missing:
        assert f"{name}: missing; its tasks count as not started" in taken.notes


@pytest.mark.parametrize("data", [b"", b" \n\t\n", b"# to do\n\n  # more\n", b'"""To do."""\n'])
def test_a_file_with_nothing_in_it_counts_as_missing(data: bytes, tmp_path: Path) -> None:
    taken = take_in(zipped(tmp_path / "a.zip", {**HONEST, "llama.py": data}))
    assert taken.missing == ["llama.py"]
    assert taken.notes == ["llama.py: is empty; its tasks count as not started"]
    assert "llama.py" not in taken.files
    nothing = take_in(zipped(tmp_path / "b.zip", {"rope.py": data, "llama.py": data}))
    assert nothing.refused == "empty: rope.py, llama.py"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-32-be"])
def test_what_was_saved_in_two_or_four_bytes_is_read_and_said(
    encoding: str, tmp_path: Path
) -> None:
    code = "def f():\r\n    return 'h\u00e9 \U0001f469'\r\n"
    marked = code if encoding in ("utf-16", "utf-32") else "\ufeff" + code
    files = {**HONEST, "rope.py": marked.encode(encoding), "help.py": marked.encode(encoding)}
    taken = take_in(zipped(tmp_path / "a.zip", files))
    assert taken.files["rope.py"] == taken.files["help.py"] == code.encode()
    kind = encoding[:6].upper()
    assert sum(f"is {kind}" in note and "save it as UTF-8" in note for note in taken.notes) == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("x = 1\ny = '\u00e9'\n".encode("latin-1"), "line 2 is not UTF-8"),
        (b"\xff\xfe\0", "NUL bytes"),
        ("x = 1\n".encode("utf-16-le"), "NUL bytes"),
    ],
)
def test_what_python_cannot_read_is_said_with_the_remedy(
    data: bytes, said: str, tmp_path: Path
) -> None:
    taken = take_in(zipped(tmp_path / "a.zip", {**HONEST, "rope.py": data}))
    (note,) = taken.notes
    assert said in note
    assert "save it as UTF-8" in note
    declared = "# coding: latin-1\ny = '\u00e9'\n".encode("latin-1")
    assert take_in(zipped(tmp_path / "b.zip", {**HONEST, "rope.py": declared})).notes == []


def test_what_is_defined_twice_is_said_with_its_lines(tmp_path: Path) -> None:
    llama = HONEST["llama.py"].decode()
    start = llama.index("    def SwiGLU")
    end = llama.index("    def forward", start)
    lines = [llama[:at].count("\n") + 1 for at in (start, end)]
    files = {
        "llama.py": (llama[:end] + llama[start:end] + llama[end:]).encode(),
        "rope.py": HONEST["rope.py"] + b"\ndef apply_rotary_emb():\n    pass\n",
        "optimizer.py": b"def f(): pass\ndef f(): pass\n",  # no task's: nobody else's business
    }
    taken = take_in(zipped(tmp_path / "a.zip", HONEST | files))
    rope, swiglu = sorted(taken.notes, reverse=True)
    assert swiglu == (
        f"llama.py: defines FeedForward.SwiGLU more than once, in lines {lines[0]}, {lines[1]}; "
        "the last one counts"
    )
    assert "rope.py: defines apply_rotary_emb more than once, in lines" in rope


@pytest.mark.parametrize("folder", [False, True])
def test_line_ends_marks_and_tabs_are_no_harm(folder: bool, tmp_path: Path) -> None:
    code = "\ufeffdef f(x):\r\n\tif x:\r\n\t\treturn '\u00e9'\r\n"
    files = {**HONEST, "rope.py": code.encode()}
    path = unpacked(tmp_path / "a", files) if folder else zipped(tmp_path / "a.zip", files)
    taken = take_in(path)
    assert any(x.startswith("rope.py: begins with a byte order mark") for x in taken.notes)
    compile(taken.files["rope.py"], "rope.py", "exec")
    assert taken.files["rope.py"] == code.encode().removeprefix(b"\xef\xbb\xbf")


def test_names_beyond_ascii_are_names(tmp_path: Path) -> None:
    name = "J\u00f6rg M\u00fcller \u738b.zip"
    files = {**HONEST, "notes-\U0001f469\u200d\U0001f4bb.txt": b"", "h\u00e9lper.py": b"A = 1\n"}
    taken = take_in(zipped(tmp_path / name, files))
    assert taken.files == {**HONEST, "h\u00e9lper.py": b"A = 1\n"}
    assert len(taken.sha256) == 64


def test_the_digest_depends_on_what_was_taken_and_on_nothing_else(tmp_path: Path) -> None:
    first = take_in(zipped(tmp_path / "a.zip"))
    backwards = {f"top/{name}": HONEST[name] for name in reversed(FILES)}
    assert take_in(zipped(tmp_path / "b.zip", backwards)).sha256 == first.sha256
    assert take_in(unpacked(tmp_path / "c")).sha256 == first.sha256
    changed = {**HONEST, "rope.py": HONEST["rope.py"] + b"\n"}
    assert take_in(zipped(tmp_path / "d.zip", changed)).sha256 != first.sha256


def test_a_folder_is_taken_as_a_zip_is(tmp_path: Path) -> None:
    more = {"my_helpers.py": b"A = 1\n", "notes.txt": b"", "torch.py": b"", "sub/rope.py": b""}
    taken = take_in(unpacked(tmp_path / "anna", {**HONEST, **more}))
    assert set(taken.files) == {*FILES, "my_helpers.py"}
    inside = take_in(unpacked(tmp_path / "bert", {f"work/{n}": x for n, x in HONEST.items()}))
    assert inside.files == HONEST
    unpacked(tmp_path / "bert", {"notes.txt": b"", ".git/config": b"", "__MACOSX/x": b""})
    assert take_in(tmp_path / "bert").files == HONEST


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    secret = unpacked(tmp_path / "secret")
    one = unpacked(tmp_path / "one", {"llama.py": b""})
    (one / "rope.py").symlink_to(secret / "rope.py")
    assert "rope.py is a link" in take_in(one).refused
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "work").symlink_to(secret)
    taken = take_in(tmp_path / "two")
    assert taken.refused
    assert taken.files == {}
    three = unpacked(tmp_path / "three")
    (three / "stories42M.pt").symlink_to("/etc/hostname")
    (three / "helper.py").symlink_to(secret / "rope.py")
    taken = take_in(three)
    assert taken.files == HONEST
    assert taken.notes == [
        "helper.py: ignored, it is a link",
        "stories42M.pt: ignored, it is a link",
    ]


def test_a_large_file_beside_is_ignored_and_a_large_source_refused(tmp_path: Path) -> None:
    files = {**HONEST, "stories42M.pt": bytes(50_000_000)}
    taken = take_in(zipped(tmp_path / "a.zip", files))
    assert taken.files == HONEST
    assert taken.notes == ["stories42M.pt: ignored, not a part of the submission"]
    assert take_in(unpacked(tmp_path / "a", files)).files == HONEST
    files = {**HONEST, "rope.py": b"#" * 1_000_001}
    for path in (zipped(tmp_path / "b.zip", files), unpacked(tmp_path / "b", files)):
        assert "rope.py is larger than 1,000,000 bytes" in take_in(path).refused


def test_another_edition_is_recognised(tmp_path: Path) -> None:
    files = {**HONEST, "llama.py": b"from utils import *\n"}
    assert "another edition" in take_in(zipped(tmp_path / "a.zip", files)).notes[-1]
