"""A compiler that keeps a header's compiled form: `compile_with_header.py HEADER COMPILER ARGUMENTS`.

The first C++ file to be compiled makes it, by its own flags, since the compiler takes a precompiled
header for no others; files that are compiled meanwhile read the header as text. The header is included
before the file, so it has to be one that the files include first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SOURCES = ('.cpp', '.cc', '.cxx')
OUTPUTS = ('-o', '-MF', '-MT', '-MQ')
"""Flags that a name of a file follows."""
ACTIONS = ('-c', '-MD', '-MMD')


def main(header: Path, command: list[str]) -> int:
    """Run the command, with the precompiled header where it compiles a C++ file; return its exit code."""
    compiles = '-c' in command and any(word.endswith(SOURCES) for word in command)
    if compiles and precompile(header, command):
        if subprocess.call([*command, '-Winvalid-pch', '-include', str(header)]) == 0:
            return 0
    return subprocess.call(command)


def precompile(header: Path, command: list[str]) -> bool:
    """Whether there is a precompiled header; the first caller makes it."""
    compiled = header.with_name(f'{header.name}.gch')
    try:
        os.close(os.open(f'{header}.lock', os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return compiled.is_file()
    partial = f'{compiled}.part'
    if subprocess.call([*flags(command), '-x', 'c++-header', str(header), '-o', partial]):
        return False
    os.replace(partial, compiled)
    return True


def flags(command: list[str]) -> list[str]:
    """The compiler with the flags of a command, without its files."""
    named = {index + 1 for index, word in enumerate(command) if word in OUTPUTS}
    return [
        word
        for index, word in enumerate(command)
        if index not in named and word not in OUTPUTS + ACTIONS and not word.endswith(SOURCES)
    ]


if __name__ == '__main__':
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
