"""The recipes of configs/transfer take the students of every pretraining recipe on their backbone."""

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config
from recipe_files import RECIPES, name, recipe, without_weights

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.pretraining.base import BasePretrainer

TRANSFER = [path for path in RECIPES if path.parent.name == 'transfer']
FEW = [path for path in TRANSFER if path.stem.endswith('_few')]
PROBES = [path for path in TRANSFER if path.stem.endswith('probe')]
ENCODERS = ('swin3d-tiny', 'swin3d-small', 'swin3d-large', 'sparse-unet34')


def encoder_name(path):
    return next(encoder for encoder in ENCODERS if encoder in path.stem)


def shapes(module):
    return {key: weight.shape for key, weight in module.state_dict().items()}


@pytest.fixture(scope='module')
def students():
    """The shapes of what each pretraining of a student leaves, by the recipe's name."""
    found = {}
    for path in RECIPES:
        config = recipe(path)
        if issubclass(MODELS.get(config.model.type), BasePretrainer):
            with torch.device('meta'):
                model = MODELS.build(without_weights(config.model.to_dict()))
            student = model.export().get('student.pth')
            if student is not None:  # not a training of an image network alone
                found[path.stem] = {key: weight.shape for key, weight in student.items()}
    return found


@pytest.mark.parametrize('path', TRANSFER, ids=name)
def test_students_of_every_pretraining_on_the_backbone_fit_strictly(path, students):
    config = recipe(path)
    model = config.model
    fitting = [student for student in students if encoder_name(path) in student]
    assert fitting
    for part in ('backbone', 'neck'):
        init = model.get(part, {}).get('init_cfg')
        if init is None:
            assert part == 'neck'  # of a detector, an encoder's probe, a U-Net of one part
            continue
        assert (init.type, init.checkpoint, init.prefix) == ('StrictPretrained', config.student, f'{part}.')
        with torch.device('meta'):
            wanted = shapes(MODELS.build({**model[part], 'init_cfg': None}))
        start = len(init.prefix)
        for student in fitting:
            own = {k[start:]: v for k, v in students[student].items() if k.startswith(init.prefix)}
            assert own == wanted or (part == 'neck' and not own), student


@pytest.mark.parametrize('path', TRANSFER, ids=name)
def test_environment_names_the_student_and_none_is_from_scratch(path, monkeypatch):
    monkeypatch.setenv('STUDENT', 'runs/x/student.pth')
    model = Config.fromfile(path).model
    starts = [model[part].get('init_cfg') for part in ('backbone', 'neck') if model.get(part)]
    assert {start.checkpoint for start in starts if start} == {'runs/x/student.pth'}
    monkeypatch.setenv('STUDENT', 'none')
    model = Config.fromfile(path).model
    assert not any(model[part].get('init_cfg') for part in ('backbone', 'neck') if model.get(part))


@pytest.mark.parametrize('path', TRANSFER, ids=name)
def test_probes_need_the_decoder_that_they_read_and_fine_tuning_does_not(path):
    init = recipe(path).model.get('neck', {}).get('init_cfg')
    assert init is None or bool(init.get('if_listed')) != path.stem.endswith('_probe')


@pytest.mark.parametrize('path', TRANSFER, ids=name)
def test_students_keep_the_axes_that_they_are_trained_with(path):
    assert tuple(recipe(path).model.data_preprocessor.get('axes', (0, 1, 2))) == (0, 1, 2)


@pytest.mark.parametrize('scenes', [1, 5, 10, 100])
@pytest.mark.parametrize('path', FEW, ids=name)
def test_few_labels_are_as_many_scenes_as_the_environment_says_and_as_many_samples(path, scenes, monkeypatch):
    monkeypatch.setenv('SCENES', str(scenes))
    few = Config.fromfile(path).train_dataloader.dataset
    assert few.dataset.indices == scenes
    full = recipe(path.with_name(path.name.replace('_few', '_from-student'))).train_dataloader.dataset
    if recipe(path).train_cfg.type == 'EpochBasedTrainLoop':
        total = dict(scannet=1201, s3dis=204)[path.stem.split('_')[1].split('-')[0]]
        assert few.times * scenes == pytest.approx(full.times * total, rel=0.02)


@pytest.mark.parametrize('scenes', [0, -3])
@pytest.mark.parametrize('path', FEW, ids=name)
def test_less_than_one_scene_is_refused(path, scenes, monkeypatch):
    monkeypatch.setenv('SCENES', str(scenes))
    with pytest.raises(ValueError, match=f'SCENES must be at least 1, got {scenes}'):
        Config.fromfile(path)


@pytest.mark.parametrize('path', PROBES, ids=name)
def test_probe_trains_one_linear_layer_on_the_width_that_it_is_given(path):
    config = recipe(path)
    assert config.custom_hooks[0].names == ['backbone', 'neck']
    head = MODELS.build(config.model.decode_head)
    assert [n for n, _ in head.named_parameters()] == ['classifier.weight', 'classifier.bias']
    x, y = torch.randn(2, 6, config.model.decode_head.in_channels)
    head.eval()
    torch.testing.assert_close(head((x + y) / 2), (head(x) + head(y)) / 2, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    'path', [p for p in PROBES if 'rooms' in p.stem or 'unet34_s3dis' in p.stem], ids=name
)
def test_probe_gives_logits_of_a_cloud(path):
    torch.manual_seed(0)
    config = recipe(path)
    model = MODELS.build(without_weights(config.model.to_dict())).eval()
    columns = 9 if 'normal' in model.data_preprocessor.signals else 6
    points = torch.rand(300, columns) * torch.tensor([2.0] * 3 + [1.0] * (columns - 3))
    batch = model.data_preprocessor.voxelize_points([points])
    logits = model.voxel_logits(batch.feats, batch.voxels)
    assert logits.shape == (len(batch.voxels), config.model.decode_head.num_classes) and bool(
        logits.isfinite().all()
    )


def test_command_line_options_reach_all_that_follows_from_them(monkeypatch):
    from swin3d_mmdet3d.tools import train

    monkeypatch.delenv('STUDENT', raising=False)
    monkeypatch.setenv('SCENES', '3')
    path = next(path for path in FEW if 'swin3d-small_scannet' in path.stem)
    options = ['--cfg-options', 'student=a.pth', 'scenes=6', 'train_cfg.max_epochs=2']
    config = train.load_config(train.parse_arguments([str(path), *options]))
    assert (config.student, config.scenes, config.train_cfg.max_epochs) == ('a.pth', 6, 2)
    assert config.model.backbone.init_cfg.checkpoint == config.model.neck.init_cfg.checkpoint == 'a.pth'
    assert (config.train_dataloader.dataset.dataset.indices, config.train_dataloader.dataset.times) == (
        6,
        1201,
    )
    assert Config.fromfile(path).scenes == 3  # the environment is as it was
    assert Config.fromfile(path).student != 'a.pth'
