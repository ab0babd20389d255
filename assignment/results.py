"""What grading finds out, as plain data: one result feeds terminal, HTML, CSV and Gradescope."""

from __future__ import annotations

import base64
import enum
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np

LATE = "handed in late"  # how such a note of intake begins


class Status(enum.StrEnum):
    """How a task stands; on the screen the last three are "crashed or over a limit"."""

    PASSED = "passed"
    NOT_STARTED = "not started"
    BLOCKED = "blocked"
    WRONG = "wrong"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    MEMORY = "memory"


@dataclass(frozen=True)
class Picture:
    """The error over a tensor, laid out as a matrix of bytes: 0 is right, 255 the worst."""

    shape: tuple[int, ...]  # of the tensor; its last axis runs along the rows of the picture
    height: int
    width: int
    levels: str  # height * width bytes, row by row, compressed, in base64

    @classmethod
    def of(cls, error: np.ndarray[Any, Any], tolerance: np.ndarray[Any, Any]) -> Self:
        """Shade `error` on a logarithmic scale: black up to the tolerance, white 10,000 times it.

        Larger tensors than a picture has room for show their first rows and columns.
        """
        ratio = np.nan_to_num(error / tolerance, nan=np.inf)
        columns = max(ratio.shape[-1], 1) if ratio.ndim else 1
        matrix = ratio.reshape(-1, columns)[:256, :256]
        decades = np.log10(np.clip(matrix, 1, 1e4)) / 4
        levels = np.where(matrix > 1, 55 + 200 * decades, 0).astype(np.uint8)
        packed = base64.b64encode(zlib.compress(levels.tobytes(), 9)).decode()
        height, width = matrix.shape
        return cls(tuple(error.shape), height, width, packed)

    def matrix(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The levels as (height, width) bytes."""
        levels = zlib.decompress(base64.b64decode(self.levels))
        return np.frombuffer(levels, np.uint8).reshape(self.height, self.width)


@dataclass(frozen=True)
class Finding:
    """The first case that went wrong, and where."""

    case: str  # its name within the task
    about: str  # what the case is there for
    output: str  # which of its outputs differs
    difference: tuple[str, ...]  # lines: index, got, expected, how many are wrong
    cause: str  # what probably went wrong; empty where nothing on record is like it
    picture: Picture | None = None
    hidden: bool = False  # whether the learner has this case


@dataclass
class TaskResult:
    """One task of one submission."""

    task: str
    status: Status
    points: float
    max_points: float
    message: str = ""  # one line: what happened
    finding: Finding | None = None
    stages: list[tuple[str, bool]] = field(default_factory=list)  # of the stack: name, right?
    printed: str = ""  # what the code printed, cut and without control characters
    flags: list[str] = field(default_factory=list)  # for a human to look at; cost no points
    seconds: float = 0.0


@dataclass
class SubmissionResult:
    """One submission: what came in, how it was run, and how each task stands."""

    student: str
    source: str  # the name of the file or folder
    sha256: str  # of the files that were graded
    sandbox: str  # how the code was isolated
    intake: list[str] = field(default_factory=list)  # a line for each file ignored or missing
    refused: str = ""  # why nothing of it was graded
    tasks: list[TaskResult] = field(default_factory=list)
    rubric: dict[str, str] = field(default_factory=dict)  # the course's own view: grade -> reason
    seconds: float = 0.0
    warning: str = ""  # what the sandbox lacks
    course: str = ""  # its title

    @property
    def late(self) -> bool:
        """Whether the file's name says so."""
        return any(note.startswith(LATE) for note in self.intake)

    @property
    def score(self) -> float:
        return sum(task.points for task in self.tasks)

    @property
    def max_score(self) -> float:
        return sum(task.max_points for task in self.tasks)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; `from_dict` reads it back."""
        return asdict(self) | {"score": self.score, "max_score": self.max_score}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        data = {name: value for name, value in data.items() if name not in ("score", "max_score")}
        tasks = []
        for entry in data.pop("tasks"):
            task = dict(entry)
            found = task.pop("finding")
            if found is not None:
                picture = found["picture"]
                if picture is not None:
                    picture = Picture(**picture | {"shape": tuple(picture["shape"])})
                found = Finding(
                    **found | {"difference": tuple(found["difference"]), "picture": picture}
                )
            task["stages"] = [(name, right) for name, right in task["stages"]]
            tasks.append(TaskResult(**task | {"status": Status(task["status"]), "finding": found}))
        return cls(**data, tasks=tasks)
