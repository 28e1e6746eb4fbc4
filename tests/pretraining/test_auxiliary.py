"""Auxiliary objectives: they train the model's networks, and nothing of them is left at test."""

import copy
from pathlib import Path

import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmdet3d.structures import DepthInstance3DBoxes, Det3DDataSample, PointData
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from tiny_pretraining import TinyImageBackbone, tiny_student  # noqa: F401  registers it
from torch import nn

from swin3d_mmdet3d.checkpoints import load_strictly
from swin3d_mmdet3d.pretraining.teachers import FrozenImageTeacher
from swin3d_mmdet3d.synthetic_rooms import make_rooms

ROOT = Path(__file__).parents[2]


@MODELS.register_module(force=True)
class MeanColourObjective(nn.Module):
    """A level's mean feature against the mean of a frozen image network's map."""

    def __init__(self, level, channels, name='loss_mean'):
        super().__init__()
        self.level, self.name = level, name
        self.teacher = FrozenImageTeacher(dict(type='TinyImageBackbone'))
        self.head = nn.Linear(channels, 12)

    def forward(self, levels, inputs, data_samples):
        feats, _ = levels[self.level]
        target = self.teacher(inputs['view'].images)[0].mean((0, 2, 3))
        return {self.name: (self.head(feats.mean(0)) - target).square().sum()}


def segmentor():
    return dict(
        type='VoxelSegmentor',
        data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=0.2),
        decode_head=dict(type='VoxelSegHead', in_channels=16, num_classes=5),
        **tiny_student(),
    )


def detector(kind):
    name = f'{kind}/{kind}_swin3d-tiny_rooms-scannet-det.py'
    model = Config.fromfile(ROOT / 'configs' / name).model
    model['data_preprocessor']['voxel_size'] = 0.1
    return model


MODELS_UNDER_TEST = {
    'VoxelSegmentor': (segmentor(), 'decoder.0', 16),
    'VoxelDetector': (detector('fcaf3d'), 'encoder.0', 32),
    'TwoStageVoxelDetector': (detector('cagroup3d'), 'decoder.0', 32),
}
kinds = pytest.mark.parametrize('kind', MODELS_UNDER_TEST)


def with_objectives(kind, **changes):
    model, level, channels = MODELS_UNDER_TEST[kind]
    objective = dict(type='MeanColourObjective', level=level, channels=channels)
    return dict(type='WithObjectives', model=copy.deepcopy(model), objectives=[dict(objective, **changes)])


def batch(fields=True):
    """One scene with labels and boxes, and images beside it."""
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(500, 6, generator=generator) * torch.tensor([2.0, 2, 1, 2, 2, 2])
    points -= torch.tensor([0.0, 0, 0, 1, 1, 1])
    boxes = torch.tensor([[0.5, 0.5, 0.5, 0.6, 0.6, 0.6], [1.5, 1.2, 0.4, 0.5, 0.7, 0.6]])
    sample = Det3DDataSample(metainfo=dict(box_type_3d=DepthInstance3DBoxes, lidar_path='scan'))
    sample.gt_instances_3d = InstanceData(
        bboxes_3d=DepthInstance3DBoxes(boxes, box_dim=6, with_yaw=False, origin=(0.5, 0.5, 0.5)),
        labels_3d=torch.tensor([0, 3]),
    )
    sample.gt_pts_seg = PointData(
        pts_semantic_mask=torch.arange(500) % 5, pts_instance_mask=torch.arange(500) % 2
    )
    images = (torch.rand(2, 3, 16, 24, generator=generator) * 255).byte()
    inputs = dict(points=[points])
    if fields:
        inputs.update(per_point={}, per_image=dict(images=[images]), per_match={}, ragged={})
    return dict(inputs=inputs, data_samples=[sample])


def losses_of(model, data=None):
    torch.manual_seed(1)
    return model(**model.data_preprocessor(data or batch(), True), mode='loss')


def total(losses):
    values = [
        sum(value) if isinstance(value, list) else value for name, value in losses.items() if 'loss' in name
    ]
    return sum(value.sum() for value in values)


@kinds
def test_losses_are_the_plain_models_and_the_objectives(kind):
    model = MODELS.build(with_objectives(kind)).train()
    plain = copy.deepcopy(model.model)
    losses, own = losses_of(model), losses_of(plain)
    assert set(losses) == {*own, 'loss_mean'}
    for name, value in own.items():
        torch.testing.assert_close(losses[name], value, rtol=0, atol=0)


@kinds
def test_the_objective_trains_the_stem_and_its_own_weights_and_not_its_teacher(kind):
    model = MODELS.build(with_objectives(kind)).train()
    losses_of(model)['loss_mean'].backward()
    objective = model.objectives[0]
    stem = list(model.model.backbone.stem_layer.parameters())
    assert all(bool(weight.grad.abs().max() > 0) for weight in [*stem[:1], *objective.head.parameters()])
    assert all(weight.grad is None for weight in objective.teacher.parameters())


def answers(model):
    with torch.no_grad():
        (sample,) = model.eval().test_step(batch(fields=False))
    if 'pred_pts_seg' in sample:
        return [sample.pts_seg_logits.pts_seg_logits, sample.pred_pts_seg.pts_semantic_mask]
    found = sample.pred_instances_3d
    return [found.bboxes_3d.tensor, found.scores_3d, found.labels_3d]


@kinds
def test_after_training_the_exported_model_is_the_plain_one_and_predicts_the_same_to_the_bit(kind):
    torch.manual_seed(0)
    model = MODELS.build(with_objectives(kind)).train()
    optimiser = torch.optim.SGD([w for w in model.parameters() if w.requires_grad], lr=1e-3)
    for _ in range(2):
        optimiser.zero_grad()
        total(losses_of(model)).backward()
        optimiser.step()
    (weights,) = model.export().values()
    plain = MODELS.build(MODELS_UNDER_TEST[kind][0])
    load_strictly(plain, weights, 'model.pth')
    for mine, expected in zip(answers(model), answers(plain)):
        assert len(expected) and torch.equal(mine, expected)


@MODELS.register_module(force=True)
class FailingObjective(nn.Module):
    """Fails behind the model's own loss."""

    def forward(self, levels, inputs, data_samples):
        raise RuntimeError('no loss')


def hooks_of(model):
    """The hooks of all modules."""
    kinds = ('_forward_hooks', '_forward_pre_hooks', '_backward_hooks', '_backward_pre_hooks')
    return {
        f'{name}.{kind}': dict(getattr(part, kind)) for name, part in model.named_modules() for kind in kinds
    }


@kinds
def test_nothing_survives_a_loss_that_fails(kind):
    model = MODELS.build(with_objectives(kind)).train()
    before, hooks = losses_of(model), hooks_of(model.model)
    weights = copy.deepcopy(model.model.state_dict())
    model.objectives.append(FailingObjective())
    with pytest.raises(RuntimeError, match='no loss'):
        losses_of(model)
    del model.objectives[-1]
    assert hooks_of(model.model) == hooks and model.model.training
    model.model.load_state_dict(weights)  # running statistics are those of one batch more
    for name, value in losses_of(model).items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    expected = answers(copy.deepcopy(model.model))
    assert all(torch.equal(mine, wanted) for mine, wanted in zip(answers(model), expected))


class OneBatch(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return batch()


def test_the_stock_runner_leaves_model_pth_for_the_plain_model(tmp_path):
    runner = Runner(
        model=with_objectives('VoxelSegmentor'),
        work_dir=str(tmp_path),
        train_dataloader=dict(
            dataset=OneBatch(),
            batch_size=1,
            sampler=dict(type='InfiniteSampler', shuffle=False),
            collate_fn=lambda batch: batch[0],
        ),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=2),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)),
        custom_hooks=[dict(type='ExportHook')],
        default_scope='mmdet3d',
        log_level='WARNING',
        experiment_name=tmp_path.name,
    )
    runner.train()
    content = torch.load(tmp_path / 'model.pth', weights_only=True)
    assert content['meta'] == dict(method='WithObjectives', parts=['backbone', 'neck', 'decode_head'])
    plain = MODELS.build(segmentor())
    load_strictly(plain, content['state_dict'], 'model.pth')
    for mine, expected in zip(answers(runner.model), answers(plain)):
        assert torch.equal(mine, expected)


LABELLED_FRAMES = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadSceneAnnotations', with_bbox_3d=False, with_label_3d=False, with_seg_3d=True),
    dict(type='MapSemanticLabels'),
    dict(type='FindSceneFrames'),
    dict(type='LoadRGBDFrames', num_frames=2),
    dict(type='MatchVisiblePixels'),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=0.2),
    dict(type='SphereCrop', max_points=300),
    dict(type='NormalizeColorSigned'),
    dict(type='PackFieldInputs', keys=['points', 'pts_semantic_mask']),
]


def test_labelled_scenes_with_their_frames_train_under_an_objective(tmp_path):
    rooms = make_rooms('s3dis', tmp_path, 6, 1500, frames_per_room=2, workers=1, frame_size=(32, 24))
    dataset = DATASETS.build(
        dict(
            type='S3DISWholeSceneDataset',
            data_root=str(rooms),
            ann_file='s3dis_infos_Area_1.pkl',
            pipeline=LABELLED_FRAMES,
        )
    )
    config = with_objectives('VoxelSegmentor')
    config['model']['decode_head']['num_classes'] = 13
    model = MODELS.build(config).train()
    data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[0]]), True)
    view = data['inputs']['view']
    assert len(view.images) == 4 and len(view.matches) > 50
    losses = model(**data, mode='loss')
    total(losses).backward()
    assert all(bool(losses[name].isfinite()) for name in ('loss_seg', 'loss_mean'))


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match='objectives must hold at least one config'):
        MODELS.build(dict(with_objectives('VoxelSegmentor'), objectives=[]))
    with pytest.raises(TypeError, match='model must have encode and loss_by_levels, got FrozenImageTeacher'):
        teacher = dict(type='FrozenImageTeacher', backbone=dict(type='TinyImageBackbone'))
        MODELS.build(dict(with_objectives('VoxelSegmentor'), model=teacher))
    with pytest.raises(ValueError, match=r"distinct names, got \['loss_seg'\] of MeanColourObjective twice"):
        losses_of(MODELS.build(with_objectives('VoxelSegmentor', name='loss_seg')).train())
