#!/usr/bin/env bash
# Make .venv, install the tested packages, fetch and convert the stand-in checkpoint.
# All the work is in the folder setup/, which runs on Windows as well: py -m setup
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}"
for python in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    exec "$python" -m setup "$@"
  fi
done
echo "setup.sh: error: no Python 3.11 or newer found; install one, or name it: PYTHON=/path/to/python bash setup.sh" >&2
exit 2
