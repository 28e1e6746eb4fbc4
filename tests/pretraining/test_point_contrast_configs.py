"""PointContrast's recipes: what they have in common, and that each learns from its own pipeline."""

import copy

import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.dataset import pseudo_collate
from posed_frames import write_posed_room
from real_data import local_real_data
from recipe_files import RECIPES, name, on_tiny_scenes, recipe
from shrunk_methods import build, first_batch, losses_of_training, shrink, write_rooms
from tiny_pretraining import largest_gradient

from swin3d_mmdet3d.datasets.seeded_generators import seed_generators
from swin3d_mmdet3d.preparation.posed_images import prepare_recording
from swin3d_mmdet3d.tools import draw_features

OURS = [path for path in RECIPES if path.parent.name == 'point_contrast']
FRAMES = [path for path in OURS if path.stem.endswith('frames')]
SCANS = [path for path in OURS if path.stem.endswith(('_scannet', '_s3dis'))]
(TINY_ROOMS,) = (path for path in OURS if path.stem == 'point_contrast_swin3d-tiny_rooms')


def arm(kind):
    return TINY_ROOMS.with_name(f'{TINY_ROOMS.stem}_{kind}.py')


@pytest.mark.parametrize('path', OURS, ids=name)
def test_pairs_lie_within_one_and_a_half_voxels(path):
    config = recipe(path)
    assert config.model.matcher.radius == pytest.approx(1.5 * config.model.data_preprocessor.voxel_size)


def test_the_control_differs_in_the_pairs_alone():
    control, method = (recipe(path).to_dict() for path in (arm('shuffled'), TINY_ROOMS))
    assert control['model']['matcher'].pop('shuffle') is True
    assert control == method


def test_the_arm_of_the_hardest_contrast_differs_in_loss_and_number_of_pairs_alone():
    other, method = (copy.deepcopy(recipe(path).to_dict()) for path in (arm('hardest'), TINY_ROOMS))
    for config in (other, method):
        del config['model']['criterion'], config['model']['matcher']
    assert other == method


@pytest.fixture(scope='module')
def rooms(tmp_path_factory):
    return write_rooms(tmp_path_factory.mktemp('rooms'))


def learnt(config, batch, steps=15):
    """Mean of the last three losses over that of the first three."""
    history = losses_of_training(build(config), batch, steps)
    return sum(history[-3:]) / sum(history[:3])


@pytest.mark.slow
def test_the_hardest_contrast_learns_on_rooms(rooms):
    config = shrink(arm('hardest'), rooms)
    assert learnt(config, first_batch(config)) < 0.9


@pytest.mark.slow
def test_what_is_learnt_on_rooms_is_not_learnt_of_shuffled_pairs(rooms):
    configs = [shrink(path, rooms) for path in (TINY_ROOMS, arm('shuffled'))]
    own, control = (learnt(config, first_batch(config)) for config in configs)
    assert own < 0.97 < control


@pytest.mark.parametrize('path', SCANS, ids=name)
def test_a_recipe_on_scans_pairs_places_of_two_crops(path, tmp_path):
    config = on_tiny_scenes(path, tmp_path)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    seed_generators(0)
    model = MODELS.build(config.model).train()
    model.matcher.radius = 0.3  # points of the tiny scenes lie farther apart than voxels
    data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[0]]), training=True)
    losses = model(**data, mode='loss')
    losses['loss_contrast'].backward()
    assert losses['pairs_per_sample'] > 20 and bool(losses['loss_contrast'].isfinite())
    assert not any('pts_semantic_mask' in view.per_point for view in data['inputs']['views'])
    assert largest_gradient(model.backbone) > 0


@pytest.mark.parametrize('path', FRAMES, ids=name)
def test_a_recipe_on_frames_pairs_places_of_two_frames(path, tmp_path):
    settings = copy.deepcopy(recipe(path).train_dataloader.dataset)
    settings.data_root = str(write_posed_room(tmp_path, num_frames=12))
    if 'ann_file' in settings:
        settings.ann_file = 'scenes.pkl'
    dataset = DATASETS.build(settings)
    seed_generators(0)
    config = copy.deepcopy(recipe(path).model)
    config.data_preprocessor.voxel_size = 0.1
    config.matcher.radius = 0.15
    model = MODELS.build(config).train()
    data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[1]]), training=True)
    views = data['inputs']['views']
    rows, others = model.matcher(*views)
    places = [view.at_voxels('source_xyz') for view in views]
    assert bool(((places[0][rows] - places[1][others]).norm(dim=1) <= 0.15).all())
    losses = model(**data, mode='loss')
    losses['loss_contrast'].backward()
    assert losses['pairs_per_sample'] > 20 and losses['loss_contrast'] > 0
    first = model.backbone.get_submodule('stem_layer' if hasattr(model.backbone, 'stem_layer') else 'stem')
    grads = [weight.grad.abs().max() for weight in first.parameters()]
    assert all(bool(grad.isfinite()) for grad in grads) and max(grads) > 0


def test_the_papers_views_have_one_colour_and_any_direction(tmp_path):
    (path,) = (path for path in FRAMES if 'scannet' in path.stem)
    settings = copy.deepcopy(recipe(path).train_dataloader.dataset)
    settings.update(data_root=str(write_posed_room(tmp_path, num_frames=12)), ann_file='scenes.pkl')
    views = [view for sample in range(4) for view in DATASETS.build(settings)[sample]['inputs']['views']]
    assert all(bool((view['points'][:, 3:] == -1).all()) for view in views)
    heights = torch.stack([view['points'][:, 2].max() for view in views])
    assert heights.max() - heights.min() > 0.3  # of frames of one room whose walls are 2.5 m high


def test_students_are_drawn_by_the_command_line(tmp_path, rooms):
    config = shrink(TINY_ROOMS, rooms)
    config.dump(tmp_path / 'shrunk.py')
    model = build(config)
    torch.save(dict(state_dict=model.export()['student.pth']), tmp_path / 'student.pth')
    arguments = ['--students', 'random', str(tmp_path / 'student.pth'), '--out', str(tmp_path)]
    draw_features.main(
        [str(tmp_path / 'shrunk.py'), *arguments, '--samples', '0', '2', '--level', 'encoder.2']
    )
    assert sorted(path.name for path in tmp_path.glob('*.png')) == ['features_0.png', 'features_2.png']
    with pytest.raises(ValueError, match='level must be one of encoder.0'):
        draw_features.main([str(tmp_path / 'shrunk.py'), '--out', str(tmp_path), '--level', 'coarsest'])


def test_real_frames_pretrain_with_the_config_for_any_folder(tmp_path):
    prepare_recording(
        local_real_data('livingroom_rgbd'), tmp_path / 'posed_images' / 'room', every=3, up='-y'
    )
    settings = copy.deepcopy(recipe(TINY_ROOMS.with_name('point_contrast_swin3d-tiny_frames.py')))
    settings.train_dataloader.dataset.data_root = str(tmp_path)
    dataset = DATASETS.build(settings.train_dataloader.dataset)
    seed_generators(0)
    model = MODELS.build(settings.model).train()
    data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[1]]), training=True)
    losses = model(**data, mode='loss')
    losses['loss_contrast'].backward()
    assert losses['pairs_per_sample'] > 100 and losses['skipped_frames'] == 0
    assert bool(losses['loss_contrast'].isfinite())
