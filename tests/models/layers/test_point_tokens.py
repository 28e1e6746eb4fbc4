"""Tokens against readable loops in float64: sampling, grouping, interpolation."""

import pytest
import torch

from swin3d_mmdet3d.models.layers.point_tokenizer import farthest_points, gather_rows, nearest_rows, tokenize
from swin3d_mmdet3d.models.layers.token_blocks import GroupEmbedding, TokenPropagation, interpolate_tokens


def clouds(count=3, points=50, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, points, 3, generator=generator, dtype=torch.float64)


def farthest_by_loop(cloud, count):
    chosen = [0]
    while len(chosen) < count:
        gaps = [min(float((point - cloud[row]).norm()) for row in chosen) for point in cloud]
        chosen.append(gaps.index(max(gaps)))
    return chosen


def test_farthest_points_are_those_of_a_loop():
    batch = clouds()
    found = farthest_points(batch, 12)
    for cloud, rows in zip(batch, found.tolist()):
        assert rows == farthest_by_loop(cloud, 12)


@pytest.mark.parametrize('count', [1, 3, 20])
def test_farthest_points_of_few_different_points_are_all_of_them_and_then_the_first(count):
    cloud = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 0, 0], [5, 0, 0]])[None]
    assert farthest_points(cloud, count)[0].tolist() == ([0, 3, 1] + [0] * count)[:count]


def test_neighbours_stay_in_their_cloud_and_are_those_of_a_sort():
    query, source = clouds(seed=1)[:, :7], clouds(points=20, seed=2)
    index, distance = nearest_rows(query, source, 5)
    wanted, rows = torch.cdist(query, source).sort(dim=2)
    torch.testing.assert_close(distance, wanted[..., :5])
    assert torch.equal(index, rows[..., :5])
    assert (
        nearest_rows(query, source[:, :2], 4)[0][..., 2:]
        .eq(nearest_rows(query, source[:, :2], 2)[0][..., 1:])
        .all()
    )


def test_levels_of_tokens_point_at_the_points_that_they_are_made_of():
    batch = clouds()
    levels = tokenize(batch, (20, 10, 4), (6, 5, 3))
    below = batch
    for level, (count, size) in zip(levels, ((20, 6), (10, 5), (4, 3))):
        assert level.groups.shape == (3, count, size, 3)
        torch.testing.assert_close(gather_rows(batch, level.point), level.xyz, rtol=0, atol=0)
        torch.testing.assert_close(gather_rows(below, level.index) - level.xyz[:, :, None], level.groups)
        assert bool((level.groups.norm(dim=3).amin(dim=2) == 0).all())  # a centre is in its group
        below = level.xyz


@pytest.mark.parametrize('points', [1, 2, 9])
def test_a_cloud_smaller_than_its_tokens_and_one_alone_give_tokens(points):
    one = clouds(1, points)
    levels = tokenize(one.float(), (8, 4, 2), (4, 3, 2))
    assert all(bool(level.groups.isfinite().all()) for level in levels)
    both = tokenize(one.float().expand(2, -1, -1), (8, 4, 2), (4, 3, 2))
    for alone, two in zip(levels, both):
        assert torch.equal(two.xyz[:1], alone.xyz) and torch.equal(two.index[1:], alone.index)


def test_interpolation_is_that_of_a_loop_and_exact_at_tokens():
    xyz, coarse, feats = clouds(2, 9), clouds(2, 6, seed=3), clouds(2, 6, seed=4)
    found = interpolate_tokens(xyz, coarse, feats)
    for cloud in range(2):
        for row in range(9):
            gap = (coarse[cloud] - xyz[cloud, row]).square().sum(1)
            near = gap.argsort()[:3]
            weight = 1 / (gap[near] + 1e-8)
            wanted = (weight[:, None] * feats[cloud, near]).sum(0) / weight.sum()
            torch.testing.assert_close(found[cloud, row], wanted)
    torch.testing.assert_close(interpolate_tokens(coarse, coarse, feats), feats, atol=1e-6, rtol=1e-6)
    one = interpolate_tokens(xyz, coarse[:, :1], feats[:, :1])
    torch.testing.assert_close(one, feats[:, :1].expand(-1, 9, -1))


def test_embedding_of_a_group_does_not_depend_on_the_order_or_repetition_of_its_members():
    torch.manual_seed(0)
    embed = GroupEmbedding(3, (8, 16), 32, 5).double().eval()
    groups = clouds(4, 6)
    first = embed(groups)
    torch.testing.assert_close(embed(groups[:, [3, 1, 5, 0, 4, 2]]), first)
    torch.testing.assert_close(embed(torch.cat([groups, groups[:, :2]], dim=1)), first)
    assert embed(groups[:0]).shape == (0, 5)


def test_propagation_follows_the_tokens_when_they_are_permuted():
    torch.manual_seed(0)
    propagate = TokenPropagation(3, 4).double().eval()
    xyz, feats = clouds(1, 9), torch.randn(1, 9, 4, dtype=torch.float64)
    coarse, whole = clouds(1, 5, seed=3), clouds(1, 5, seed=4)
    order, other = torch.randperm(9), torch.randperm(5)
    wanted = propagate(xyz, feats, coarse, whole)
    found = propagate(xyz[:, order], feats[:, order], coarse[:, other], whole[:, other])
    torch.testing.assert_close(found, wanted[:, order])
