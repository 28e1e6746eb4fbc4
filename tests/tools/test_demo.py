"""The demo runs from nothing to pictures, and its figure is that of its own files."""

import re

import numpy as np
import pytest
import torch

from swin3d_mmdet3d.apis import find_config
from swin3d_mmdet3d.evaluation import confusion_matrix, segmentation_scores
from swin3d_mmdet3d.tools import demo

SMALL = """
_base_ = '{base}'
sizes = dict(channels=[8, 16], num_heads=[1, 2], window_sizes=[4, 4])
model = dict(
    data_preprocessor=dict(voxel_size=0.25),
    backbone=dict(depths=[1, 2], out_indices=(0, 1), **sizes),
    neck=dict(**sizes),
    decode_head=dict(in_channels=8))
train_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0, persistent_workers=False)
"""


def run_demo(folder, capfd):
    config = folder / 'small.py'
    config.write_text(SMALL.format(base=find_config(demo.CONFIG).resolve()))
    arguments = ['--rooms=12', '--points=2000', '--iters=4', '--pictures=2', f'--config={config}']
    demo.main([*arguments, f'--out={folder / "out"}'])
    return folder / 'out', capfd.readouterr().out


@pytest.fixture
def finished_demo(tmp_path, capfd):
    return run_demo(tmp_path, capfd)


def test_demo_ends_with_the_figure_of_its_files(finished_demo):
    out, text = finished_demo
    last = text.rstrip('\n').splitlines()[-1]
    figure = re.fullmatch(r'mIoU (\d\.\d{4})', last)
    assert figure, last
    truth, prediction = [], []
    for result in sorted((out / 'pictures').glob('*.npz')):
        prediction.append(np.load(result)['label'])
        truth.append(np.fromfile(out / 'rooms' / 'semantic_mask' / f'{result.stem}.bin', np.int64))
    assert len(truth) == 2
    # Both held-out rooms are drawn, so their files hold all that was scored.
    scores = segmentation_scores(confusion_matrix(np.concatenate(truth), np.concatenate(prediction), 13))
    assert float(figure[1]) == pytest.approx(scores.mean_iou, abs=2e-4)
    for stem in {path.stem for path in (out / 'pictures').iterdir()}:
        assert {path.suffix for path in (out / 'pictures').glob(f'{stem}.*')} == {
            '.html',
            '.npz',
            '.ply',
            '.png',
        }
    weights = torch.load(out / 'model.pth', weights_only=True)
    assert len(weights['meta']['dataset_meta']['classes']) == 13
    assert all(str(path) in text for path in (out / 'pictures').iterdir())


@pytest.mark.slow
def test_same_seed_gives_the_same_figure(finished_demo, tmp_path, capfd):
    (tmp_path / 'again').mkdir()
    _, again = run_demo(tmp_path / 'again', capfd)
    assert finished_demo[1].splitlines()[-1] == again.splitlines()[-1]
