"""C2P's recipes: each learns from its own pipeline, and what its arms change."""

import pytest
from recipe_files import beside_control, first_step, name, on_tiny_scenes, recipe, recipes_of
from tiny_pretraining import largest_gradient

OURS, SCANS, TINY_ROOMS = recipes_of('c2p')


@pytest.mark.parametrize(
    'path', [pytest.param(path, marks=[pytest.mark.slow] * ('unet' in path.stem)) for path in SCANS], ids=name
)
def test_a_recipe_on_scans_pairs_frames_with_the_complete_cloud(path, tmp_path):
    config = on_tiny_scenes(path, tmp_path)
    for step in config.train_dataloader.dataset.pipeline:
        if step.type == 'PartialFrames':
            step.num_frames = 3
    model, data, losses = first_step(config)
    assert len(data['inputs']['views']) == 4
    assert not any('pts_semantic_mask' in view.per_point for view in data['inputs']['views'])
    model.parse_losses(losses)[0].backward()
    assert losses['pairs_per_sample'] > 5 and losses['loss_frames'] > 0 and losses['loss_forward'] > 0
    for part in (model.backbone, model.forward_head, model.backward_head):
        assert largest_gradient(part) > 0


def test_the_arm_of_points_alone_differs_in_the_weight_of_frames_alone():
    method, other = beside_control(TINY_ROOMS, 'points-alone')
    assert other['model'].pop('frame_weight') == 0 and method['model'].pop('frame_weight') == 1
    assert other['model'] == method['model'] and other['train_dataloader'] == method['train_dataloader']


def test_the_predictors_are_four_times_as_wide_inside_as_the_student():
    for path in OURS:
        predictor = recipe(path).model.predictor
        assert predictor.hidden_channels == 4 * predictor.in_channels
