"""SPNet: painting by boxes, passing at three grains, and what each loss trains."""

import copy

import pytest
import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import DepthInstance3DBoxes, Det3DDataSample
from mmengine.structures import InstanceData

from swin3d_mmdet3d.pretraining.box_painting import paint, smallest_box
from swin3d_mmdet3d.pretraining.objectives.spnet import SPNet, group_distance
from swin3d_mmdet3d.structures import SparseVoxels

WIDTH, CLASSES = 16, 3
GRAINS = ('loss_voxels', 'loss_classes', 'loss_boxes')


def boxes_of(rows, yaw=True):
    """Boxes out of centre, size and, with yaw, angle."""
    rows = torch.tensor(rows).float()
    return DepthInstance3DBoxes(rows, box_dim=7 if yaw else 6, with_yaw=yaw, origin=(0.5, 0.5, 0.5))


def sample_of(boxes, labels):
    sample = Det3DDataSample(metainfo=dict(box_type_3d=DepthInstance3DBoxes))
    sample.gt_instances_3d = InstanceData(bboxes_3d=boxes, labels_3d=torch.tensor(labels))
    return sample


def random_boxes(count, seed):
    generator = torch.Generator().manual_seed(seed)
    center = torch.rand(count, 3, generator=generator) * torch.tensor([3.0, 3.0, 2.0])
    size = torch.rand(count, 3, generator=generator) * 1.5 + 0.8
    yaw = torch.rand(count, 1, generator=generator) * 6
    return boxes_of(torch.cat([center, size, yaw], dim=1).tolist())


def test_painted_voxels_are_those_of_a_loop_over_boxes_with_yaw_the_smallest_first():
    generator = torch.Generator().manual_seed(0)
    coords = torch.cat(
        [
            torch.arange(2).repeat_interleave(400)[:, None],
            torch.randint(-4, 12, (800, 3), generator=generator),
        ],
        dim=1,
    )
    coords[:, 1:] *= 2
    voxels = SparseVoxels(coords, 2, stride=2, voxel_size=0.15)
    origin = torch.tensor([[0.1, -0.2, 0.3], [0.5, 0.0, -0.1]])
    labels = [[2, 0, -1, 1, 1], [1, 1, 0, 2, -1]]
    samples = [sample_of(random_boxes(5, seed), own) for seed, own in enumerate(labels)]
    painted = paint(voxels, origin, samples)
    known = [[(box, own[box]) for box in range(5) if own[box] >= 0] for own in labels]
    assert painted.classes.tolist() == [label for own in known for _, label in own]
    for row, (item, *place) in enumerate(coords.tolist()):
        center = (torch.tensor(place) + 1) * 0.15 + origin[item]
        held = []
        for number, (box, _) in enumerate(known[item]):
            x, y, z, dx, dy, dz, yaw = samples[item].gt_instances_3d.bboxes_3d.tensor[box].double()
            offset = center.double() - torch.stack([x, y, z + dz / 2])  # boxes keep their lowest point
            turn = torch.tensor([[yaw.cos(), yaw.sin(), 0], [-yaw.sin(), yaw.cos(), 0], [0, 0, 1]])
            if bool(((turn.double() @ offset).abs() * 2 <= torch.stack([dx, dy, dz])).all()):
                held.append((float(dx * dy * dz), number + item * len(known[0])))
        assert painted.box[row] == (min(held)[1] if held else -1), row
    assert 50 < len(painted.rows) < 700
    told = painted.one_hot(CLASSES)
    assert torch.equal(told.sum(1), (painted.box >= 0).long())
    assert torch.equal(told[painted.rows].argmax(1), painted.classes[painted.box[painted.rows]])


def test_corners_of_turned_boxes_are_inside_when_drawn_in_and_outside_when_drawn_out():
    boxes = random_boxes(6, 0)
    for box in range(len(boxes)):
        offset = boxes.corners[box] - boxes.gravity_center[box]
        for factor, wanted in ((0.99, 0), (1.01, -1)):
            places = boxes.gravity_center[box] + factor * offset
            assert smallest_box(places, boxes[box : box + 1]).tolist() == [wanted] * 8


def test_the_lower_face_of_a_box_is_inside_and_the_upper_one_is_not():
    boxes = boxes_of([[1.0, 1.0, 1.0, 1.0, 1.0, 1.0]], yaw=False)
    places = torch.tensor([[0.5, 1.0, 1.0], [1.5, 1.0, 1.0], [1.0, 0.5, 0.5], [1.0, 1.0, 1.5]])
    assert smallest_box(places, boxes).tolist() == [0, -1, 0, -1]
    assert smallest_box(places, boxes[:0]).tolist() == [-1] * 4


def detector():
    """A small TR3D."""
    return dict(
        type='VoxelDetector',
        data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=0.1),
        backbone=dict(
            type='Swin3D',
            in_channels=6,
            channels=[WIDTH] * 3,
            depths=[1] * 3,
            num_heads=[2] * 3,
            window_sizes=[3] * 3,
            quant_size=2,
            signals=('xyz', 'rgb'),
            drop_path_rate=0.0,
            out_indices=(0, 1, 2),
        ),
        neck=dict(type='SparseTR3DNeck', in_channels=[WIDTH] * 3, out_channels=WIDTH),
        bbox_head=dict(
            type='SparseTR3DHead', in_channels=WIDTH, label2level=[0, 1, 0], pts_center_threshold=6
        ),
        test_cfg=dict(nms_pre=100, iou_thr=0.5, score_thr=0.01),
    )


def with_objective(**changes):
    objective = dict(
        type='SPNet',
        twin=detector(),
        num_classes=CLASSES,
        levels=('encoder.0', 'encoder.1'),
        in_channels=(WIDTH, WIDTH),
    )
    torch.manual_seed(0)
    return MODELS.build(
        dict(type='WithObjectives', model=detector(), objectives=[dict(objective, **changes)])
    )


def batch(boxes=True):
    generator = torch.Generator().manual_seed(0)
    points, samples = [], []
    for seed, labels in enumerate(([0, 2], [1, 1])):
        cloud = torch.rand(400, 6, generator=generator) * torch.tensor([2.0, 2, 1, 2, 2, 2])
        points.append(cloud - torch.tensor([0.0, 0, 0, 1, 1, 1]))
        rows = [[0.5, 0.5 + 0.1 * seed, 0.5, 0.6, 0.6, 0.6], [1.5, 1.2, 0.4, 0.5, 0.7, 0.6]]
        samples.append(sample_of(boxes_of(rows, yaw=False), labels if boxes else [-1, -1]))
    return dict(inputs=dict(points=points), data_samples=samples)


def losses_of(model, data=None):
    torch.manual_seed(1)
    return model(**model.data_preprocessor(copy.deepcopy(data or batch()), True), mode='loss')


def trained_by(loss, model):
    """The parts of the model and the objective that a loss has gradients for."""
    names, weights = zip(*model.named_parameters())
    grads = torch.autograd.grad(loss, weights, allow_unused=True, retain_graph=True)
    found = {name for name, grad in zip(names, grads) if grad is not None and bool(grad.any())}
    parts = ('model.backbone', 'objectives.0.twin', 'objectives.0.adapters')
    return {part for part in parts if any(name.startswith(part) for name in found)}


def test_passing_trains_the_student_and_the_adapters_and_the_twins_loss_the_twin_alone():
    model = with_objective().train()
    losses = losses_of(model)
    for name in GRAINS:
        assert losses[name] > 0
        assert trained_by(losses[name], model) == {'model.backbone', 'objectives.0.adapters'}, name
    assert trained_by(losses['loss_twin'], model) == {'objectives.0.twin'}


def test_a_twin_that_sees_no_paint_and_has_the_students_weights_passes_nothing():
    model = with_objective().train()
    own = model.objectives[0]
    weights = model.model.state_dict()
    stem = 'backbone.stem_layer.conv_layers.0.weight'
    wide = own.twin.state_dict()
    (stem,) = [name for name in weights if wide[name].shape != weights[name].shape]
    widened = torch.zeros_like(wide[stem])
    widened[..., :6] = weights[stem]
    own.twin.load_state_dict({**weights, stem: widened})
    for adapter in own.adapters:
        torch.nn.init.eye_(adapter.weight), torch.nn.init.zeros_(adapter.bias)
    losses = losses_of(model)
    assert all(float(losses[name].detach()) < 1e-9 for name in GRAINS)
    torch.nn.init.normal_(widened[..., 6:])
    own.twin.load_state_dict({**weights, stem: widened})
    losses = losses_of(model)
    assert all(float(losses[name].detach()) > 1e-4 for name in GRAINS)


def test_each_grain_is_the_mean_of_its_groups():
    generator = torch.Generator().manual_seed(0)
    own, wanted = (torch.randn(30, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    group = torch.randint(0, 5, (30,), generator=generator) * 2  # every other group is empty
    distances = [
        (own[group == value].mean(0) - wanted[group == value].mean(0)).square().mean()
        for value in group.unique()
    ]
    torch.testing.assert_close(group_distance(own, wanted, group, 10), torch.stack(distances).mean())


def test_losses_are_those_of_a_loop_over_levels_voxels_classes_and_boxes():
    model = with_objective(weights=(0.5, 0.3, 0.2)).eval()
    own = model.objectives[0]
    data = model.data_preprocessor(batch(), True)
    inputs, samples = data['inputs'], data['data_samples']
    with torch.no_grad():
        levels = model.model.encode(inputs)
        found = own(levels, inputs, samples)
        told = paint(inputs['voxels'], inputs['origin'], samples).one_hot(CLASSES)
        twins = own.twin.encode(dict(inputs, feats=torch.cat([inputs['feats'], told], dim=1)))
        wanted = dict.fromkeys(GRAINS, 0.0)
        for name, adapter in zip(('encoder.0', 'encoder.1'), own.adapters):
            feats, voxels = levels[name]
            painted = paint(voxels, inputs['origin'], samples)
            error = {}
            for row in painted.rows.tolist():
                box = int(painted.box[row])
                student, twin = (
                    (rows[row] - rows[row].mean()) / (rows[row].var(unbiased=False) + 1e-5).sqrt()
                    for rows in (feats, twins[name][0])
                )
                difference = adapter(student) - twin
                keys = ('loss_voxels', row), ('loss_classes', int(painted.classes[box])), ('loss_boxes', box)
                for key in keys:
                    error.setdefault(key, []).append(difference)
            for grain, weight in zip(GRAINS, (0.5, 0.3, 0.2)):
                means = [torch.stack(rows).mean(0) for (kind, _), rows in error.items() if kind == grain]
                wanted[grain] += weight * torch.stack(means).square().mean() / 2
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, msg=name)


def test_splitting_a_box_changes_what_boxes_pass_and_not_what_classes_do():
    model = with_objective().eval()
    whole, split = batch(), batch()
    rows = [[0.5, 0.5, 0.35, 0.6, 0.6, 0.3], [0.5, 0.5, 0.65, 0.6, 0.6, 0.3], [1.5, 1.2, 0.4, 0.5, 0.7, 0.6]]
    split['data_samples'][0] = sample_of(boxes_of(rows, yaw=False), [0, 0, 2])
    with torch.no_grad():
        first, second = losses_of(model, whole), losses_of(model, split)
    for name in ('loss_voxels', 'loss_classes'):
        torch.testing.assert_close(first[name], second[name])
    assert abs(float(first['loss_boxes'] - second['loss_boxes'])) > 1e-4


def test_without_a_known_box_nothing_passes_and_every_adapter_has_a_gradient():
    model = with_objective().train()
    losses = losses_of(model, batch(boxes=False))
    assert all(losses[name] == 0 for name in GRAINS)
    model.parse_losses(losses)[0].backward()
    assert all(weight.grad is not None for weight in model.objectives[0].adapters.parameters())


def test_the_control_tells_the_twin_other_classes_of_the_same_boxes():
    own, control = with_objective(), with_objective(shuffle=True)
    data = own.data_preprocessor(batch(), True)
    inputs, samples = data['inputs'], data['data_samples']
    true, told = (
        SPNet._paint(m.objectives[0], inputs['voxels'], inputs['origin'], samples) for m in (own, control)
    )
    assert torch.equal(true.box, told.box)
    assert bool((true.classes != told.classes).all())


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match='in_channels must be one for each of'):
        with_objective(in_channels=(16,))
    with pytest.raises(ValueError, match='weights must be of voxels, classes and boxes, got'):
        with_objective(weights=(1.0,))
