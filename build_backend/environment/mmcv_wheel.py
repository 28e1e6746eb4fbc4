"""Installs mmcv with its ops, which has no ready wheel for a newer torch than 2.1: built once, then kept."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from build_backend.environment import places
from build_backend.environment.commands import SetupError, run
from build_backend.environment.packages import pip, with_find_links
from build_backend.environment.progress import say

MMCV = 'mmcv==2.1.0'
COMPILER = Path(__file__).with_name('compile_with_header.py')
HEADER = '#include <torch/types.h>\n'
"""What every file of mmcv starts with, and what takes two thirds of its compilation."""
FLAGS = '-O2 -DNDEBUG -g0'
"""In place of Python's own, whose debug symbols double the time."""


def install_mmcv(step: str) -> None:
    """Installs mmcv with its ops: a wheel that pip finds, else one built for this Python and torch."""
    question = 'import sys, torch; print("cp%d%d-torch" % sys.version_info[:2] + torch.__version__)'
    tag = subprocess.check_output([places.venv_python(), '-c', question], text=True).strip()
    wheels = places.CACHE / tag
    install = ['install', '--no-deps', '--no-index', '--only-binary', 'mmcv', '--force-reinstall', MMCV]
    try:
        pip(step, *install, PIP_FIND_LINKS=with_find_links(wheels))
        run([places.venv_python(), '-c', 'import mmcv.ops'], step)
        return
    except SetupError as error:
        if 'the disk is full' in str(error):
            raise
    build_mmcv(step, wheels)
    pip(step, *install, PIP_FIND_LINKS=str(wheels))
    run([places.venv_python(), '-c', 'import mmcv.ops'], step)


def build_mmcv(step: str, wheels: Path) -> None:
    """Build the mmcv wheel into the folder `wheels`.

    Where torch sees a GPU, mmcv builds its CUDA operators too, which fails without a toolkit: then it is
    shown no GPU.
    """
    compiler = shlex.split(os.environ.get('CXX') or shutil.which('c++') or 'g++')
    if not shutil.which(compiler[0]):
        raise SetupError(
            f'{MMCV} has no ready wheel for this torch, and no C++ compiler was found to build it. '
            'Install one, for example: apt-get install g++'
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    say(f'    builds {MMCV} with {cores} cores, once: 2 to 4 minutes on two. The log is {places.LOG}')
    wheels.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wheels) as folder:
        pip(
            step,
            'wheel',
            '--verbose',  # ninja's counts come through
            '--no-deps',
            '--no-build-isolation',
            '--no-cache-dir',
            '--no-binary',
            'mmcv',
            '-w',
            folder,
            MMCV,
            CFLAGS=f'{FLAGS} {os.environ.get("CFLAGS", "")}'.strip(),
            CXX=str(compiler_with_header(Path(folder), compiler)),
            MAX_JOBS=str(cores),
            MMCV_WITH_OPS='1',
            **({} if has_cuda_toolkit() else {'CUDA_VISIBLE_DEVICES': ''}),
        )
        for wheel in Path(folder).glob('*.whl'):
            os.replace(wheel, wheels / wheel.name)


def compiler_with_header(folder: Path, compiler: list[str]) -> Path:
    """Write a command into `folder` that calls `compiler` and compiles the header once, for all files."""
    header = folder / 'header.h'
    header.write_text(HEADER, encoding='utf-8')
    command = folder / 'g++'
    words = shlex.join([places.venv_python(), '-IS', str(COMPILER), str(header), *compiler])
    command.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding='utf-8')
    command.chmod(0o755)
    return command


def has_cuda_toolkit() -> bool:
    """Whether there is a CUDA toolkit where torch looks for one."""
    named = os.environ.get('CUDA_HOME') or os.environ.get('CUDA_PATH')
    return bool(named or shutil.which('nvcc') or Path('/usr/local/cuda').exists())
