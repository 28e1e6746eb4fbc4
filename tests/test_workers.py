"""Workers of the tests run on all cores that the tests may use."""

import os
import re
import subprocess
import sys

import pytest


@pytest.mark.skipif('PYTEST_XDIST_WORKER' not in os.environ, reason='runs in a worker of pytest-xdist')
@pytest.mark.skipif(not hasattr(os, 'sched_getaffinity'), reason='affinity is of Linux alone')
def test_a_worker_is_bound_to_no_core_of_its_own():
    """A process with bound OpenMP threads leaves its children on its first core, all of them."""
    assert os.sched_getaffinity(0) == {int(core) for core in os.environ['PYTEST_CORES'].split(',')}


@pytest.mark.skipif(not hasattr(os, 'sched_getaffinity'), reason='affinity is of Linux alone')
def test_there_are_as_many_workers_as_cores_where_threads_are_bound():
    environment = {name: value for name, value in os.environ.items() if not name.startswith('PYTEST_')}
    environment |= dict(OMP_NUM_THREADS='2', OMP_PROC_BIND='true', OMP_PLACES='cores')
    command = [sys.executable, '-m', 'pytest', '-v', '-n', 'auto', __file__, '-k', 'bound_to_no_core']
    output = subprocess.run(command, env=environment, capture_output=True, text=True).stdout
    assert re.search(r'created: (\d+)/', output)[1] == str(len(os.sched_getaffinity(0))), output
