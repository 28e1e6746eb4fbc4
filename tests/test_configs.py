"""Every config loads, builds its model and keeps the house rules of configs."""

import ast
import re

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config
from recipe_files import RECIPES, ROOT, recipe

from swin3d_mmdet3d.datasets.class_agreement import class_names_of

FILES = sorted((ROOT / 'configs').rglob('*.py'))
SEGMENTORS = [p for p in RECIPES if recipe(p).model.type == 'VoxelSegmentor']
SWIN3D_SEGMENTORS = [p for p in SEGMENTORS if 'swin3d' in p.stem and 'tiny' not in p.name]


def ids(path):
    return str(path.relative_to(ROOT))


def bases(path):
    """The `_base_` entries of a config file that are files of ours."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == '_base_':
            value = ast.literal_eval(node.value)
            return [path.parent / b for b in ([value] if isinstance(value, str) else value) if '::' not in b]
    return []


def hops(path):
    """The longest way from a recipe to a base; bases of bases count no more."""
    if '_base_' in path.parts:
        return 0
    return max((1 + hops(base.resolve()) for base in bases(path)), default=0)


@pytest.mark.parametrize('path', SEGMENTORS, ids=ids)
def test_config_builds_its_model_with_matching_channels_and_classes(path):
    config = recipe(path)
    with torch.device('meta'):
        model = MODELS.build(config.model)
    assert model.decode_head.num_classes == len(class_names_of(config.train_dataloader))
    preprocessor = model.data_preprocessor
    width = sum(3 for _ in preprocessor.features)
    assert model.backbone.in_channels == width
    for stage in getattr(model.backbone, 'layers', ()):  # a convolutional backbone has no signals
        assert set(stage.signals) <= set(preprocessor.signals)


@pytest.mark.parametrize('path', RECIPES, ids=ids)
def test_every_training_survives_kills_and_stops_at_nan(path):
    hooks = recipe(path).default_hooks
    assert (hooks.checkpoint.type, hooks.checkpoint.max_keep_ckpts) == ('AtomicCheckpointHook', 2)
    assert hooks.finite_training.type == 'FiniteTrainingHook'
    assert hooks.finite_weights.type == 'FiniteWeightsHook'


@pytest.mark.parametrize('path', RECIPES, ids=ids)
def test_at_most_two_base_hops(path):
    assert hops(path) <= 2


def own_pipelines(text):
    """The lines of a config that make or change a pipeline, instead of taking one of a base by its name."""
    found = []
    taken = re.sub(r'\{\{\s*(_base_\.[\w.]+)\s*\}\}', r'\1', text)
    for node in ast.walk(ast.parse(taken)):
        if isinstance(node, ast.Assign):
            named = [(getattr(target, 'id', ''), node.value) for target in node.targets]
        elif isinstance(node, ast.Call):
            named = [(keyword.arg or '', keyword.value) for keyword in node.keywords]
        elif isinstance(node, ast.Dict):
            named = [(getattr(key, 'value', ''), value) for key, value in zip(node.keys, node.values)]
        else:
            continue
        pipelines = [value for name, value in named if str(name).endswith('pipeline')]
        chosen = re.compile(r'_base_(\.\w+)+')
        found += [value.lineno for value in pipelines if not chosen.fullmatch(ast.unparse(value))]
    return found


@pytest.mark.parametrize('path', FILES, ids=ids)
def test_pipelines_live_in_dataset_bases_only(path):
    if path.parent.name == 'datasets' and '_base_' in path.parts:
        return
    assert own_pipelines(path.read_text()) == []


@pytest.mark.parametrize(
    'text, lines',
    [
        (
            "data = dict(\n    pipeline=[dict(step, anchor='random') for step in _base_.train_pipeline]\n)",
            [2],
        ),
        ("train_pipeline = [dict(type='GridSample')]", [1]),
        ("data = {'pipeline': _base_.load_points + []}", [1]),
        ('data = dict(pipeline={{_base_.tr3d_train_pipeline}})', []),
        ('data = dict(pipeline=_base_.tr3d_train_pipeline)', []),
    ],
)
def test_a_pipeline_that_a_recipe_makes_is_seen_and_a_chosen_one_is_not(text, lines):
    assert own_pipelines(text) == lines


def test_bases_stand_with_their_kind():
    kinds = {
        path.relative_to(ROOT / 'configs' / '_base_').parts[0] for path in FILES if '_base_' in path.parts
    }
    assert kinds == {'backbones', 'datasets', 'heads', 'methods', 'schedules', 'runtime'}


@pytest.mark.parametrize('encoder', ['tiny', 'small', 'small-normal', 'large', 'large-normal'])
def test_backbones_define_what_recipes_read(encoder):
    base = Config.fromfile(ROOT / f'configs/_base_/backbones/swin3d-{encoder}.py')
    with torch.device('meta'):
        network, decoder = MODELS.build(base.encoder), MODELS.build(base.decoder)
    assert network.in_channels == 3 * len(base.inputs.features)
    assert base.encoder.signals == base.decoder.signals == base.inputs.signals
    assert decoder.upsamples[-1].linear1[1].out_features == base.width == base.encoder.channels[0]


def test_sizes_of_a_network_stand_in_one_file():
    places = {}
    for path in FILES:
        for sizes in re.findall(r'\b(?:channels|num_heads)=\[\d+(?:, \d+){3,}\]', path.read_text()):
            places.setdefault(sizes, set()).add(path.name)
    assert len(places) > 8
    assert {sizes: names for sizes, names in places.items() if len(names) > 1} == {}


def test_voxel_size_of_data_and_network_are_one():
    for path in RECIPES:
        config = recipe(path)
        model = config.model.get('model', config.model)
        if 'voxel_size' in config:
            assert model.data_preprocessor.voxel_size == config.voxel_size, path.stem


def test_basenames_are_unique():
    names = [p.name for p in FILES]
    assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)


@pytest.mark.parametrize('path', SWIN3D_SEGMENTORS, ids=ids)
def test_transformer_blocks_of_recipes_learn_at_a_tenth_of_the_rate(path):
    keys = recipe(path).optim_wrapper.paramwise_cfg.custom_keys
    assert keys['.blocks.'].lr_mult == 0.1


@pytest.mark.parametrize('area', [1, 5, 6])
def test_each_fold_of_s3dis_trains_on_the_other_areas(area, monkeypatch):
    monkeypatch.setenv('S3DIS_TEST_AREA', str(area))
    config = Config.fromfile(ROOT / 'configs/swin3d/swin3d-small_s3dis-seg_finetune.py')
    trained = config.train_dataloader.dataset.dataset.ann_file
    assert config.val_dataloader.dataset.ann_file == [f's3dis_infos_Area_{area}.pkl']
    assert config.test_dataloader.dataset.ann_file == [f's3dis_infos_Area_{area}.pkl']
    assert trained == [f's3dis_infos_Area_{other}.pkl' for other in range(1, 7) if other != area]
