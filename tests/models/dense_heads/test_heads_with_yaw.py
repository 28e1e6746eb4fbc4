"""Heads on boxes with yaw: targets against loops over points in boxes, losses, suppression, learning."""

import math

import pytest
import torch
from mmdet3d.evaluation import indoor_eval
from mmdet3d.registry import MODELS
from mmdet3d.structures import Box3DMode, DepthInstance3DBoxes
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from swin3d_mmdet3d.models.dense_heads.tr3d_head import ScenePrediction
from swin3d_mmdet3d.models.losses import PolygonDIoU3DLoss, PolygonIoU3DLoss
from swin3d_mmdet3d.models.losses.rotated_overlap import paired_rotated_ious
from swin3d_mmdet3d.structures import MultiScaleFeatures, SparseVoxels

MOBIUS = dict(type='MobiusBoxCoder')
TEST_CFG = ConfigDict(nms_pre=100, iou_thr=0.5, score_thr=0.05)


def fcaf3d_head(num_classes=3, width=8, levels=2, **setting):
    return MODELS.build(
        dict(
            type='SparseFCAF3DHead',
            num_classes=num_classes,
            in_channels=(width,) * levels,
            out_channels=width,
            pts_prune_threshold=10**6,
            pts_assign_threshold=6,
            pts_center_threshold=5,
            bbox_coder=MOBIUS,
            test_cfg=TEST_CFG,
            **setting,
        )
    )


def tr3d_head(num_classes=3, width=8):
    return MODELS.build(
        dict(
            type='SparseTR3DHead',
            in_channels=width,
            label2level=[0] * num_classes,
            pts_center_threshold=5,
            bbox_coder=MOBIUS,
            test_cfg=TEST_CFG,
        )
    )


def random_rows(count, seed):
    random = torch.Generator().manual_seed(seed)
    place = torch.rand(count, 3, generator=random) * 3
    size = torch.rand(count, 3, generator=random) * torch.tensor([1.5, 0.4, 1.0])
    size = size + torch.tensor([0.5, 0.2, 0.5])
    return torch.cat([place, size, torch.randn(count, 1, generator=random) * 3], dim=1)


def depth_boxes(rows):
    return DepthInstance3DBoxes(rows, box_dim=rows.shape[1], origin=(0.5, 0.5, 0.5))


def faces(place, row):
    """Distances of a place to the six faces of a box, negative outside: low and high of each axis."""
    x, y, z = (place - row[:3]).tolist()
    cos, sin = math.cos(row[6]), math.sin(row[6])
    along = (x * cos + y * sin, y * cos - x * sin, z)
    return [(float(s) / 2 + a, float(s) / 2 - a) for a, s in zip(along, row[3:6])]


def looped_targets(points, rows, assign, count):
    """FCAF3D's assignment one site and box at a time: (centreness, box) of each site, or None."""
    inside, centerness = {}, {}
    for level, places in enumerate(points):
        for site, place in enumerate(places):
            for box, row in enumerate(rows):
                distances = faces(place, row)
                if min(min(pair) for pair in distances) > 0:
                    inside.setdefault((box, level), []).append(site)
                    ratio = math.prod(min(pair) / max(pair) for pair in distances)
                    centerness[box, level, site] = math.sqrt(ratio)
    chosen = {}
    for box in range(len(rows)):
        counts = [len(inside.get((box, level), [])) for level in range(len(points))]
        # the coarsest level up to the first with too few sites; the finest if that one has too few
        level = next((i - 1 for i, n in enumerate(counts) if n < assign), len(points) - 1)
        level = max(level, 0)
        best = sorted(inside.get((box, level), []), key=lambda site: -centerness[box, level, site])[:count]
        for site in best:
            chosen.setdefault((level, site), []).append(box)
    volume = rows[:, 3:6].prod(1)
    result = {}
    for (level, site), boxes in chosen.items():
        box = min(boxes, key=lambda b: float(volume[b]))
        result[level, site] = (centerness[box, level, site], box)
    return result


def test_sites_learn_the_turned_box_that_they_lie_in():
    head, rows = fcaf3d_head(), random_rows(12, seed=0)
    random = torch.Generator().manual_seed(1)
    points = [torch.rand(count, 3, generator=random) * 3.4 - 0.2 for count in (700, 600)]
    labels = torch.arange(12) % 3
    center, target, label = head.get_targets(points, depth_boxes(rows), labels)
    expected = looped_targets(points, rows, 6, 5)
    assert len(expected) > 30 and {level for level, _ in expected} == {0, 1}
    for site in range(1300):
        key = (0, site) if site < 700 else (1, site - 700)
        if key not in expected:
            assert label[site] == -1
            continue
        closeness, box = expected[key]
        assert label[site] == labels[box]
        assert float(center[site]) == pytest.approx(closeness, rel=1e-3)
        torch.testing.assert_close(target[site], rows[box])


def test_turning_scene_and_boxes_turns_the_targets():
    head, rows = fcaf3d_head(), random_rows(8, seed=3)
    points = [torch.rand(600, 3, generator=torch.Generator().manual_seed(4)) * 3]
    labels = torch.zeros(8, dtype=torch.int64)
    center, _, label = head.get_targets(points, depth_boxes(rows), labels)
    cos, sin = math.cos(0.8), math.sin(0.8)
    turn = torch.tensor([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    turned = torch.cat([rows[:, :3] @ turn, rows[:, 3:6], rows[:, 6:] + 0.8], dim=1)
    center_after, target, label_after = head.get_targets([points[0] @ turn], depth_boxes(turned), labels)
    assert torch.equal(label, label_after) and (label >= 0).sum() > 20
    torch.testing.assert_close(center[label >= 0], center_after[label >= 0], atol=1e-4, rtol=1e-3)
    assert target.shape == (600, 7)


def test_losses_are_those_of_the_decoded_boxes():
    head, rows = fcaf3d_head(levels=1), random_rows(3, seed=5)
    points = [torch.rand(400, 3, generator=torch.Generator().manual_seed(6)) * 3]
    raw = torch.cat([torch.rand(400, 6) + 0.1, torch.randn(400, 2)], dim=1)
    truth = InstanceData(bboxes_3d=depth_boxes(rows), labels_3d=torch.arange(3))
    losses = head.loss_by_feat(
        [[torch.randn(400, 1)]], [[raw]], [[torch.randn(400, 3)]], [points], [truth], [{}]
    )
    center, target, label = head.get_targets(points, truth.bboxes_3d, truth.labels_3d)
    learns = label >= 0
    decoded = head._bbox_pred_to_bbox(points[0][learns], raw[learns])
    each = PolygonIoU3DLoss(reduction='none')(decoded, target[learns])
    expected = (each * center[learns]).sum() / center[learns].sum()
    assert learns.sum() > 8
    torch.testing.assert_close(losses['bbox_loss'], expected, rtol=1e-4, atol=1e-5)


def test_tr3d_learns_turned_boxes_by_the_distance_iou():
    head, rows = tr3d_head(), random_rows(4, seed=7)
    prediction = ScenePrediction(
        box=random_rows(50, seed=8),
        cls=torch.randn(50, 3),
        location=torch.rand(50, 3, generator=torch.Generator().manual_seed(9)) * 3,
        level=torch.zeros(50, dtype=torch.int64),
    )
    truth = InstanceData(bboxes_3d=depth_boxes(rows), labels_3d=torch.tensor([0, 1, 2, 1]))
    losses = head.loss_by_feat([prediction], [truth], [{}])
    target, label = head.get_targets(prediction, truth.bboxes_3d, truth.labels_3d)
    learns = label < 3
    nearest = torch.cdist(prediction.location[learns], rows[:, :3]).argmin(1)
    torch.testing.assert_close(target[learns][:, 6], rows[nearest, 6])
    expected = PolygonDIoU3DLoss()(prediction.box[learns], target[learns])
    torch.testing.assert_close(losses['bbox_loss'], expected)


def test_overlapping_turned_boxes_are_suppressed_by_their_turned_outlines():
    # a cross of two long boxes: their outlines share little, their axis-aligned hulls all
    cross = torch.tensor(
        [[0, 0, 0, 0.2, 2, 1, 0.6], [0, 0, 0, 0.2, 2, 1, 0.6 + math.pi / 2], [0.02, 0, 0, 0.2, 2, 1, 0.65]]
    )
    logits = torch.tensor([[2.0, -9, -9], [1.0, -9, -9], [1.5, -9, -9]])
    prediction = ScenePrediction(cross, logits, cross[:, :3], torch.zeros(3, dtype=torch.int64))
    (found,) = tr3d_head().predict_by_feat([prediction], [dict(box_type_3d=DepthInstance3DBoxes)])
    assert found.bboxes_3d.with_yaw
    torch.testing.assert_close(found.bboxes_3d.corners, depth_boxes(cross[:2]).corners)

    # the same boxes from faces and codes, about the origin
    log_q = math.log(10)
    codes = torch.tensor([[math.sin(2 * yaw) * log_q, math.cos(2 * yaw) * log_q] for yaw in cross[:, 6]])
    raw = torch.cat([torch.tensor([[0.55, 0.55, 0.55, 0.55, 0.5, 0.5]]).expand(3, 6), codes], dim=1)
    high = torch.full((3, 1), 9.0)
    (found,) = fcaf3d_head(levels=1).predict_by_feat(
        [[high]], [[raw]], [[logits]], [[cross[:, :3]]], [dict(box_type_3d=DepthInstance3DBoxes)]
    )
    assert found.bboxes_3d.with_yaw and len(found.labels_3d) == 2
    distance = torch.cdist(found.bboxes_3d.corners, depth_boxes(cross[:2]).corners)
    assert distance.amin(dim=2).max() < 1e-4


@pytest.mark.parametrize('make', [fcaf3d_head, tr3d_head])
def test_a_scene_without_boxes_gives_finite_losses_and_gradients(make):
    head = make()
    scenes = one_scene(torch.zeros(1, 3, dtype=torch.int32), torch.randn(1, 8), levels=2)
    none = torch.zeros(0, 7)
    truth = InstanceData(bboxes_3d=depth_boxes(none), labels_3d=none[:, 0].long())
    losses = head.loss_by_feat(*head(scenes), [truth], [{}])
    sum(losses.values()).backward()
    assert all(bool(p.grad.isfinite().all()) for p in head.parameters() if p.grad is not None)


def one_scene(sites, feats, levels):
    """Levels of strides 1, 2, ... of one scene: the given sites, and their parents with summed features."""
    result = []
    for number in range(levels):
        stride = 2**number
        parent, row = torch.unique(sites // stride, dim=0, return_inverse=True)
        coords = torch.nn.functional.pad(parent * stride, (1, 0)).int()
        summed = feats.new_zeros(len(parent), feats.shape[1]).index_add(0, row, feats)
        result.append((summed, SparseVoxels(coords, 1, stride=stride, voxel_size=0.2)))
    return MultiScaleFeatures(tuple(result), torch.zeros(1, 3))


def toy_scene():
    """Sites of a room of 4 x 4 x 1.4 m, each with a feature of its own, and six turned boxes in it."""
    sites = torch.cartesian_prod(*(torch.arange(count) for count in (20, 20, 7)))
    angle = torch.tensor([0.4, 1.2, -0.7, 2.8, 0.9, -1.9])
    place = torch.tensor([[x, y, 0.7] for y in (1.0, 3.0) for x in (0.8, 2.0, 3.2)])
    size = torch.tensor([[0.5, 1.2, 0.9], [0.9, 0.4, 0.8], [0.6, 1.3, 1.0]]).repeat(2, 1)
    rows = torch.cat([place, size, angle[:, None]], dim=1)
    feats = torch.randn(len(sites), 24, generator=torch.Generator().manual_seed(0))
    return sites, feats, rows, torch.tensor([0, 1, 2, 2, 1, 0])


@pytest.mark.slow
@pytest.mark.parametrize('make', [fcaf3d_head, tr3d_head])
def test_a_head_overfits_turned_boxes(make):
    torch.manual_seed(0)
    sites, feats, rows, labels = toy_scene()
    head = make(width=24) if make is tr3d_head else make(width=24, levels=1)
    head.init_weights()
    feats = torch.nn.Parameter(feats)  # stands for a backbone
    truth = InstanceData(bboxes_3d=depth_boxes(rows), labels_3d=labels)
    optimizer = torch.optim.Adam([feats, *head.parameters()], lr=0.02)
    for step in range(200):
        optimizer.param_groups[0]['lr'] = 0.02 * (1 - step / 200)
        optimizer.zero_grad()
        losses = head.loss_by_feat(*head(one_scene(sites, feats, 1)), [truth], [{}])
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 10)
        optimizer.step()
    head.eval()
    metas = [dict(box_type_3d=DepthInstance3DBoxes)]
    with torch.no_grad():
        (found,) = head.predict_by_feat(*head(one_scene(sites, feats, 1)), batch_input_metas=metas)
    annotation = dict(gt_bboxes_3d=depth_boxes(rows), gt_labels_3d=labels.numpy())
    prediction = dict(bboxes_3d=found.bboxes_3d, scores_3d=found.scores_3d, labels_3d=found.labels_3d)
    names = {label: str(label) for label in range(3)}
    mode = Box3DMode.DEPTH
    scores = indoor_eval([annotation], [prediction], [0.25, 0.5], names, box_mode_3d=mode)
    assert scores['mAP_0.25'] > 0.95 and scores['mAP_0.50'] > 0.9
    best = paired_rotated_ious(
        torch.cat([found.bboxes_3d.gravity_center, found.bboxes_3d.tensor[:, 3:]], 1).repeat_interleave(6, 0),
        rows.repeat(len(found.labels_3d), 1),
    )
    assert best.view(-1, 6).amax(0).min() > 0.7  # the yaws are learnt, too
