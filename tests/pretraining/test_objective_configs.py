"""The recipes of objectives beside labels: the full-sized ones on small rooms, and what their arms change."""

import copy
from pathlib import Path

import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.dataset import pseudo_collate
from recipe_files import recipe, without_weights

from swin3d_mmdet3d.checkpoints import load_strictly
from swin3d_mmdet3d.datasets.wrapped_settings import innermost_dataset
from swin3d_mmdet3d.synthetic_rooms import make_rooms

CONFIGS = Path(__file__).parents[2] / 'configs'
PRETRAINING = CONFIGS / 'pretraining'
PLAIN = {
    'two_dpass/two_dpass_swin3d-small_scannet-seg': 'swin3d/swin3d-small_scannet-seg',
    'point_mcd/point_mcd_swin3d-small_scannet-seg': 'swin3d/swin3d-small_scannet-seg',
}
FOLDERS = ('two_dpass', 'point_mcd', 'spnet')
ARMS = sorted(path for folder in FOLDERS for path in (PRETRAINING / folder).glob('*_rooms_*.py'))


@pytest.fixture(scope='module')
def rooms(tmp_path_factory):
    folder = tmp_path_factory.mktemp('rooms') / 'scannet'
    return make_rooms('scannet', folder, 2, 4000, frames_per_room=3, workers=1, frame_size=(96, 72))


@pytest.mark.slow
@pytest.mark.parametrize('name', PLAIN)
def test_a_full_sized_recipe_trains_on_its_own_pipeline_and_leaves_the_plain_model(name, rooms):
    config = copy.deepcopy(recipe(PRETRAINING / f'{name}.py'))
    settings = innermost_dataset(config.train_dataloader)
    settings.update(data_root=str(rooms))
    for step in settings.pipeline:
        if step.type in ('ResizeFrames', 'CropFrames'):
            step.size = (96, 72)
    dataset = DATASETS.build(settings)
    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    data = model.data_preprocessor(pseudo_collate([dataset[0]]), training=True)
    assert len(data['inputs']['view'].matches) > 0
    losses = model(**data, mode='loss')
    model.parse_losses(losses)[0].backward()
    grads = [weight.grad for weight in model.parameters() if weight.requires_grad]
    assert all(grad is not None and bool(grad.isfinite().all()) for grad in grads)
    plain = MODELS.build(recipe(CONFIGS / f'{PLAIN[name]}.py').model)
    load_strictly(plain, model.export()['model.pth'], 'model.pth')


@pytest.mark.parametrize('name', PLAIN)
def test_a_full_sized_recipe_is_the_plain_one_beside_its_objective(name):
    own, plain = recipe(PRETRAINING / f'{name}.py'), recipe(CONFIGS / f'{PLAIN[name]}.py')
    assert without_weights(own.model.model.to_dict()) == without_weights(plain.model.to_dict())
    for key in ('test_dataloader', 'test_evaluator', 'tta_pipeline', 'param_scheduler', 'train_cfg'):
        assert own[key] == plain[key], key
    own, plain = (innermost_dataset(config.train_dataloader) for config in (own, plain))
    of_frames = {'FindSceneFrames', 'LoadRGBDFrames', 'MatchVisiblePixels'}
    of_frames |= {'ResizeFrames', 'CropFrames', 'FlipFrames'}
    steps = [step for step in own.pipeline if step.type not in of_frames]
    assert steps[:-1] == plain.pipeline[:-1]
    assert steps[-1] == dict(plain.pipeline[-1], type='PackFieldInputs')


@pytest.mark.parametrize('path', ARMS, ids=lambda path: path.stem)
def test_an_arm_differs_in_its_objectives_alone(path):
    method = recipe(path.with_name(f'{path.stem.partition("_rooms_")[0]}_rooms.py'))
    arm = recipe(path)
    assert arm.model.objectives != method.model.objectives
    assert dict(arm.model, objectives=None) == dict(method.model, objectives=None)
    assert arm.train_dataloader == method.train_dataloader
