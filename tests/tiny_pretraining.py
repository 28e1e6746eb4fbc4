"""Pretraining methods small enough for tests."""

import torch
from mmdet3d.registry import MODELS
from mmengine.runner import Runner
from torch import nn

from swin3d_mmdet3d.pretraining import BasePretrainer
from swin3d_mmdet3d.pretraining.teachers import MomentumTeacher

TINY_SWIN3D = dict(
    channels=[16, 16, 32], num_heads=[2, 2, 4], window_sizes=[3, 3, 3], quant_size=2, signals=('xyz', 'rgb')
)


@MODELS.register_module(force=True)
class TinyImageBackbone(nn.Module):
    """Two strided convolutions with a batch norm."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 4, stride=4)
        self.norm = nn.BatchNorm2d(8)
        self.second = nn.Conv2d(8, 12, 2, stride=2)

    def forward(self, images):
        fine = self.norm(self.first(images)).relu()
        return fine, self.second(fine)


def tiny_student():
    """Config of a backbone and a neck."""
    return dict(
        backbone=dict(type='Swin3D', in_channels=6, depths=[1, 1, 1], out_indices=(0, 1, 2), **TINY_SWIN3D),
        neck=dict(type='Swin3DDecoder', attention=False, **TINY_SWIN3D),
    )


def tiny_ppkt(**changes):
    """Config of PPKT."""
    return dict(
        type='PPKT',
        data_preprocessor=dict(type='ViewPreprocessor', voxel_size=0.2),
        **{**tiny_student(), **changes.pop('student', {})},
        teacher=dict(type='FrozenImageTeacher', backbone=dict(type='TinyImageBackbone')),
        point_head=dict(type='ProjectionHead', in_channels=16, out_channels=8),
        pixel_head=dict(type='PixelProjection', in_channels=12, out_channels=8),
        **changes,
    )


def random_batch(num_samples=2, num_images=2, num_matches=60, size=(16, 24), num_points=200):
    """What the loader gives for random clouds and images."""
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.rand(*shape, generator=generator)

    def integers(high, *shape):
        return torch.randint(0, high, shape, generator=generator)

    view = dict(
        points=[],
        per_image=dict(images=[]),
        per_match=dict(image=[], pixel=[], point=[]),
        per_point={},
        ragged={},
    )
    for _ in range(num_samples):
        cloud = random(num_points, 6)
        cloud[:, 3:] = cloud[:, 3:] * 2 - 1
        view['points'].append(cloud * torch.tensor([2.0, 2, 1, 1, 1, 1]))
        view['per_image']['images'].append((random(num_images, 3, *size) * 255).byte())
        pixel = torch.stack([integers(size[1], num_matches), integers(size[0], num_matches)], dim=1)
        match = dict(
            image=integers(num_images, num_matches),
            pixel=pixel.float(),
            point=integers(num_points, num_matches),
        )
        for name, values in match.items():
            view['per_match'][name].append(values)
    return dict(inputs=dict(views=[view]), data_samples=None)


@MODELS.register_module(force=True)
class TinySelfTeaching(BasePretrainer):
    """Features of the student against those of its moving average."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.teacher = MomentumTeacher(dict(backbone=self.backbone, neck=self.neck), momentum=0.9)

    def loss(self, views, data_samples):
        feats, _ = self.encode(views[0]).finest
        target, _ = self.teacher.encode(views[0]).finest
        return dict(loss_teach=(feats - target + 1).square().mean())


def tiny_self_teaching(**student):
    """Config of a student, with further arguments of its parts, and its moving average."""
    parts = {name: dict(part, **student.get(name, {})) for name, part in tiny_student().items()}
    preprocessor = dict(type='ViewPreprocessor', voxel_size=0.2)
    return dict(type='TinySelfTeaching', data_preprocessor=preprocessor, **parts)


class Batches(torch.utils.data.Dataset):
    """The same batch over and over."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return random_batch(num_samples=1)


def first(batch):
    return batch[0]


def run_tiny(folder, model, hooks, iters=2, optimiser=None, **options):
    """The runner after training a method for some iterations, with a checkpoint at the end."""
    runner = Runner(
        model=model,
        work_dir=str(folder),
        train_dataloader=dict(
            dataset=Batches(),
            batch_size=1,
            sampler=dict(type='InfiniteSampler', shuffle=False),
            collate_fn=first,
        ),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=iters),
        optim_wrapper=dict(
            constructor='TrainableParamsOptimWrapperConstructor',
            optimizer=optimiser or dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.1),
        ),
        custom_hooks=hooks,
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=iters)),
        default_scope='mmdet3d',
        log_level='WARNING',
        experiment_name=f'{folder.name}-{iters}',
        **options,
    )
    runner.train()
    return runner
