"""Protocols of their own: arms named in a file, each a config with changes."""

import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmdet3d.registry import DATASETS, HOOKS
from mmengine.config import Config, ConfigDict
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from tiny_training import Scans

from swin3d_mmdet3d.comparison import labelled_scenes, load_arms, runs
from swin3d_mmdet3d.comparison.runs import room_config
from swin3d_mmdet3d.datasets.wrapped_settings import innermost_dataset

ROOT = Path(__file__).parents[2]


def test_arms_are_read_from_their_file_alone(tmp_path):
    path = tmp_path / 'arms.py'
    path.write_text("from swin3d_mmdet3d.comparison import Arm\nARMS = [Arm('joint', 'some-config')]\n")
    assert [arm.name for arm in load_arms(path)] == ['joint']
    path.write_text('ARMS = []\n')
    with pytest.raises(ValueError, match='must define ARMS'):
        load_arms(path)


def test_one_condition_of_several_trains_its_share_of_the_steps(tmp_path):
    arms = {arm.name: arm for arm in load_arms(ROOT / 'projects' / 'ppt' / 'arms.py')}
    assert list(arms) == [
        'ppt',
        'stem and tables',
        'joint',
        'single Structured3D',
        'single ScanNet',
        'single S3DIS',
    ]
    config = room_config(arms['single ScanNet'].config, tmp_path / 's3dis', tmp_path / 'run', seed=0)
    steps = config.train_cfg.max_iters
    arms['single ScanNet'].change(config)
    assert config.train_cfg.max_iters == steps // 3 and config.model.norms == 'shared'
    for loader in (config.train_dataloader, config.test_dataloader):
        (source,) = loader.dataset.datasets
        assert Path(innermost_dataset(source).data_root).resolve() == tmp_path / 'scannet'
    assert list(config.test_evaluator.scores) == list(config.test_evaluator.class_names) == ['ScanNet']


def test_arms_of_fixmatch_are_tested_on_the_domain_without_labels_and_differ_as_they_say(
    tmp_path, monkeypatch
):
    monkeypatch.setenv('STUDENT', str(tmp_path / 'student.pth'))
    arms = {arm.name: arm for arm in load_arms(ROOT / 'projects' / 'fixmatch' / 'arms.py')}
    assert list(arms) == ['labelled', 'labelled on', 'fixmatch', 'average', 'average, shuffled']
    configs = {}
    for name, arm in arms.items():
        configs[name] = room_config(arm.config, tmp_path / 's3dis', tmp_path / 'runs' / name, seed=0)
        arm.change(configs[name])
    assert {config.train_cfg.max_iters for config in configs.values()} == {450}
    assert all(config.param_scheduler[-1]['end'] == config.train_cfg.max_iters for config in configs.values())
    for part in ('backbone', 'neck'):
        start = dict(type='StrictPretrained', checkpoint=str(tmp_path / 'student.pth'), prefix=f'{part}.')
        assert configs['labelled'].model.model[part].init_cfg == start
    trained = dict(type='StrictPretrained', checkpoint=str(tmp_path / 'runs' / 'labelled' / 'model.pth'))
    for name, config in configs.items():
        assert (config.model.model.get('init_cfg') == trained) == (name != 'labelled')
        assert config.model.get('momentum') == (0.99 if 'average' in name else None)
        labelled, unlabelled = map(innermost_dataset, config.train_dataloader.dataset.datasets)
        hidden = [
            step.hidden
            for source in (labelled, unlabelled)
            for step in source.pipeline
            if step.type == 'HideLabels'
        ]
        assert hidden == [False, True]
        assert 'structured3d' in labelled.data_root and 'structured3d' not in unlabelled.data_root
        tested = innermost_dataset(config.test_dataloader)
        assert tested.data_root == unlabelled.data_root and tested.ann_file not in unlabelled.ann_file
        assert config.train_dataloader.batch_sampler.counts == ([3, 0] if 'labelled' in name else [2, 1])
        assert config.model.get('shuffle', False) == ('shuffled' in name)


def test_arms_of_few_rooms_differ_in_their_start_alone_and_share_the_rooms_of_a_seed(tmp_path, monkeypatch):
    monkeypatch.setenv('STUDENT', str(tmp_path / 'student.pth'))
    arms = {arm.name: arm for arm in load_arms(ROOT / 'projects' / 'swin3d' / 'arms.py')}
    assert len(arms) == 17

    def config_of(name, seed):
        config = room_config(arms[name].config, tmp_path / 's3dis', tmp_path / 'run', seed)
        arms[name].change(config)
        return config

    for task, steps in (('segmentation', 300), ('detection', 400)):
        for count in (1, 2, 5, 10):
            starts = {}
            for start in ('pretrained', 'scratch'):
                config = config_of(f'{task}, {count} rooms, {start}', seed=3)
                assert innermost_dataset(config.train_dataloader).indices == labelled_scenes(60, count, 3)
                assert config.train_cfg.max_iters == steps
                parts = [config.model.get(part) or {} for part in ('backbone', 'neck')]
                starts[start] = [part.pop('init_cfg', None) for part in parts]
                starts[start].append(config.model.to_dict())
            assert starts['scratch'][-1] == starts['pretrained'][-1]
            assert starts['scratch'][:2] == [None, None]
            assert starts['pretrained'][0]['checkpoint'] == str(tmp_path / 'student.pth')
    longer = config_of('segmentation, 2 rooms, scratch, 4 times the steps', seed=3)
    assert longer.train_cfg.max_iters == longer.param_scheduler[-1]['end'] == 1200
    assert longer.model.backbone.init_cfg is None


def test_an_arm_keeps_the_means_of_what_its_training_logs_at_its_end(monkeypatch):
    hub = MessageHub('logged')
    for step in range(300):
        hub.update_scalar('train/share', float(step >= 200) * (1 + (step % 2)))
    runner = SimpleNamespace(message_hub=hub, test=lambda: dict(miou=0.5, sink=float('nan')))
    monkeypatch.setattr(runs, 'train', lambda config: (runner, 12.34))
    found = runs.train_and_test(ConfigDict(), ['share'])
    metrics = dict(miou=50.0, sink=None)  # no tested room has a sink
    assert found == dict(metrics=metrics, cpu_seconds=12.3, logged=dict(share=1.5))
    assert runs.train_and_test(ConfigDict()) == dict(metrics=metrics, cpu_seconds=12.3)
    with pytest.raises(ValueError, match=r"that the training logs, got \['accuracy'\]"):
        runs.train_and_test(ConfigDict(), ['share', 'accuracy'])


def test_curves_of_ppt_differ_in_what_is_trained_together_and_count_the_steps_of_a_domain(tmp_path):
    arms = {arm.name: arm for arm in load_arms(ROOT / 'projects' / 'ppt' / 'negative_transfer' / 'arms.py')}
    forms = ['single Structured3D', 'single ScanNet', 'single S3DIS', 'joint', 'union', 'decoupled', 'ppt']
    steps = (300, 600, 1200, 2400, 4800, 9600)
    assert list(arms) == [
        f'{network}, {form}, {number} steps'
        for network in ('swin3d', 'unet')
        for form in forms
        for number in steps
    ]
    for network in ('swin3d', 'unet'):
        for form in forms:
            arm = arms[f'{network}, {form}, 1200 steps']
            assert arm.training == f'{network}-{form}'
            config = room_config(arm.config, tmp_path / 's3dis', tmp_path / 'run', seed=0)
            together = list(config.model.conditions)
            arm.change(config)
            _, _, name = form.partition('single ')
            domains = [name] if name else together
            assert config.model.conditions == domains and config.train_cfg.max_iters == 1200 * len(domains)
            assert config.model.norms == (
                form if form == 'decoupled' else 'both' if form == 'ppt' else 'shared'
            )
            assert (config.model.model.decode_head.type == 'UnionHead') == (form == 'union')
            (rise,) = config.param_scheduler
            assert rise.type == 'LinearLR' and rise.end == 100
            assert [hook.type for hook in config.custom_hooks].count('EMAHook') == 1


def test_a_training_in_two_parts_is_one_in_one_part_and_tested_with_its_averaged_weights(
    tmp_path, monkeypatch
):
    seen = []

    class Seen(Hook):
        """The weights after each step."""

        priority = 'HIGHEST'

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            seen.append(runner.model.encoder.weight.detach().clone())

    HOOKS.register_module('SeenWeights', module=Seen, force=True)
    DATASETS.register_module('TinyScans', module=Scans, force=True)

    def tested(runner):
        runner.call_hook('before_run')
        runner.load_or_resume()
        return dict(weight=runner.model.encoder.weight.sum().item())

    monkeypatch.setattr(runs.Runner, 'test', tested)

    def config_of(folder, steps):
        ema = dict(type='EMAHook', ema_type='MomentumAnnealingEMA', momentum=1e-5, gamma=10)
        return Config(
            dict(
                model=dict(type='TinyModel'),
                work_dir=str(tmp_path / folder),
                experiment_name=uuid.uuid4().hex,
                train_dataloader=dict(
                    dataset=dict(type='TinyScans'), batch_size=2, sampler=dict(type='InfiniteSampler')
                ),
                train_cfg=dict(type='IterBasedTrainLoop', max_iters=steps),
                optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
                custom_hooks=[ema, dict(type='SeenWeights')],
                default_hooks=dict(),
                default_scope='mmdet3d',
                randomness=dict(seed=0),
                log_level='WARNING',
            )
        )

    whole = runs.go_on_and_test(config_of('whole', 7))
    weights, average = list(seen), seen[0].clone()
    for step, weight in enumerate(weights[1:], start=1):
        average += (weight - average) * 10 / (10 + step)
    assert len(weights) == 7
    assert whole['metrics'] == dict(weight=pytest.approx(100 * average.sum().item(), abs=0.02))
    assert abs(average.sum() - weights[-1].sum()) > 1e-3
    seen.clear()
    runs.go_on_and_test(config_of('parts', 3))
    assert runs.go_on_and_test(config_of('parts', 7))['metrics'] == whole['metrics']
    assert len(seen) == 7 and all(torch.equal(one, other) for one, other in zip(seen, weights))
    again = runs.go_on_and_test(config_of('parts', 7))
    assert again['metrics'] == whole['metrics'] and len(seen) == 7
    with pytest.raises(ValueError, match='must hold a training of at most 3 steps, got 7'):
        runs.go_on_and_test(config_of('parts', 3))
