import math

import pytest
import torch

from swin3d_mmdet3d.models.image_networks import ViewVote
from swin3d_mmdet3d.structures import PixelMatches


def matches(image, voxel):
    image, voxel = torch.tensor(image), torch.tensor(voxel)
    return PixelMatches(image, torch.zeros(len(image), 2), voxel)


def logits_of(*shares):
    return torch.tensor(shares, dtype=torch.float64).log()


def entropy(*shares):
    return -sum(share * math.log(share) for share in shares) / math.log(len(shares))


def test_two_views_of_one_voxel_have_the_weights_of_the_closed_form():
    logits, power = logits_of((0.9, 0.1), (0.4, 0.6)), 3.0
    votes = ViewVote(power)(logits, matches([0, 1], [0, 0]), 1)
    weights = [(1 - entropy(0.9, 0.1)) ** power, (1 - entropy(0.4, 0.6)) ** power]
    expected = weights[0] * logits[0] + weights[1] * logits[1]
    torch.testing.assert_close(votes[0], expected, rtol=1e-9, atol=1e-12)
    assert votes[0].argmax() == 0


def test_an_image_that_knows_nothing_has_no_say_and_a_certain_one_counts_in_full():
    unknown, certain = [0.0] * 13, [1000.0] + [0.0] * 12
    weights = ViewVote().image_weights(torch.tensor([unknown, certain]), torch.tensor([0, 2]))
    torch.testing.assert_close(weights, torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64))


def test_less_certain_images_weigh_less_however_many_classes_there_are():
    """An entropy in nats passes 2 from eight classes on: its images would weigh the more."""
    sharpness = torch.tensor([0.0, 0.5, 1.0, 2.0, 4.0, 8.0])
    logits = torch.zeros(6, 20).index_fill(1, torch.tensor([3]), 1.0) * sharpness[:, None]
    weights = ViewVote().image_weights(logits, torch.arange(6))
    assert bool((weights.diff() > 0).all()) and float(weights.max()) <= 1
    votes = ViewVote()(logits[1:2], matches([0], [0]), 1)
    assert int(votes[0].argmax()) == 3  # of an image that is hardly certain of anything


def test_an_images_weight_is_of_the_mean_entropy_of_its_pixels():
    logits = logits_of((0.9, 0.1), (0.5, 0.5), (0.2, 0.8))
    weights = ViewVote(2.0).image_weights(logits, torch.tensor([1, 1, 0]))
    of_both = (entropy(0.9, 0.1) + entropy(0.5, 0.5)) / 2
    expected = torch.tensor([(1 - entropy(0.2, 0.8)) ** 2, (1 - of_both) ** 2], dtype=torch.float64)
    torch.testing.assert_close(weights, expected)


def test_one_view_decides_alone_and_what_none_shows_has_no_votes():
    logits = torch.randn(4, 5)
    votes = ViewVote()(logits, matches([0, 0, 0, 0], [3, 1, 0, 5]), 6)
    assert votes[[3, 1, 0, 5]].argmax(1).tolist() == logits.argmax(1).tolist()
    assert bool((votes[[2, 4]] == 0).all())


def test_without_a_power_the_votes_are_sums_of_logits():
    logits, shown = torch.randn(6, 3), [0, 1, 1, 2, 0, 1]
    votes = ViewVote(0.0)(logits, matches([0, 0, 1, 1, 2, 2], shown), 3)
    for voxel in range(3):
        expected = sum(row for row, other in zip(logits, shown) if other == voxel)
        torch.testing.assert_close(votes[voxel], expected.double())
    with pytest.raises(ValueError, match='power must be 0 or more, got -1'):
        ViewVote(-1)
