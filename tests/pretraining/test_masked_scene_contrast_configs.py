"""The recipes of Masked Scene Contrast: what its arms change, and that each works on scans from files."""

import copy

import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmdet3d.registry import DATASETS, MODELS
from mmengine.dataset import pseudo_collate
from real_data import local_real_data
from recipe_files import RECIPES, name, on_tiny_scenes, recipe

from swin3d_mmdet3d.datasets.seeded_generators import seed_generators
from swin3d_mmdet3d.structures.normal_points import NormalPoints

OURS = [path for path in RECIPES if path.parent.name == 'masked_scene_contrast']
SCANS = [path for path in OURS if path.stem.endswith(('_scannet', '_s3dis'))]
(TINY_ROOMS,) = (path for path in OURS if path.stem == 'masked_scene_contrast_swin3d-tiny_rooms')


def as_dict(path):
    return copy.deepcopy(recipe(path).to_dict())


def arm(kind):
    return as_dict(TINY_ROOMS.with_name(f'{TINY_ROOMS.stem}_{kind}.py'))


def test_the_control_differs_in_what_belongs_together_alone():
    control = arm('shuffled')
    for part in (control['model']['matcher'], *control['model']['reconstruction'].values()):
        assert part.pop('shuffle') is True
    assert control == as_dict(TINY_ROOMS)


def test_the_arm_without_reconstruction_has_all_else():
    contrast, method = arm('no-reconstruction'), as_dict(TINY_ROOMS)
    assert contrast['model'].pop('reconstruction') == {}
    assert set(method['model'].pop('reconstruction')) == {'color', 'normal'}
    assert contrast == method


def step_by_name(pipeline, kind):
    """The step of a pipeline or of its views' pipelines."""
    for step in pipeline:
        if step['type'] == kind:
            return step
        for inner in ('global_pipeline', 'local_pipeline'):
            found = step_by_name(step.get(inner, []), kind)
            if found is not None:
                return found
    return None


def losses_of(model, samples):
    """The views and losses of a batch, after the gradient was found to reach the token."""
    data = model.data_preprocessor(pseudo_collate(samples), training=True)
    losses = model(**data, mode='loss')
    sum(value for key, value in losses.items() if 'loss' in key).backward()
    assert all(bool(value.isfinite()) for value in losses.values())
    assert model.token.grad.abs().max() > 0
    return data['inputs']['views'], losses


@pytest.mark.parametrize('path', SCANS, ids=name)
def test_a_recipe_on_scans_mixes_the_first_view_and_hides_parts_of_both(path, tmp_path):
    config = on_tiny_scenes(path, tmp_path)
    settings = config.train_dataloader.dataset
    step_by_name(settings.pipeline, 'Mix3D').prob = 1.0
    dataset = DATASETS.build(settings)
    seed_generators(0)
    model = MODELS.build(config.model).train()
    model.matcher.radius = 0.3  # points of the tiny scenes lie farther apart than voxels
    views, losses = losses_of(model, [dataset[0], dataset[1]])
    foreign = [view.at_voxels('source_xyz').isnan().any(dim=1) for view in views]
    assert foreign[0].any() and not foreign[0].all() and not foreign[1].any()
    assert losses['pairs_per_sample'] > 20 and 0.1 < losses['hidden_share'] < 0.4
    assert not any('pts_semantic_mask' in view.per_point for view in views)


def test_a_real_room_goes_through_the_recipe_of_generated_ones():
    with np.load(local_real_data('s3dis_part', 's3dis_sphere_xyzrgb_sem.npz')) as file:
        columns = np.concatenate([file['xyz'], file['rgb']], axis=1).astype(np.float32)
    columns = np.concatenate([columns, np.tile(np.float32([0, 0, 1]), (len(columns), 1))], axis=1)
    config = copy.deepcopy(recipe(TINY_ROOMS))
    pipeline = config.train_dataloader.dataset.pipeline
    step_by_name(pipeline, 'Mix3D').prob = 0.0
    transform = Compose([step for step in pipeline if not step['type'].startswith('Load')])
    seed_generators(0)
    samples = [transform(dict(points=NormalPoints.from_columns(torch.from_numpy(columns)))) for _ in range(2)]
    _, losses = losses_of(MODELS.build(config.model).train(), samples)
    assert losses['pairs_per_sample'] > 200 and 0.3 < losses['hidden_share'] < 0.5
