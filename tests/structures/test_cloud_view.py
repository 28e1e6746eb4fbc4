"""Views of which some voxels are left out, against loops over points and matches."""

import pytest
import torch
from mmdet3d.registry import MODELS
from tiny_pretraining import random_batch

import swin3d_mmdet3d  # noqa: F401


def view_of(batch):
    preprocessor = MODELS.build(dict(type='ViewPreprocessor', voxel_size=0.2))
    return preprocessor(batch, training=True)['inputs']['views'][0]


@pytest.mark.parametrize('share', [0.0, 0.4, 1.0])
def test_what_is_left_of_a_view_belongs_to_the_voxels_that_are_left(share):
    view = view_of(random_batch())
    rows = (torch.rand(len(view.voxels)) < share).nonzero().flatten()
    left = view.select(rows)
    assert torch.equal(left.feats, view.feats[rows])
    assert torch.equal(left.voxels.coords, view.voxels.coords[rows])
    assert torch.equal(left.representative, view.representative[rows])
    kept = rows.tolist()
    for before, after in zip(view.point2voxel, left.point2voxel):
        assert after.tolist() == [kept.index(voxel) if voxel in kept else -1 for voxel in before.tolist()]
    expected = [
        (image, kept.index(voxel))
        for image, voxel in zip(view.matches.image.tolist(), view.matches.voxel.tolist())
        if voxel in kept
    ]
    assert list(zip(left.matches.image.tolist(), left.matches.voxel.tolist())) == expected
    again = left.select(torch.arange(len(rows)))
    assert all(torch.equal(*pair) for pair in zip(again.point2voxel, left.point2voxel))
    assert len(view.matches) == 120
