"""Boxes and points of a scene go through every detection pipeline together."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet3d.registry import DATASETS, METRICS
from mmengine.config import Config
from mmengine.fileio import dump, load

import swin3d_mmdet3d  # noqa: F401  registers the data sets' parts
from swin3d_mmdet3d.synthetic_rooms import make_rooms

BASES = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets'
DOMAINS = {'scannet': 4, 's3dis': 12}
WITH_NORMALS = ['rooms-scannet-normal-det', 'rooms-s3dis-normal-det']
NAMES = ['rooms-scannet-det', 'rooms-s3dis-det', 'scannet-det', 's3dis-det', *WITH_NORMALS]


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    folder = tmp_path_factory.mktemp('rooms')
    return {
        domain: str(make_rooms(domain, str(folder / domain), rooms, points_per_room=4000, seed=1, workers=1))
        for domain, rooms in DOMAINS.items()
    }


def base_config(name, roots):
    """The data set base with the generated rooms in the place of its folder."""
    config = Config.fromfile(BASES / f'{name}.py')
    root = roots['scannet' if 'scannet' in name else 's3dis']
    inner = config.train_dataloader.dataset.dataset
    for dataset in (*inner.get('datasets', [inner]), config.val_dataloader.dataset):
        dataset.data_root = root
    return config


def training_set(config, max_points=None):
    """The training data without repeats; ``max_points`` replaces that of the crop."""
    inner = config.train_dataloader.dataset.dataset
    for dataset in inner.get('datasets', [inner]):
        crop = next(step for step in dataset.pipeline if step.type == 'BoxKeepingCrop')
        crop.max_points = max_points or crop.max_points
    return DATASETS.build(inner)


def in_some_box(xyz, label, boxes, box_labels):
    """(P,) bool: whether a point lies in a box of its class."""
    low = (boxes.gravity_center - boxes.dims / 2).numpy() - 2e-3
    high = (boxes.gravity_center + boxes.dims / 2).numpy() + 2e-3
    inside = ((xyz[:, None] >= low) & (xyz[:, None] <= high)).all(axis=2)
    return (inside & (label[:, None] == np.asarray(box_labels))).any(axis=1)


@pytest.mark.parametrize('name', NAMES)
def test_points_of_objects_lie_in_boxes_after_cropping_and_augmentation(name, roots):
    dataset = training_set(base_config(name, roots), max_points=1500)
    num_boxes = 0
    for index in range(len(dataset)):
        sample = dataset[index]
        points, boxes = sample['inputs']['points'].numpy(), sample['data_samples'].gt_instances_3d
        masks = sample['data_samples'].gt_pts_seg
        label, instance = masks.pts_semantic_mask.numpy(), masks.pts_instance_mask.numpy()
        assert len(points) == len(label) == len(instance) <= 1500
        assert np.abs(points[:, 3:6]).max() <= 1
        objects = label < len(dataset.metainfo['classes'])
        inside = in_some_box(points[:, :3], label, boxes.bboxes_3d, boxes.labels_3d)
        assert inside[objects].mean() > 0.99
        num_boxes += len(boxes.labels_3d)
    assert num_boxes > 10


@pytest.mark.parametrize('split', ['train', 'val'])
@pytest.mark.parametrize('name', WITH_NORMALS)
def test_normals_turn_and_flip_with_the_points(name, split, roots):
    """The map of the points, found from the file's rows, takes the file's normals to the sample's."""
    config = base_config(name, roots)
    dataset = training_set(config) if split == 'train' else DATASETS.build(config.val_dataloader.dataset)
    maps = []
    for index in range(min(3, len(dataset))):
        points = dataset[index]['inputs']['points'].numpy().astype(np.float64)
        file = dataset.get_data_info(index)['lidar_points']['lidar_path']
        raw = np.fromfile(file, np.float32).reshape(-1, 6)[:, :3].astype(np.float64)
        normals = np.fromfile(file.replace('/points/', '/normals/'), np.float32).reshape(-1, 3)
        assert points.shape == (len(raw), 9)  # the crop is larger than the scene
        found = np.linalg.lstsq(np.c_[raw, np.ones(len(raw))], points[:, :3], rcond=None)[0][:3]
        turn = found / np.cbrt(np.abs(np.linalg.det(found)))
        np.testing.assert_allclose(points[:, 6:9], normals @ turn, atol=1e-4)
        maps.append(turn)
    if split == 'train':
        assert np.abs(np.diff([turn[0, 1] for turn in maps])).min() > 1e-4  # each turned on its own


@pytest.mark.parametrize('name', NAMES)
def test_whole_scenes_are_tested_in_the_frame_of_their_boxes(name, roots):
    config = base_config(name, roots)
    dataset = DATASETS.build(config.val_dataloader.dataset)
    metric = METRICS.build(config.val_evaluator)
    metric.dataset_meta = dataset.metainfo
    for index in range(len(dataset)):
        sample = dataset[index]
        xyz = sample['inputs']['points'].numpy()[:, :3]
        truth = sample['data_samples'].eval_ann_info
        boxes, labels = truth['gt_bboxes_3d'], truth['gt_labels_3d']
        assert len(xyz) == 4000
        info = dataset.get_data_info(index)
        label = dataset.seg_label_mapping[np.fromfile(info['pts_semantic_mask_path'], dtype=np.int64)]
        for center, size, box_label in zip(boxes.gravity_center.numpy(), boxes.dims.numpy(), labels):
            own = xyz[(label == box_label) & (abs(xyz - center) <= size / 2 + 1e-3).all(axis=1)]
            np.testing.assert_allclose(np.ptp(own, axis=0), size, atol=2e-3)
        found = dict(
            bboxes_3d=boxes, labels_3d=torch.from_numpy(labels), scores_3d=torch.linspace(1, 0.5, len(labels))
        )
        metric.process({}, [dict(eval_ann_info=truth, pred_instances_3d=found)])
    scores = metric.evaluate(len(dataset))
    assert scores['mAP_0.25'] == scores['mAP_0.50'] == 1


def test_scene_without_boxes_gives_way_to_another_one(roots, tmp_path):
    config = base_config('rooms-scannet-det', roots)
    infos = load(str(Path(roots['scannet']) / 'scannet_infos_train.pkl'))
    infos['data_list'][1]['instances'] = []
    dump(infos, str(tmp_path / 'some_empty.pkl'))
    dataset = config.train_dataloader.dataset.dataset
    dataset.ann_file = str(tmp_path / 'some_empty.pkl')
    dataset = DATASETS.build(dataset)
    sample = dataset[1]['data_samples']
    assert len(sample.gt_instances_3d.labels_3d) > 0
    assert Path(sample.lidar_path).stem != Path(dataset.get_data_info(1)['lidar_path']).stem


@pytest.mark.parametrize('name', ['scannet-det-samples', 's3dis-det-samples'])
def test_published_baselines_train_on_random_samples_of_whole_scenes(name, roots):
    config = base_config(name, roots)
    inner = config.train_dataloader.dataset.dataset
    sources = inner.get('datasets', [inner])
    fractions = set()
    for pipeline in (config.train_pipeline, config.tr3d_train_pipeline):
        dataset = DATASETS.build({**sources[0], 'pipeline': pipeline})
        for index in range(2):
            sample = dataset[index]
            xyz, boxes = sample['inputs']['points'].numpy()[:, :3], sample['data_samples'].gt_instances_3d
            fractions.add(len(xyz) / 4000)
            xyz = xyz[:5000]
            assert len(boxes.labels_3d) > 0
            for center, size in zip(boxes.bboxes_3d.gravity_center.numpy(), boxes.bboxes_3d.dims.numpy()):
                assert (abs(xyz - center) <= size / 2 + 2e-3).all(axis=1).any()
    # 100,000 of 4,000 points, with repeats; TR3D takes a third to all of ScanNet's
    samples = [fraction for fraction in fractions if fraction != 25]
    assert 25 in fractions and len(samples) == (2 if 'scannet' in name else 0)
    assert all(0.32 < fraction < 1 for fraction in samples)
    tested = DATASETS.build(config.val_dataloader.dataset)[0]
    assert len(tested['inputs']['points']) == 100000
