"""Fixtures that several test files share."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support import errors


@pytest.fixture
def run_here(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script's `main` in this process: as `run_script`, without two seconds of imports."""

    def run(
        main: Callable[[], int | None], *arguments: str, cwd: Path
    ) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr("sys.argv", [f"{main.__module__}.py", *arguments])
        with pytest.raises(SystemExit) as stopped:
            errors.run(main)
        output = capfd.readouterr()
        status = stopped.value.code
        assert isinstance(status, int)
        return subprocess.CompletedProcess(list(arguments), status, output.out, output.err)

    return run
