"""The recipes of MD: widths, and their students on hand-made scenes."""

import pytest
from recipe_files import first_step, name, on_tiny_scenes, recipe, recipes_of
from tiny_pretraining import largest_gradient

OURS, SCANS, _ = recipes_of('md')


@pytest.mark.parametrize('path', OURS, ids=name)
def test_a_hint_has_a_place_and_the_input_features_of_the_student(path):
    config = recipe(path)
    assert config.model.decoder.hint_in_channels == 3 + config.model.backbone.in_channels
    assert config.model.decoder.in_channels == config.width


@pytest.mark.slow  # networks of full size
@pytest.mark.parametrize('path', SCANS, ids=name)
def test_a_recipe_on_scans_trains_its_student(path, tmp_path):
    config = on_tiny_scenes(path, tmp_path, num_points=200)
    model, _, losses = first_step(config)
    loss, _ = model.parse_losses(losses)
    loss.backward()
    assert bool(loss.isfinite()) and loss > 0
    assert largest_gradient(model.backbone) > 0
