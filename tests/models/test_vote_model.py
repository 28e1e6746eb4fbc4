"""Voting over the views of a scene, by hand-made logits."""

import pytest
import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import Det3DDataSample, PointData

import swin3d_mmdet3d.models  # noqa: F401  (registers the model)


class Silent(torch.nn.Module):
    """A model that is never asked."""

    def test_step(self, data):
        raise NotImplementedError


def merge(model_type, views):
    """Merge the votes of one scene; each view is a list of points' logits."""
    samples = []
    for logits in views:
        logits = torch.tensor(logits).t()
        sample = Det3DDataSample()
        sample.pts_seg_logits = PointData(pts_seg_logits=logits)
        sample.pred_pts_seg = PointData(pts_semantic_mask=logits.argmax(0))
        samples.append(sample)
    (merged,) = MODELS.build(dict(type=model_type, module=Silent())).merge_preds([samples])
    return merged


def test_votes_add_the_logits_divided_by_their_absolute_sums():
    merged = merge('L1VoteTTAModel', [[[4.0, -1.0, 3.0]], [[0.0, 1.0, 1.0]]])
    expected = torch.tensor([4 / 8 + 0, -1 / 8 + 1 / 2, 3 / 8 + 1 / 2]) / 2
    torch.testing.assert_close(merged.pts_seg_logits.pts_seg_logits[:, 0], expected)
    assert merged.pred_pts_seg.pts_semantic_mask.tolist() == [2]


@pytest.mark.parametrize(('model_type', 'label'), [('L1VoteTTAModel', 1), ('Seg3DTTAModel', 0)])
def test_votes_of_proportions_and_of_probabilities_differ(model_type, label):
    """One sure view for class 0, two lukewarm ones for class 1.

    Proportions: 10/20 + 2 (-0.1/0.5) = 0.1 against -10/20 + 2 (0.4/0.5) = 1.1. Probabilities: about
    1 + 2 * 0.378 = 1.76 against 0 + 2 * 0.622 = 1.24.
    """
    views = [[[10.0, -10.0]], [[-0.1, 0.4]], [[-0.1, 0.4]]]
    assert merge(model_type, views).pred_pts_seg.pts_semantic_mask.tolist() == [label]


def test_a_vote_does_not_depend_on_the_scale_of_a_view():
    torch.manual_seed(1)
    views = torch.randn(12, 50, 7)
    scales = torch.logspace(-3, 3, 12)[:, None, None]
    first = merge('L1VoteTTAModel', views.tolist())
    second = merge('L1VoteTTAModel', (views * scales).tolist())
    labels = [sample.pred_pts_seg.pts_semantic_mask for sample in (first, second)]
    assert torch.equal(*labels)
    assert len(labels[0].unique()) > 1


def test_points_without_any_logit_get_class_zero_and_no_nan():
    merged = merge('L1VoteTTAModel', [[[0.0, 0.0]], [[0.0, 0.0]]])
    assert merged.pts_seg_logits.pts_seg_logits.isfinite().all()
    assert merged.pred_pts_seg.pts_semantic_mask.tolist() == [0]


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_a_view_with_bad_logits_does_not_vote(value):
    with pytest.raises(ValueError, match='NaN or infinite in scan 0'):
        merge('L1VoteTTAModel', [[[1.0, 3.0], [2.0, 4.0]], [[1.0, 3.0], [value, 4.0]]])
