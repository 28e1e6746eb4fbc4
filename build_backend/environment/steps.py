"""The steps that make the environment: those whose inputs have changed run again, with all that follow."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time

from build_backend.environment import places
from build_backend.environment.commands import FREE_GIGABYTES, SetupError, disk_full, run
from build_backend.environment.mmcv_wheel import MMCV, install_mmcv
from build_backend.environment.packages import install, pip
from build_backend.environment.progress import say

TORCH = {
    (3, 12): 'torch==2.13.0',
    (3, 11): 'torch==2.13.0',
    (3, 10): 'torch==2.13.0',
    (3, 9): 'torch==2.8.0',
}
IMPORT_CHECK = 'import swin3d_ops, swin3d_mmdet3d, mmcv.ops, mmdet3d.models'


def make_venv(step: str, python: str) -> None:
    """Make an empty environment."""
    free = shutil.disk_usage(places.ROOT).free / 1e9
    if free < FREE_GIGABYTES:
        raise SetupError(disk_full())
    run([python, '-m', 'venv', '--clear', str(places.VENV)], step)


def file_keys(*patterns: str) -> list[str]:
    """Names and contents of the files of the repository that match the patterns."""
    files = sorted(file for pattern in patterns for file in places.ROOT.glob(pattern))
    return [f'{file.relative_to(places.ROOT)}\n{file.read_text(encoding="utf-8")}' for file in files]


def setup_steps(python: str, version: tuple[int, int]) -> list[tuple]:
    """The steps as (name, parts of the key, action); a changed key reruns its step and all later ones."""
    torch = os.environ.get('SWIN3D_TORCH') or TORCH[version]
    lock = f'requirements/lock-py{version[0]}{version[1]}.txt'
    build = 'requirements/build.txt'
    nvrtc = 'requirements/nvrtc.txt'
    names = [str(file.relative_to(places.ROOT)) for file in sorted(places.ROOT.glob('configs/**/*.py'))]
    names += [
        str(file.relative_to(places.ROOT)) for file in sorted(places.ROOT.glob('swin3d_mmdet3d/tools/*.py'))
    ]
    packaging = file_keys(
        'pyproject.toml', 'model-index.yml', 'build_backend/*.py', 'swin3d_mmdet3d/version.py'
    )
    return [
        (
            'virtual environment',
            [python, str(version), str(places.ROOT)],
            lambda step: make_venv(step, python),
        ),
        ('build tools', file_keys(build), lambda step: install(step, '-r', build)),
        ('torch', [torch], lambda step: install(step, torch, '-c', lock, '-c', build)),
        (
            'locked packages',
            file_keys(lock, nvrtc),
            lambda step: install(step, '--no-deps', '-r', lock, '-r', nvrtc),
        ),
        ('mmcv', [MMCV], install_mmcv),
        (
            'swin3d_mmdet3d, editable',
            packaging + names,
            lambda step: pip(
                step, 'install', '--no-deps', '--no-build-isolation', '--force-reinstall', '-e', '.'
            ),
        ),
        ('import check', [IMPORT_CHECK], lambda step: run([places.venv_python(), '-c', IMPORT_CHECK], step)),
    ]


def make_environment(python: str, version: tuple[int, int]) -> None:
    """Run the steps that are not up to date."""
    done = json.loads(places.STEPS.read_text(encoding='utf-8')) if places.STEPS.is_file() else {}
    finished, key, stale = {}, '', False
    for name, inputs, action in setup_steps(python, version):
        key = hashlib.sha256('\n'.join([key, *inputs]).encode()).hexdigest()
        stale = stale or done.get(name) != key
        if stale:
            if places.STEPS.is_file():
                write_finished_steps(finished)
            start = time.monotonic()
            say(f'>>> {name}')
            action(name)
            say(f'    {name}: {time.monotonic() - start:.0f} s')
        finished[name] = key
        if stale:
            write_finished_steps(finished)


def write_finished_steps(finished: dict[str, str]) -> None:
    """Record the keys of the steps that are up to date."""
    places.STEPS.write_text(json.dumps(finished, indent=1), encoding='utf-8')
