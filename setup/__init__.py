"""Installing and fetching: `bash setup.sh`, or on Windows `py -m setup`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_course_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that are handed on to `setup.prepare`, in the environment that was made."""
    parser.add_argument(
        "--course",
        action="store_true",
        help="also fetch the course's own files: stories42M.pt, tokenizer.model, SST, CFIMDB",
    )
    parser.add_argument(
        "--from",
        dest="folder",
        type=Path,
        metavar="DIR",
        help="take the course's files from a folder instead of their addresses",
    )
