"""A class as platforms deliver it: a hand-in for each student, and nothing vanishes."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assignment.grading.courses import our_course
from assignment.grading.handins import HandIn, take_in_class, unique_names
from assignment.grading.naming import read_name, read_owners
from assignment.sandbox.intake import Intake
from tests.assignment.submissions import FILES, GIVEN, HONEST, tarred, unpacked, zipped

COURSE = replace(our_course(), base=lambda: GIVEN)
HW1 = {f"hw1/{name}": data for name, data in HONEST.items()}
OLD = {f"hw1/{name}": b"x = 'old'\n" for name in FILES}
MOODLE = "_assignsubmission_file_"


def rows(*paths: Path, out: Path = Path("nowhere")) -> dict[str, Intake]:
    """What is taken in of a class, by student."""
    intakes, _ = take_in_class(paths, COURSE, out)
    found = {each.student: each for each in intakes}
    assert len(found) == len(intakes)
    return found


def complete(intakes: Mapping[str, Intake]) -> list[str]:
    """The students whose five files are all taken as they are."""
    return [
        name
        for name, each in intakes.items()
        if not each.refused and all(each.files.get(n) == data for n, data in HONEST.items())
    ]


def in_memory(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def in_both(tmp_path: Path, files: Mapping[str, bytes]) -> tuple[Path, Path, Path]:
    """A class as a folder, as the archive that it came in, and with a folder around it."""
    wrapped = {f"assignment_1_export/{name}": data for name, data in files.items()}
    return (
        unpacked(tmp_path / "class", files),
        zipped(tmp_path / "submissions.zip", files),
        zipped(tmp_path / "wrapped.zip", wrapped),
    )


def test_canvas_names_are_students(tmp_path: Path) -> None:
    files = {
        "lovelaceada_12_345_hw1.zip": in_memory(HW1),
        "hopper-grace_LATE_13_346_hw1.zip": in_memory(HONEST),
        "turingalan_14_347_hw1.tar.gz": tarred(tmp_path / "t.tar.gz", HW1).read_bytes(),
        "knuthdonald_15_348_llama.py": HONEST["llama.py"],
        "noether_16_349_report.pdf": b"%PDF",
        "gauss_17_350_work.7z": b"7z",
        "euler_LATE_18_text.html": b"<p>it is on my page",
    }
    for i, name in enumerate(FILES):
        files[f"ritchie_19_{400 + i}_{name.replace('.py', '-1.py')}"] = HONEST[name]
    for path in in_both(tmp_path, files):
        found = rows(path)
        assert len(found) == 8
        assert set(complete(found)) == {"lovelaceada", "hopper-grace", "turingalan", "ritchie"}
        assert found["hopper-grace"].notes == ["handed in late, says the file's name"]
        assert found["lovelaceada"].notes == []
        assert list(found["knuthdonald"].files) == ["llama.py"]
        assert found["knuthdonald"].missing == [name for name in FILES if name != "llama.py"]
        assert "report.pdf" in found["noether"].refused
        assert "a .7z: hand in a zip" in found["gauss"].refused
        assert "text.html is all there is: hand in a zip" in found["euler"].refused


def test_the_last_of_several_hand_ins_counts(tmp_path: Path) -> None:
    files = {
        "again_1_30_hw1.zip": in_memory(OLD),
        "again_1_20_hw1-2.zip": in_memory(HW1),  # of one name, the count says which is the last
        "again_1_25_hw1-1.zip": in_memory(OLD),
        "renamed_2_50_final.zip": in_memory(HW1),  # of several names, the file's number
        "renamed_LATE_2_49_lab-7.zip": in_memory(OLD),
        "loose_3_60_hw1.zip": in_memory(OLD),
        **{f"loose_3_{61 + i}_{name}": HONEST[name] for i, name in enumerate(FILES)},
        "packed_4_90_hw1.zip": in_memory(HW1),
        **{f"packed_4_{80 + i}_{name}": b"x = 'old'\n" for i, name in enumerate(FILES)},
        "unread_5_91_hw1.rar": b"Rar!",
        "unread_5_90_hw1.zip": in_memory(HW1),
    }
    for path in in_both(tmp_path, files):
        found = rows(path)
        assert set(complete(found)) == {"again", "renamed", "loose", "packed", "unread"}
        assert len(found) == 5
        assert found["again"].notes == [
            "again_1_25_hw1-1.zip: left out, an earlier hand-in",
            "again_1_30_hw1.zip: left out, an earlier hand-in",
        ]
        assert found["again"].source == "again_1_20_hw1-2.zip"
        assert found["renamed"].notes == [
            "renamed_LATE_2_49_lab-7.zip: left out, an earlier hand-in"
        ]
        assert len(found["packed"].notes) == 5
        assert "hw1.rar: left out, a .rar: hand in a zip" in found["unread"].notes[0]


def test_moodle_folders_are_students(tmp_path: Path) -> None:
    files = {
        f"Ada Lovelace_12{MOODLE}/hw1.zip": in_memory(HW1),
        f"Ada Lovelace_12{MOODLE}/report.pdf": b"%PDF",
        **{f"J\u00f6rg M\u00fcller_13_assignsubmission_file/{n}": x for n, x in HONEST.items()},
        f"Alan Turing_14{MOODLE}/hw1.tgz": tarred(tmp_path / "t.tgz", HONEST).read_bytes(),
        f"Emmy Noether_15{MOODLE}/report.pdf": b"%PDF",
        f"Ada Lovelace_16{MOODLE}hw1.zip": in_memory(HW1),  # another one, without a folder
        f"Ada Lovelace_16{MOODLE}notes.txt": b"",
        f"Grace Hopper_17{MOODLE}/old.zip": in_memory({"hw1/llama.py": b"x = 'old'\n"}),
        f"Grace Hopper_17{MOODLE}/new/hw1.zip": in_memory(HW1),
        "Grace Hopper_17_assignsubmission_onlinetext/onlinetext.html": b"<p>",
        f"Eve_18{MOODLE}/hw1.zip": in_memory({"../rope.py": b"x = 1\n", **HONEST}),
    }
    for path in in_both(tmp_path, files):
        found = rows(path)
        assert set(complete(found)) == {
            "Ada_Lovelace-12", "J\u00f6rg_M\u00fcller", "Alan_Turing", "Ada_Lovelace-16",
            "Grace_Hopper",
        }  # fmt: skip
        assert set(found) == {*complete(found), "Emmy_Noether", "Eve"}
        assert found["Ada_Lovelace-12"].notes == [
            "report.pdf: ignored, not a part of the submission"
        ]
        assert "report.pdf is all there is" in found["Emmy_Noether"].refused
        assert found["Eve"].refused == "../rope.py leads out of the archive (..)"
    (tmp_path / "class" / f"Leonhard Euler_19{MOODLE}").mkdir()
    assert rows(tmp_path / "class")["Leonhard_Euler"].refused == "it is empty"


def test_gradescopes_folders_have_the_names_in_its_list(tmp_path: Path) -> None:
    metadata = (
        "---\nsubmission_12:\n  :submitters:\n  - :name: Ada Lovelace\n    :sid: '1'\n"
        "    :email: ada@x.org\n  :created_at: 2026-01-01\nsubmission_13:\n  :submitters:\n"
        "  - :name: 'Alan Turing'\n  - :name: J\u00f6rg\n"
    )
    files = {f"submission_{n}/{x}": d for n in (12, 13, 14) for x, d in HONEST.items()}
    files["submission_metadata.yml"] = metadata.encode()
    for path in in_both(tmp_path, files):
        found = rows(path)
        assert set(found) == {"Ada_Lovelace", "Alan_Turing_and_J\u00f6rg", "submission_14"}
        assert len(complete(found)) == 3
    assert read_owners("") == read_owners(": :name: x\n") == {}


def test_a_plain_class_has_a_row_for_everything(tmp_path: Path) -> None:
    bulk = tmp_path / "bulk"
    zipped(bulk / "anna.m@x.org.zip", HW1)
    zipped(bulk / "bert.ZIP", {})
    tarred(bulk / "carl.tar.gz")
    unpacked(bulk / "dora", HW1)
    unpacked(bulk / "j.doe")
    zipped(bulk / "emil" / "hw1.zip")
    unpacked(bulk, {"fritz.pdf": b"", "gerd.py": b"x = 1\n", "hans.docx": b"PK", "ida": b""})
    unpacked(bulk, {"dora.pdf": b"", "README.txt": b""})  # the first is dora's
    (bulk / "kurt").mkdir()
    unpacked(bulk, {".DS_Store": b"", "grades.csv": b"", "__MACOSX/._anna.zip": b"", ".x": b""})
    unpacked(bulk / "graded", {"class.csv": b"", "class.html": b"", "reports/anna.html": b""})
    unpacked(bulk / "out", {"secret": b""})
    intakes, skipped = take_in_class([bulk], COURSE, bulk / "out")
    found = {each.student: each for each in intakes}
    assert complete(found) == ["anna.m@x.org", "carl", "dora", "emil", "j.doe"]
    refused = {name: each.refused for name, each in found.items() if each.refused}
    assert set(found) - set(complete(found)) == set(refused)
    assert set(refused) == {"README", "bert", "fritz", "gerd", "hans", "ida", "kurt"}
    assert all("hand in a zip" in refused[name] for name in ("fritz", "gerd", "hans", "ida"))
    assert skipped == [
        "graded/, results of grading", "out/, results of grading", ".x", "grades.csv",
    ]  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_links_in_a_class_are_rows_and_not_followed(tmp_path: Path) -> None:
    bulk = tmp_path / "bulk"
    zipped(bulk / "anna.zip")
    (bulk / "bert").symlink_to(unpacked(tmp_path / "secret"))
    (bulk / "carl.zip").symlink_to(zipped(tmp_path / "secret.zip"))
    found = rows(bulk)
    assert complete(found) == ["anna"]
    assert "bert is a link" in found["bert"].refused
    assert "carl.zip is a link" in found["carl"].refused


def test_one_submission_is_one(tmp_path: Path) -> None:
    notes = {"notes.txt": b"", ".git/config": b"", "__MACOSX/x": b""}
    paths = [
        unpacked(tmp_path / "anna"),
        unpacked(tmp_path / "bert", HW1 | notes),
        unpacked(tmp_path / "dora", {f"Users/me/{name}": data for name, data in HW1.items()}),
        zipped(tmp_path / "emil.zip", HW1 | {"hw1_old/llama.py": b"x = 'old'\n"}),
        tarred(tmp_path / "fritz.tgz", HW1),
        zipped(tmp_path / f"Ada Lovelace_12{MOODLE}" / "hw1.zip").parent,
        zipped(tmp_path / "euler_LATE_1_2_hw1.zip"),
    ]
    assert complete(rows(*paths)) == [
        "anna", "bert", "dora", "emil", "fritz", "Ada_Lovelace", "euler"
    ]  # fmt: skip
    with pytest.raises(ValueError, match="nowhere: does not exist"):
        rows(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert rows(tmp_path / "empty") == {}
    assert complete(rows(zipped(tmp_path / "z.zip", {"hw1.zip": in_memory(HW1)}))) == ["hw1"]


def test_what_is_hostile_in_the_archive_of_a_class_costs_its_own_student(tmp_path: Path) -> None:
    files = {
        "anna_1_2_hw1.zip": in_memory(HW1),
        "../eve_3_4_hw1.zip": in_memory(HW1),
        "bert_5_6_hw1.zip": in_memory({"hw1/rope.py": bytes(60_000_000)}),
        "carl_7_8_hw1.zip": in_memory({"inner.zip": in_memory(HW1)}),
        "dora_9_10_hw1.zip": b"PK damaged",
    }
    found = rows(zipped(tmp_path / "submissions.zip", files))
    assert complete(found) == ["anna"]
    assert len(found) == len(files)
    assert found["submission"].refused == "../eve_3_4_hw1.zip leads out of the archive (..)"
    assert "bomb" in found["bert"].refused
    assert "archive in an archive" in found["carl"].refused
    assert "damaged zip" in found["dora"].refused


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("anna.zip", "anna"),
        ("anna.m@x.org.zip", "anna.m@x.org"),
        ("<b>.zip", "b"),
        ("\x1b[2J.zip", "2J"),
        ("...zip", "submission"),
        ("x" * 150 + ".zip", "x" * 80),
        ("J\u00f6rg M\u00fcller \u738b.tar.gz", "J\u00f6rg_M\u00fcller_\u738b"),
        ("de_la_cruz_LATE_12_34_hw1.zip", "de_la_cruz"),
        (f"../<b>_1{MOODLE}x.zip", "b"),
    ],
)
def test_a_student_has_a_name_that_a_file_can_have(name: str, student: str) -> None:
    assert read_name(name, is_file=True).student == student


def test_two_of_one_name_are_told_apart() -> None:
    names = ["a", "a", "a-2", "A", "a", "x" * 80, "x" * 80]
    hand_ins = [HandIn(name, "", []) for name in names]
    unique_names(hand_ins)
    assert len({each.student.casefold() for each in hand_ins}) == len(names)
    assert [each.student for each in hand_ins][:2] == ["a", "a-2"]
    hand_ins = [HandIn("Ada", "", [], number) for number in ("12", "13")]
    unique_names(hand_ins)
    assert [each.student for each in hand_ins] == ["Ada-12", "Ada-13"]


PARTS = st.text("ab1._- \u00e9\\", min_size=1, max_size=6).filter(lambda x: x[0] in "ab\u00e9")


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(students=st.dictionaries(st.integers(1, 10**6), PARTS, min_size=1, max_size=6),
       forms=st.lists(st.sampled_from(["canvas", "late", "moodle", "flat"]), min_size=6,
                      max_size=6))  # fmt: skip
def test_no_student_vanishes_whatever_the_names(
    students: dict[int, str], forms: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    names = {
        "canvas": "{name}_{id}_77_hw1.zip",
        "late": "{name}_LATE_{id}_77_hw1.zip",
        "moodle": "{name}_{id}_assignsubmission_file_/hw1.zip",
        "flat": "{name}_{id}_assignsubmission_file_hw1.zip",
    }
    data = in_memory(HW1)
    files = {
        names[form].format(name=name.replace("\\", ""), id=number): data
        for form, (number, name) in zip(forms, students.items(), strict=False)
    }
    folder = unpacked(tmp_path_factory.mktemp("class"), files)
    found = rows(folder)
    assert len(found) == len(complete(found)) == len(students)
