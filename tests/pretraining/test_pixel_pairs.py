import pytest
import torch
from mmdet3d.registry import MODELS
from torch.nn.functional import interpolate

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.models.image_networks import PixelProjection, sample_pixels
from swin3d_mmdet3d.pretraining.matchers import OnePixelPerVoxel
from swin3d_mmdet3d.structures import PixelMatches


def all_pixels(images, height, width):
    image, v, u = torch.meshgrid(
        torch.arange(images), torch.arange(height), torch.arange(width), indexing='ij'
    )
    pixel = torch.stack([u.flatten(), v.flatten()], dim=1).float()
    return PixelMatches(image.flatten(), pixel, torch.arange(images * height * width))


def test_sampled_pixels_are_those_of_the_up_sampled_map():
    coarse = torch.randn(2, 3, 4, 5)
    full = interpolate(coarse, (32, 40), mode='bilinear', align_corners=False)
    matches = all_pixels(2, 32, 40).select(torch.randperm(2 * 32 * 40))
    expected = full.permute(0, 2, 3, 1).flatten(0, 2)[matches.voxel]
    torch.testing.assert_close(sample_pixels(coarse, matches, (32, 40)), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_a_map_of_16_bits_is_read_at_whole_pixels(dtype):
    coarse = torch.randn(1, 2, 15, 20, generator=torch.Generator().manual_seed(0)).to(dtype)
    pixel = torch.stack([torch.arange(300, 640), torch.arange(340)], dim=1).float()
    matches = PixelMatches(torch.zeros(340, dtype=torch.int64), pixel, torch.arange(340))
    found = sample_pixels(coarse, matches, (480, 640))
    expected = sample_pixels(coarse.double(), matches, (480, 640))
    assert found.dtype == dtype
    assert (found - expected).abs().max() <= torch.finfo(dtype).eps * expected.abs().max()


def test_projection_of_several_maps_is_one_convolution_of_them_side_by_side():
    maps = [torch.randn(1, 3, 8, 8), torch.randn(1, 2, 4, 4)]
    head = PixelProjection([3, 2], 6)
    full = torch.cat([interpolate(m, (16, 16), mode='bilinear', align_corners=False) for m in maps], dim=1)
    weight = torch.cat([conv.weight for conv in head.convs], dim=1)
    expected = torch.nn.functional.conv2d(full, weight, head.convs[0].bias + head.convs[1].bias)
    matches = all_pixels(1, 16, 16)
    torch.testing.assert_close(
        head(maps, matches, (16, 16)), expected[0].flatten(1).t(), atol=1e-5, rtol=1e-5
    )
    with pytest.raises(ValueError, match='maps must be 2, got 1'):
        head(maps[:1], matches, (16, 16))


def test_images_without_a_match_are_passed_over():
    coarse = torch.randn(3, 2, 2, 2)
    matches = PixelMatches(torch.tensor([2]), torch.tensor([[3.0, 4.0]]), torch.tensor([0]))
    alone = PixelMatches(torch.tensor([0]), matches.pixel, matches.voxel)
    torch.testing.assert_close(
        sample_pixels(coarse, matches, (8, 8)), sample_pixels(coarse[2:], alone, (8, 8))
    )


def test_a_voxel_gets_one_of_its_own_pixels_and_each_as_often():
    voxel = torch.tensor([4, 4, 4, 7, 9, 9])
    matches = PixelMatches(torch.zeros(6, dtype=torch.int64), torch.arange(12.0).view(6, 2), voxel)
    chosen = torch.zeros(6)
    for _ in range(900):
        pairs = OnePixelPerVoxel(max_pairs=10)(matches)
        assert pairs.voxel.unique().tolist() == [4, 7, 9] and len(pairs) == 3
        rows = (pairs.pixel[:, 0] / 2).long()
        torch.testing.assert_close(voxel[rows], pairs.voxel)
        chosen[rows] += 1
    torch.testing.assert_close(
        chosen / 900, torch.tensor([1 / 3, 1 / 3, 1 / 3, 1.0, 0.5, 0.5]), atol=0.07, rtol=0
    )


def test_no_more_pairs_than_allowed_and_every_voxel_has_its_chance():
    matches = all_pixels(1, 5, 5)
    seen = torch.cat([OnePixelPerVoxel(max_pairs=5)(matches).voxel for _ in range(60)])
    assert len(seen) == 300 and len(seen.unique()) == 25


def test_4096_pairs_are_kept_unless_told_otherwise_and_2_are_the_least():
    matches = all_pixels(1, 50, 100)
    assert len(OnePixelPerVoxel()(matches)) == 4096 and len(OnePixelPerVoxel(max_pairs=2)(matches)) == 2


def test_no_match_stays_no_match():
    empty = all_pixels(1, 1, 1).select(torch.zeros(0, dtype=torch.int64))
    assert len(OnePixelPerVoxel()(empty)) == 0
    with pytest.raises(ValueError, match='max_pairs must be at least 2'):
        OnePixelPerVoxel(max_pairs=1)


def test_no_match_has_no_pixel_feature():
    empty = all_pixels(2, 1, 1).select(torch.zeros(0, dtype=torch.int64))
    head = PixelProjection([3, 2], 6)
    maps = [torch.randn(2, 3, 8, 8), torch.randn(2, 2, 4, 4)]
    projected = head(maps, empty, (16, 16))
    assert projected.shape == (0, 6)
    projected.sum().backward()
    assert all(bool((weight.grad == 0).all()) for weight in head.parameters())


@pytest.mark.parametrize('rows', [0, 1])
def test_mlp_head_takes_the_rows_of_an_almost_empty_batch(rows):
    head = MODELS.build(dict(type='ProjectionHead', in_channels=6, out_channels=4, num_layers=3)).train()
    feats = torch.randn(rows, 6)
    projected = head(feats)
    projected.sum().backward()
    assert projected.shape == (rows, 4) and all(weight.grad is not None for weight in head.parameters())
    torch.testing.assert_close(projected, head.eval()(feats))  # the running statistics


def test_mlp_head_of_one_layer_is_linear_and_of_three_is_not():
    x, y = torch.randn(2, 8, 6)
    linear = MODELS.build(dict(type='ProjectionHead', in_channels=6, out_channels=4)).eval()
    mlp = MODELS.build(dict(type='ProjectionHead', in_channels=6, out_channels=4, num_layers=3)).eval()
    zero = torch.zeros_like(x)
    for head, is_linear in ((linear, True), (mlp, False)):
        combined = head(x + y) - head(x) - head(y) + head(zero)
        assert (combined.abs().max() < 1e-5) == is_linear


def test_shuffled_pixels_show_another_voxel_each():
    voxel = torch.tensor([4, 4, 4, 7, 9, 9, 2])
    matches = PixelMatches(torch.zeros(7, dtype=torch.int64), torch.arange(14.0).view(7, 2), voxel)
    for _ in range(20):
        pairs = OnePixelPerVoxel(max_pairs=10, shuffle=True)(matches)
        own = voxel[(pairs.pixel[:, 0] / 2).long()]
        assert sorted(pairs.voxel.tolist()) == sorted(own.tolist()) == [2, 4, 7, 9]
        assert not bool((pairs.voxel == own).any())


def test_mlp_head_without_norms_gives_each_row_what_it_gives_it_alone():
    head = MODELS.build(dict(type='ProjectionHead', in_channels=6, out_channels=4, num_layers=2, norm=False))
    rows = torch.randn(8, 6)
    alone = torch.cat([head.train()(row[None]) for row in rows])
    torch.testing.assert_close(head(rows), alone)
    first, _, last = head.layers
    torch.testing.assert_close(alone, last(first(rows).relu()))
