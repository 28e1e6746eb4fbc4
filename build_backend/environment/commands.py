"""Commands of the set-up: their output goes to the log, and a failure is told in one line."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess

from build_backend.environment import places
from build_backend.environment.progress import Progress

FREE_GIGABYTES = 8
UNREACHABLE = (
    'NewConnectionError',
    'ConnectTimeout',
    'Connection refused',
    'ReadTimeout',
    'ProxyError',
    'SSLError',
    'name resolution',
    'connection broken',
    'error sending request',
    'dns error',
)
"""How pip and uv say that the index did not answer."""


class SetupError(Exception):
    """A failure whose message tells the user what is wrong and what to do."""


def run(command: list[str], step: str, **variables: str) -> None:
    """Run `command` with its output in the log; raise SetupError with one line that explains a failure."""
    environment = dict(os.environ, **variables)
    environment.setdefault('PIP_RETRIES', '2')
    environment['PIP_DISABLE_PIP_VERSION_CHECK'] = '1'
    environment['PATH'] = f'{places.VENV / "bin"}{os.pathsep}{environment.get("PATH", "")}'
    with open(places.LOG, 'a+', encoding='utf-8', errors='replace') as log:
        log.write(f'\n$ {" ".join(command)}\n')
        log.flush()
        start = log.tell()
        with subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env=environment, cwd=places.ROOT
        ) as process:
            try:
                code = wait(process)
            except BaseException:  # a key pressed to interrupt, too: nothing goes on behind the user's back
                process.kill()
                raise
        if code:
            log.seek(start)
            raise SetupError(explain(step, log.read()))


def wait(process: subprocess.Popen) -> int:
    """Show the progress of a command until it ends; return its exit code."""
    progress = Progress()
    with open(places.LOG, encoding='utf-8', errors='replace') as output:
        output.seek(0, os.SEEK_END)
        while process.poll() is None:
            try:
                process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                progress.show(output.read())
    progress.end()
    return process.returncode


def explain(step: str, output: str) -> str:
    """Turn the output of a failed command into one line."""
    if 'No space left on device' in output or f'Errno {errno.ENOSPC}' in output:
        return disk_full()
    if any(sign in output for sign in UNREACHABLE):
        return f'{step}: the package index did not answer; check the network, PIP_INDEX_URL and the proxies'
    if 'No matching distribution found' in output:
        wanted = output.split('No matching distribution found for ')[-1].splitlines()[0]
        return f'{step}: the package index has no {wanted} for this Python and machine'
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return f'{step} failed: {lines[-1] if lines else "no output"}'


def disk_full() -> str:
    """The message for a full disk."""
    free = shutil.disk_usage(places.ROOT).free / 1e9
    return (
        f'the disk is full: {free:.1f} GB are free at {places.ROOT}, '
        f'about {FREE_GIGABYTES} GB are needed (also in TMPDIR)'
    )
