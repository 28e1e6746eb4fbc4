"""A small detector learns a real scan by heart, all 27 boxes of it, through the stock Runner."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.fileio import dump
from mmengine.runner import Runner
from real_data import local_real_data

import swin3d_mmdet3d  # noqa: F401  registers the package's classes
from swin3d_mmdet3d.datasets import SCANNET_BOXES

CONFIG = Path(__file__).parents[1] / 'configs' / 'tr3d' / 'tr3d_swin3d-tiny_rooms-scannet-det.py'
ITERATIONS = 130


def write_scan(folder):
    """The scan in the layout of ScanNet: raw points, boxes in the aligned frame; it has no point labels."""
    with np.load(local_real_data('scannet_scene0000_00', 'scene0000_00_xyzrgb_boxes.npz')) as file:
        scan = {key: file[key] for key in file.files}
    (folder / 'points').mkdir()
    scan['points'].astype(np.float32).tofile(folder / 'points' / 'scene0000_00.bin')
    instances = [
        dict(bbox_3d=box.tolist(), bbox_label_3d=SCANNET_BOXES.names.index(str(name)))
        for box, name in zip(scan['boxes_aligned'], scan['names'])
    ]
    info = dict(
        lidar_points=dict(num_pts_feats=6, lidar_path='scene0000_00.bin'),
        pts_semantic_mask_path='none',
        pts_instance_mask_path='none',
        axis_align_matrix=scan['axis_align_matrix'].tolist(),
        instances=instances,
    )
    categories = {name: label for label, name in enumerate(SCANNET_BOXES.names)}
    metainfo = dict(categories=categories, dataset='scannet', info_version='1.1')
    dump(dict(metainfo=metainfo, data_list=[info]), str(folder / 'scannet_infos_train.pkl'))
    return len(instances)


def one_scan_config(folder):
    """The config for generated rooms on one scan, without crops and augmentation, with voxels of 14 cm."""
    config = Config.fromfile(CONFIG)
    dataset = dict(
        type='ScanNetDetDataset',
        data_root=str(folder),
        ann_file='scannet_infos_train.pkl',
        box_type_3d='Depth',
    )
    load = [dict(type='LoadColoredPoints')]
    boxes = [dict(type='LoadSceneAnnotations', with_bbox_3d=True, with_label_3d=True)]
    place = [dict(type='GlobalAlignment', rotation_axis=2), dict(type='NormalizeColorSigned')]
    keys = ['points', 'gt_bboxes_3d', 'gt_labels_3d']
    learn = [*load, *boxes, *place, dict(type='Pack3DDetInputs', keys=keys)]
    find = [*load, *place, dict(type='Pack3DDetInputs', keys=['points'])]
    config.train_dataloader = dict(
        batch_size=1,
        num_workers=0,
        sampler=dict(type='InfiniteSampler', shuffle=True),
        dataset=dict(**dataset, pipeline=learn),
    )
    config.val_dataloader = config.test_dataloader = dict(
        batch_size=1,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(**dataset, pipeline=find, test_mode=True),
    )
    config.model.data_preprocessor.voxel_size = 0.14
    config.model.backbone.drop_path_rate = 0.0
    config.optim_wrapper.optimizer.lr = 0.005
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=ITERATIONS, val_interval=2 * ITERATIONS)
    config.param_scheduler = [
        dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=20),
        dict(type='CosineAnnealingLR', eta_min_ratio=0.01, by_epoch=False, begin=20, end=ITERATIONS),
    ]
    config.default_hooks.checkpoint = dict(type='AtomicCheckpointHook', by_epoch=False, interval=ITERATIONS)
    config.randomness = dict(seed=0)
    config.log_level = 'WARNING'
    return config


@pytest.mark.slow
def test_boxes_of_a_real_scan_are_learnt_by_heart(tmp_path):
    assert write_scan(tmp_path) == 27
    config = one_scan_config(tmp_path)
    config.work_dir = str(tmp_path / 'work')
    runner = Runner.from_cfg(config)
    runner.train()
    assert runner.test()['mAP_0.25'] >= 0.9
