"""TR3D's neck and head against dense volumes, a loop over the paper's conditions and closed forms."""

import pytest
import torch
from dense_volumes import EDGE, check_gradients, double_weight, masked_norm, occupied, random_level, to_dense
from mmdet3d.registry import MODELS
from mmdet3d.structures import DepthInstance3DBoxes
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch.nn import functional as F

from swin3d_mmdet3d.models.dense_heads.tr3d_head import ScenePrediction
from swin3d_mmdet3d.models.losses import AxisAlignedDIoULoss
from swin3d_mmdet3d.structures import MultiScaleFeatures

WIDTHS = (3, 4, 6, 8)


def make_neck_and_head(**setting):
    neck = MODELS.build(dict(type='SparseTR3DNeck', in_channels=WIDTHS, out_channels=5))
    head = MODELS.build(
        dict(
            type='SparseTR3DHead',
            in_channels=5,
            label2level=[0, 1, 0],
            pts_center_threshold=2,
            test_cfg=ConfigDict(nms_pre=50, iou_thr=0.5, score_thr=0.01),
            **setting,
        )
    )
    for parameter in [*neck.parameters(), *head.parameters()]:
        torch.nn.init.normal_(parameter, std=0.3)
    return neck, head


def make_scenes():
    """Levels of strides 1, 2 and 4 after one that is not used; coarse sites keep off the volume's faces."""
    shapes = [(1, 0.1, 0), (1, 0.2, 0), (2, 0.3, 1), (4, 0.6, 1)]  # stride, fill, margin
    levels = [
        random_level(stride, width, fill, margin=margin, dtype=torch.float32)
        for width, (stride, fill, margin) in zip(WIDTHS, shapes)
    ]
    return MultiScaleFeatures(tuple(levels), torch.tensor([[0.5, -1.0, 2.0], [3.0, 0.25, 0.0]]))


def dense_block(block, volume, mask):
    conv, norm, _ = block
    return masked_norm(F.conv3d(volume, double_weight(conv), padding=1), mask, norm).relu() * mask


def dense_up(block, volume, mask):
    upsample, norm, _ = block
    shape = dict(stride=2, padding=1, output_padding=1)
    kernel = upsample.weight.double().permute(4, 0, 1, 2, 3)
    reached = F.conv_transpose3d(mask, torch.ones(1, 1, 3, 3, 3).double(), **shape)
    mask = (reached > 0).double()
    return masked_norm(F.conv_transpose3d(volume, kernel, **shape), mask, norm).relu() * mask, mask


def dense_model(neck, head, scenes):
    """Boxes and logits of the two levels, fine to coarse, rows by (batch, x, y, z)."""
    used = scenes.levels[1:]
    volumes = [to_dense((feats.double(), voxels)) for feats, voxels in used]
    masks = [occupied(voxels) for _, voxels in used]
    volume, mask, outputs = volumes[-1], masks[-1], []
    for i in (1, 0):
        volume, up_mask = dense_up(neck.get_submodule(f'up_block_{i + 1}'), volume, mask)
        mask = ((up_mask + masks[i]) > 0).double()
        volume = dense_block(neck.get_submodule(f'lateral_block_{i}'), volume + volumes[i], mask)
        out = dense_block(neck.get_submodule(f'out_block_{i}'), volume, mask)
        sites = mask[:, 0].nonzero()
        rows = out.movedim(1, -1)[tuple(sites.t())]
        location = (sites[:, 1:] * used[i][1].stride - EDGE // 2) * 0.1 + scenes.origin[sites[:, 0]].double()
        reg = rows @ head.conv_reg.weight.double().t() + head.conv_reg.bias.double()
        box = torch.cat([location + reg[:, :3], reg[:, 3:6].exp()], dim=1)
        if reg.shape[1] == 8:
            q = reg[:, 6:].norm(dim=1).exp()
            plan = (box[:, 3] + box[:, 4]) / (1 + q)
            yaw = torch.atan2(reg[:, 6], reg[:, 7]) / 2
            box = torch.cat([box[:, :3], torch.stack([plan, plan * q, box[:, 5], yaw], dim=1)], dim=1)
        logits = rows @ head.conv_cls.weight.double().t() + head.conv_cls.bias.double()
        outputs.append((sites[:, 0], box, logits))
    return list(reversed(outputs))


def by_scene(levels, scene, kind):
    """Rows of a scene, fine level before coarse, as the head joins them."""
    return torch.cat([level[kind][level[0] == scene] for level in levels])


@pytest.mark.parametrize('coder', ['AxisAlignedBoxCoder', 'MobiusBoxCoder'])
def test_neck_and_head_equal_a_dense_model_with_masks(coder):
    (neck, head), scenes = make_neck_and_head(bbox_coder=dict(type=coder)), make_scenes()
    (predictions,) = head(MultiScaleFeatures(neck(scenes.levels), scenes.origin))
    levels = dense_model(neck, head, scenes)
    sparse, dense = [], []
    for scene, prediction in enumerate(predictions):
        sparse += [prediction.box, prediction.cls]
        dense += [by_scene(levels, scene, 1), by_scene(levels, scene, 2)]
    for one, other in zip(sparse, dense):
        torch.testing.assert_close(one.double(), other, rtol=0, atol=2e-5)
    inputs = [feats for feats, _ in scenes.levels[1:]] + [*neck.parameters(), *head.parameters()]
    check_gradients(sparse, dense, inputs)


def test_neck_of_three_levels_gives_one():
    neck = MODELS.build(dict(type='SparseTR3DNeck', in_channels=WIDTHS[1:], out_channels=5))
    ((feats, voxels),) = neck(make_scenes().levels[1:])
    assert voxels.stride == 2 and feats.shape == (len(voxels), 5)
    with pytest.raises(ValueError, match='at least 3 levels'):
        MODELS.build(dict(type='SparseTR3DNeck', in_channels=WIDTHS[2:], out_channels=5))


def boxes(rows):
    return DepthInstance3DBoxes(rows.view(-1, 6), box_dim=6, with_yaw=False, origin=(0.5, 0.5, 0.5))


def random_prediction(sites=60):
    return ScenePrediction(
        box=torch.rand(sites, 6, requires_grad=True),
        cls=torch.randn(sites, 3, requires_grad=True),
        location=torch.rand(sites, 3) * 4,
        level=torch.randint(2, (sites,)).sort().values,
    )


def looped_targets(prediction, centers, labels, label2level, count):
    """TR3D's conditions one site at a time: level of the class, among the nearest, nearest box."""
    chosen = []
    for site, place in enumerate(prediction.location):
        best = (float('inf'), -1)
        for box, (center, label) in enumerate(zip(centers, labels)):
            if label < 0 or label2level[label] != prediction.level[site]:
                continue
            on_level = prediction.location[prediction.level == label2level[label]]
            distances = (on_level - center).norm(dim=1).sort().values
            distance = float((place - center).norm())
            if len(distances) > count and distance >= float(distances[count]):
                continue
            best = min(best, (distance, box))
        chosen.append(best[1])
    return chosen


def test_targets_follow_the_three_conditions():
    _, head = make_neck_and_head()
    prediction = random_prediction()
    rows = torch.cat([torch.rand(12, 3) * 4, torch.rand(12, 3) + 0.5], dim=1)
    labels = torch.arange(12) % 4 - 1
    target, label = head.get_targets(prediction, boxes(rows), labels)
    chosen = looped_targets(prediction, rows[:, :3], labels.tolist(), head.label2level, 2)
    assert sum(box >= 0 for box in chosen) >= 10
    for site, box in enumerate(chosen):
        assert int(label[site]) == (3 if box < 0 else int(labels[box]))
        if box >= 0:
            torch.testing.assert_close(target[site], rows[box])


def test_losses_without_anything_to_learn():
    _, head = make_neck_and_head()
    nothing = InstanceData(bboxes_3d=boxes(torch.zeros(0, 6)), labels_3d=torch.zeros(0, dtype=torch.int64))
    for sites in (60, 0):
        prediction = random_prediction(sites)
        losses = head.loss_by_feat([prediction], [nothing], [{}])
        assert float(losses['bbox_loss'].detach()) == 0
        assert bool(losses['cls_loss'] > 0) == bool(sites)
        sum(losses.values()).backward()
        assert prediction.box.grad is not None and not prediction.box.grad.any()


def test_box_loss_is_a_mean_over_the_sites_of_all_scenes():
    _, head = make_neck_and_head()
    predictions = [random_prediction(), random_prediction()]
    rows = torch.cat([torch.rand(5, 3) * 4, torch.rand(5, 3) + 0.5], dim=1)
    truths = [
        InstanceData(bboxes_3d=boxes(rows[:4]), labels_3d=torch.tensor([0, 1, 2, 1])),
        InstanceData(bboxes_3d=boxes(rows[4:]), labels_3d=torch.tensor([1])),
    ]
    losses = head.loss_by_feat(predictions, truths, [{}, {}])
    singles = []
    for prediction, truth in zip(predictions, truths):
        target, label = head.get_targets(prediction, truth.bboxes_3d, truth.labels_3d)
        for site in (label < 3).nonzero().flatten():
            alone = [
                torch.cat([box[:3] - box[3:] / 2, box[:3] + box[3:] / 2])[None]
                for box in (prediction.box[site], target[site])
            ]
            singles.append(AxisAlignedDIoULoss()(*alone))
    torch.testing.assert_close(losses['bbox_loss'], torch.stack(singles).mean())


def test_distance_iou_has_its_closed_form():
    unit = torch.tensor([[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]])
    apart = unit + torch.tensor([2.0, 0.0, 0.0, 2.0, 0.0, 0.0])
    half = torch.tensor([[0.0, 0.0, 0.0, 1.0, 1.0, 0.5]])
    loss = AxisAlignedDIoULoss(reduction='none')
    torch.testing.assert_close(loss(unit, unit), torch.tensor([0.0]))
    torch.testing.assert_close(loss(apart, unit), torch.tensor([1 + 4 / 11]))  # hull 3 x 1 x 1
    torch.testing.assert_close(loss(half, unit), torch.tensor([1 - 0.5 + 0.0625 / 3]))
    with pytest.raises(ValueError, match="reduction must be one of .* got 'max'"):
        AxisAlignedDIoULoss(reduction='max')


def test_prediction_keeps_the_best_of_overlapping_boxes():
    _, head = make_neck_and_head()
    rows = torch.tensor([[0.0, 0, 0, 1, 1, 1], [0.1, 0, 0, 1, 1, 1], [5.0, 0, 0, 1, 1, 1]])
    logits = torch.tensor([[1.0, -9, -9], [2.0, -9, -9], [-9.0, 0.5, -9]])
    prediction = ScenePrediction(rows, logits, rows[:, :3], torch.zeros(3, dtype=torch.int64))
    (result,) = head.predict_by_feat([prediction], [dict(box_type_3d=DepthInstance3DBoxes)])
    assert result.labels_3d.tolist() == [0, 1]
    torch.testing.assert_close(result.bboxes_3d.gravity_center, rows[[1, 2], :3])
    torch.testing.assert_close(result.scores_3d, torch.tensor([2.0, 0.5]).sigmoid())


def test_neck_needs_three_levels():
    with pytest.raises(ValueError, match='at least 3 levels'):
        MODELS.build(dict(type='SparseTR3DNeck', in_channels=(4, 8), out_channels=5))
