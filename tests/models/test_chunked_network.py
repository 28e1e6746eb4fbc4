"""A scene in chunks gets the logits of the scene in one piece."""

import dataclasses

import pytest
import torch
from mmdet3d.registry import MODELS

from swin3d_mmdet3d.models.segmentors.chunked_network import overlapping_chunks

SIZES = dict(channels=[12, 16, 24], num_heads=[2, 2, 2], window_sizes=[5, 7, 7], signals=('xyz', 'rgb'))


def build(stem_transformer=True, attention=True, neck=True, **test_cfg):
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='VoxelSegmentor',
            data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=0.05),
            backbone=dict(
                type='Swin3D',
                in_channels=6,
                depths=[3, 2, 2],
                out_indices=(0, 1, 2),
                stem_transformer=stem_transformer,
                **SIZES,
            ),
            neck=dict(type='Swin3DDecoder', attention=attention, **SIZES) if neck is True else neck,
            decode_head=dict(
                type='VoxelSegHead', in_channels=52 if isinstance(neck, dict) else 12, num_classes=5
            ),
            test_cfg=test_cfg,
        )
    )
    for module in model.modules():  # not the small weights of a fresh network, which hide everything
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=module.in_features**-0.5)
    for name, parameter in model.named_parameters():
        if name.endswith('_table'):
            torch.nn.init.normal_(parameter)
    return model.eval()


def scene(num_points=1500, shift=0.0, seed=1):
    """A floor and a wall of 3 m with some dust."""
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand(num_points, 6, generator=generator)
    points[:, :3] *= 3
    points[: num_points // 2, 2] *= 0.03
    points[num_points // 2 : -100, 0] *= 0.03
    points[:, :3] += shift
    points[:, 3:] = points[:, 3:] * 2 - 1
    return points


def logits(model, clouds):
    """Logits in float64, where rounding cannot hide or feign a difference."""
    batch = model.data_preprocessor.voxelize_points(clouds)
    signals = {name: signal.double() for name, signal in batch.voxels.signals.items()}
    voxels = dataclasses.replace(batch.voxels, signals=signals)
    inputs = dict(feats=batch.feats.double(), voxels=voxels, point2voxel=batch.point2voxel)
    with torch.no_grad():
        return model.double().encode_decode(inputs, [])


@pytest.mark.parametrize(
    'network',
    [
        {},
        dict(stem_transformer=False),
        dict(attention=False),
        dict(neck=None),
        dict(neck=dict(type='LevelConcat')),
    ],
    ids=str,
)
def test_chunks_give_the_logits_of_one_piece(network):
    clouds = [scene(), scene(1200, shift=-7.3, seed=2)]
    whole = logits(build(**network), clouds)
    chunks = logits(build(**network, mode='chunks', chunk_size=0.8, max_voxels=100), clouds)
    for one, other in zip(whole, chunks):
        torch.testing.assert_close(one, other, atol=1e-9, rtol=0)
        assert one.std(dim=0).min() > 0.1


def test_an_overlap_shorter_than_the_reach_would_be_seen(monkeypatch):
    """The comparison above is sharp: without the overlap logits differ by far more than rounding."""
    clouds = [scene()]
    whole = logits(build(), clouds)[0]
    model = build(mode='chunks', chunk_size=0.8, max_voxels=100)
    monkeypatch.setattr(type(model.backbone), 'stem_radius', 0)
    assert (logits(model, clouds)[0] - whole).abs().max() > 0.01


def test_scenes_below_the_limit_stay_in_one_piece(monkeypatch):
    clouds = [scene()]
    model = build(mode='chunks', chunk_size=0.01, max_voxels=10**6)  # a chunk size that would raise
    assert torch.equal(logits(model, clouds)[0], logits(build(), clouds)[0])


def test_each_voxel_is_some_chunks_own_once_and_sees_all_within_the_overlap():
    coords = torch.randint(-20, 40, (600, 4))
    coords[:, 0] = 0
    coords = coords.unique(dim=0)
    times = torch.zeros(len(coords), dtype=torch.long)
    for rows, own in overlapping_chunks(coords, 16, 5):
        times[rows[own]] += 1
        assert torch.equal(rows, rows.sort().values)
        for row in rows[own][:20].tolist():
            near = (coords - coords[row]).abs().amax(dim=1) <= 5
            assert torch.isin(near.nonzero().flatten(), rows).all()
    assert (times == 1).all()


@pytest.mark.parametrize(
    ('test_cfg', 'message'),
    [
        (dict(mode='slide'), "mode of test_cfg must be one of .*got 'slide'"),
        (dict(mode='whole', chunk_size=4.0), r"test_cfg of mode 'whole' takes \[\], got \['chunk_size'\]"),
        (dict(mode='chunks', overlap=1), r"takes .*got \['overlap'\]"),
        (dict(mode='chunks', chunk_size=0), 'chunk_size of test_cfg must be above zero, got 0'),
    ],
)
def test_wrong_settings_raise(test_cfg, message):
    with pytest.raises(ValueError, match=message):
        build(**test_cfg)


def test_a_chunk_smaller_than_its_overlap_raises():
    model = build(mode='chunks', chunk_size=0.5, max_voxels=100)
    with pytest.raises(ValueError, match='edge of a chunk must be at least its overlap of 13 voxels, got 10'):
        logits(model, [scene()])
