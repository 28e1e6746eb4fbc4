"""The line of docs/training.md for several processes, started by torchrun itself, on a CPU."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_scenes import write_tiny_s3dis
from torch.distributed import run

ROOT = Path(__file__).parents[1]
FEW = ['max_iters=2', 'val_interval=2']
ONE_WORKER = ['num_workers=0', 'persistent_workers=False']


@pytest.mark.slow
def test_two_processes_train_validate_and_save_by_gloo(tmp_path):
    page = (ROOT / 'docs' / 'training.md').read_text()
    (line,) = re.findall(
        r'^torchrun (--nproc_per_node=4 -m \S+tools\.train CONFIG .*) --cfg-options', page, re.M
    )
    words = line.replace('=4', '=2').replace('CONFIG', 'swin3d-tiny_rooms-seg')
    root = write_tiny_s3dis(tmp_path / 'data', num_points=900)
    options = [f'data_root={root}', 'model.data_preprocessor.voxel_size=0.25']
    options += [f'train_cfg.{setting}' for setting in FEW]
    options += [f'{part}_dataloader.{setting}' for part in ('train', 'val') for setting in ONE_WORKER]
    command = [sys.executable, '-m', run.__name__, *shlex.split(words), f'--work-dir={tmp_path / "work"}']
    environment = dict(os.environ, CUDA_VISIBLE_DEVICES='', OMP_NUM_THREADS='1')
    told = subprocess.run(
        [*command, '--cfg-options', *options], env=environment, capture_output=True, text=True, timeout=600
    )
    assert told.returncode == 0, told.stderr[-2000:]
    assert 'processes communicate by gloo' in told.stdout + told.stderr
    assert list((tmp_path / 'work').glob('best_miou_iter_2.pth'))
