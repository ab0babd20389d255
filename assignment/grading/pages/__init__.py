"""Results as pages that open from disk: a submission, a class, the kill table."""

from __future__ import annotations

from assignment.grading.pages.classroom import class_page, kill_table
from assignment.grading.pages.student import page

__all__ = ["class_page", "kill_table", "page"]
