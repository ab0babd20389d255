"""For a teacher: make the handout, hand in the solution as a student would, and grade it.

Everything goes into a folder that is given, or a new one. Run it in the project's folder:

    .venv/bin/python -m examples.teacher out/my-course
"""

import sys
import tempfile
import zipfile
from pathlib import Path

from assignment.grading import grade, handout
from assignment.tasks import PROJECT, load_course


def main() -> None:
    course = load_course()
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    files = handout.build(folder / "handout", course)
    print(f"{len(files)} files in {folder / 'handout'}, for the learners")

    (folder / "submissions").mkdir(parents=True)
    with zipfile.ZipFile(folder / "submissions" / "ada.zip", "w") as hand_in:  # five files
        for name in course.files:
            hand_in.write(PROJECT / name, name)
    grade.main([str(folder / "submissions"), "--out", str(folder / "grades"), "--skip-stand-in"])
    print((folder / "grades" / "class.csv").read_text())


if __name__ == "__main__":
    main()
