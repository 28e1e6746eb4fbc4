"""The recipes of 4DContrast: widths, and those on scans with a cloud in place of the files."""

import copy

import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmdet3d.registry import MODELS
from mmengine.dataset import pseudo_collate
from recipe_files import name, recipe, recipes_of

from swin3d_mmdet3d.datasets.seeded_generators import seed_generators
from swin3d_mmdet3d.structures.normal_points import NormalPoints

OURS, SCANS, _ = recipes_of('four_d_contrast')


@pytest.mark.parametrize('path', OURS, ids=name)
def test_widths_of_heads_are_those_of_the_networks_and_pairs_lie_within_one_and_a_half_voxels(path):
    config = recipe(path)
    with torch.device('meta'):
        model = MODELS.build(config.model)
    widths = [head.layers[0].in_features for head in (model.head, model.sequence_head)]
    assert widths == ([32, 32] if 'rooms' in path.stem else [config.width, 96])
    assert model.sequence.layers[0].linear.out_features == widths[1]
    assert model.matcher.radius == pytest.approx(1.5 * config.model.data_preprocessor.voxel_size)


def cloud():
    """A floor of 3 x 3 m with a wall."""
    rng = np.random.default_rng(0)
    xyz = rng.uniform([0, 0, 0], [3, 3, 0.01], (400, 3))
    xyz[:100] = rng.uniform([0, 0, 0], [0.01, 3, 2], (100, 3))
    columns = np.concatenate([xyz, rng.uniform(0, 255, (400, 3))], axis=1).astype(np.float32)
    return dict(points=NormalPoints.from_columns(torch.from_numpy(columns)))


@pytest.mark.slow  # two networks of full size over five views
@pytest.mark.parametrize('path', SCANS, ids=name)
def test_a_recipe_on_scans_trains_its_student(path):
    config = copy.deepcopy(recipe(path))
    steps = [step for step in config.train_dataloader.dataset.pipeline if 'Load' not in step['type']]
    (insert,) = (step for step in steps if step['type'] == 'InsertMovingObject')
    insert['objects'] = dict(type='mmdet3d.GeneratedObjectDataset', num_points=100)
    insert['size'] = (0.4, 0.6)
    seed_generators(0)
    sample = Compose(steps)(cloud())
    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    model.matcher.radius = 0.2  # points lie farther apart than voxels
    data = model.data_preprocessor(pseudo_collate([sample]), training=True)
    losses = model(**data, mode='loss')
    loss, _ = model.parse_losses(losses)
    loss.backward()
    assert losses['pairs_per_sample'] > 20 and losses['moving_pairs'] > 0 and bool(loss.isfinite())
    grads = [weight.grad for weight in model.backbone.parameters()]
    assert all(grad is not None and bool(grad.isfinite().all()) for grad in grads)
