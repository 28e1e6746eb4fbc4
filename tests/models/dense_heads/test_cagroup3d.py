"""CAGroup3D: targets, losses and boxes of both stages."""

import math

import pytest
import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import DepthInstance3DBoxes, Det3DDataSample, PointData
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.models.dense_heads.cagroup3d import head as cagroup3d_head
from swin3d_mmdet3d.models.dense_heads.cagroup3d.class_aware_grouping import group_class_points
from swin3d_mmdet3d.structures import MultiScaleFeatures, SparseVoxels

SIZES = dict(channels=[8, 16, 16], num_heads=[2, 2, 2], window_sizes=[3, 3, 3])
MODEL = dict(
    type='TwoStageVoxelDetector',
    data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=0.05, features=('offset', 'rgb')),
    backbone=dict(
        type='Swin3D', in_channels=6, depths=[1, 1, 1], down_stride=2, out_indices=(0, 1, 2), **SIZES
    ),
    neck=dict(type='Swin3DDecoder', attention=False, out_level=1, **SIZES),
    bbox_head=dict(
        type='CAGroup3DHead',
        num_classes=2,
        in_channels=16,
        channels=8,
        class_sizes=[[0.4, 0.3, 0.5], [0.2, 0.2, 0.2]],
        kernel_size=3,
        expand_kernel_size=3,
    ),
    roi_head=dict(
        type='CAGroup3DRoIHead',
        num_classes=2,
        in_channels=8,
        channels=8,
        grid_size=3,
        kernel_size=3,
        fc_channels=[8],
    ),
    train_cfg=dict(num_rois=16),
    test_cfg=dict(nms_pre=50, iou_thr=0.5, score_thr=0.01),
)
BOXES = torch.tensor([[0.4, 0.4, 0.3, 0.8, 0.6, 0.6], [1.5, 1.2, 0.4, 0.5, 0.5, 0.8]])


@pytest.fixture(scope='module')
def detector():
    torch.manual_seed(0)
    model = MODELS.build(ConfigDict(MODEL))
    model.init_weights()
    return model


def scene(num_points=300, extent=2.0):
    cloud = torch.rand(num_points, 6) * 2 - 1
    cloud[:, :3] = torch.rand(num_points, 3) * extent
    return cloud


def as_boxes(rows):
    return DepthInstance3DBoxes(rows, box_dim=6, with_yaw=False, origin=(0.5, 0.5, 0.5))


def sample_of(cloud, boxes=BOXES, labels=(0, 1)):
    """A sample whose points inside box i are instance i + 1."""
    semantic = torch.full((len(cloud),), 2)
    instance = torch.zeros(len(cloud), dtype=torch.int64)
    for i, (box, label) in enumerate(zip(boxes, labels)):
        inside = ((cloud[:, :3] - box[:3]).abs() < box[3:] / 2).all(1)
        semantic[inside], instance[inside] = label, i + 1
    sample = Det3DDataSample(metainfo=dict(box_type_3d=DepthInstance3DBoxes))
    sample.gt_instances_3d = InstanceData(
        bboxes_3d=as_boxes(boxes), labels_3d=torch.tensor(labels, dtype=torch.int64)
    )
    sample.gt_pts_seg = PointData(pts_semantic_mask=semantic, pts_instance_mask=instance)
    return sample


def run(model, clouds, samples, mode):
    data = model.data_preprocessor(
        dict(inputs=dict(points=clouds), data_samples=samples), training=mode == 'loss'
    )
    return model(**data, mode=mode)


def confident(model):
    """Every voxel is of both classes, every cell a candidate."""
    head = model.bbox_head
    torch.nn.init.zeros_(head.conv_semantic.bias)
    torch.nn.init.zeros_(head.conv_cls.bias)
    for layer in (head.conv_cls, head.conv_center, head.conv_reg, model.roi_head.conv_reg):
        torch.nn.init.normal_(layer.weight, std=0.3)
    return model


@pytest.fixture
def confident_detector():
    torch.manual_seed(1)
    return confident(MODELS.build(ConfigDict(MODEL)))


def predicted(model, clouds):
    model.eval()
    with torch.no_grad():
        samples = run(model, clouds, [sample_of(cloud) for cloud in clouds], 'predict')
    return [
        (s.pred_instances_3d.bboxes_3d, s.pred_instances_3d.scores_3d, s.pred_instances_3d.labels_3d)
        for s in samples
    ]


def assert_same_prediction(first, second, shift=0.0):
    boxes, scores, labels = first
    assert len(boxes) > 5
    torch.testing.assert_close(boxes.gravity_center + shift, second[0].gravity_center, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(boxes.dims, second[0].dims, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(scores, second[1], atol=1e-5, rtol=1e-4)
    assert torch.equal(labels, second[2])


def test_two_scenes_are_predicted_as_each_alone(confident_detector):
    clouds = [scene(300), scene(120, extent=1.0)]
    together = predicted(confident_detector, clouds)
    for cloud, expected in zip(clouds, together):
        (alone,) = predicted(confident_detector, [cloud])
        assert_same_prediction(alone, expected)


def test_boxes_move_with_the_scene(confident_detector):
    cloud = scene()
    shift = torch.tensor([-4.0, 2.5, 0.5])  # whole voxels, exact in float32
    cloud[:, :3] = (cloud[:, :3] * 1024).round() / 1024
    moved = cloud.clone()
    moved[:, :3] += shift
    assert_same_prediction(
        *predicted(confident_detector, [cloud]), *predicted(confident_detector, [moved]), shift
    )


@pytest.mark.parametrize(
    'case', ['usual', 'no boxes', 'unknown class', 'nothing above the threshold', 'no proposals']
)
def test_losses_are_finite_and_reach_every_parameter(case):
    model = MODELS.build(ConfigDict(MODEL))
    model.init_weights()
    if case != 'nothing above the threshold':
        confident(model)
    if case == 'no proposals':
        torch.nn.init.constant_(model.bbox_head.conv_cls.bias, -20.0)
    clouds = [scene(), scene(150, extent=1.2)]
    samples = [sample_of(cloud) for cloud in clouds]
    if case == 'no boxes':
        samples = [sample_of(cloud, BOXES[:0], ()) for cloud in clouds]
    if case == 'unknown class':
        samples = [sample_of(cloud, BOXES, (-1, -1)) for cloud in clouds]
    model.train()
    losses = run(model, clouds, samples, 'loss')
    names = {'center_loss', 'bbox_loss', 'cls_loss', 'semantic_loss', 'vote_loss', 'roi_loss'}
    assert set(losses) == names
    assert all(torch.isfinite(value) for value in losses.values())
    if case == 'usual':
        assert {name for name in names if losses[name] > 0} >= names - {'roi_loss'}
    sum(losses.values()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


def test_cells_of_a_class_learn_boxes_of_that_class(detector):
    points = [
        torch.tensor([[0.4, 0.4, 0.3], [0.5, 0.4, 0.3], [1.5, 1.2, 0.4]]),
        torch.tensor([[0.4, 0.4, 0.3], [1.5, 1.2, 0.3]]),
    ]
    centre, boxes, labels = detector.bbox_head.get_targets(points, as_boxes(BOXES), torch.tensor([0, 1]))
    # of 3 and 2 candidates, one less learns: the topk of mmdet3d is strict
    assert labels.tolist() == [0, 0, -1, -1, 1]
    torch.testing.assert_close(centre[:2], torch.tensor([1.0, (0.3 / 0.5) ** 0.5]))
    torch.testing.assert_close(centre[4], torch.tensor((0.3 / 0.5) ** 0.5))
    torch.testing.assert_close(boxes[labels >= 0], BOXES[[0, 0, 1]])


def test_a_voxel_takes_the_class_of_the_smallest_box_around_it(detector):
    head = detector.bbox_head
    boxes = torch.tensor([[0.0, 0, 0, 2, 2, 2], [0.0, 0, 0, 1, 1, 1]])
    places = torch.tensor([[0.8, 0, 0], [0.2, 0, 0], [1.2, 0, 0]])
    instances = InstanceData(bboxes_3d=as_boxes(boxes), labels_3d=torch.tensor([0, 1]))
    right = torch.tensor([[9.0, -9], [-9, 9], [-9, -9]])
    assert float(head._semantic_loss(right, places, instances)) < 1e-6
    for voxel in range(3):
        wrong = right.clone()
        wrong[voxel] = -wrong[voxel]
        assert float(head._semantic_loss(wrong, places, instances)) > 1


def test_vote_loss_is_that_of_a_loop(detector):
    cloud = scene(60)
    sample, vote, place = sample_of(cloud), torch.randn(10, 3) * 0.2, cloud[:10, :3].contiguous()
    total = 0.0
    for i in range(10):
        label = int(sample.gt_pts_seg.pts_instance_mask[i])
        weight = (label > 0) / 10 + 1e-6
        target = BOXES[label - 1, :3] - place[i] if label else torch.zeros(3)
        for error in (vote[i] - target).abs().tolist():
            total += weight * (error**2 / 0.08 if error < 0.04 else error - 0.02)
    loss = detector.bbox_head._vote_loss(vote, place, cloud, sample)
    assert float(loss) == pytest.approx(total, rel=1e-5)


def test_votes_without_instance_mask_are_refused(detector):
    cloud = scene(60)
    sample = sample_of(cloud)
    del sample.gt_pts_seg.pts_instance_mask
    with pytest.raises(ValueError, match=r"got none of \['pts_instance_mask'\]"):
        detector.bbox_head._vote_loss(torch.zeros(5, 3), cloud[:5, :3], cloud, sample)


def test_votes_end_one_voxel_outside_their_own_scene(confident_detector):
    """Whatever the second scene is: its extent does not bound the votes of the first."""
    head = confident_detector.bbox_head.eval()
    torch.nn.init.constant_(head.conv_vote[-1].weight, 50.0)
    places = torch.tensor([[0, 0, 0, 0], [0, 4, 8, 2], [1, 0, 0, 0], [1, 400, 400, 400]])
    level = (torch.rand(4, 16), SparseVoxels(places, 2, stride=2, voxel_size=0.05))
    maps = head(MultiScaleFeatures((level,), torch.zeros(2, 3)))
    cells = maps.classes[0].location[0]
    edge = head.cell_sizes[0]
    assert (cells >= -0.1 - edge).all() and (cells <= torch.tensor([0.3, 0.5, 0.2]) + edge).all()


def test_voxels_are_grouped_above_the_threshold_of_training_or_of_evaluation():
    head = confident(MODELS.build(ConfigDict(MODEL))).bbox_head
    head.semantic_threshold, head.min_semantic_threshold = 0.6, 0.2
    torch.nn.init.zeros_(head.conv_semantic.weight)
    torch.nn.init.zeros_(head.conv_vote[-1].weight)
    level = (torch.rand(2, 16), SparseVoxels(torch.tensor([[0, 0, 0, 0], [0, 40, 0, 0]]), 1, 2, 0.05))
    cells = {}
    for score in (0.1, 0.4, 0.7):
        torch.nn.init.constant_(head.conv_semantic.bias, math.log(score / (1 - score)))
        for training in (True, False):
            maps = head.train(training)(MultiScaleFeatures((level,), torch.zeros(1, 3)))
            cells[score, training] = [len(of_class.location[0]) for of_class in maps.classes]
    assert cells[0.1, True] == cells[0.1, False] == cells[0.4, True] == [0, 0]
    assert cells[0.4, False] == cells[0.7, True] == cells[0.7, False] == [2, 2]


def test_losses_of_boxes_leave_votes_and_class_scores_alone_whatever_grouping_does(monkeypatch):
    def grouping(xyz, scene, label, feats, *args):
        return group_class_points(xyz, scene, label, feats + xyz.sum(1, keepdim=True), *args)

    monkeypatch.setattr(cagroup3d_head, 'group_class_points', grouping)
    model = confident(MODELS.build(ConfigDict(MODEL))).train()
    cloud = scene()
    losses = run(model, [cloud], [sample_of(cloud)], 'loss')
    boxes = losses['center_loss'] + losses['bbox_loss'] + losses['cls_loss']
    head = model.bbox_head
    weights = [*head.conv_vote.parameters(), *head.conv_semantic.parameters()]
    assert float(boxes) > 0
    assert not any(g is not None for g in torch.autograd.grad(boxes, weights, allow_unused=True))


def test_exact_places_are_those_of_the_points_and_the_middles_of_cells():
    coords = torch.tensor([[0, 2, 4, 6], [0, 8, 0, 2], [1, 0, 0, 0]])
    inside = torch.tensor([[3.2, 4.1, 6.9], [9.5, 1.5, 2.5], [0.5, 1.0, 1.9]])
    level = (torch.rand(3, 16), SparseVoxels(coords, 2, 2, 0.05, dict(xyz=inside)))
    origin = torch.tensor([[1.0, 2, 3], [-4, 0, 4]])
    places = {}
    for exact in (False, True):
        torch.manual_seed(0)
        model = MODELS.build(ConfigDict(MODEL, bbox_head=dict(MODEL['bbox_head'], exact_places=exact)))
        head = confident(model).bbox_head.eval()
        torch.nn.init.zeros_(head.conv_vote[-1].weight)
        places[exact] = head(MultiScaleFeatures((level,), origin))
    shift = origin[coords[:, 0]]
    torch.testing.assert_close(places[False].location, coords[:, 1:] * 0.05 + shift)
    torch.testing.assert_close(places[True].location, inside * 0.05 + shift)
    for label, size in enumerate(head.cell_sizes):
        for scene in (0, 1):
            rows = coords[:, 0] == scene
            cells = torch.unique((inside[rows] * 0.05 / size).floor(), dim=0)
            found = places[True].classes[label].location[scene]
            torch.testing.assert_close(found, (cells + 0.5) * size + origin[scene])
            cells = torch.unique((coords[rows, 1:] * 0.05 / size).floor(), dim=0)
            found = places[False].classes[label].location[scene]
            torch.testing.assert_close(found, cells * size + origin[scene])


def test_decoding_to_a_coarser_level_stops_the_same_decoder_earlier():
    full = MODELS.build(dict(type='Swin3DDecoder', attention=True, **SIZES)).eval()
    short = MODELS.build(dict(type='Swin3DDecoder', attention=True, out_level=1, **SIZES)).eval()
    missing = short.load_state_dict(full.state_dict(), strict=False)
    assert not missing.missing_keys
    cloud = scene()
    detector = MODELS.build(ConfigDict(MODEL)).eval()
    inputs = detector.data_preprocessor(dict(inputs=dict(points=[cloud]), data_samples=[]))['inputs']
    with torch.no_grad():
        levels = detector.backbone(inputs['feats'], inputs['voxels'])
        feats, voxels = short(levels)
        fine, fine_voxels = full.upsamples[0](*levels[2], *levels[1]), levels[1][1]
    assert voxels is fine_voxels and voxels.stride == 2
    assert torch.equal(feats, fine)


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(class_sizes=[[0.1, 0.1, 0.1]]), 'class_sizes must have 2 rows, got 1'),
        (dict(class_sizes=[[0.1, 0.1], [0.1, 0.1]]), 'rows of three positive lengths'),
        (dict(expand=2), 'expand must be odd'),
    ],
)
def test_head_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build({**MODEL['bbox_head'], **change})


def test_voxels_of_no_object_weigh_little_but_not_nothing_in_float16(detector):
    cloud = scene(70_000)
    sample = sample_of(cloud, BOXES[:0], ())
    place, vote = cloud[:, :3], torch.full((70_000, 3), 0.5).half()
    expected = detector.bbox_head._vote_loss(vote.float(), place, cloud, sample)
    got = detector.bbox_head._vote_loss(vote, place, cloud, sample)
    torch.testing.assert_close(got.float(), expected, rtol=1e-3, atol=0)
