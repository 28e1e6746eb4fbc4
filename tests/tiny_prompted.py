"""A tiny prompted segmentor and a batch for it."""

from pathlib import Path

import torch
import torch.distributed as dist
from mmdet3d.registry import MODELS
from mmdet3d.structures import Det3DDataSample, PointData
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope

import swin3d_mmdet3d.pretraining  # noqa: F401  registers PPT

CONDITIONS = ('Structured3D', 'ScanNet', 'S3DIS')
NUM_CLASSES = dict(Structured3D=25, ScanNet=20, S3DIS=13)


def tiny_segmentor():
    sizes = dict(channels=[8, 16, 16], num_heads=[1, 2, 2], window_sizes=[4, 5, 5], quant_size=4)
    return dict(
        type='VoxelSegmentor',
        data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=0.1),
        backbone=dict(
            type='Swin3D', in_channels=6, depths=[1, 1, 1], drop_path_rate=0.0, out_indices=(0, 1, 2), **sizes
        ),
        neck=dict(type='Swin3DDecoder', drop_path=0.0, **sizes),
        decode_head=dict(
            type='LanguageAlignedHead',
            in_channels=8,
            text_table='indoor36_all-minilm-l6-v2.npz',
            class_names={name: name for name in CONDITIONS},
        ),
    )


def prompted(norms='both', conditions=CONDITIONS, **kwargs):
    """A PPT model whose modulation and norms are set apart, so that conditions differ."""
    model = MODELS.build(
        ConfigDict(type='PPT', conditions=list(conditions), norms=norms, model=tiny_segmentor(), **kwargs)
    )
    for name, parameter in model.named_parameters():
        if 'modulation' in name or '.norms.' in name:
            with torch.no_grad():
                parameter.add_(0.2 * torch.randn_like(parameter))
    return model


def batch(*conditions, num_points=400):
    """One scene per condition, with labels that each condition has."""
    points, samples = [], []
    for condition in conditions:
        cloud = torch.rand(num_points, 6) * 2 - 1
        sample = Det3DDataSample(
            metainfo=dict(condition=condition),
            gt_pts_seg=PointData(pts_semantic_mask=torch.randint(0, 13, (num_points,))),
        )
        points.append(cloud)
        samples.append(sample)
    return dict(inputs=dict(points=points), data_samples=samples)


def train_on_rank(rank, folder):
    """A step on each condition with one of two processes; the weights go to a file of the rank."""
    torch.set_num_threads(1)
    init_default_scope('mmdet3d')
    rendezvous = f'file://{folder}/rendezvous'
    dist.init_process_group('gloo', init_method=rendezvous, rank=rank, world_size=2)
    torch.manual_seed(0)
    model = torch.nn.parallel.DistributedDataParallel(prompted('both'), find_unused_parameters=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    torch.manual_seed(1 + rank)
    for condition in CONDITIONS:
        optimizer.zero_grad()
        data = model.module.data_preprocessor(batch(condition), True)
        model(**data, mode='loss')['loss_seg'].backward()
        optimizer.step()
    weights = {name: p.detach() for name, p in model.module.named_parameters()}
    torch.save(weights, Path(folder) / f'{rank}.pth')
    dist.destroy_process_group()
