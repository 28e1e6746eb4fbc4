"""The recipes of MM-3DScene on real data, their students at full size, on hand-made scenes."""

from pathlib import Path

import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from recipe_files import on_tiny_scenes
from tiny_pretraining import largest_gradient

import swin3d_mmdet3d  # noqa: F401

CONFIGS = Path(__file__).parents[2] / 'configs' / 'pretraining' / 'mm_3dscene'
REAL = sorted(path for path in CONFIGS.glob('*.py') if 'rooms' not in path.stem)


@pytest.mark.parametrize('path', REAL, ids=lambda path: path.stem)
def test_recipe_trains_all_scales_of_its_student_on_its_own_pipeline(path, tmp_path):
    config = on_tiny_scenes(path, tmp_path, num_points=200)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[0]]), training=True)
    losses = model(**data, mode='loss')
    total, _ = model.parse_losses(losses)
    total.backward()
    assert 'pts_semantic_mask' not in data['inputs']['views'][0].per_point
    assert len(model.folding) == 5 and {f'chamfer_{level}' for level in range(5)} <= set(losses)
    assert bool(total.isfinite()) and all(losses[f'chamfer_{level}'] > 0 for level in range(5))
    for part in (model.backbone, model.folding):
        assert largest_gradient(part) > 0
    assert float(next(model.backbone.parameters()).grad.abs().max()) > 0
    assert all(weight.grad is None for weight in model.teacher.parameters())


def test_the_control_differs_from_the_method_in_its_masker_alone():
    own, control = (
        Config.fromfile(CONFIGS / f'mm_3dscene_swin3d-tiny_rooms{suffix}.py')
        for suffix in ('', '_random-mask')
    )
    maskers = [config.model.pop('masker') for config in (own, control)]
    assert own.to_dict() == control.to_dict()
    assert [masker.pop('type') for masker in maskers] == ['InformativeVoxels', 'RandomVoxels']
    assert maskers[0].pop('num_neighbors') == 30
    assert maskers[0] == maskers[1]
