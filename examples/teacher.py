"""For a teacher: make the handout, hand in the solution as a student would, and grade it.

Everything goes into a folder that is given, or a new one. Run it in the project's folder:

    .venv/bin/python -m examples.teacher out/my-course
"""

import sys
import tempfile
import zipfile
from pathlib import Path

from assignment.grading import grade, handout
from assignment.tasks import FILES, PROJECT


def main() -> None:
    course = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    files = handout.build(course / "handout")
    print(f"{len(files)} files in {course / 'handout'}, for the learners")

    (course / "submissions").mkdir(parents=True)
    with zipfile.ZipFile(course / "submissions" / "ada.zip", "w") as hand_in:  # five files
        for name in FILES:
            hand_in.write(PROJECT / name, name)
    grade.main([str(course / "submissions"), "--out", str(course / "grades"), "--skip-stand-in"])
    print((course / "grades" / "class.csv").read_text())


if __name__ == "__main__":
    main()
