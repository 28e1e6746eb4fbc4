"""What is rendered of distances and colours that are known, along rays that are known."""

import math

import pytest
import torch
from mmdet3d.registry import MODELS

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.pretraining.heads.surface_renderer import Rays, surface_weights
from swin3d_mmdet3d.structures import FeatureVolume

VOXEL, CELL, SHAPE = 0.1, 2, (10, 12, 8)  # 2 x 2.4 x 1.6 m


def build(**changes):
    torch.manual_seed(0)
    settings = dict(
        type='SurfaceRenderer', in_channels=4, hidden_channels=16, geometry_channels=3, num_samples=64
    )
    return MODELS.build({**settings, **changes}).double()


def random_volume(corner=(0.0, 0, 0), batch_size=1):
    generator = torch.Generator().manual_seed(0)
    grid = torch.randn(batch_size, 4, *SHAPE, dtype=torch.float64, generator=generator)
    corners = torch.tensor([corner] * batch_size, dtype=torch.float64)
    return FeatureVolume(grid, corners, CELL, torch.tensor(0))


def rays(origin, direction):
    origin, direction = (torch.tensor(rows, dtype=torch.float64) for rows in (origin, direction))
    return Rays(
        torch.zeros(len(origin), dtype=torch.long), origin, torch.nn.functional.normalize(direction, dim=1)
    )


def weights_of(sdf, slope):
    return surface_weights(sdf[None].double(), torch.tensor(float(slope), dtype=torch.float64))[0]


@pytest.mark.parametrize('slope', [20, 40, 80])
def test_a_plane_is_seen_once_and_at_its_depth(slope):
    where = torch.linspace(0, 2.4, 65, dtype=torch.float64)
    weights = weights_of(1.37 - where, slope)
    assert weights.sum().item() == pytest.approx(1, abs=1e-3)
    depth = weights @ (where[1:] + where[:-1]) / 2
    assert depth.item() == pytest.approx(1.37, abs=1e-3)


def test_in_front_of_all_surfaces_nothing_is_seen():
    for sdf in (torch.full((50,), 0.3), torch.linspace(0.1, 3, 50), torch.full((50,), 1e4)):
        assert weights_of(sdf, 20).sum() == 0


def test_weights_are_those_of_neus_for_distances_that_go_up_and_down():
    torch.manual_seed(0)
    sdf = torch.randn(40, dtype=torch.float64) * 0.1
    transmittance, expected = 1.0, []
    for first, second in zip(sdf[:-1].tolist(), sdf[1:].tolist()):
        share = [1 / (1 + math.exp(-30 * value)) for value in (first, second)]
        alpha = max((share[0] - share[1]) / share[0], 0)
        expected.append(transmittance * alpha)
        transmittance *= 1 - alpha
    torch.testing.assert_close(weights_of(sdf, 30), torch.tensor(expected, dtype=torch.float64))


def test_weights_and_their_gradients_are_finite_far_behind_a_surface():
    sdf = torch.linspace(50, -50, 30, requires_grad=True)
    slope = torch.tensor(3000.0, requires_grad=True)
    weights = surface_weights(sdf[None], slope)
    (weights * torch.arange(29)).sum().backward()
    assert weights.sum().item() == pytest.approx(1, abs=1e-5)
    assert bool(sdf.grad.isfinite().all()) and bool(slope.grad.isfinite())


def test_a_ray_enters_and_leaves_the_box_where_marching_says():
    volume, generator = random_volume(corner=(-6.0, 4, 2)), torch.Generator().manual_seed(1)
    origin = torch.rand(200, 3, generator=generator, dtype=torch.float64) * 6 - 2
    some = rays(origin.tolist(), torch.randn(200, 3, generator=generator).tolist())
    enter, leave = some.span(volume, VOXEL)
    march = torch.linspace(0, 8, 8001, dtype=torch.float64).expand(200, -1)
    scene = torch.zeros(200 * 8001, dtype=torch.long)
    inside = volume.contains(scene, some.at(march).flatten(0, 1) / VOXEL).view(200, -1)
    hit = inside.any(dim=1)
    assert 20 < int(hit.sum()) < 160
    assert bool((leave - enter)[~hit].max() < 2e-3)
    first = torch.where(inside, march, torch.inf).amin(dim=1)
    last = torch.where(inside, march, -torch.inf).amax(dim=1)
    torch.testing.assert_close(enter[hit], first[hit], atol=2e-3, rtol=0)
    torch.testing.assert_close(leave[hit], last[hit], atol=2e-3, rtol=0)


def test_rays_along_an_axis_have_a_span():
    enter, leave = rays([[-1.0, 1, 1]], [[1.0, 0, 0]]).span(random_volume(), VOXEL)
    assert (enter.item(), leave.item()) == (pytest.approx(1), pytest.approx(3))


@pytest.mark.parametrize('training', [True, False])
def test_samples_lie_ahead_of_a_known_surface_and_around_it_and_within_the_box(training):
    torch.manual_seed(0)
    part = build(num_samples=40, near_range=0.2, margin=0.3).train(training)
    enter, leave, depth = (
        torch.tensor(v, dtype=torch.float64) for v in ([0.5, 0, 0], [3.0, 2.1, 3], [2.0, 2, 0.1])
    )
    where = part.sample_depths(enter, leave, depth)
    assert where.shape == (3, 40) and bool((where.diff(dim=1) >= 0).all())
    assert bool((where >= enter[:, None]).all() & (where <= leave[:, None]).all())
    assert bool((where <= depth[:, None] + 0.3).all())
    near = (where - depth[:, None]).abs() <= 0.2
    assert bool((near.sum(dim=1) >= 20).all())
    assert bool((where[:2] < depth[:2, None] - 0.2).any(dim=1).all())
    whole = part.sample_depths(enter, leave, None)
    parts = (whole - enter[:, None]) / (leave - enter)[:, None] * 40
    assert torch.equal(parts.floor().long(), torch.arange(40).expand(3, -1))
    if not training:
        torch.testing.assert_close(parts, torch.arange(40).expand(3, -1) + 0.5, check_dtype=False)


class Plane(torch.nn.Module):
    """A distance and a feature that are those of the plane x = 1.2 m of a volume that holds places."""

    def forward(self, feats):
        return torch.cat([1.2 - feats[..., :1], feats[..., :1].expand(*feats.shape[:-1], 3)], dim=-1)


def place_volume():
    """A volume whose first features are places in metres."""
    axes = [(torch.arange(edge, dtype=torch.float64) + 0.5) * CELL * VOXEL for edge in SHAPE]
    places = torch.stack(torch.meshgrid(*axes, indexing='ij'))
    return FeatureVolume(
        torch.cat([places, places[:1]])[None], torch.zeros(1, 3, dtype=torch.float64), CELL, torch.tensor(0)
    )


def test_oblique_rays_meet_a_plane_at_its_depth_with_its_colour():
    part = build(num_samples=512, sharpness=0.45).eval()
    part.geometry = Plane()
    part.shade = torch.nn.Sequential()
    part.shade.forward = lambda feats: feats.new_tensor([0.2, 0.5, 0.9]).expand(*feats.shape[:-1], 3)
    some = rays([[0.2, 1.2, 0.8]] * 3, [[1.0, 0, 0], [1, 0.5, 0], [1, -0.3, 0.2]])
    seen = part(place_volume(), some, VOXEL)
    expected = 1.0 / some.direction[:, 0]
    torch.testing.assert_close(seen.depth, expected, atol=2e-3, rtol=0)
    total = seen.weights.sum(dim=1)
    torch.testing.assert_close(total, torch.ones(3, dtype=torch.float64), atol=1e-3, rtol=0)
    color = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64)
    torch.testing.assert_close(seen.color, total[:, None] * color)


def test_the_gradient_of_a_distance_is_that_of_finite_differences_and_of_length_one_of_a_plane():
    part, volume = build(), random_volume()
    xyz = torch.rand(5, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 0.3
    batch = torch.zeros(5, dtype=torch.long)
    found = part.gradient(volume, batch, xyz, VOXEL)
    for axis in range(3):
        step = torch.zeros(3, dtype=torch.float64)
        step[axis] = 1e-6
        ends = [part.field(volume, batch, xyz + sign * step, VOXEL)[0] for sign in (1, -1)]
        torch.testing.assert_close(found[..., axis], (ends[0] - ends[1]) / 2e-6, rtol=1e-4, atol=1e-6)
    found.square().sum().backward()
    assert bool((part.geometry[0].weight.grad != 0).any())
    part.geometry = Plane()
    plane = part.gradient(place_volume(), batch, xyz, VOXEL)
    torch.testing.assert_close(plane, torch.tensor([-1.0, 0, 0]).double().expand(5, 3, 3))


def test_rendering_trains_slope_field_and_volume():
    part, volume = build().train(), random_volume()
    volume.grid.requires_grad_()
    some = rays([[0.1, 1.2, 0.8]] * 4, [[1.0, 0.2 * k, 0.1] for k in range(4)])
    seen = part(volume, some, VOXEL, torch.full((4,), 1.0, dtype=torch.float64))
    (seen.depth.sum() + seen.color.sum()).backward()
    assert part.sharpness.grad != 0 and bool((volume.grid.grad != 0).any())
    assert all(bool((weight.grad != 0).any()) for weight in part.parameters())


def test_renderers_that_cannot_be_are_named():
    for changes, message in (
        (dict(in_channels=5), 'in_channels must be even and at least 2, got 5'),
        (dict(num_samples=0), 'num_samples must be even and at least 2, got 0'),
        (dict(margin=0), 'margin must be a positive length in metres, got 0'),
    ):
        with pytest.raises(ValueError, match=message):
            build(**changes)
