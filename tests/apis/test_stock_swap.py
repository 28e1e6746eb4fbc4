"""What docs/stock_swap.md says of this package inside stock mmdet3d holds, config by config."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from swin3d_mmdet3d.apis import set_data_root
from swin3d_mmdet3d.synthetic_rooms import make_rooms

ROOT = Path(__file__).parents[2]
CONFIGS = dict(
    re.findall(r'```python\n# (\S+\.py)\n(.*?)```', (ROOT / 'docs' / 'stock_swap.md').read_text(), re.DOTALL)
)
TINY = dict(channels=[16] * 3, num_heads=[2] * 3, window_sizes=[3] * 3, quant_size=2, signals=('xyz', 'rgb'))
VOXELS = dict(type='VoxelPreprocessor', voxel_size=0.1)

init_default_scope('mmdet3d')


def tiny_parts():
    encoder = dict(type='Swin3D', in_channels=6, depths=[1] * 3, out_indices=(0, 1, 2), **TINY)
    return dict(backbone=encoder, neck=dict(type='Swin3DDecoder', attention=False, **TINY))


@pytest.fixture(scope='module')
def rooms(tmp_path_factory):
    """Generated rooms with the lists of indices that mmdet3d's preparation of S3DIS leaves."""
    root = make_rooms('s3dis', tmp_path_factory.mktemp('rooms'), 6, 2500, workers=1)
    (root / 'seg_info').mkdir()
    for area in range(1, 7):
        count = len(load(root / f's3dis_infos_Area_{area}.pkl')['data_list'])
        np.save(root / 'seg_info' / f'Area_{area}_resampled_scene_idxs.npy', np.arange(count))
    return root


def config_of_page(name, rooms, folder):
    """A config of the page on rooms, with a network that a test can train."""
    (folder / name).write_text(CONFIGS[name])
    config = Config.fromfile(folder / name)
    set_data_root(config, rooms)
    if name == 'my_swin3d_s3dis.py':  # the rooms of S3DIS, of which the tests have one an area
        assert [sorted(set(rows))[-1] for rows in config.scene_idxs] == [43, 39, 22, 48, 47]
        config.train_dataloader.dataset.scene_idxs = [[0]] * 5
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    network = config.model if config.model.type == 'VoxelSegmentor' else config.model.backbone
    network.data_preprocessor.voxel_size = 0.1
    network.update(Config(tiny_parts())._cfg_dict)
    config.model.decode_head.update(
        dict(in_channels=16) if network is config.model else dict(fp_channels=(16, 16))
    )
    config.train_cfg = dict(by_epoch=True, max_epochs=1, val_interval=1)
    config.work_dir = str(folder)
    config.log_level = 'WARNING'
    return config


@pytest.mark.parametrize(
    'name', [pytest.param(name, marks=[pytest.mark.slow] * ('dgcnn' in name)) for name in CONFIGS]
)
def test_a_config_of_the_page_trains_and_tests_by_the_stock_runner(name, rooms, tmp_path):
    config = config_of_page(name, rooms, tmp_path)
    config.train_dataloader.batch_size = 2
    if name.startswith('my_dgcnn'):
        config.model.test_cfg.update(num_points=500, sample_rate=1.0)
        config.train_dataloader.dataset.pipeline[3].num_points = 500
    runner = Runner.from_cfg(config)
    before = [weight.clone() for weight in runner.model.backbone.parameters()]
    runner.train()
    assert any(not torch.equal(a, b) for a, b in zip(before, runner.model.backbone.parameters()))
    metrics = runner.test()
    assert 0 <= metrics['miou'] <= 1 and metrics['acc'] > 0


def test_features_of_points_are_those_of_their_voxels_in_the_segmentor():
    torch.manual_seed(0)
    pointwise = MODELS.build(dict(type='PointwiseBackbone', data_preprocessor=VOXELS, **tiny_parts())).eval()
    head = dict(type='VoxelSegHead', in_channels=16, num_classes=2)
    segmentor = MODELS.build(
        dict(type='VoxelSegmentor', data_preprocessor=VOXELS, decode_head=head, **tiny_parts())
    ).eval()
    segmentor.backbone, segmentor.neck = pointwise.backbone, pointwise.neck
    points = torch.rand(2, 300, 9)
    clouds = [torch.cat([cloud[:, :3], 2 * cloud[:, 3:6] - 1], dim=1) for cloud in points]
    with torch.no_grad():
        found = pointwise(points)['fa_points']
        inputs = segmentor.data_preprocessor(dict(inputs=dict(points=clouds), data_samples=None))['inputs']
        feats, _ = segmentor.extract_feat(inputs['feats'], inputs['voxels'])
    for own, rows in zip(found, inputs['point2voxel']):
        assert torch.equal(own, feats[rows])


def test_a_backbone_of_voxels_in_a_model_of_points_names_what_takes_it():
    for backbone in (tiny_parts()['backbone'], dict(type='SparseUNet34', in_channels=6)):
        model = MODELS.build(backbone)
        with pytest.raises(TypeError, match='got NoneType.*VoxelSegmentor and.*PointwiseBackbone'):
            model(torch.rand(1, 40, 6))


@pytest.mark.parametrize(
    ('points', 'message'),
    [
        (torch.rand(1, 40, 3), r'points must be \(B, P, 6 or more\), got \(1, 40, 3\)'),
        (255 * torch.rand(1, 40, 6), r'must lie in \[0, 1\].*NormalizePointsColor'),
    ],
)
def test_points_that_do_not_fit_are_named(points, message):
    model = MODELS.build(dict(type='PointwiseBackbone', data_preprocessor=VOXELS, **tiny_parts()))
    with pytest.raises(ValueError, match=message):
        model(points)


def test_normals_are_refused():
    voxels = dict(VOXELS, features=('rgb', 'normal'))
    with pytest.raises(ValueError, match='must do without normals'):
        MODELS.build(dict(type='PointwiseBackbone', data_preprocessor=voxels, **tiny_parts()))
