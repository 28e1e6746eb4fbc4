"""Labels of voxels, and of coarse ones by the majority of what they hold."""

from collections import Counter

import pytest
import torch

from swin3d_mmdet3d.models.voxel_labels import majority_labels


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
