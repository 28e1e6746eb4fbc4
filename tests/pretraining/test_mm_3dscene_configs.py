"""The recipes of MM-3DScene on real data, their students at full size, on hand-made scenes."""

import pytest
from recipe_files import beside_control, first_step, name, on_tiny_scenes, recipes_of
from tiny_pretraining import largest_gradient

_, REAL, ROOMS = recipes_of('mm_3dscene')


@pytest.mark.parametrize('path', REAL, ids=name)
def test_recipe_trains_all_scales_of_its_student_on_its_own_pipeline(path, tmp_path):
    config = on_tiny_scenes(path, tmp_path, num_points=200)
    model, data, losses = first_step(config)
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
    configs = beside_control(ROOMS, 'random-mask')
    maskers = [config['model'].pop('masker') for config in configs]
    assert configs[0] == configs[1]
    assert [masker.pop('type') for masker in maskers] == ['InformativeVoxels', 'RandomVoxels']
    assert maskers[0].pop('num_neighbors') == 30
    assert maskers[0] == maskers[1]
