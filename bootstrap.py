"""Makes `.venv` and runs a job in it: `python3 bootstrap.py demo|test|test-all|env [ARGUMENTS]`.

Uses the standard library alone. The environment is made in steps; `.venv/steps.json` remembers the key
of each finished step, and the first step whose key has changed runs again, with all that follow.
Environment variables: SWIN3D_TORCH (a requirement such as `torch==2.13.0`) and everything that pip
reads (PIP_FIND_LINKS, PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, proxies).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / '.venv'
SPCONV = ROOT / '.spconv'
LOG = ROOT / 'bootstrap.log'
STEPS = VENV / 'steps.json'
CACHE = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'swin3d_mmdet3d'
VERSIONS = ((3, 11), (3, 10), (3, 9))
TORCH = {(3, 11): 'torch==2.13.0', (3, 10): 'torch==2.13.0', (3, 9): 'torch==2.8.0'}
MMCV = 'mmcv==2.1.0'
SPCONV_LOCK = 'requirements/lock-spconv.txt'
FREE_GIGABYTES = 5
IMPORT_CHECK = 'import swin3d_ops, swin3d_mmdet3d, mmcv.ops, mmdet3d.models'
JOBS = {
    'demo': ['-m', 'swin3d_mmdet3d.tools.demo'],
    'test': ['-m', 'pytest', '-m', 'not slow', '-n', 'auto', '--maxprocesses', '4', '--dist', 'loadfile'],
    'test-all': ['-m', 'pytest'],
    'env': [],
}
SPCONV_JOB = ['-m', 'pytest', 'tests/ops', '-k', 'spconv']
"""What `test-all` runs besides, with spconv at hand."""


class SetupError(Exception):
    """A failure whose message tells the user what is wrong and what to do."""


def find_python() -> tuple[str, tuple[int, int]]:
    """Return a Python that can make the environment, and its version; the running one is asked first."""
    names = [f'python{major}.{minor}' for major, minor in VERSIONS]
    pyenv = Path(os.environ.get('PYENV_ROOT') or Path.home() / '.pyenv') / 'versions'
    # realpath: when this runs from inside .venv, the environment must be made by the Python beneath it.
    candidates = [os.path.realpath(sys.executable), *filter(None, map(shutil.which, names))]
    for major, minor in VERSIONS:
        candidates += sorted(map(str, pyenv.glob(f'{major}.{minor}.*/bin/python')), reverse=True)
    for candidate in candidates:
        version = python_version(candidate)
        if version in VERSIONS:
            return candidate, version
    raise SetupError(
        f'Python 3.9, 3.10 or 3.11 with the venv module is needed (requirements/ locks packages for these); '
        f'this is {sys.version.split()[0]} and none was found on PATH. '
        f'Install one, for example: apt-get install python3.11 python3.11-venv'
    )


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


def venv_python() -> str:
    """The interpreter of the environment."""
    return str(VENV / 'bin' / 'python')


def run(command: list[str], step: str, **variables: str) -> None:
    """Run `command` with its output in the log; raise SetupError with one line that explains a failure."""
    environment = dict(os.environ, **variables)
    environment.setdefault('PIP_RETRIES', '2')
    environment['PIP_DISABLE_PIP_VERSION_CHECK'] = '1'
    environment['PATH'] = f'{VENV / "bin"}{os.pathsep}{environment.get("PATH", "")}'
    with open(LOG, 'a+', encoding='utf-8', errors='replace') as log:
        log.write(f'\n$ {" ".join(command)}\n')
        log.flush()
        start = log.tell()
        code = subprocess.call(command, stdout=log, stderr=subprocess.STDOUT, env=environment, cwd=ROOT)
        if code:
            log.seek(start)
            raise SetupError(explain(step, log.read()))


def explain(step: str, output: str) -> str:
    """Turn the output of a failed command into one line."""
    if 'No space left on device' in output or f'Errno {errno.ENOSPC}' in output:
        return disk_full()
    unreachable = (
        'NewConnectionError',
        'ConnectTimeout',
        'Connection refused',
        'ReadTimeout',
        'ProxyError',
        'SSLError',
        'name resolution',
        'connection broken',
    )
    if any(sign in output for sign in unreachable):
        return f'{step}: the package index did not answer; check the network, PIP_INDEX_URL and the proxies'
    if 'No matching distribution found' in output:
        wanted = output.split('No matching distribution found for ')[-1].splitlines()[0]
        return f'{step}: the package index has no {wanted} for this Python and machine'
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return f'{step} failed: {lines[-1] if lines else "no output"}'


def disk_full() -> str:
    """The message for a full disk."""
    free = shutil.disk_usage(ROOT).free / 1e9
    return (
        f'the disk is full: {free:.1f} GB are free at {ROOT}, '
        f'about {FREE_GIGABYTES} GB are needed (also in TMPDIR)'
    )


def pip(step: str, *arguments: str, **variables: str) -> None:
    """Run the environment's pip."""
    run([venv_python(), '-m', 'pip', *arguments], step, **variables)


def with_find_links(folder: Path) -> str:
    """PIP_FIND_LINKS with `folder` added to what it holds."""
    return ' '.join(filter(None, [os.environ.get('PIP_FIND_LINKS'), str(folder)]))


def make_venv(step: str, python: str) -> None:
    """Make an empty environment."""
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < FREE_GIGABYTES:
        raise SetupError(disk_full())
    run([python, '-m', 'venv', '--clear', str(VENV)], step)


def install_mmcv(step: str) -> None:
    """Installs mmcv with its ops: a wheel that pip finds, else one built for this Python and torch."""
    question = 'import sys, torch; print("cp%d%d-torch" % sys.version_info[:2] + torch.__version__)'
    tag = subprocess.check_output([venv_python(), '-c', question], text=True).strip()
    wheels = CACHE / tag
    install = ['install', '--no-deps', '--no-index', '--only-binary', 'mmcv', '--force-reinstall', MMCV]
    try:
        pip(step, *install, PIP_FIND_LINKS=with_find_links(wheels))
        run([venv_python(), '-c', 'import mmcv.ops'], step)
        return
    except SetupError as error:
        if 'the disk is full' in str(error):
            raise
    build_mmcv(step, wheels)
    pip(step, *install, PIP_FIND_LINKS=str(wheels))
    run([venv_python(), '-c', 'import mmcv.ops'], step)


def build_mmcv(step: str, wheels: Path) -> None:
    """Build the mmcv wheel into the folder `wheels`; without debug symbols, which would double the time.

    Where torch sees a GPU, mmcv builds its CUDA operators too, which fails without a toolkit: then it is
    shown no GPU.
    """
    compiler = os.environ.get('CXX', 'c++').split()[0]
    if not shutil.which(compiler) and not shutil.which('g++'):
        raise SetupError(
            f'{MMCV} has no ready wheel for this torch, and no C++ compiler was found to build it. '
            'Install one, for example: apt-get install g++'
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    say(f'    builds {MMCV} with {cores} cores, once: 3 to 8 minutes. To watch it: tail -f {LOG}')
    wheels.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wheels) as folder:
        pip(
            step,
            'wheel',
            '--no-deps',
            '--no-build-isolation',
            '--no-cache-dir',
            '--no-binary',
            'mmcv',
            '-w',
            folder,
            MMCV,
            CFLAGS=f'{os.environ.get("CFLAGS", "")} -g0'.strip(),
            MAX_JOBS=str(cores),
            MMCV_WITH_OPS='1',
            **({} if has_cuda_toolkit() else {'CUDA_VISIBLE_DEVICES': ''}),
        )
        for wheel in Path(folder).glob('*.whl'):
            os.replace(wheel, wheels / wheel.name)


def has_cuda_toolkit() -> bool:
    """Whether there is a CUDA toolkit where torch looks for one."""
    named = os.environ.get('CUDA_HOME') or os.environ.get('CUDA_PATH')
    return bool(named or shutil.which('nvcc') or Path('/usr/local/cuda').exists())


def install_spconv(step: str) -> None:
    """Installs spconv into a folder of its own, which mmdet3d does not see, unless it is there already."""
    installed = SPCONV / 'installed.txt'
    key = '\n'.join([*file_keys(SPCONV_LOCK), STEPS.read_text(encoding='utf-8')])
    if installed.is_file() and installed.read_text(encoding='utf-8') == key:
        return
    say(f'>>> {step}')
    shutil.rmtree(SPCONV, ignore_errors=True)
    pip(step, 'install', '--no-deps', '--target', str(SPCONV), '-r', SPCONV_LOCK)
    installed.write_text(key, encoding='utf-8')


def test_spconv() -> int:
    """Run the tests of the back-end that needs spconv, and return their exit code."""
    try:
        install_spconv('spconv')
    except SetupError as error:
        say(f'ERROR: {error}\n       The log is {LOG}')
        return 1
    environment = job_environment()
    paths = [str(SPCONV), *filter(None, [environment.get('PYTHONPATH')])]
    environment['PYTHONPATH'] = os.pathsep.join(paths)
    say('>>> tests with spconv')
    return subprocess.call([venv_python(), *SPCONV_JOB], cwd=ROOT, env=environment)


def file_keys(*patterns: str) -> list[str]:
    """Names and contents of the files of the repository that match the patterns."""
    files = sorted(file for pattern in patterns for file in ROOT.glob(pattern))
    return [f'{file.relative_to(ROOT)}\n{file.read_text(encoding="utf-8")}' for file in files]


def setup_steps(python: str, version: tuple[int, int]) -> list[tuple]:
    """The steps as (name, parts of the key, action); a changed key reruns its step and all later ones."""
    torch = os.environ.get('SWIN3D_TORCH') or TORCH[version]
    lock = f'requirements/lock-py{version[0]}{version[1]}.txt'
    build = 'requirements/build.txt'
    nvrtc = 'requirements/nvrtc.txt'
    names = [str(file.relative_to(ROOT)) for file in sorted(ROOT.glob('configs/**/*.py'))]
    names += [str(file.relative_to(ROOT)) for file in sorted(ROOT.glob('swin3d_mmdet3d/tools/*.py'))]
    packaging = file_keys(
        'pyproject.toml', 'model-index.yml', 'build_backend/*.py', 'swin3d_mmdet3d/version.py'
    )
    return [
        ('virtual environment', [python, str(version), str(ROOT)], lambda step: make_venv(step, python)),
        ('build tools', file_keys(build), lambda step: pip(step, 'install', '-r', build)),
        ('torch', [torch], lambda step: pip(step, 'install', torch, '-c', lock, '-c', build)),
        (
            'locked packages',
            file_keys(lock, nvrtc),
            lambda step: pip(step, 'install', '--no-deps', '-r', lock, '-r', nvrtc),
        ),
        ('mmcv', [MMCV], install_mmcv),
        (
            'swin3d_mmdet3d, editable',
            packaging + names,
            lambda step: pip(
                step, 'install', '--no-deps', '--no-build-isolation', '--force-reinstall', '-e', '.'
            ),
        ),
        ('import check', [IMPORT_CHECK], lambda step: run([venv_python(), '-c', IMPORT_CHECK], step)),
    ]


def make_environment(python: str, version: tuple[int, int]) -> None:
    """Run the steps that are not up to date."""
    done = json.loads(STEPS.read_text(encoding='utf-8')) if STEPS.is_file() else {}
    finished, key, stale = {}, '', False
    for name, inputs, action in setup_steps(python, version):
        key = hashlib.sha256('\n'.join([key, *inputs]).encode()).hexdigest()
        stale = stale or done.get(name) != key
        if stale:
            if STEPS.is_file():
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
    STEPS.write_text(json.dumps(finished, indent=1), encoding='utf-8')


def say(text: str) -> None:
    """Show a line at once."""
    sys.stdout.write(text + '\n')
    sys.stdout.flush()


def job_environment() -> dict[str, str]:
    """The environment of a job: OpenMP's threads each keep a core, or all may end up on one."""
    environment = dict(os.environ)
    environment.setdefault('OMP_PROC_BIND', 'true')
    environment.setdefault('OMP_PLACES', 'cores')
    return environment


def main(arguments: list[str]) -> int:
    """Run the job named by the first argument and return its exit code."""
    if not arguments or arguments[0] not in JOBS:
        say(f'usage: python3 bootstrap.py {"|".join(JOBS)} [arguments of the job]')
        return 2
    start = time.monotonic()
    try:
        LOG.write_text('', encoding='utf-8')
        make_environment(*find_python())
    except SetupError as error:
        say(f'ERROR: {error}\n       The log is {LOG}')
        return 1
    except OSError as error:
        say(f'ERROR: {disk_full() if error.errno == errno.ENOSPC else error}\n       The log is {LOG}')
        return 1
    say(f'>>> {arguments[0]}; the environment took {time.monotonic() - start:.0f} s')
    job = JOBS[arguments[0]]
    if not job:
        return 0
    code = subprocess.call([venv_python(), *job, *arguments[1:]], cwd=ROOT, env=job_environment())
    return test_spconv() or code if arguments == ['test-all'] else code


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
