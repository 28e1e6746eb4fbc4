"""The scene recipes of ACT: hidden cells alone, by their directions, against targets without noise."""

import copy

import pytest
import torch
from mmdet3d.registry import MODELS
from recipe_files import RECIPES, name, recipe
from shrunk_methods import build, first_batch, loss_of, shrink, write_rooms

OURS = [path for path in RECIPES if path.parent.name == 'act']
ROOMS = next(path for path in OURS if path.stem.endswith('rooms'))


@pytest.mark.parametrize('path', OURS, ids=name)
def test_recipes_compare_features_of_hidden_cells_by_their_directions_and_no_points(path):
    model = recipe(path).model
    assert (model.type, model.feature_at, model.feature_criterion.type) == (
        'I2PMAE',
        'hidden',
        'CosineDistance',
    )
    assert model.point_head is None and model.masker.temperature == float('inf')
    visible = MODELS.build(model.masker)(torch.rand(64), torch.tensor([0, 64]))
    assert int(visible.sum()) in (12, 13)  # of 64 tokens


def test_the_control_differs_in_the_pixels_alone():
    shuffled = ROOMS.with_name(f'{ROOMS.stem}_shuffled.py')
    control, method = (copy.deepcopy(recipe(path).to_dict()) for path in (shuffled, ROOMS))
    assert control['model']['matcher'].pop('shuffle') is True
    assert control == method


def test_rows_of_hidden_cells_that_a_pixel_shows_are_compared_and_their_targets_have_no_noise(tmp_path):
    config = shrink(ROOMS, write_rooms(tmp_path))
    batch, model = first_batch(config), build(config)
    seen, masks = [], []
    criterion, masker = model.feature_criterion, model.masker

    class Watched(torch.nn.Module):
        def forward(self, prediction, target):
            seen.append((prediction, target))
            return criterion(prediction, target)

    class Remembered(torch.nn.Module):
        def forward(self, *given):
            masks.append(masker(*given))
            return masks[-1]

    look, looked = model.look, []
    model.look = lambda *given: looked.append(look(*given)) or looked[-1]
    model.feature_criterion, model.masker = Watched(), Remembered()
    for _ in range(2):
        torch.manual_seed(0)
        loss = loss_of(model, batch)
    (_, targets), (_, again) = seen
    assert torch.equal(targets, again)
    shown = looked[0][2]
    assert len(targets) == int((shown & ~masks[0]).sum()) > 0
    loss.backward()
    assert all(weight.grad is None for weight in model.teacher.parameters())
    assert not model.teacher.training and model.training
