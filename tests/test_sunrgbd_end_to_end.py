"""Boxes with yaw from SUN RGB-D's files through training, scores, prediction and result files."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet3d.registry import DATASETS, METRICS
from mmengine.config import Config
from mmengine.runner import Runner
from plyfile import PlyData
from sunrgbd_scenes import FLOOR_COLOR, NAMES, class_color, sunrgbd_scene, write_sunrgbd

from swin3d_mmdet3d.apis import Swin3DInferencer, make_scan, read_boxes
from swin3d_mmdet3d.datasets.wrapped_settings import innermost_dataset
from swin3d_mmdet3d.tools.predict import main as run_predict
from swin3d_mmdet3d.visualization import box_corners

CONFIGS = Path(__file__).parents[1] / 'configs'
LEAVES = sorted(CONFIGS.glob('*/*sunrgbd-det.py'))
HEADS = {'fcaf3d': dict(num_classes=10), 'tr3d': dict(label2level=[1, 1, 1, 0, 0, 1, 0, 0, 1, 0])}


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return write_sunrgbd(tmp_path_factory.mktemp('sunrgbd') / 'data')


def with_data(config, root):
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        innermost_dataset(config[name]).data_root = str(root)
        config[name].update(num_workers=0, persistent_workers=False)
    return config


def inside(xyz, box):
    """(P,) bool: points in a box of centre, size and yaw, which may touch its faces."""
    cos, sin = np.cos(box[6]), np.sin(box[6])
    local = (xyz - box[:3]) @ np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    return (np.abs(local) <= box[3:6] / 2 + 1e-3).all(axis=1)


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_the_truth_scores_one_and_a_quarter_turn_of_it_less(path, root):
    config = with_data(Config.fromfile(path), root)
    assert config.model.bbox_head.bbox_coder.type == 'MobiusBoxCoder'
    dataset = DATASETS.build(config.val_dataloader.dataset)
    assert dataset.metainfo['classes'] == NAMES and len(dataset) == 2
    scores = []
    for turn in (0, np.pi / 2):
        metric = METRICS.build(config.val_evaluator)
        metric.dataset_meta = dataset.metainfo
        for index in range(len(dataset)):
            sample = dataset[index]
            truth = sample['data_samples'].eval_ann_info
            boxes, labels = truth['gt_bboxes_3d'].clone(), torch.from_numpy(truth['gt_labels_3d'])
            np.testing.assert_allclose(boxes.tensor[:, 6], sunrgbd_scene(5 + index)[1][:, 6], rtol=1e-6)
            boxes.tensor[:, 6] += turn
            found = dict(bboxes_3d=boxes, labels_3d=labels, scores_3d=torch.linspace(1, 0.5, len(labels)))
            metric.process({}, [dict(eval_ann_info=truth, pred_instances_3d=found)])
        scores.append(metric.evaluate(len(dataset)))
    assert scores[0]['mAP_0.25'] == scores[0]['mAP_0.50'] == 1
    assert scores[1]['mAP_0.50'] < 0.8


def test_augmentation_keeps_each_point_in_its_turned_box(root):
    config = with_data(Config.fromfile(CONFIGS / 'fcaf3d' / 'fcaf3d_swin3d-small_sunrgbd-det.py'), root)
    dataset = DATASETS.build(innermost_dataset(config.train_dataloader))
    yaws, mirrored = set(), set()
    for index in [*range(4), *range(4)]:
        sample = dataset[index]
        points = sample['inputs']['points'].numpy()
        truth = sample['data_samples'].gt_instances_3d
        boxes = np.c_[truth.bboxes_3d.gravity_center, truth.bboxes_3d.tensor[:, 3:]]
        _, before, labels = sunrgbd_scene(index + 1)
        np.testing.assert_array_equal(truth.labels_3d, labels)
        color = (points[:, 3:] + 1) / 2
        for box, label in zip(boxes, labels):
            own = (np.abs(color - class_color(label)) < 1e-3).all(axis=1)
            floor = (np.abs(color - FLOOR_COLOR) < 1e-3).all(axis=1)
            assert own.sum() > 20 and floor.any()
            np.testing.assert_array_equal(inside(points[:, :3], box) & ~floor, own)
        yaws.add(round(float(boxes[0, 6] - before[0, 6]), 3))
        mirrored.add(bool(sample['data_samples'].metainfo['pcd_horizontal_flip']))
    assert len(yaws) > 4 and mirrored == {True, False}


def tiny_config(kind, root, work_dir):
    """The recipe of a head with the tiny backbone of the generated rooms."""
    config = with_data(Config.fromfile(CONFIGS / kind / f'{kind}_swin3d-small_sunrgbd-det.py'), root)
    model = Config.fromfile(CONFIGS / kind / f'{kind}_swin3d-tiny_rooms-scannet-det.py').model
    model.bbox_head.pop('bbox_loss', None)
    model.bbox_head.update(HEADS[kind], bbox_coder=dict(type='MobiusBoxCoder'))
    model.data_preprocessor.voxel_size = 0.12
    model.test_cfg.score_thr = 1e-4
    config.model = model
    config.train_dataloader.batch_size = 2
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=2, val_interval=2)
    config.train_dataloader.sampler = dict(type='InfiniteSampler', shuffle=True)
    config.update(param_scheduler=[], custom_hooks=[], work_dir=str(work_dir), log_level='WARNING')
    config.default_hooks.checkpoint.update(by_epoch=False, interval=2, save_best=None)
    return config


@pytest.fixture(scope='module', params=sorted(HEADS))
def trained(request, root, tmp_path_factory):
    """A config file, its trained runner and its checkpoint."""
    folder = tmp_path_factory.mktemp(request.param)
    config = tiny_config(request.param, root, folder)
    config.dump(folder / 'config.py')
    runner = Runner.from_cfg(config)
    runner.train()
    return folder / 'config.py', runner, folder / 'iter_2.pth'


@pytest.mark.slow
def test_training_steps_reach_the_turns_and_the_boxes_are_scored(trained):
    _, runner, checkpoint = trained
    assert runner.iter == 2 and checkpoint.exists()
    momentum = runner.optim_wrapper.optimizer.state[runner.model.bbox_head.conv_reg.weight]['exp_avg']
    assert momentum.shape[0] == 8 and bool(torch.isfinite(momentum).all())
    assert bool((momentum.abs().amax(dim=1) > 0).all())
    assert np.isfinite(runner.message_hub.get_scalar('val/mAP_0.25').current())


@pytest.mark.slow
def test_predicted_yaws_reach_the_result_files(trained, root, tmp_path):
    config, runner, checkpoint = trained
    dataset = runner.val_loop.dataloader.dataset
    with torch.no_grad():
        batch = runner.val_loop.dataloader.collate_fn([dataset[0]])
        (sample,) = runner.model.eval().test_step(batch)
    expected = sample.pred_instances_3d
    points = dataset[0]['inputs']['points'].numpy()
    color = np.rint((points[:, 3:] + 1) * 127.5).astype(np.uint8)
    scan = make_scan(points[:, :3], color)
    boxes = Swin3DInferencer(config, checkpoint)(scan).boxes
    assert len(boxes) == len(expected.labels_3d) > 0
    assert np.abs(boxes.yaw).max() > 0.01
    wanted = torch.cat([expected.bboxes_3d.gravity_center, expected.bboxes_3d.tensor[:, 3:]], dim=1).numpy()
    found = np.c_[boxes.center, boxes.size, boxes.yaw]
    assert (np.abs(found[:, None] - wanted).max(axis=2).min(axis=1) < 1e-2).mean() > 0.95

    folder = tmp_path / 'out'
    scan_file = tmp_path / 'view.npy'
    np.save(scan_file, np.c_[points[:, :3], color])
    arguments = [str(scan_file), f'--config={config}', f'--checkpoint={checkpoint}', f'--out={folder}']
    assert run_predict([*arguments, '--min-score=0']) == 0
    written, names = read_boxes(folder / 'view.json')
    assert names == NAMES and len(written) == len(boxes)
    np.testing.assert_allclose(np.sort(written.yaw), np.sort(boxes.yaw), atol=1e-2)
    assert json.loads((folder / 'view.json').read_text())['boxes'][0]['yaw'] == written.yaw[0]
    ply = PlyData.read(str(folder / 'view.ply'))['vertex']
    place = np.stack([ply[axis] for axis in 'xyz'], axis=1).reshape(-1, 8, 3)
    np.testing.assert_allclose(place, box_corners(written.center, written.size, written.yaw), atol=1e-5)
