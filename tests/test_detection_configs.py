"""Every detection config builds a model that fits its data and gives finite losses and boxes."""

import re

import numpy as np
import pytest
import torch
from mmdet3d.models.detectors import Base3DDetector
from mmdet3d.registry import MODELS
from mmdet3d.structures import DepthInstance3DBoxes, Det3DDataSample, PointData
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from recipe_files import RECIPES, recipe

import swin3d_mmdet3d  # noqa: F401  registers the models
from swin3d_mmdet3d.datasets.class_agreement import class_names_of
from swin3d_mmdet3d.tools.benchmark import boxes_room
from swin3d_mmdet3d.tools.score_rooms import detection_datasets

init_default_scope('mmdet3d')
NAMED = [path for path in RECIPES if re.search(r'-det(_|$)', path.stem)]
# objectives beside boxes are held against the plain recipe that they name
DETECTORS = [path for path in NAMED if recipe(path).model.type != 'WithObjectives']


def ids(path):
    return path.stem


def class_names(config):
    (names,) = {class_names_of(dataset) for dataset in detection_datasets(config)}
    return names


@pytest.mark.parametrize('path', DETECTORS, ids=ids)
def test_voxels_classes_and_data_agree(path):
    config = recipe(path)
    assert issubclass(MODELS.get(config.model.type), Base3DDetector)
    voxel_size = config.model.data_preprocessor.voxel_size
    for dataset in detection_datasets(config)[:-2]:
        steps = {step.type: step for step in dataset.pipeline}
        is_thinned = 'rooms' not in path.name and 'custom' not in path.name  # others: means of voxels
        if 'PointSample' not in steps and is_thinned:
            assert steps['GridSample'].voxel_size == voxel_size
        assert steps['Pack3DDetInputs']['keys'][1:3] == ['gt_bboxes_3d', 'gt_labels_3d']
        assert ('GlobalAlignment' in steps) == (dataset.type == 'ScanNetDetDataset')
    names = class_names(config)
    head = config.model.bbox_head
    assert len(head['label2level']) == len(names) if 'label2level' in head else head.num_classes == len(names)


@pytest.mark.parametrize('path', DETECTORS, ids=ids)
def test_boxes_are_looked_through_before_training(path):
    assert recipe(path).default_hooks.learnable_boxes.type == 'LearnableBoxesHook'


def one_scene(names, columns=6):
    """A room of boxes with its largest box of every class as the truth: inputs and samples of a batch."""
    points = torch.from_numpy(boxes_room(2500, seed=1))
    upwards = torch.tensor([0.0, 0.0, 1.0]).expand(len(points), 3)
    points = torch.cat([points, upwards], dim=1)[:, :columns]
    size = points[:, :3].amax(0)
    rows = torch.cat([size.expand(len(names), 3) / 2, size.expand(len(names), 3) * 0.7], dim=1)
    boxes = DepthInstance3DBoxes(rows, box_dim=6, with_yaw=False, origin=(0.5, 0.5, 0.5))
    sample = Det3DDataSample(metainfo=dict(box_type_3d=DepthInstance3DBoxes))
    sample.gt_instances_3d = InstanceData(bboxes_3d=boxes, labels_3d=torch.arange(len(names)))
    label = torch.arange(len(points)) % (len(names) + 1)
    sample.gt_pts_seg = PointData(pts_semantic_mask=label, pts_instance_mask=label + 1)
    return dict(inputs=dict(points=[points]), data_samples=[sample])


def slow_if_large(path):
    is_large = 'large' in path.stem or path.parent.name == 'cagroup3d' and 'tiny' not in path.stem
    return pytest.param(path, id=path.stem, marks=[pytest.mark.slow] * is_large)


@pytest.mark.parametrize('path', map(slow_if_large, DETECTORS))
def test_losses_and_boxes_of_the_model_are_finite(path):
    config = recipe(path)
    model_cfg = Config(dict(model=config.model.to_dict())).model
    if 'depths' in model_cfg.backbone:  # the widths are those of the config, which is what has to fit
        model_cfg.backbone.depths = [1] * len(model_cfg.backbone.depths)
    model_cfg.backbone.pop('init_cfg', None)
    model = MODELS.build(model_cfg)
    columns = 9 if 'normal' in model_cfg.data_preprocessor.signals else 6
    scene = one_scene(class_names(config), columns)
    data = model.data_preprocessor(scene, training=True)
    losses = model.train()(**data, mode='loss')
    assert losses and all(bool(torch.isfinite(torch.as_tensor(value)).all()) for value in losses.values())
    sum(value.sum() for value in losses.values() if value.requires_grad).backward()
    assert all(bool(torch.isfinite(p.grad).all()) for p in model.parameters() if p.grad is not None)
    with torch.no_grad():
        (found,) = model.eval()(**model.data_preprocessor(scene, training=False), mode='predict')
    boxes = found.pred_instances_3d
    assert np.isfinite(boxes.bboxes_3d.tensor.numpy()).all() and bool(torch.isfinite(boxes.scores_3d).all())
    assert len(boxes.labels_3d) == len(boxes.bboxes_3d) == len(boxes.scores_3d)
