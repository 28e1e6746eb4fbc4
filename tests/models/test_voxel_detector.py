"""The detector as a whole: places in the world and degenerate batches."""

from pathlib import Path

import pytest
import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import DepthInstance3DBoxes, Det3DDataSample
from mmengine.config import Config
from mmengine.structures import InstanceData
from torch.nn.functional import pad

from swin3d_mmdet3d.models import VoxelPreprocessor

ROOT = Path(__file__).parents[2]
TINY = [ROOT / f'configs/{kind}/{kind}_swin3d-tiny_rooms-scannet-det.py' for kind in ('fcaf3d', 'tr3d')]


def build(path, **changes):
    config = Config.fromfile(path)
    config.merge_from_dict(changes)
    return MODELS.build(config.model)


def cloud(num_points=800, shift=(0.0, 0.0, 0.0)):
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(num_points, 6, generator=generator) * torch.tensor([2.0, 2.0, 1.0, 2.0, 2.0, 2.0])
    return points - torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]) + pad(torch.tensor(shift), (0, 3))


def sample(*rows):
    boxes = torch.tensor(rows, dtype=torch.float32).view(-1, 6)
    truth = InstanceData(
        bboxes_3d=DepthInstance3DBoxes(boxes, box_dim=6, with_yaw=False, origin=(0.5, 0.5, 0.5)),
        labels_3d=torch.arange(len(boxes)) % 18,
    )
    data = Det3DDataSample(metainfo=dict(box_type_3d=DepthInstance3DBoxes))
    data.gt_instances_3d = truth
    return data


def batch_of(model, clouds, samples, training):
    data = dict(inputs=dict(points=clouds), data_samples=samples)
    return model.data_preprocessor(data, training)


@pytest.mark.parametrize('keep_lattice', [True, False])
def test_a_voxel_and_its_points_share_a_place(keep_lattice):
    preprocessor = VoxelPreprocessor(voxel_size=0.06)
    clouds = [cloud(shift=(3.21, -7.77, 0.5)), cloud(shift=(-1.0, 0.013, 100.0))]
    batch = preprocessor.voxelize_points(clouds, keep_lattice)
    assert batch.origin.shape == (2, 3)
    for scene, (points, rows) in enumerate(zip(clouds, batch.point2voxel)):
        corner = batch.voxels.coords[rows, 1:] * 0.06 + batch.origin[scene]
        inside = points[:, :3] - corner
        assert inside.min() > -1e-4 and inside.max() < 0.06 + 1e-4
        lattice = batch.origin[scene] / 0.06
        on_lattice = (lattice - lattice.round()).abs().max() < 1e-3
        assert bool(on_lattice) is keep_lattice


@pytest.mark.parametrize('path', TINY, ids=lambda p: p.parent.name)
def test_boxes_move_with_the_scene(path):
    model = build(path, **{'model.test_cfg.score_thr': 0.0}).eval()
    model.init_weights()
    shift = (10.0, -20.0, 5.0)
    found = []
    for points in (cloud(), cloud(shift=shift)):
        batch = batch_of(model, [points], [sample()], training=False)
        with torch.no_grad():
            (result,) = model.predict(batch['inputs'], batch['data_samples'])
        found.append(result.pred_instances_3d)
    here, there = found
    assert len(here.scores_3d) > 10
    order, other = here.bboxes_3d.volume.argsort(), there.bboxes_3d.volume.argsort()
    centers = here.bboxes_3d.gravity_center[order] + torch.tensor(shift)
    assert len(there.scores_3d) == len(here.scores_3d)
    assert (centers - there.bboxes_3d.gravity_center[other]).abs().median() < 1e-3


@pytest.mark.parametrize('path', TINY, ids=lambda p: p.parent.name)
def test_degenerate_batches_train_and_predict(path):
    model = build(path)
    model.init_weights()
    clouds = [cloud(1), cloud(300)]
    samples = [sample((1.0, 1.0, 0.5, 0.5, 0.5, 0.5)), sample()]
    batch = batch_of(model, clouds, samples, training=True)
    losses = model.loss(batch['inputs'], batch['data_samples'])
    sum(losses.values()).backward()
    assert all(value.isfinite() for value in losses.values())
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)
    assert all(b.isfinite().all() for b in model.buffers())
    model.eval()
    with torch.no_grad():
        results = model.predict(batch['inputs'], batch['data_samples'])
    assert all(r.pred_instances_3d.bboxes_3d.tensor.isfinite().all() for r in results)


def test_permuted_axes_are_refused():
    with pytest.raises(ValueError, match=r'axes of the preprocessor must be \(0, 1, 2\) for boxes'):
        build(TINY[0], **{'model.data_preprocessor.axes': (0, 2, 1)})
