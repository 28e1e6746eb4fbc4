"""Votes lead from the voxels of an object to the centre of its box."""

import torch

from swin3d_mmdet3d.models.dense_heads.cagroup3d.vote_targets import vote_targets

POINTS = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 2, 0], [5, 5, 5], [6, 5, 5], [9, 9, 9]])
SEMANTIC = torch.tensor([3, 3, 3, 0, 0, 18])
INSTANCE = torch.tensor([7, 7, 7, 2, 2, 0])
CENTERS = torch.tensor([[5.4, 5, 5], [0.5, 1.1, 0.2]])


def test_table_of_a_hand_made_scene():
    locations = torch.tensor([[0.1, 0, 0], [0.9, 1.9, 0], [6.2, 5, 5], [8.8, 9, 9]])
    targets, member = vote_targets(locations, POINTS, SEMANTIC, INSTANCE, CENTERS, 18)
    assert member.tolist() == [True, True, True, False]
    expected = torch.tensor([[0.4, 1.1, 0.2], [-0.4, -0.8, 0.2], [-0.8, 0, 0], [0, 0, 0]])
    torch.testing.assert_close(targets, expected)


def test_an_instance_belongs_to_the_box_around_its_middle_wherever_its_corners_are():
    extent = torch.tensor([4.0, 3.0, 2.0])
    points = torch.cat([torch.zeros(1, 3), extent[None], torch.rand(50, 3) * torch.tensor([0.1, 0.1, 0.1])])
    centers = torch.stack([torch.zeros(3), extent, extent / 2, points.mean(0)])
    part = torch.zeros(len(points), dtype=torch.int64)
    targets, member = vote_targets(points, points, part, part, centers, 18)
    assert member.all()
    torch.testing.assert_close(targets, extent / 2 - points)


def test_scenes_without_boxes_or_objects_have_no_votes():
    locations = torch.rand(3, 3)
    for semantic, centers in ((SEMANTIC, CENTERS[:0]), (torch.full_like(SEMANTIC, -1), CENTERS)):
        targets, member = vote_targets(locations, POINTS, semantic, INSTANCE, centers, 18)
        assert not member.any() and not targets.any()
