"""Submissions as they arrive: what is taken, what is left out with a line, what is refused."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assignment.grading.grade import unique_names
from assignment.grading.handout import under_submissions
from assignment.sandbox import intake
from assignment.sandbox.intake import Intake, find_submissions, student_name
from assignment.specimens.archives import hostile
from assignment.specimens.archives.hostile import ARCHIVES
from assignment.specimens.archives.odd import ODD_BUT_HONEST
from assignment.tasks import FILES, PROJECT
from tests.helpers import contents

GIVEN = under_submissions()
HONEST = {name: (PROJECT / name).read_bytes() for name in FILES}


def take_in(path: Path, student: str | None = None) -> Intake:
    return intake.take_in(path, GIVEN, student)


def zipped(path: Path, files: Mapping[str, bytes | str] = HONEST) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def unpacked(folder: Path, files: Mapping[str, bytes] = HONEST) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


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
    assert not intake.UNFIT.search(taken.refused)
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


def test_two_top_folders_are_refused_with_the_names_that_are_looked_for(tmp_path: Path) -> None:
    files = {f"{top}/{name}": data for top in ("a", "b") for name, data in HONEST.items()}
    taken = take_in(zipped(tmp_path / "a.zip", files))
    assert "rope.py" in taken.refused
    assert "in one folder" in taken.refused


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
    others = ("README.md", "rope.pyc", "__pycache__/rope.cpython-311.pyc", "tests/conftest.py",
              "llama/__init__.py", "sst-dev-prompting-output.txt", "data/sanity_check.npz",
              "torch.pth", "pyvenv.cfg", "rope.so")  # fmt: skip
    taken = take_in(zipped(tmp_path / "a.zip", {**HONEST, **dict.fromkeys(others, b"")}))
    assert taken.files == HONEST
    assert taken.notes == [
        f"{name}: ignored, not a part of the submission" for name in sorted(others)
    ]


def test_all_missing_files_are_named_at_once(tmp_path: Path) -> None:
    taken = take_in(zipped(tmp_path / "a.zip", {"rope.py": b"", "llama.py": b""}))
    assert taken.refused == ""
    assert taken.missing == ["sampling.py", "optimizer.py", "classifier.py"]
    for name in taken.missing:
        assert f"{name}: missing; its tasks count as not started" in taken.notes


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
    assert taken.student == "J\u00f6rg_M\u00fcller_\u738b"
    assert taken.files == {**HONEST, "h\u00e9lper.py": b"A = 1\n"}
    assert len(taken.sha256) == 64


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("anna.zip", "anna"),
        ("anna.m@x.org.zip", "anna.m@x.org"),
        ("<b>.zip", "b"),
        ("\x1b[2J.zip", "2J"),
        ("...zip", "submission"),
        ("x" * 150 + ".zip", "x" * 80),
    ],
)
def test_a_student_has_a_name_that_a_file_can_have(name: str, student: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    assert student_name(tmp_path / name) == student


def test_two_of_one_name_are_told_apart() -> None:
    names = ["a", "a", "a-2", "A", "a", "x" * 80, "x" * 80]
    intakes = [Intake(name, "") for name in names]
    unique_names(intakes)
    assert len({each.student.casefold() for each in intakes}) == len(names)
    assert [each.student for each in intakes][:2] == ["a", "a-2"]


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


def test_a_class_is_a_folder_of_zips_or_of_folders(tmp_path: Path) -> None:
    bulk = tmp_path / "bulk"
    expected = [zipped(bulk / "anna.zip"), zipped(bulk / "bert.ZIP", {})]
    expected.append(unpacked(bulk / "carl", {f"work/{n}": x for n, x in HONEST.items()}))
    expected.append(unpacked(bulk / "dora"))
    unpacked(bulk, {".DS_Store": b"", "grades.csv": b"", "__MACOSX/._anna.zip": b""})
    assert find_submissions([bulk]) == sorted(expected)
    taken = [take_in(path) for path in find_submissions([bulk])]
    assert [each.student for each in taken] == ["anna", "bert", "carl", "dora"]
    assert [bool(each.refused) for each in taken] == [False, True, False, False]


def test_one_submission_is_one(tmp_path: Path) -> None:
    unpacked(tmp_path / "anna")
    unpacked(tmp_path / "bert", {"work/rope.py": b"", "notes.txt": b""})
    archive = zipped(tmp_path / "c.zip")
    for path in (tmp_path / "anna", tmp_path / "bert", archive):
        assert find_submissions([path]) == [path]
    with pytest.raises(ValueError, match="nowhere: does not exist"):
        find_submissions([tmp_path / "nowhere"])
    (tmp_path / "empty").mkdir()
    assert "empty" in take_in(tmp_path / "empty").refused


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
