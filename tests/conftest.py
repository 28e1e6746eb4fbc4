"""Seeds, threads and scopes for all tests."""

import gc
import os

HAS_AFFINITY = hasattr(os, 'sched_setaffinity')  # Linux alone

if 'PYTEST_XDIST_WORKER' in os.environ:
    # a worker a core: bound threads would bind every worker to the first one, to which the process that
    # started them is bound
    os.environ.update(OMP_NUM_THREADS='1', OMP_PROC_BIND='false')
    if HAS_AFFINITY:
        os.sched_setaffinity(0, map(int, os.environ['PYTEST_CORES'].split(',')))
else:
    # unbound, both threads may share one core for the whole run
    for name, value in dict(OMP_NUM_THREADS='2', OMP_PROC_BIND='true', OMP_PLACES='cores').items():
        os.environ.setdefault(name, value)
    if HAS_AFFINITY:
        os.environ['PYTEST_CORES'] = ','.join(map(str, os.sched_getaffinity(0)))

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """A worker for each core that this process had before its threads were bound to the first one."""
    return len(os.environ['PYTEST_CORES'].split(',')) if HAS_AFFINITY else None


@pytest.fixture(autouse=True, scope='module')
def frozen_heap():
    """mmengine collects garbage at every data set: what earlier files left is not looked through again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def fixed_seed():
    """The same random numbers in every test, whatever ran before."""
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(autouse=True, scope='module')
def mmdet3d_scope():
    """Registries of mmdet3d, for tests that have imported it; others stay free of its cost."""
    import sys

    if 'mmdet3d' in sys.modules:
        from mmengine.registry import init_default_scope

        init_default_scope('mmdet3d')


@pytest.fixture(autouse=True, scope='module')
def unformatted_configs():
    """Runners write their configs without the seconds that a code formatter takes."""
    import sys

    if 'mmengine' not in sys.modules:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('mmengine.config.config.FormatCode', lambda text, **_: (text, True))
        yield
