"""The recipes of FixMatch: their classes, arms, and a batch of each at full size, on hand-made scenes."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config
from mmengine.runner import Runner
from tiny_scenes import write_tiny_s3dis, write_tiny_scannet, write_tiny_structured3d

from swin3d_mmdet3d.apis import set_data_root
from swin3d_mmdet3d.datasets.class_lists import S3DIS, SCANNET, STRUCTURED3D
from swin3d_mmdet3d.engine.hooks import MomentumTeacherHook
from swin3d_mmdet3d.synthetic_rooms.domains import DOMAINS, KINDS

CONFIGS = Path(__file__).parents[2] / 'configs' / 'pretraining' / 'fixmatch'
ROOMS = 'fixmatch_swin3d-tiny_rooms'
REAL = sorted(path for path in CONFIGS.glob('*.py') if 'rooms' not in path.stem)
WRITERS = dict(s3dis=write_tiny_s3dis, scannet=write_tiny_scannet)
CONFLICTS = {'curtain': ('clutter', 'window'), 'picture': ('clutter', 'wall')}


def class_of_ids(metainfo):
    return {
        number: name
        for name, ids in zip(metainfo['classes'], metainfo['seg_valid_class_ids'])
        for number in ids
    }


def test_a_thing_has_one_class_in_both_domains_but_where_annotators_disagree():
    config = Config.fromfile(CONFIGS / f'{ROOMS}.py')
    s3dis, structured3d = map(class_of_ids, (config.s3dis_metainfo, config.structured3d_metainfo))
    for kind in KINDS:
        classes = s3dis[DOMAINS['s3dis'].raw_id(kind)], structured3d[DOMAINS['structured3d'].raw_id(kind)]
        assert classes == CONFLICTS.get(kind, (classes[0],) * 2), kind
    assert set(s3dis) == set(S3DIS.raw_ids) and set(structured3d) >= set(STRUCTURED3D.raw_ids)


def test_classes_shared_with_scannet_are_all_that_both_have_under_one_name_and_id():
    classes = Config.fromfile(CONFIGS / 'fixmatch_swin3d-small_scannet.py').scannet_metainfo.classes
    ids = [dict(zip(them.names, them.raw_ids)) for them in (SCANNET, STRUCTURED3D)]
    assert classes == [name for name in SCANNET.names if ids[1].get(name) == ids[0][name]]


@pytest.mark.parametrize(
    ('arm', 'change'),
    [
        ('shuffled', {'model.shuffle': True}),
        ('average', {'model.momentum': 0.99}),
        ('labelled', {'train_dataloader.batch_sampler.counts': [3, 0]}),
    ],
)
def test_an_arm_differs_from_the_method_in_what_it_is_named_after_alone(arm, change):
    own, other = (Config.fromfile(CONFIGS / f'{ROOMS}{suffix}.py') for suffix in ('', f'_{arm}'))
    own.merge_from_dict(change)
    assert own.to_dict() == other.to_dict()


def test_the_moving_average_is_found_by_the_hook_that_moves_it():
    config = Config.fromfile(CONFIGS / f'{ROOMS}_average.py')
    assert 'MomentumTeacherHook' in [hook.type for hook in config.custom_hooks]
    with torch.device('meta'):
        model = MODELS.build(config.model)
    assert MomentumTeacherHook.teachers(SimpleNamespace(model=model)) == {'teacher': (model.teacher, model)}


@pytest.mark.slow
@pytest.mark.parametrize('path', REAL, ids=lambda path: path.stem)
def test_recipe_trains_its_segmentor_on_its_own_pipelines(path, tmp_path):
    config = Config.fromfile(path)
    target = path.stem.rpartition('_')[2]
    WRITERS[target](tmp_path / target, num_points=200, scenes_per_file=12)
    write_tiny_structured3d(tmp_path / 'structured3d', 200, 12)
    set_data_root(config, tmp_path / target)
    loader = config.train_dataloader
    loader.update(num_workers=0, persistent_workers=False)
    batch = next(iter(Runner.build_dataloader(loader, seed=0)))
    hidden = [sample.labels_hidden for sample in batch['data_samples']]
    assert hidden == sorted(hidden) and sum(hidden) == len(hidden) // 2 == loader.batch_sampler.counts[1]
    torch.manual_seed(0)
    config.model.threshold = 0.0
    model = MODELS.build(config.model).train()
    losses = model(**model.data_preprocessor(batch, training=True), mode='loss')
    model.parse_losses(losses)[0].backward()
    assert losses['loss_seg'] > 0 and losses['loss_unlabelled'] > 0 and losses['confident_share'] == 1
    grads = [weight.grad for weight in model.parameters()]
    assert all(grad is not None and bool(grad.isfinite().all()) for grad in grads)
