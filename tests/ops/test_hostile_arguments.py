"""No argument ends the process, or is misread by one back-end alone: seeded fuzzing in other processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import swin3d_ops

OPS = (
    'window_attention', 'block_mlp', 'row_linear', 'resample', 'knn', 'sparse_conv', 'partition_windows',
    'neighbors', 'voxel_index',
)  # fmt: skip
SCRIPT = Path(__file__).with_name('hostile_calls.py')

pytestmark = pytest.mark.skipif(
    swin3d_ops.available_backends('knn')['cpu'] is not None, reason='the kernels are what is tested'
)


def check(ops, cases, seed):
    environment = {name: value for name, value in os.environ.items() if name != 'SWIN3D_OPS'}
    environment['PYTHONPATH'] = str(Path(swin3d_ops.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(cases), str(seed), *ops],
        env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f'status {done.returncode} in {lines[-1:]}: {done.stderr[-800:]}'
    report = json.loads(lines[-1])
    assert report['wrong'] == []
    for op in ops:
        kinds = report['kinds'][op]
        assert kinds['results'] > cases // 5 and kinds['refused'] > cases // 20, op


def test_a_few_hostile_calls_of_every_op():
    check(OPS, 10, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize('op', OPS)
def test_hundreds_of_hostile_calls(op):
    check([op], 400, seed=1)
