"""C2P's recipes: each learns from its own pipeline, and what its arms change."""

import pytest
from mmdet3d.registry import DATASETS, MODELS
from mmengine.dataset import pseudo_collate
from recipe_files import name, on_tiny_scenes, recipe, recipes_of
from tiny_pretraining import largest_gradient

from swin3d_mmdet3d.datasets.seeded_generators import seed_generators

OURS, SCANS, TINY_ROOMS = recipes_of('c2p')


def arm(kind):
    return recipe(TINY_ROOMS.with_name(f'{TINY_ROOMS.stem}_{kind}.py')).to_dict()


@pytest.mark.parametrize(
    'path', [pytest.param(path, marks=[pytest.mark.slow] * ('unet' in path.stem)) for path in SCANS], ids=name
)
def test_a_recipe_on_scans_pairs_frames_with_the_complete_cloud(path, tmp_path):
    config = on_tiny_scenes(path, tmp_path)
    settings = config.train_dataloader.dataset
    for step in settings.pipeline:
        if step.type == 'PartialFrames':
            step.num_frames = 3
    dataset = DATASETS.build(settings)
    seed_generators(0)
    model = MODELS.build(config.model).train()
    data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[0]]), training=True)
    assert len(data['inputs']['views']) == 4
    assert not any('pts_semantic_mask' in view.per_point for view in data['inputs']['views'])
    losses = model(**data, mode='loss')
    model.parse_losses(losses)[0].backward()
    assert losses['pairs_per_sample'] > 5 and losses['loss_frames'] > 0 and losses['loss_forward'] > 0
    for part in (model.backbone, model.forward_head, model.backward_head):
        assert largest_gradient(part) > 0


def test_the_control_differs_in_whose_fields_points_have_alone():
    control, method = arm('shuffled'), recipe(TINY_ROOMS).to_dict()
    steps = {step['type']: step for step in control['train_dataloader']['dataset']['pipeline']}
    assert steps['PartialFrames'].pop('shuffle') is True
    assert control['train_dataloader'] == method['train_dataloader'] and control['model'] == method['model']


def test_the_arm_of_points_alone_differs_in_the_weight_of_frames_alone():
    other, method = arm('points-alone'), recipe(TINY_ROOMS).to_dict()
    assert other['model'].pop('frame_weight') == 0 and method['model'].pop('frame_weight') == 1
    assert other['model'] == method['model'] and other['train_dataloader'] == method['train_dataloader']


def test_the_predictors_are_four_times_as_wide_inside_as_the_student():
    for path in OURS:
        predictor = recipe(path).model.predictor
        assert predictor.hidden_channels == 4 * predictor.in_channels
