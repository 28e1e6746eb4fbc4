"""Labels of voxels, and of coarse ones by the majority of what they hold."""

from collections import Counter
from types import SimpleNamespace

import pytest
import torch
from launch_count import counted
from mmdet3d.registry import MODELS

from swin3d_mmdet3d.models.segmentors import VoxelSegmentor
from swin3d_mmdet3d.models.voxel_labels import label_range, majority_labels


def test_a_coarse_voxel_has_the_most_frequent_label_and_of_equals_the_lowest():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 4, (300,), generator=generator)
    labels[torch.rand(300, generator=generator) < 0.3] = 255
    row = torch.randint(0, 40, (300,), generator=generator)
    labels[row == 7] = 255  # without a labelled voxel
    found = majority_labels(labels, row, 42, 4, 255)
    for coarse in range(42):
        votes = Counter(labels[(row == coarse) & (labels != 255)].tolist())
        wanted = min(votes, key=lambda label: (-votes[label], label)) if votes else 255
        assert found[coarse] == wanted
    assert found[7] == found[41] == 255


@pytest.mark.parametrize('label', [4, -1])
def test_labels_that_are_no_class_are_refused(label):
    labels = torch.tensor([0, label, 255])
    with pytest.raises(ValueError, match=r'labels must be 0 .. 3 or ignore_index 255, got'):
        majority_labels(labels, torch.zeros(3, dtype=torch.long), 1, 4, 255)


@pytest.mark.parametrize(
    'labels, expected',
    [
        ([3, 255, 1], (1, 3)),
        ([255, -4, 2], (-4, 2)),
        ([255, 255], (0, -1)),
        ([], (0, -1)),
        ([300], (300, 300)),
    ],
)
def test_range_of_labels_leaves_out_those_to_ignore(labels, expected):
    assert label_range(torch.tensor(labels, dtype=torch.long), 255) == expected


def test_labels_are_looked_at_again_after_a_write():
    labels = torch.tensor([0, 2, 255])
    assert counted(lambda: label_range(labels, 255)).waits == ['tolist']
    assert counted(lambda: label_range(labels, 255)).waits == []
    labels[0] = 9
    assert label_range(labels, 255) == (2, 9)


def test_labels_are_looked_at_before_the_network_and_not_after_it():
    head = MODELS.build(dict(type='VoxelSegHead', in_channels=8, num_classes=4))
    samples = [SimpleNamespace(gt_pts_seg=SimpleNamespace(pts_semantic_mask=torch.tensor([0, 3, 255, 1])))]
    inputs = dict(points=[torch.zeros(4, 6)], representative=torch.tensor([0, 1, 3]))
    waits = []

    def encode(batch):
        waits.append('network')
        return SimpleNamespace(finest=(torch.ones(3, 8), None))

    segmentor = SimpleNamespace(decode_head=head, encode=encode)
    count = counted(lambda: waits.extend(VoxelSegmentor.loss(segmentor, inputs, samples)))
    assert waits == ['network', 'loss_seg'] and count.waits == ['tolist']
    place = count.launches.index('addmm')
    assert {'ne', 'amin', 'amax'} <= set(count.launches[:place])


@pytest.mark.parametrize('labels', [[0, 3, 255, 1], [2, 255, 255, 255], [255] * 4])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_loss_of_a_head_is_that_of_a_cross_entropy_that_counts_for_itself(labels, dtype):
    head = MODELS.build(dict(type='VoxelSegHead', in_channels=8, num_classes=4))
    logits = torch.randn(4, 4, dtype=dtype)
    expected = head.loss_decode(logits, torch.tensor(labels), ignore_index=255)
    assert torch.equal(head.loss_by_logits(logits, torch.tensor(labels))['loss_seg'], expected)
