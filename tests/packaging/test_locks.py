"""The locked packages of each Python: all pinned, to be had from the package index, and agreeing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from build_backend.environment.commands import UNREACHABLE
from build_backend.environment.steps import TORCH

REPOSITORY = Path(__file__).resolve().parents[2]
LOCKS = sorted((REPOSITORY / 'requirements').glob('lock-py*.txt'))
LEFT_OUT = {
    'black', 'flake8', 'plotly',  # of lyft-dataset-sdk, which asks for its developers' tools
    'open3d', 'scikit-image',  # of mmdet3d, which is imported without
    'opencv-python',  # opencv-python-headless holds the same modules
    'opendatalab',  # of openmim; wants an old setuptools
    'parameterized',  # of the tests of nuscenes-devkit
}  # fmt: skip
ELSEWHERE = {'pip', 'setuptools', 'torch'}
"""Installed by the steps before."""

pytestmark = pytest.mark.parametrize('lock', LOCKS, ids=lambda path: path.stem)


def test_locks_pin_every_package_and_leave_out_the_heavy_ones(lock):
    lines = [line for line in lock.read_text().splitlines() if not line.startswith('#')]
    names = {line.split('==')[0].lower() for line in lines}
    assert len(names) == len(lines)
    assert all(line.count('==') == 1 for line in lines)
    assert not names & {'torch', 'torchvision', 'open3d', 'opencv-python', 'mmcv', 'scikit-image'}
    assert {'mmengine', 'mmdet', 'mmdet3d', 'numpy', 'openmim'} <= names
    assert set((REPOSITORY / 'requirements' / 'tests.txt').read_text().split()) <= names


def resolved(lock, folder, *arguments):
    """Metadata of the wheels that pip chooses for the Python of the lock, by name; nothing is installed."""
    report = folder / 'report.json'
    command = [sys.executable, '-m', 'pip', 'install', '--dry-run', '--quiet', '--ignore-installed']
    command += ['--python-version', python_of(lock), '--only-binary', ':all:']
    command += ['--target', str(folder / 'none')]
    done = subprocess.run([*command, '--report', str(report), *arguments], capture_output=True, text=True)
    if any(sign in done.stderr for sign in UNREACHABLE):
        pytest.skip('the package index does not answer')
    assert done.returncode == 0, done.stderr
    packages = [package['metadata'] for package in json.loads(report.read_text())['install']]
    return {canonicalize_name(package['name']): package for package in packages}


def python_of(lock):
    return f'3.{lock.stem[len("lock-py3") :]}'


def environment_of(python):
    return {'python_version': python, 'python_full_version': f'{python}.0', 'extra': ''}


def without_markers(lines, python):
    """The requirements of this Python; pip would take the markers for those of the Python that runs it."""
    for requirement in map(Requirement, lines):
        if not requirement.marker or requirement.marker.evaluate(environment_of(python)):
            requirement.marker = None
            yield str(requirement)


def disagreements(packages, python):
    """Requirements among the packages that are neither met nor left out on purpose."""
    for name, package in packages.items():
        for requirement in map(Requirement, package.get('requires_dist', [])):
            if requirement.marker and not requirement.marker.evaluate(environment_of(python)):
                continue
            wanted = canonicalize_name(requirement.name)
            if wanted not in packages:
                if wanted not in LEFT_OUT | ELSEWHERE:
                    yield f'{name} wants {requirement}, which is not locked'
            elif not requirement.specifier.contains(packages[wanted]['version'], prereleases=True):
                yield f'{name} wants {requirement}, not {packages[wanted]["version"]}'


@pytest.mark.slow
def test_every_locked_wheel_is_to_be_had_and_all_agree(lock, tmp_path):
    packages = resolved(lock, tmp_path, '--no-deps', '-r', str(lock))
    assert len(packages) > 90
    assert list(disagreements(packages, python_of(lock))) == []


@pytest.mark.slow
def test_torch_is_to_be_had_under_the_lock(lock, tmp_path):
    major, minor = map(int, python_of(lock).split('.'))
    build = REPOSITORY / 'requirements' / 'build.txt'
    packages = resolved(lock, tmp_path, TORCH[major, minor], '-c', str(lock), '-c', str(build))
    assert packages['torch']['version'].split('+')[0] == TORCH[major, minor].split('==')[1]


@pytest.mark.slow
def test_the_package_and_all_of_its_extras_but_mmcv_resolve(lock, tmp_path):
    """As a user's pip does, with everything that the lock leaves out; mmcv is a source distribution."""
    lines = [
        line
        for path in (REPOSITORY / 'requirements').glob('*.txt')
        if not path.stem.startswith(('lock', 'build'))
        for line in path.read_text().splitlines()
        if not line.startswith(('#', 'mmcv'))
    ]
    packages = resolved(lock, tmp_path, *without_markers(lines, python_of(lock)))
    assert packages['mmdet3d']['version'] == '1.4.0' and packages['mmdet']['version'] == '3.3.0'
    assert packages['numpy']['version'].startswith('1.')
