import logging

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.hooks import Hook
from mmengine.optim import build_optim_wrapper
from tiny_pretraining import run_tiny, tiny_ppkt, tiny_student

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.engine.hooks import CollapseHook


class Spy(Hook):
    """Looks at the run right after its hooks."""

    priority = 'LOWEST'

    def before_train(self, runner):
        self.in_optimiser = {
            id(w) for group in runner.optim_wrapper.optimizer.param_groups for w in group['params']
        }

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.teacher_trains = any(module.training for module in runner.model.teacher.modules())
        self.outputs = outputs


def run(tmp_path, model, hooks, **options):
    spy = Spy()
    return run_tiny(tmp_path, model, [*hooks, spy], **options), spy


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp('ppkt')
    torch.manual_seed(0)
    runner, spy = run(folder, tiny_ppkt(), [dict(type='ExportHook')])
    return folder, runner, spy


def test_teacher_is_in_eval_and_out_of_optimiser_and_checkpoint(trained):
    folder, runner, spy = trained
    model = runner.model
    teacher = {id(w) for w in model.teacher.parameters()}
    others = {id(w) for w in model.parameters()} - teacher
    assert teacher and spy.in_optimiser == others
    assert not spy.teacher_trains
    keys = torch.load(folder / 'iter_2.pth', weights_only=True)['state_dict']
    assert not [key for key in keys if key.startswith('teacher.')]
    assert set(model.state_dict()) == set(keys)
    assert (
        len(model.teacher.state_dict()) == len(teacher) + 3
    )  # whole by itself, with the statistics of its norm


def test_parameter_groups_hold_every_trained_weight_once_at_its_own_rate():
    model = MODELS.build(tiny_ppkt())
    config = dict(
        type='OptimWrapper',
        constructor='TrainableParamsOptimWrapperConstructor',
        optimizer=dict(type='AdamW', lr=0.1),
        paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.1)}),
    )
    wrapper = build_optim_wrapper(model, config)
    groups = wrapper.optimizer.param_groups
    rates = {id(weight): group['lr'] for group in groups for weight in group['params']}
    trained = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    assert len(groups) == 2 and sum(len(group['params']) for group in groups) == len(rates) == len(trained)
    for name, weight in trained.items():
        assert rates[id(weight)] == pytest.approx(0.01 if '.blocks.' in name else 0.1), name


def test_export_that_does_not_fit_is_refused_with_the_weights_named(trained):
    folder, _, _ = trained
    checkpoint = str(folder / 'student.pth')
    for changes, message in [
        (dict(depths=[1, 2, 1]), r'another model than this Swin3D: \d+ missing: layers.1.blocks.1'),
        (dict(depths=[1, 1, 1], in_channels=9), '1 of another shape: stem_layer'),
        (dict(depths=[1, 1, 1], prefix='trunk.'), r'trunk.\* of .* missing: '),
    ]:
        prefix = changes.pop('prefix', 'backbone.')
        backbone = MODELS.build({**tiny_student()['backbone'], **changes})
        backbone.init_cfg = dict(type='StrictPretrained', checkpoint=checkpoint, prefix=prefix)
        with pytest.raises(ValueError, match=message):
            backbone.init_weights()


def test_a_part_that_a_student_does_not_list_stays_as_it_is(trained, tmp_path):
    content = torch.load(trained[0] / 'student.pth')
    content['meta']['parts'] = ['backbone']
    content['state_dict'] = {k: w for k, w in content['state_dict'].items() if k.startswith('backbone.')}
    torch.save(content, tmp_path / 'encoder.pth')
    init = dict(type='StrictPretrained', checkpoint=str(tmp_path / 'encoder.pth'), prefix='neck.')
    torch.manual_seed(0)
    neck = MODELS.build(dict(tiny_student()['neck'], init_cfg=dict(init, if_listed=True)))
    before = {name: weight.clone() for name, weight in neck.state_dict().items()}
    neck.init_weights()
    for name, weight in neck.state_dict().items():
        torch.testing.assert_close(weight, before[name], rtol=0, atol=0)
    neck = MODELS.build(dict(tiny_student()['neck'], init_cfg=init))
    with pytest.raises(ValueError, match='another model than this Swin3DDecoder: .* missing'):
        neck.init_weights()
    del content['meta']
    torch.save(content, tmp_path / 'encoder.pth')
    neck = MODELS.build(dict(tiny_student()['neck'], init_cfg=dict(init, if_listed=True)))
    with pytest.raises(ValueError, match='must list its parts in meta'):
        neck.init_weights()


def test_export_of_nan_is_refused_with_the_weights_named(trained, tmp_path):
    content = torch.load(trained[0] / 'student.pth')
    content['state_dict']['backbone.layers.1.blocks.0.attn.qkv.bias'][0] = float('nan')
    torch.save(content, tmp_path / 'student.pth')
    backbone = MODELS.build(tiny_student()['backbone'])
    path = str(tmp_path / 'student.pth')
    backbone.init_cfg = dict(type='StrictPretrained', checkpoint=path, prefix='backbone.')
    with pytest.raises(
        ValueError, match=r'backbone.\* of .*student.pth: layers.1.blocks.0.attn.qkv.bias has NaN'
    ):
        backbone.init_weights()


def test_freezing_a_part_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"names must be parts of PPKT, got \('techer',\)"):
        run(tmp_path, tiny_ppkt(), [dict(type='FreezeHook', names=['techer'])])


def test_frozen_backbone_of_a_probe_keeps_weights_and_statistics_and_stays_in_the_checkpoint(tmp_path):
    model = MODELS.build(tiny_ppkt())
    before = {name: w.clone() for name, w in model.backbone.state_dict().items()}
    freeze = dict(type='FreezeHook', names=['backbone', 'neck'])
    runner, _ = run(tmp_path, model, [freeze])
    for name, w in runner.model.backbone.state_dict().items():
        torch.testing.assert_close(w, before[name], rtol=0, atol=0)
    keys = torch.load(tmp_path / 'iter_2.pth', weights_only=True)['state_dict']
    assert set(keys) == set(runner.model.state_dict())


@pytest.mark.parametrize('pairs', ['pairs_per_frame', 'pairs_per_sample'])
def test_collapse_is_told_and_health_is_not(pairs, monkeypatch):
    from swin3d_mmdet3d.engine.hooks import collapse_hook

    lines = []
    monkeypatch.setattr(
        collapse_hook, 'print_log', lambda text, logger, level=logging.INFO: lines.append((level, text))
    )
    hook = CollapseHook(interval=2, min_spread=0.2)
    runner = type('Run', (), dict(iter=0))()
    for runner.iter, spread in enumerate([0.9, 0.7, 0.1, 0.2]):
        hook.after_train_iter(
            runner,
            0,
            outputs=dict(
                loss=1.0,
                point_spread=torch.tensor(spread),
                skipped_frames=torch.tensor(1.0),
                **{pairs: torch.tensor(0.0 if spread == 0.2 else 100.0)},
            ),
        )
    (level, healthy), (_, second), (warning, collapsed) = lines
    assert healthy == f'point_spread 0.8, {pairs} 100, skipped_frames 2, batches without a pair 0'
    assert second == f'point_spread 0.15, {pairs} 50, skipped_frames 2, batches without a pair 1'
    assert (level, warning) == (logging.INFO, logging.WARNING)
    assert collapsed == 'features may have collapsed: point_spread'
    with pytest.raises(ValueError, match='interval must be at least 1'):
        CollapseHook(interval=0)


def test_log_of_a_run_has_spread_and_pairs_per_frame(trained):
    _, _, spy = trained
    assert 0 < spy.outputs['pairs_per_frame'] <= 60 and spy.outputs['point_spread'] > 0
