"""Makes `.venv` and runs a job in it: `python3 bootstrap.py demo|test|test-all|env [ARGUMENTS]`.

Uses the standard library alone. The environment is made in steps; `.venv/steps.json` remembers the key
of each finished step, and the first step whose key has changed runs again, with all that follow.
Environment variables: SWIN3D_TORCH (a requirement such as `torch==2.13.0`) and everything that pip
reads (PIP_FIND_LINKS, PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, proxies).
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time

from build_backend.environment import places
from build_backend.environment.commands import SetupError, disk_full
from build_backend.environment.interpreters import find_python
from build_backend.environment.packages import pip
from build_backend.environment.progress import say
from build_backend.environment.steps import file_keys, make_environment

JOBS = {
    'demo': ['-m', 'swin3d_mmdet3d.tools.demo'],
    'test': ['-m', 'pytest', '-m', 'not slow', '-n', 'auto', '--maxprocesses', '4', '--dist', 'loadfile'],
    'test-all': ['-m', 'pytest'],
    'env': [],
}
SPCONV_JOB = ['-m', 'pytest', 'tests/ops', '-k', 'spconv']
"""What `test-all` runs besides, with spconv at hand."""
SPCONV_LOCK = 'requirements/lock-spconv.txt'


def job_environment() -> dict[str, str]:
    """The environment of a job: OpenMP's threads each keep a core, or all may end up on one."""
    environment = dict(os.environ)
    environment.setdefault('OMP_PROC_BIND', 'true')
    environment.setdefault('OMP_PLACES', 'cores')
    return environment


def install_spconv(step: str) -> None:
    """Installs spconv into a folder of its own, which mmdet3d does not see, unless it is there already."""
    installed = places.SPCONV / 'installed.txt'
    key = '\n'.join([*file_keys(SPCONV_LOCK), places.STEPS.read_text(encoding='utf-8')])
    if installed.is_file() and installed.read_text(encoding='utf-8') == key:
        return
    say(f'>>> {step}')
    shutil.rmtree(places.SPCONV, ignore_errors=True)
    pip(step, 'install', '--no-deps', '--target', str(places.SPCONV), '-r', SPCONV_LOCK)
    installed.write_text(key, encoding='utf-8')


def test_spconv() -> int:
    """Run the tests of the back-end that needs spconv, and return their exit code."""
    try:
        install_spconv('spconv')
    except SetupError as error:
        say(f'ERROR: {error}\n       The log is {places.LOG}')
        return 1
    environment = job_environment()
    paths = [str(places.SPCONV), *filter(None, [environment.get('PYTHONPATH')])]
    environment['PYTHONPATH'] = os.pathsep.join(paths)
    say('>>> tests with spconv')
    return subprocess.call([places.venv_python(), *SPCONV_JOB], cwd=places.ROOT, env=environment)


def main(arguments: list[str]) -> int:
    """Run the job named by the first argument and return its exit code."""
    if not arguments or arguments[0] not in JOBS:
        say(f'usage: python3 bootstrap.py {"|".join(JOBS)} [arguments of the job]')
        return 2
    start = time.monotonic()
    try:
        places.LOG.write_text('', encoding='utf-8')
        make_environment(*find_python())
    except SetupError as error:
        say(f'ERROR: {error}\n       The log is {places.LOG}')
        return 1
    except OSError as error:
        say(f'ERROR: {disk_full() if error.errno == errno.ENOSPC else error}\n       The log is {places.LOG}')
        return 1
    say(f'>>> {arguments[0]}; the environment took {time.monotonic() - start:.0f} s')
    job = JOBS[arguments[0]]
    if not job:
        return 0
    code = subprocess.call(
        [places.venv_python(), *job, *arguments[1:]], cwd=places.ROOT, env=job_environment()
    )
    return test_spconv() or code if arguments == ['test-all'] else code


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
