"""The second stage: grid points, pooling and residuals in closed form."""

import math

import pytest
import torch
from mmdet3d.structures import DepthInstance3DBoxes
from mmengine.structures import InstanceData
from torch.nn import functional

from swin3d_mmdet3d.models.dense_heads import CAGroup3DRoIHead
from swin3d_mmdet3d.models.dense_heads.cagroup3d.roi_grid_pooling import RoIGridPooling, roi_grid_points
from swin3d_mmdet3d.structures import SparseVoxels


def as_boxes(rows):
    return DepthInstance3DBoxes(rows, box_dim=6, with_yaw=False, origin=(0.5, 0.5, 0.5))


def make_head(**kwargs):
    return CAGroup3DRoIHead(
        3, in_channels=4, channels=4, grid_size=3, kernel_size=3, fc_channels=[8], **kwargs
    )


def test_grid_points_are_the_centres_of_equal_parts():
    points = roi_grid_points(torch.tensor([[1.0, 2.0, 3.0, 0.7, 1.4, 2.1]]), 7)
    i, j, k = 2, 0, 6
    expected = torch.tensor(
        [1 - 0.35 + 0.1 * (i + 0.5), 2 - 0.7 + 0.2 * (j + 0.5), 3 - 1.05 + 0.3 * (k + 0.5)]
    )
    assert points.shape == (1, 343, 3)
    torch.testing.assert_close(points[0, (i * 7 + j) * 7 + k], expected)
    torch.testing.assert_close(points.mean(1), torch.tensor([[1.0, 2.0, 3.0]]))


def test_pooling_is_the_dense_convolution_read_at_the_grid_and_one_of_the_grids_edge():
    """Features of 8 cm cells; a kernel that covers the grid is the linear layer."""
    pooling = RoIGridPooling(3, 5, grid_size=4, kernel_size=5).double().eval()
    pooling.grid_norm.running_mean.normal_()
    pooling.pool_norm.running_var.uniform_(0.5, 2)
    cells = torch.unique(torch.randint(0, 10, (120, 4)).clamp(max=torch.tensor([1, 9, 9, 9])), dim=0)
    coords = torch.cat([cells[:, :1], cells[:, 1:] * 2], 1)
    feats = torch.randn(len(cells), 3, dtype=torch.float64)
    rois = torch.tensor([[0.4, 0.4, 0.4, 0.5, 0.3, 0.2], [0.5, 0.3, 0.4, 0.6, 0.6, 0.6]], dtype=torch.float64)
    scene = torch.tensor([1, 0])

    volume = feats.new_zeros(2, 3, 10, 10, 10)
    volume[cells[:, 0], :, cells[:, 1], cells[:, 2], cells[:, 3]] = feats
    dense = functional.conv3d(volume, pooling.grid_conv.weight.permute(0, 4, 1, 2, 3), padding=2)
    expected = []
    for roi, batch in zip(rois, scene):
        grid = (roi_grid_points(roi[None], 4)[0] / 0.08).floor().long()
        x, y, z = grid.unbind(1)
        at_grid = functional.elu(pooling.grid_norm(dense[batch, :, x, y, z].t()))
        kernel = pooling.pool.weight.view(5, 4, 4, 4, 5).permute(0, 4, 1, 2, 3)
        expected.append(functional.conv3d(at_grid.t().view(1, 5, 4, 4, 4), kernel).flatten(1))
    level = (feats, SparseVoxels(coords, 2, stride=2, voxel_size=0.04))
    torch.testing.assert_close(pooling(level, rois, scene), pooling.pool_norm(torch.cat(expected)))


def test_residuals_of_a_hand_made_pair():
    head = make_head()
    roi = as_boxes(torch.tensor([[1.0, 2.0, 3.0, 3.0, 4.0, 2.0]]))
    box = as_boxes(torch.tensor([[2.0, 1.0, 3.5, 6.0, 4.0, 1.0]]))
    expected = torch.tensor([[1 / 5, -1 / 5, 0.5 / 2, math.log(2), 0, -math.log(2)]])
    torch.testing.assert_close(head.encode(roi, box), expected)


def test_decoding_inverts_encoding():
    head = make_head()
    roi, box = (as_boxes(torch.rand(20, 6) * 3 + 0.1) for _ in range(2))
    torch.testing.assert_close(
        head.decode(roi, head.encode(roi, box)).tensor, box.tensor, atol=1e-5, rtol=1e-5
    )


def test_flat_boxes_have_finite_residuals():
    head = make_head()
    roi = as_boxes(torch.tensor([[1.0, 2.0, 3.0, 0.0, 0.0, 0.0]]))
    assert torch.isfinite(head.encode(roi, roi)).all()


def level_of(num_voxels=40):
    coords = torch.cat([torch.arange(2).repeat_interleave(20)[:, None], torch.randint(0, 8, (40, 3)) * 2], 1)
    coords = torch.unique(coords, dim=0)
    return torch.randn(len(coords), 4, requires_grad=True), SparseVoxels(coords, 2, stride=2, voxel_size=0.1)


def proposals_of(rows, labels):
    return InstanceData(
        bboxes_3d=as_boxes(torch.tensor(rows).view(-1, 6)),
        labels_3d=torch.tensor(labels, dtype=torch.int64),
        scores_3d=torch.linspace(0.9, 0.2, len(labels)),
    )


def test_loss_is_smooth_l1_of_the_foreground_alone():
    head = make_head(train_cfg=dict(num_rois=8)).eval()  # eval: a sample's residual is its own
    level = level_of()
    near = [0.8, 0.8, 0.8, 1.0, 1.0, 1.0]
    truth = [proposals_of([0.9, 0.8, 0.8, 1.0, 1.0, 1.0], [1]), proposals_of([], [])]
    far, wrong_class = [5.0, 5, 5, 1, 1, 1], near
    proposals = [proposals_of([near, far, wrong_class], [1, 1, 2]), proposals_of(near, [0])]
    loss = head.loss(level, proposals, truth, torch.zeros(2, 3))['roi_loss']
    residual = head(level, [proposals[0].bboxes_3d[:1], proposals[1].bboxes_3d[:0]], torch.zeros(2, 3))
    target = torch.tensor([[0.1 / 2**0.5, 0, 0, 0, 0, 0]])
    expected = functional.smooth_l1_loss(residual, target, beta=1 / 9, reduction='sum')
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize('threshold, learns', [(0.5, False), (0.49, True)])
def test_a_proposal_must_overlap_its_box_by_more_than_the_threshold_to_learn_it(threshold, learns):
    head = make_head(train_cfg=dict(num_rois=2, foreground_iou=threshold))
    box, half = [1.0, 1, 1, 1, 1, 1], [1.0, 1, 1, 1, 1, 0.5]
    nothing = proposals_of([], [])
    losses = head.eval().loss(
        level_of(), [proposals_of(half, [1]), nothing], [proposals_of(box, [1]), nothing], torch.zeros(2, 3)
    )
    assert (float(losses['roi_loss']) > 0) == learns


def test_no_proposals_cost_nothing_and_predict_nothing():
    head = make_head(train_cfg=dict(num_rois=8), test_cfg=dict(score_thr=0.01, iou_thr=0.5))
    empty = [proposals_of([], [])] * 2
    loss = head.loss(level_of(), empty, empty, torch.zeros(2, 3))['roi_loss']
    loss.backward()
    assert float(loss) == 0
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in head.parameters())
    assert [len(p) for p in head.eval().predict(level_of(), empty, torch.zeros(2, 3))] == [0, 0]


@pytest.mark.parametrize('labels, kept', [([1, 1, 1], 2), ([1, 2, 1], 3)])
def test_duplicates_are_dropped_within_a_class(labels, kept):
    head = make_head(test_cfg=dict(score_thr=0.01, iou_thr=0.5)).eval()
    torch.nn.init.zeros_(head.conv_reg.weight)
    rows = [[0.8, 0.8, 0.8, 1, 1, 1], [0.85, 0.8, 0.8, 1, 1, 1], [0.2, 0.2, 0.8, 0.1, 0.1, 0.1]]
    proposals = [proposals_of(rows, labels), proposals_of([], [])]
    found = head.predict(level_of(), proposals, torch.full((2, 3), -0.3))[0]
    assert len(found) == kept
    torch.testing.assert_close(found.bboxes_3d.gravity_center[0], torch.tensor(rows[0][:3]))
