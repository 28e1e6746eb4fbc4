"""Predictions do not depend on where a scene lies, on the order of its points, or on threads."""

import pytest
import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import Det3DDataSample
from mmengine.config import ConfigDict

from swin3d_mmdet3d.tools.convert_checkpoint import official_model_cfg


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    config = official_model_cfg(
        depths=[1, 2, 1],
        channels=[8, 16, 16],
        num_heads=[1, 2, 2],
        window_sizes=[4, 5, 5],
        quant_size=4,
        num_layers=3,
        num_classes=5,
        upsample='linear_attn',
        voxel_size=0.1,
    )
    network = MODELS.build(ConfigDict(config)).eval()
    for parameter in network.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    return network


def scene(num_points=1500):
    """Points on a fine dyadic grid, so that shifts of whole kilometres keep them exact in float64."""
    points = torch.rand(num_points, 6, dtype=torch.float64) * 2 - 1
    points[:, :3] = (torch.rand(num_points, 3) * torch.tensor([3.0, 3.0, 1.0]) * 512).round() / 512
    return points


def logits(model, *clouds):
    samples = [Det3DDataSample() for _ in clouds]
    with torch.no_grad():
        out = model.test_step(dict(inputs=dict(points=list(clouds)), data_samples=samples))
    return [sample.pts_seg_logits.pts_seg_logits.t() for sample in out]


def test_scene_at_utm_coordinates_gets_the_same_logits(model):
    points = scene()
    far = points.clone()
    far[:, :3] += torch.tensor([1e6, 5e6, 1e3])
    assert torch.equal(logits(model, points)[0], logits(model, far)[0])


def test_order_of_points_does_not_matter_where_each_has_its_own_voxel(model):
    points = scene()
    first = model.data_preprocessor.voxelize_points([points]).representative
    points = points[first]
    corner = points[:, :3].argmin(0)  # permuting keeps the set of points and so the scene's corner
    assert len(corner) == 3
    order = torch.randperm(len(points))
    assert torch.equal(logits(model, points)[0][order], logits(model, points[order])[0])


def test_number_of_threads_does_not_matter(model):
    points = scene()
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = logits(model, points)[0]
        torch.set_num_threads(2)
        two = logits(model, points)[0]
    finally:
        torch.set_num_threads(threads)
    torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-5)
    assert torch.equal(one.argmax(1), two.argmax(1))


def test_scenes_of_a_batch_do_not_meet(model):
    clouds = [scene(900), scene(700)]
    together = logits(model, *clouds)
    for cloud, wanted in zip(clouds, together):
        torch.testing.assert_close(logits(model, cloud)[0], wanted, atol=1e-5, rtol=1e-5)


def test_half_precision_autocast_stays_close(model):
    points = scene()
    with torch.autocast('cpu', torch.bfloat16):
        half = logits(model, points)[0]
    full = logits(model, points)[0]
    assert (half - full).abs().mean() < 0.05 * full.abs().mean()


@pytest.mark.parametrize('num_points', [1, 2, 15])
def test_scene_of_a_few_points_gets_finite_logits(model, num_points):
    assert torch.isfinite(logits(model, scene(num_points))[0]).all()


def test_every_parameter_gets_a_finite_gradient(model):
    model.train()
    voxel_batch = model.data_preprocessor.voxelize_points([scene(), scene(500)])
    feats, _ = model.extract_feat(voxel_batch.feats, voxel_batch.voxels)
    labels = torch.arange(len(feats)) % 5
    model.decode_head.loss(feats, None, labels)['loss_seg'].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
    model.zero_grad()
    model.eval()


def test_batch_without_labels_has_loss_zero_and_zero_gradients(model):
    voxel_batch = model.data_preprocessor.voxelize_points([scene(200)])
    feats, _ = model.extract_feat(voxel_batch.feats, voxel_batch.voxels)
    loss = model.decode_head.loss(feats, None, torch.full((len(feats),), 255))['loss_seg']
    loss.backward()
    assert float(loss.detach()) == 0
    assert all(p.grad is None or not p.grad.abs().max() > 0 for p in model.parameters())
    model.zero_grad()


@pytest.mark.parametrize('label', [-1, 5, 254])
def test_label_out_of_range_is_refused(model, label):
    with pytest.raises(ValueError, match=rf'labels must be 0 .. 4 or ignore_index 255, got \[{label}\]'):
        model.decode_head.loss(torch.zeros(3, 8), None, torch.tensor([0, label, 255]))
