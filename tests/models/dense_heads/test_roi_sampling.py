"""RoIs meet boxes of their own class; the draw keeps the shares of the original."""

import torch

from swin3d_mmdet3d.models.dense_heads.cagroup3d.roi_sampling import match_rois, sample_rois


def test_an_roi_matches_the_best_box_of_its_class():
    rois = torch.tensor([[0.0, 0, 0, 2, 2, 2], [0.0, 0, 0, 2, 2, 2], [9.0, 9, 9, 1, 1, 1]])
    truth = torch.tensor([[0.0, 0, 0, 2, 2, 2], [1.0, 0, 0, 2, 2, 2], [0.5, 0, 0, 2, 2, 2]])
    iou, row = match_rois(rois, torch.tensor([0, 1, 1]), truth, torch.tensor([0, 1, 1]))
    torch.testing.assert_close(iou, torch.tensor([1, 0.6, 0]), atol=1e-5, rtol=0)
    assert row[:2].tolist() == [0, 2]


def test_without_rois_or_boxes_nothing_matches():
    one = torch.tensor([[0.0, 0, 0, 1, 1, 1]])
    label, none = torch.tensor([0]), torch.zeros(0, dtype=torch.int64)
    assert match_rois(one, label, one[:0], none)[0].tolist() == [0]
    assert len(match_rois(one[:0], none, one, label)[0]) == 0


def shares(iou, num_rois=10, **kwargs):
    drawn = iou[sample_rois(iou, num_rois, **kwargs)]
    return [int(part.sum()) for part in (drawn >= 0.3, (drawn < 0.3) & (drawn >= 0.1), drawn < 0.1)]


def test_shares_of_foreground_hard_and_easy_background():
    many = torch.cat([torch.full((50,), 0.5), torch.full((50,), 0.2), torch.full((50,), 0.0)])
    assert shares(many) == [9, 0, 1]
    assert shares(many, foreground_fraction=0.5) == [5, 4, 1]
    assert shares(torch.tensor([0.5, 0.5, 0.2, 0.0])) == [2, 1, 7]
    assert shares(torch.tensor([0.5, 0.2])) == [1, 9, 0]
    assert shares(torch.tensor([0.5, 0.6])) == [10, 0, 0]
    assert shares(torch.tensor([0.0])) == [0, 0, 10]
    assert shares(torch.zeros(0)) == [0, 0, 0]


def test_foreground_is_drawn_once_each():
    rows = sample_rois(torch.tensor([0.5] * 9 + [0.0]), 10)
    assert sorted(rows.tolist()) == list(range(10))
