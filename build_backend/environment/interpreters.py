"""Which Python makes the environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from build_backend.environment.commands import SetupError

VERSIONS = ((3, 11), (3, 12), (3, 10), (3, 9))
"""What `requirements/` locks packages for, in the order they are tried after the running Python."""


def find_python() -> tuple[str, tuple[int, int]]:
    """Return a Python that can make the environment, and its version; the running one is asked first."""
    # realpath: when this runs from inside .venv, the environment must be made by the Python beneath it.
    for candidate in [os.path.realpath(sys.executable), *installed()]:
        version = python_version(candidate)
        if version in VERSIONS:
            return candidate, version
    raise SetupError(
        f'Python 3.9, 3.10, 3.11 or 3.12 with the venv module is needed (requirements/ locks packages for '
        f'these); this is {sys.version.split()[0]} and none was found on PATH, in pyenv or uv. '
        f'Install one, for example: apt-get install python3.11 python3.11-venv'
    )


def installed() -> list[str]:
    """Pythons of these versions on PATH, then those that pyenv and uv keep, newest patches first."""
    names = [f'python{major}.{minor}' for major, minor in VERSIONS]
    data = Path(os.environ.get('XDG_DATA_HOME') or Path.home() / '.local' / 'share')
    pyenv = Path(os.environ.get('PYENV_ROOT') or Path.home() / '.pyenv') / 'versions'
    uv = Path(os.environ.get('UV_PYTHON_INSTALL_DIR') or data / 'uv' / 'python')
    found = [path for path in map(shutil.which, names) if path]
    for major, minor in VERSIONS:
        for folder, pattern in ((pyenv, f'{major}.{minor}.*'), (uv, f'cpython-{major}.{minor}.*')):
            found += sorted(map(str, folder.glob(f'{pattern}/bin/python{major}.{minor}')), reverse=True)
    return found


def python_version(python: str) -> tuple[int, int] | None:
    """Asks `python` for its version; None where it does not run (a pyenv shim) or has no venv."""
    question = 'import sys, ensurepip, venv; print(*sys.version_info[:2])'
    try:
        answer = subprocess.run([python, '-c', question], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if answer.returncode:
        return None
    major, minor = answer.stdout.split()
    return int(major), int(minor)
