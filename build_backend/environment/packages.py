"""Installs packages into the environment: by uv where it is installed, else by the environment's pip."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from pathlib import Path

from build_backend.environment.commands import run
from build_backend.environment.places import venv_python

UV_NAMES = {
    'index-url': 'UV_DEFAULT_INDEX',
    'extra-index-url': 'UV_INDEX',
    'find-links': 'UV_FIND_LINKS',
    'constraint': 'UV_CONSTRAINT',
    'cert': 'SSL_CERT_FILE',
}
"""Settings of pip, which uv does not read, and uv's names for them."""
LISTS_WITH_COMMAS = {'UV_FIND_LINKS'}


def install(step: str, *arguments: str) -> None:
    """Install what pip's arguments name."""
    uv = shutil.which('uv')
    if uv:
        run([uv, 'pip', 'install', '--python', venv_python(), *arguments], step, **uv_settings())
    else:
        pip(step, 'install', *arguments)


def pip(step: str, *arguments: str, **variables: str) -> None:
    """Run the environment's pip."""
    run([venv_python(), '-m', 'pip', *arguments], step, **variables)


def uv_settings() -> dict[str, str]:
    """Pip's indexes, folders of wheels and certificates as uv's variables; those that are set already stay.

    Pip takes the best version of all its indexes, uv the first index that knows the package unless told.
    """
    listing = subprocess.check_output([venv_python(), '-m', 'pip', 'config', 'list'], text=True)
    settings = {'UV_INDEX_STRATEGY': 'unsafe-best-match'}
    for line in listing.splitlines():  # files first, variables last: as pip reads them
        name, _, value = line.partition('=')
        variable = UV_NAMES.get(name.rpartition('.')[2])
        if variable:
            separator = ',' if variable in LISTS_WITH_COMMAS else ' '
            settings[variable] = separator.join(ast.literal_eval(value).split())
    return {name: value for name, value in settings.items() if name not in os.environ}


def with_find_links(folder: Path) -> str:
    """PIP_FIND_LINKS with `folder` added to what it holds."""
    return ' '.join(filter(None, [os.environ.get('PIP_FIND_LINKS'), str(folder)]))
