"""Workers of the tests run on all cores that the tests may use."""

import os

import pytest


@pytest.mark.skipif('PYTEST_XDIST_WORKER' not in os.environ, reason='runs in a worker of pytest-xdist')
@pytest.mark.skipif(not hasattr(os, 'sched_getaffinity'), reason='affinity is of Linux alone')
def test_a_worker_is_bound_to_no_core_of_its_own():
    """A process with bound OpenMP threads leaves its children on its first core, all of them."""
    assert os.sched_getaffinity(0) == {int(core) for core in os.environ['PYTEST_CORES'].split(',')}
