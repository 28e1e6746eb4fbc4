"""Pixels of images and the regions that they lie in."""

import pytest
import torch

from swin3d_mmdet3d.structures import PixelMatches


@pytest.mark.parametrize(
    ('size', 'grid'), [((6, 8), (3, 4)), ((7, 10), (3, 4)), ((5, 5), (1, 1)), ((2, 9), (2, 9))]
)
def test_a_pixel_lies_in_the_region_whose_share_of_the_image_it_has(size, grid):
    places = [(image, v, u) for image in (0, 2) for v in range(size[0]) for u in range(size[1])]
    image, v, u = torch.tensor(places).t()
    matches = PixelMatches(image, torch.stack([u, v], dim=1).float(), torch.arange(len(places)))
    expected = []
    for image, v, u in places:
        row, column = int((v + 0.5) * grid[0] / size[0]), int((u + 0.5) * grid[1] / size[1])
        expected.append(image * grid[0] * grid[1] + row * grid[1] + column)
    assert matches.regions(size, grid).tolist() == expected


def test_pixels_at_the_borders_lie_in_the_first_and_the_last_region():
    pixel = torch.tensor([[-0.5, -0.5], [7.5, 5.5]])
    matches = PixelMatches(torch.tensor([1, 1]), pixel, torch.tensor([0, 1]))
    assert matches.regions((6, 8), (3, 4)).tolist() == [12, 23]
