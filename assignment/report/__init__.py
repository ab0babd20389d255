"""What a `SubmissionResult` looks like: on the terminal, as HTML, CSV and Gradescope's JSON.

Every text that comes from a submission goes through `clean`; `markup` escapes what goes into HTML.
"""

from __future__ import annotations

from assignment.report.classroom import class_page, kill_table
from assignment.report.exports import class_csv, gradescope
from assignment.report.screen import terminal
from assignment.report.student import page
from assignment.report.text import clean

__all__ = [
    "class_csv",
    "class_page",
    "clean",
    "gradescope",
    "kill_table",
    "page",
    "terminal",
]
