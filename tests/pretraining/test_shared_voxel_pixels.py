import pytest
import torch

from swin3d_mmdet3d.geometry.camera import intrinsic_matrix, look_at, pixel_grid, project, unproject
from swin3d_mmdet3d.geometry.correspondence import visible_pixels
from swin3d_mmdet3d.pretraining.matchers import SharedVoxelPixels
from swin3d_mmdet3d.structures import PixelMatches

VOXEL, IMAGE = torch.tensor([4, 4, 4, 4, 7, 7, 9, 9, 9, 2]), torch.tensor([0, 0, 1, 2, 1, 1, 0, 2, 2, 1])


def matches(voxel=VOXEL, image=IMAGE):
    """Pixels whose u is their row."""
    pixel = torch.stack([torch.arange(len(voxel)), torch.zeros(len(voxel), dtype=torch.int64)], dim=1)
    return PixelMatches(image, pixel.float(), voxel)


def test_a_pair_shows_one_voxel_in_two_images_and_a_voxel_has_one_pair():
    for _ in range(50):
        one, other = SharedVoxelPixels(max_pairs=10)(matches())
        assert torch.equal(one.voxel, other.voxel) and sorted(one.voxel.tolist()) == [4, 9]
        assert bool((one.image != other.image).all())
        for side in (one, other):
            rows = side.pixel[:, 0].long()
            assert torch.equal(VOXEL[rows], side.voxel) and torch.equal(IMAGE[rows], side.image)


def test_every_pair_of_images_has_the_same_chance_and_every_pixel_of_an_image_too():
    counts = {}
    for _ in range(1200):
        one, other = SharedVoxelPixels(max_pairs=10)(matches(VOXEL[:4], IMAGE[:4]))
        images = tuple(sorted((int(one.image), int(other.image))))
        counts[images] = counts.get(images, 0) + 1
        for side in (one, other):
            counts[float(side.pixel[0, 0])] = counts.get(float(side.pixel[0, 0]), 0) + 1
    for images in ((0, 1), (0, 2), (1, 2)):
        assert counts[images] / 1200 == pytest.approx(1 / 3, abs=0.05)
    for row, share in enumerate((1 / 3, 1 / 3, 2 / 3, 2 / 3)):
        assert counts[float(row)] / 1200 == pytest.approx(share, abs=0.05)


def test_no_more_pairs_than_allowed_and_every_voxel_has_its_chance():
    voxel, image = torch.arange(12).repeat(2), torch.arange(2).repeat_interleave(12)
    seen = [SharedVoxelPixels(max_pairs=3)(matches(voxel, image))[0].voxel for _ in range(60)]
    assert all(len(voxels.unique()) == 3 for voxels in seen)
    assert len(torch.cat(seen).unique()) == 12


def test_without_a_shared_voxel_there_is_no_pair():
    for rows in (torch.arange(0), torch.tensor([9]), torch.tensor([4, 5]), torch.tensor([0, 6, 9])):
        one, other = SharedVoxelPixels()(matches().select(rows))
        assert len(one) == len(other) == 0
    with pytest.raises(ValueError, match='max_pairs must be at least 2, got 1'):
        SharedVoxelPixels(max_pairs=1)


def test_the_control_pairs_a_pixel_with_that_of_another_voxel():
    voxel, image = torch.arange(20).repeat(2), torch.arange(2).repeat_interleave(20)
    one, other = SharedVoxelPixels(max_pairs=20, shuffle=True)(matches(voxel, image))
    own, exchanged = (voxel[side.pixel[:, 0].long()] for side in (one, other))
    assert torch.equal(own, one.voxel) and sorted(exchanged.tolist()) == sorted(own.tolist())
    assert not bool((own == exchanged).any())


def test_pixels_of_a_pair_lie_in_one_voxel_of_a_room_that_two_cameras_see():
    size, edge = (64, 48), 0.1
    intrinsic, room = intrinsic_matrix(*size, 1.2), torch.tensor([4.0, 3.0, 2.5]).numpy()
    poses = [look_at((2.0, 1.5, 1.3), target) for target in ((4.0, 2.5, 0.8), (4.0, 1.0, 0.8))]
    depths, clouds = [], []
    for pose in poses:
        grid = pixel_grid(*size)
        ray = unproject(grid, torch.ones(len(grid)).numpy(), pose, intrinsic) - pose[:3, 3]
        wall = ((ray > 0) * room - pose[:3, 3]) / ray
        depths.append(wall.min(axis=1).reshape(size[::-1]))
        clouds.append(unproject(grid, depths[-1].ravel(), pose, intrinsic))
    points = torch.from_numpy(clouds[0])
    cells, voxel_of_point = (points / edge).floor().unique(dim=0, return_inverse=True)
    found = [visible_pixels(clouds[0], d, p, intrinsic, 0.05) for d, p in zip(depths, poses)]
    rows = torch.cat([torch.from_numpy(rows) for rows, _ in found])
    all_matches = PixelMatches(
        torch.cat([torch.full((len(rows),), n) for n, (rows, _) in enumerate(found)]),
        torch.cat([torch.from_numpy(pixels).float() for _, pixels in found]),
        voxel_of_point[rows],
    )
    one, other = SharedVoxelPixels(max_pairs=10000)(all_matches)
    assert len(one) > 50
    for first, second, image_a, image_b, voxel in zip(
        one.pixel, other.pixel, one.image, other.image, one.voxel
    ):
        inside = points[voxel_of_point == voxel]
        for pixel, image in ((first, int(image_a)), (second, int(image_b))):
            shown, depth = project(inside.numpy(), poses[image], intrinsic)
            distance = (torch.from_numpy(shown) - pixel).norm(dim=1)
            assert float(distance.min()) < 1e-3
            u, v = (int(value) for value in pixel.round())
            assert abs(depths[image][v, u] - depth[int(distance.argmin())]) < 0.05
