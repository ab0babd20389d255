"""Zips that are hostile by what they call their members; `hostile.py` has them with the others."""

from __future__ import annotations

import struct
from pathlib import Path

from assignment.specimens.archives.writing import EVIL, Files, Writer, first, member, patch, write


def parent_folder(path: Path, files: Files) -> None:
    write(path, files, (member("../evil.py"), EVIL))


def parent_folder_in_the_middle(path: Path, files: Files) -> None:
    write(path, files, (member("student/a/../../../evil.py"), EVIL))


def parent_folder_by_backslashes(path: Path, files: Files) -> None:
    write(path, files, (member("..\\evil.py"), EVIL))


def parent_folder_alone(path: Path, files: Files) -> None:
    write(path, files, (member(".."), EVIL))


def absolute_path(path: Path, files: Files) -> None:
    write(path, files, (member("/evil.py"), EVIL))


def absolute_path_by_two_slashes(path: Path, files: Files) -> None:
    write(path, files, (member("//host/share/evil.py"), EVIL))


def absolute_path_by_backslashes(path: Path, files: Files) -> None:
    write(path, files, (member("\\\\host\\share\\evil.py"), EVIL))


def duplicate_by_a_backslash(path: Path, files: Files) -> None:
    write(path, files, ("student/helper.py", b""), (member("student\\helper.py"), EVIL))


def drive_letter(path: Path, files: Files) -> None:
    write(path, files, (member("C:/evil.py"), EVIL))


def drive_letter_without_a_slash(path: Path, files: Files) -> None:
    write(path, files, (member("C:evil.py"), EVIL))


def stream_of_a_file(path: Path, files: Files) -> None:
    """NTFS would write this into a hidden stream of llama.py."""
    write(path, files, (member("llama.py:evil"), EVIL))


def nul_in_a_name(path: Path, files: Files) -> None:
    """Readers that stop at the NUL see another name than those that do not."""
    write(path, files, ("evil.py#.txt", EVIL))
    patch(path, b"evil.py#.txt", {30: b"evil.py\0.txt"}, {46: b"evil.py\0.txt"})


def control_characters_in_a_name(path: Path, files: Files) -> None:
    write(path, files, (member("\x1b[2J\r\n\x07evil.py"), EVIL))


def markup_in_a_name(path: Path, files: Files) -> None:
    """No crime by itself, but reports repeat it; the `..` makes sure that they have to."""
    write(path, files, (member("../<script>alert(1)</script>.py"), EVIL))


def right_to_left_name(path: Path, files: Files) -> None:
    """Shown as evilyp.llama.py or the like."""
    write(path, files, (member("llama\u202eyp.live"), EVIL))


def huge_name(path: Path, files: Files) -> None:
    write(path, files, (member("a" * 60_000 + ".py"), EVIL))


def thousand_folders_deep(path: Path, files: Files) -> None:
    write(path, files, (member("a/" * 1_000 + "evil.py"), EVIL))


def empty_name(path: Path, files: Files) -> None:
    """The name's only byte is declared to be the extra field."""
    write(path, files, ("x", EVIL))
    nameless = struct.pack("<HH", 0, 1)
    patch(path, b"x", {26: nameless}, {28: nameless})


# two things under one name


def duplicate(path: Path, files: Files) -> None:
    write(path, files, (first(files), EVIL))


def duplicate_by_a_dot(path: Path, files: Files) -> None:
    write(path, files, (member("./" + first(files)), EVIL))


def duplicate_by_slashes(path: Path, files: Files) -> None:
    folder, name = "student/", "helper.py"
    write(path, files, (folder + name, b""), (member(folder + "/" + name), EVIL))


def case_clash(path: Path, files: Files) -> None:
    write(path, files, (first(files).upper(), EVIL))


def accent_clash(path: Path, files: Files) -> None:
    """One letter, and a letter with an accent: the same name on some file systems."""
    write(path, files, ("h\u00e9lper.py", b""), ("he\u0301lper.py", EVIL))


def two_names_for_one_member(path: Path, files: Files) -> None:
    """The directory says helper.py, the member's own header says another name."""
    write(path, files, ("helper.py", EVIL))
    patch(path, b"helper.py", {30: b"hidden.py"}, {})


# What is hostile -> who makes it, and a word of the refusal, in small letters.
BY_NAME: dict[str, tuple[Writer, str]] = {
    "parent folder": (parent_folder, ".."),
    "parent folder in the middle": (parent_folder_in_the_middle, ".."),
    "parent folder by backslashes": (parent_folder_by_backslashes, ".."),
    "parent folder alone": (parent_folder_alone, ".."),
    "absolute path": (absolute_path, "absolute"),
    "absolute path by two slashes": (absolute_path_by_two_slashes, "absolute"),
    "absolute path by backslashes": (absolute_path_by_backslashes, "absolute"),
    "duplicate by a backslash": (duplicate_by_a_backslash, "twice"),
    "drive letter": (drive_letter, "drive"),
    "drive letter without a slash": (drive_letter_without_a_slash, "drive"),
    "stream of a file": (stream_of_a_file, "stream"),
    "NUL in a name": (nul_in_a_name, "name"),
    "control characters in a name": (control_characters_in_a_name, "name"),
    "markup in a name": (markup_in_a_name, ".."),
    "right-to-left name": (right_to_left_name, "name"),
    "huge name": (huge_name, "name"),
    "thousand folders deep": (thousand_folders_deep, "name"),
    "empty name": (empty_name, "name"),
    "duplicate": (duplicate, "twice"),
    "duplicate by a dot": (duplicate_by_a_dot, "twice"),
    "duplicate by slashes": (duplicate_by_slashes, "twice"),
    "case clash": (case_clash, "case"),
    "accent clash": (accent_clash, "accents"),
    "two names for one member": (two_names_for_one_member, "damaged"),
}
