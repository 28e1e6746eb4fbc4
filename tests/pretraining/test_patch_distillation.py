"""Concerto's image term against loops over pixels and patches."""

import pytest
import torch
from mmdet3d.registry import MODELS
from tiny_pretraining import random_batch

from swin3d_mmdet3d.pretraining.teachers import FrozenTeacher
from swin3d_mmdet3d.structures import Levels

PATCHES, WIDTH = (3, 4), 5


@MODELS.register_module(force=True)
class FixedMaps(FrozenTeacher):
    """The same map of every batch of two images, and as many copies as are asked for."""

    def __init__(self, copies=1):
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.map = torch.nn.Parameter(torch.randn(4, WIDTH, *PATCHES, generator=generator))
        self.copies = copies
        self.freeze()

    def forward(self, images):
        return (self.map,) * self.copies


def build(**changes):
    torch.manual_seed(0)
    settings = dict(
        type='PatchDistillation',
        teacher=dict(type='FixedMaps'),
        levels=dict(type='LevelConcat', levels=(1, 2)),
        head=dict(type='ProjectionHead', in_channels=6 + 4, out_channels=WIDTH),
        loss_weight=3.0,
    )
    return MODELS.build({**settings, **changes})


def view_and_levels(num_matches=60):
    """A view of two samples with two images each, and features of three levels of its voxels."""
    batch = random_batch(num_samples=2, num_images=2, num_matches=num_matches, size=(30, 44))
    preprocessor = MODELS.build(dict(type='ViewPreprocessor', voxel_size=0.1))
    (view,) = preprocessor(batch, training=True)['inputs']['views']
    levels, voxels = [], view.voxels
    generator = torch.Generator().manual_seed(1)
    for width in (7, 6, 4):
        levels.append((torch.randn(len(voxels), width, generator=generator).requires_grad_(), voxels))
        voxels, _ = voxels.downsample(2)
    return view, Levels(tuple(levels))


def coarse_row(coords, voxels):
    corner = [coords[0], *(axis // voxels.stride * voxels.stride for axis in coords[1:])]
    return voxels.coords.tolist().index(corner)


def test_loss_is_that_of_a_loop_over_the_patches_that_show_a_voxel():
    own = build()
    view, levels = view_and_levels()
    losses = own(levels, dict(view=view), None)
    (_, (fine, voxels), (coarse, cells)) = levels.encoder
    shown = {}
    pixels = view.matches
    for image, (u, v), voxel in zip(pixels.image.tolist(), pixels.pixel.tolist(), pixels.voxel.tolist()):
        patch = image, int((v + 0.5) * PATCHES[0] // 30), int((u + 0.5) * PATCHES[1] // 44)
        coords = view.voxels.coords[voxel].tolist()
        shown.setdefault(patch, set()).add((coarse_row(coords, voxels), coarse_row(coords, cells)))
    assert 10 < len(shown) < sum(map(len, shown.values())) < len(pixels)
    cosines = []
    for (image, row, column), rows in shown.items():
        feats = torch.stack([torch.cat([fine[one], coarse[other]]) for one, other in rows])
        mine = own.head(feats.mean(dim=0, keepdim=True))[0].double()
        target = own.teacher.map[image, :, row, column].double()
        mine, target = mine - mine.mean(), target - target.mean()
        cosines.append(mine.dot(target) / mine.norm() / target.norm())
    mean = (sum(cosines) / len(cosines)).item()
    assert losses['image_cosine'].item() == pytest.approx(mean, abs=1e-5)
    assert losses['loss_image'].item() == pytest.approx(3.0 * (1 - mean), abs=1e-5)


def test_shuffled_voxels_are_others_at_as_many_patches():
    view, levels = view_and_levels()
    losses = [
        build(shuffle=shuffle)(levels, dict(view=view), None)['loss_image'] for shuffle in (False, True)
    ]
    assert abs((losses[0] - losses[1]).item()) > 1e-3


def test_offsets_that_all_channels_share_change_nothing():
    own, (view, levels) = build(), view_and_levels()
    torch.manual_seed(0)
    before = own(levels, dict(view=view), None)['loss_image']
    with torch.no_grad():
        own.teacher.map += 4
        own.head.layers[-1].bias += 2
    torch.manual_seed(0)
    after = own(levels, dict(view=view), None)['loss_image']
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-5)


def test_features_and_head_have_gradients_and_the_teacher_none():
    own, (view, levels) = build(), view_and_levels()
    own(levels, dict(view=view), None)['loss_image'].backward()
    assert own.head.layers[-1].weight.grad.abs().max() > 0
    assert levels.encoder[1][0].grad.abs().max() > 0 and levels.encoder[0][0].grad is None
    assert own.teacher.map.grad is None
    assert not any('teacher' in name for name in torch.nn.ModuleDict(dict(image=own)).state_dict())


def test_without_a_pixel_that_shows_a_voxel_the_loss_is_0():
    own, (view, levels) = build(), view_and_levels(num_matches=0)
    losses = own(levels, dict(view=view), None)
    losses['loss_image'].backward()
    assert losses['loss_image'] == 0
    assert bool((own.head.layers[-1].weight.grad == 0).all())


def test_a_teacher_with_two_maps_is_refused():
    view, levels = view_and_levels()
    with pytest.raises(ValueError, match='teacher must give one map, got 2'):
        build(teacher=dict(type='FixedMaps', copies=2))(levels, dict(view=view), None)
