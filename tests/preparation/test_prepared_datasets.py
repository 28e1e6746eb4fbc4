"""Prepared raw downloads through the data sets, test pipelines and metrics of the configs."""

import functools
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet3d.registry import DATASETS, METRICS
from mmengine.config import Config
from raw_downloads import write_raw_s3dis, write_raw_scannet, write_raw_structured3d

import swin3d_mmdet3d.datasets
import swin3d_mmdet3d.evaluation  # noqa: F401  (both register)
from swin3d_mmdet3d.datasets.wrapped_settings import innermost_dataset
from swin3d_mmdet3d.preparation import prepare_s3dis, prepare_scannet, prepare_structured3d

BASES = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets'
CONFIGS = sorted(
    path.stem for name in ('scannet', 's3dis', 'structured3d') for path in BASES.glob(f'{name}*-seg.py')
)
# Their own tests train on what these need beside scenes: frames, a bank of objects, a second data set.
NEED_MORE = re.compile(r'-frames-|-pasted-|-shift-')
PREPARATIONS = dict(
    scannet=(functools.partial(write_raw_scannet, spacing=0.3), prepare_scannet),
    s3dis=(functools.partial(write_raw_s3dis, spacing=0.3), prepare_s3dis),
    structured3d=(functools.partial(write_raw_structured3d, size=(128, 64)), prepare_structured3d),
)


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    """Name of a benchmark -> folder of its prepared data set."""
    folder = tmp_path_factory.mktemp('prepared')
    for name, (write, prepare) in PREPARATIONS.items():
        prepare(write(folder / 'raw' / name), folder / name, workers=1)
    return folder


def benchmark(config):
    return next(name for name in ('scannet', 's3dis', 'structured3d') if config.startswith(name))


def build(settings, root):
    """The data set of a loader's settings, on prepared data."""
    innermost_dataset(settings).data_root = str(root)
    return DATASETS.build(settings)


@pytest.mark.parametrize('name', CONFIGS)
def test_oracle_scores_one_through_the_test_pipeline_of_every_config(name, roots):
    config = Config.fromfile(BASES / f'{name}.py')
    dataset = build(config.test_dataloader.dataset, roots / benchmark(name))
    metric = METRICS.build(config.test_evaluator)
    metric.dataset_meta = dataset.metainfo
    assert len(dataset) > 0
    for index in range(len(dataset)):
        sample = dataset[index]
        truth = sample['data_samples'].eval_ann_info
        assert len(truth['pts_semantic_mask']) == len(sample['inputs']['points'])
        prediction = dict(pts_semantic_mask=torch.from_numpy(truth['pts_semantic_mask'].copy()))
        metric.process({}, [dict(pred_pts_seg=prediction, eval_ann_info=truth)])
    metrics = metric.compute_metrics(metric.results)
    assert metrics['miou'] == 1.0
    assert metrics['acc'] == 1.0


@pytest.mark.parametrize('name', [name for name in CONFIGS if not NEED_MORE.search(name)])
def test_training_pipeline_of_every_config_takes_prepared_scenes(name, roots):
    config = Config.fromfile(BASES / f'{name}.py')
    sample = build(config.train_dataloader.dataset, roots / benchmark(name))[0]
    points, labels = sample['inputs']['points'], sample['data_samples'].gt_pts_seg.pts_semantic_mask
    assert len(points) == len(labels) > 300
    assert torch.isfinite(points).all()
    assert len(np.unique(labels)) > 5


def test_unlabelled_scans_load_whole_with_their_normals(roots):
    settings = Config.fromfile(BASES / 'scannet-normal-seg.py').test_dataloader.dataset
    settings.ann_file = 'scannet_infos_test.pkl'
    unlabelled = (
        'LoadColoredPoints',
        'LoadNormals',
        'PositiveShift',
        'NormalizeColorSigned',
        'Pack3DDetInputs',
    )
    settings.pipeline = [step for step in settings.pipeline if step.type in unlabelled]
    points = build(settings, roots / 'scannet')[0]['inputs']['points']
    size = (roots / 'scannet' / 'points' / 'scene0707_00.bin').stat().st_size
    assert points.shape == (size // 24, 9)
    torch.testing.assert_close(points[:, 6:].norm(dim=1), torch.ones(len(points)), atol=1e-5, rtol=0)
