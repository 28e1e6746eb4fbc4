"""The FCAF3D head against a dense model with masks, and on inputs with nothing to learn."""

import pytest
import torch
from dense_volumes import EDGE, check_gradients, double_weight, masked_norm, occupied, random_level, to_dense
from mmdet3d.registry import MODELS
from mmdet3d.structures import DepthInstance3DBoxes
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch.nn import functional as F

from swin3d_mmdet3d.structures import MultiScaleFeatures, SparseVoxels

WIDTHS = (4, 6, 8)
OFF = 10**6


def make_head(prune_threshold=OFF, num_classes=3, **setting):
    head = MODELS.build(
        dict(
            type='SparseFCAF3DHead',
            num_classes=num_classes,
            in_channels=WIDTHS,
            out_channels=5,
            pts_prune_threshold=prune_threshold,
            pts_assign_threshold=3,
            pts_center_threshold=4,
            test_cfg=ConfigDict(nms_pre=50, iou_thr=0.5, score_thr=0.01),
            **setting,
        )
    )
    for parameter in head.parameters():  # large enough for every term to matter
        torch.nn.init.normal_(parameter, std=0.3)
    return head


def make_levels(fill=0.2):
    """Levels of strides 2, 4 and 8, none of whose sites depend on each other, and origins."""
    levels = [random_level(2**k, width, fill * k, dtype=torch.float32) for k, width in enumerate(WIDTHS, 1)]
    return MultiScaleFeatures(tuple(levels), torch.tensor([[0.5, -1.0, 2.0], [3.0, 0.25, 0.0]]))


def norm_and_elu(volume, mask, norm):
    return F.elu(masked_norm(volume, mask, norm))  # elu(0) = 0 keeps the mask


def dense_up(block, volume, mask):
    upsample, norm, _, conv, second_norm, _ = block
    kernel = upsample.weight.double().permute(4, 0, 1, 2, 3)
    mask = mask.repeat_interleave(2, 2).repeat_interleave(2, 3).repeat_interleave(2, 4)
    volume = norm_and_elu(F.conv_transpose3d(volume, kernel, stride=2), mask, norm)
    return norm_and_elu(F.conv3d(volume, double_weight(conv), padding=1), mask, second_norm), mask


def dense_interpolation(score):
    """Scores at half the stride: a fine site at a coarse one copies it, one between two takes the mean."""
    for axis in (2, 3, 4):
        beyond = torch.zeros_like(score.narrow(axis, 0, 1))
        following = torch.cat([score.narrow(axis, 1, score.shape[axis] - 1), beyond], dim=axis)
        score = torch.stack([score, (score + following) / 2], dim=axis + 1).flatten(axis, axis + 1)
    return score


def dense_best(score, mask, threshold):
    """Mask of each scene's best sites."""
    kept = torch.zeros_like(mask)
    for scene in range(len(mask)):
        sites = mask[scene].flatten().nonzero().flatten()
        order = score[scene].flatten()[sites].argsort(descending=True, stable=True)
        kept[scene].view(-1)[sites[order[:threshold]]] = 1
    return kept


def dense_head(head, scenes):
    """Centerness, boxes, logits and locations of each level, rows by (batch, x, y, z)."""
    volumes = [to_dense((feats.double(), voxels)) for feats, voxels in scenes.levels]
    masks = [occupied(voxels) for _, voxels in scenes.levels]
    volume, mask, score, outputs = volumes[-1], masks[-1], None, []
    for i in (2, 1, 0):
        if i < 2:
            volume, up_mask = dense_up(head.get_submodule(f'up_block_{i + 1}'), volume, mask)
            volume, mask = volume + volumes[i], ((up_mask + masks[i]) > 0).double()
            mask = dense_best(dense_interpolation(score), mask, head.pts_prune_threshold)
            volume = volume * mask
        conv, norm, _ = head.get_submodule(f'out_block_{i}')
        out = norm_and_elu(F.conv3d(volume, double_weight(conv), padding=1), mask, norm)
        sites = mask[:, 0].nonzero()
        rows = out.movedim(1, -1)[tuple(sites.t())]
        logits = rows @ head.conv_cls.weight.double().t() + head.conv_cls.bias.double()
        score = torch.zeros_like(mask)
        score[:, 0][tuple(sites.t())] = logits.detach().amax(1)
        reg = rows @ head.conv_reg.weight.double().t()
        box = torch.cat([(reg[:, :6] * head.scales[i].scale.double()).exp(), reg[:, 6:]], dim=1)
        stride = scenes.levels[i][1].stride
        location = (sites[:, 1:] * stride - EDGE // 2) * 0.1 + scenes.origin[sites[:, 0]].double()
        outputs.append([rows @ head.conv_center.weight.double().t(), box, logits, location])
    return [list(values) for values in zip(*reversed(outputs))]


@pytest.mark.parametrize('coder', ['AxisAlignedBoxCoder', 'MobiusBoxCoder'])
@pytest.mark.parametrize('prune_threshold', [OFF, 40])
def test_head_equals_a_dense_model_with_masks(prune_threshold, coder):
    head = make_head(prune_threshold, bbox_coder=dict(type=coder))
    torch.manual_seed(1)
    scenes = make_levels()
    assert head.conv_reg.out_features == (8 if coder == 'MobiusBoxCoder' else 6)
    predictions = head(scenes)
    sparse = [torch.cat(level) for kind in predictions for level in kind]
    dense = [level for kind in dense_head(head, scenes) for level in kind]
    for one, other in zip(sparse, dense):
        assert one.shape == other.shape
        torch.testing.assert_close(one.double(), other, rtol=0, atol=2e-5)
    if prune_threshold != OFF:  # binding at both finer levels of both scenes
        assert all(len(rows) == prune_threshold for level in predictions[3][:2] for rows in level)
    inputs = [feats for feats, _ in scenes.levels] + list(head.parameters())
    check_gradients(sparse[:9], dense[:9], inputs)


def boxes(*rows):
    return DepthInstance3DBoxes(torch.tensor(rows).view(-1, 6), box_dim=6, with_yaw=False, origin=(0.5,) * 3)


def truth(labels, *rows):
    return InstanceData(bboxes_3d=boxes(*rows), labels_3d=torch.tensor(labels, dtype=torch.int64))


def loss_of(head, scenes, truths):
    return head.loss_by_feat(*head(scenes), truths, [{}] * len(truths))


BIG = (1.0, 0.0, 2.0, 2.0, 2.0, 2.0)


def test_unknown_labels_change_nothing():
    head, scenes = make_head(), make_levels()
    with_unknown = loss_of(head, scenes, [truth([-1, 1], BIG, BIG), truth([-1], BIG)])
    without = loss_of(head, scenes, [truth([1], BIG), truth([])])
    for name, value in without.items():
        torch.testing.assert_close(with_unknown[name], value)
    assert without['bbox_loss'] > 0


@pytest.mark.parametrize('labels', [[], [-1]], ids=['no boxes', 'unknown boxes'])
def test_scenes_without_boxes_teach_background_alone(labels):
    head, scenes = make_head(), make_levels()
    empty = truth(labels, *[BIG] * len(labels))
    losses = loss_of(head, scenes, [empty, empty])
    assert float(losses['cls_loss']) > 0
    sum(losses.values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in head.parameters())


def empty_scene_levels(sites):
    """One scene of each level, with the given sites, after one without any."""
    levels = []
    for k, width in enumerate(WIDTHS, 1):
        coords = torch.tensor(sites, dtype=torch.int32).view(-1, 3) * 2**k
        coords = F.pad(coords, (1, 0), value=1)
        feats = torch.randn(len(coords), width, requires_grad=True)
        levels.append((feats, SparseVoxels(coords, 2, stride=2**k, voxel_size=0.1)))
    return MultiScaleFeatures(tuple(levels), torch.zeros(2, 3))


@pytest.mark.parametrize('sites', [[], [[0, 0, 0]]], ids=['no sites', 'one site'])
@pytest.mark.parametrize('prune_threshold', [OFF, 1])
def test_scenes_without_sites_train_and_predict(sites, prune_threshold):
    head, scenes = make_head(prune_threshold), empty_scene_levels(sites)
    losses = loss_of(head, scenes, [truth([0], BIG), truth([0], BIG)])
    sum(losses.values()).backward()
    assert all(value.isfinite() for value in losses.values())
    assert all(p.grad.isfinite().all() for p in head.parameters() if p.grad is not None)
    statistics = [b for name, b in head.named_buffers() if 'running' in name]
    assert all(b.isfinite().all() for b in statistics)
    head.eval()
    metas = [dict(box_type_3d=DepthInstance3DBoxes)] * 2
    results = head.predict_by_feat(*head(scenes), batch_input_metas=metas)
    assert len(results[0].scores_3d) == 0 and results[0].bboxes_3d.tensor.shape[1] == 7
    assert bool(len(results[1].scores_3d)) == bool(sites)


def test_pruning_to_nothing_leaves_an_empty_prediction():
    head, scenes = make_head(prune_threshold=0), make_levels()
    losses = loss_of(head, scenes, [truth([0], BIG), truth([1], BIG)])
    sum(losses.values()).backward()
    assert all(value.isfinite() for value in losses.values())
    centers = head(scenes)[0]
    assert [len(rows) for level in centers[:2] for rows in level] == [0] * 4


def test_equal_scores_are_pruned_by_row():
    head, scenes = make_head(prune_threshold=7), make_levels()
    torch.nn.init.zeros_(head.conv_cls.weight)
    torch.nn.init.zeros_(head.conv_cls.bias)
    locations = head(scenes)[3]
    whole = make_head()
    expected = whole(scenes)[3][1]
    for kept, rows in zip(locations[1], expected):
        assert torch.equal(kept, rows[:7])


def test_boxes_are_decoded_from_the_faces_and_the_origin():
    head, scenes = make_head(), make_levels()
    location = torch.tensor([[1.0, 2.0, 3.0]])
    box = head._bbox_pred_to_bbox(location, torch.tensor([[0.1, 0.5, 0.2, 0.2, 0.3, 0.5]]))
    torch.testing.assert_close(box, torch.tensor([[1.2, 2.0, 3.1, 0.6, 0.4, 0.8]]))
    moved = scenes._replace(origin=scenes.origin + torch.tensor([1.0, -2.0, 0.5]))
    for kind, (one, other) in enumerate(zip(head(scenes), head(moved))):
        shift = torch.tensor([1.0, -2.0, 0.5]) if kind == 3 else 0
        torch.testing.assert_close(one[0][1] + shift, other[0][1])


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_targets_are_the_same_bits_under_autocast(dtype):
    head, generator = make_head(), torch.Generator().manual_seed(0)
    points = [torch.rand(3000, 3, generator=generator) * torch.tensor([40.0, 40.0, 4.0]) for _ in range(3)]
    rows = torch.rand(20, 6, generator=generator) * torch.tensor([40, 40, 4, 6, 6, 3]) + 0.5
    labels = torch.arange(20) % 3
    expected = head.get_targets(points, boxes(*rows.tolist()), labels)
    with torch.autocast('cpu', dtype):
        got = head.get_targets(points, boxes(*rows.tolist()), labels)
    assert (expected[2] >= 0).sum() > 50
    assert all(map(torch.equal, got, expected))
