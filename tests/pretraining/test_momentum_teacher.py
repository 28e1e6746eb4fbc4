"""The moving average of a student: its steps, its start, and its life in checkpoints."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest
import torch
from mmdet3d.registry import HOOKS, MODELS
from mmengine.config import Config
from mmengine.hooks import Hook
from tiny_pretraining import run_tiny, tiny_self_teaching

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.pretraining.teachers import MomentumTeacher

RUNTIME = Path(__file__).parents[2] / 'configs/_base_/runtime/pretraining.py'
DEFAULT_HOOKS = Config.fromfile(RUNTIME).custom_hooks


class Start(Hook):
    """What student and teacher are when the first iteration begins, and whether the teacher then trains."""

    priority = 'LOWEST'

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if not hasattr(self, 'weights'):
            self.weights = {name: w.clone() for name, w in runner.model.state_dict().items()}
        self.teacher_trains = [module.training for module in runner.model.teacher.modules()]


def run(folder, model, **options):
    start = Start()
    return run_tiny(folder, model, [*DEFAULT_HOOKS, start], **options), start


def teacher_of(weights):
    return {name[len('teacher.networks.') :]: w for name, w in weights.items() if name.startswith('teacher.')}


def assert_same(weights, expected):
    assert weights and set(weights) == set(expected)
    for name, weight in weights.items():
        torch.testing.assert_close(weight, expected[name], rtol=0, atol=0, msg=name)


def student_of(weights):
    return {name: w for name, w in weights.items() if name.startswith(('backbone.', 'neck.'))}


def holder(**networks):
    """What has the student's networks as its attributes."""
    return torch.nn.ModuleDict(networks)


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp('teaching')
    torch.manual_seed(0)
    return folder, *run(folder, tiny_self_teaching())


@pytest.fixture
def fresh_folder(trained, tmp_path):
    """A work folder with the checkpoint of ``trained`` as its latest."""
    checkpoint = trained[0] / 'iter_2.pth'
    (tmp_path / 'last_checkpoint').write_text(str(checkpoint))
    return tmp_path


def test_momentum_teacher_is_the_weighted_sum_of_the_students_past():
    student = torch.nn.Linear(2, 1, bias=False)
    torch.nn.init.constant_(student.weight, 1.0)
    teacher = MomentumTeacher(dict(backbone=student), momentum=0.9)
    values = [5.0, -2.0, 3.0]
    for value in values:
        torch.nn.init.constant_(student.weight, value)
        teacher.follow(holder(backbone=student))
    expected = 0.9**3 + sum(0.1 * 0.9 ** (2 - i) * value for i, value in enumerate(values))
    weight = teacher.networks['backbone'].weight
    torch.testing.assert_close(weight, torch.full((1, 2), expected))
    assert not weight.requires_grad
    with pytest.raises(ValueError, match=r'momentum must lie in \[0, 1\], got 2'):
        MomentumTeacher(dict(backbone=student), momentum=2)


def test_momentum_teacher_copies_running_statistics():
    norm = torch.nn.BatchNorm1d(3)
    teacher = MomentumTeacher(dict(neck=norm))
    norm(torch.randn(20, 3) + 5)
    teacher.follow(holder(neck=norm))
    torch.testing.assert_close(teacher.networks['neck'].running_mean, norm.running_mean)


def test_momentum_teacher_follows_its_model_after_each_iteration():
    model = torch.nn.Module()
    model.backbone = torch.nn.Linear(2, 2)
    model.teacher = MomentumTeacher(dict(backbone=model.backbone), momentum=0.5)
    old = model.backbone.weight.clone()
    torch.nn.init.zeros_(model.backbone.weight)
    HOOKS.build(dict(type='MomentumTeacherHook')).after_train_iter(type('Run', (), dict(model=model))(), 0)
    torch.testing.assert_close(model.teacher.networks['backbone'].weight, old / 2)


def test_a_teacher_begins_as_the_student_whose_weights_init_cfg_loads(trained, tmp_path):
    file = tmp_path / 'student.pth'
    torch.save(dict(state_dict=student_of(trained[1].model.state_dict())), file)
    parts = ('backbone', 'neck')
    loads = {
        part: dict(init_cfg=dict(type='StrictPretrained', checkpoint=str(file), prefix=f'{part}.'))
        for part in parts
    }
    _, start = run(tmp_path, tiny_self_teaching(**loads), iters=1)
    assert_same(student_of(start.weights), student_of(trained[1].model.state_dict()))
    assert_same(teacher_of(start.weights), student_of(start.weights))


def test_a_teacher_begins_as_the_student_that_load_from_brings(trained, tmp_path):
    file = tmp_path / 'student.pth'
    torch.save(dict(state_dict=student_of(trained[1].model.state_dict())), file)
    _, start = run(tmp_path, tiny_self_teaching(), iters=1, load_from=str(file))
    assert_same(teacher_of(start.weights), student_of(trained[1].model.state_dict()))


def test_a_resumed_teacher_is_the_one_that_was_saved(trained, fresh_folder):
    _, runner, _ = trained
    saved = teacher_of(runner.model.state_dict())
    assert any(not torch.equal(w, student_of(runner.model.state_dict())[name]) for name, w in saved.items())
    again, start = run(fresh_folder, tiny_self_teaching(), iters=3, resume=True)
    assert again.iter == 3
    assert_same(teacher_of(start.weights), saved)


def test_the_teacher_of_the_runtime_of_pretraining_is_in_eval_without_gradient_and_moves(trained):
    _, runner, start = trained
    assert not any(start.teacher_trains)
    assert not any(weight.requires_grad for weight in runner.model.teacher.parameters())
    for name, weight in runner.model.teacher.networks.named_parameters():
        student = runner.model.get_parameter(name)
        assert torch.equal(weight, start.weights[f'teacher.networks.{name}']) == torch.equal(
            student, start.weights[name]
        ), name


def test_a_teacher_is_its_student_once_the_weights_are_initialised(trained, tmp_path):
    """Without a runner, too: the student's file is read after the copies were made."""
    file = tmp_path / 'student.pth'
    torch.save(dict(state_dict=student_of(trained[1].model.state_dict())), file)
    init = dict(type='StrictPretrained', checkpoint=str(file), prefix='backbone.')
    model = MODELS.build(tiny_self_teaching(backbone=dict(init_cfg=init)))
    model.init_weights()
    weights = model.state_dict()
    assert_same(teacher_of(weights), student_of(weights))
    assert torch.equal(
        weights['backbone.layers.0.blocks.0.attn.qkv.weight'],
        trained[1].model.state_dict()['backbone.layers.0.blocks.0.attn.qkv.weight'],
    )


class KillAfter(Hook):
    """The end of the process, as by ``kill -9``, behind the checkpoint of an iteration."""

    priority = 'LOWEST'

    def __init__(self, iters):
        self.iters = iters

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        torch.manual_seed(runner.iter)  # the same random numbers in a resumed training

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.iters:
            os.kill(os.getpid(), signal.SIGKILL)


def test_a_training_that_is_killed_and_resumed_ends_with_the_teacher_of_an_uninterrupted_one(tmp_path):
    def train(folder, kill_after=None, iters=6, **options):
        torch.manual_seed(0)
        hooks = [*DEFAULT_HOOKS, KillAfter(kill_after)]
        return run_tiny(folder, tiny_self_teaching(), hooks, iters, interval=2, **options)

    for name in ('killed', 'through'):
        (tmp_path / name).mkdir()
    process = multiprocessing.get_context('fork').Process(target=train, args=(tmp_path / 'killed', 4))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert (tmp_path / 'killed' / 'last_checkpoint').read_text().endswith('iter_4.pth')
    resumed = train(tmp_path / 'killed', resume=True)
    weights = train(tmp_path / 'through').model.state_dict()
    assert resumed.iter == 6
    assert_same(resumed.model.state_dict(), weights)
    assert any(not torch.equal(w, student_of(weights)[name]) for name, w in teacher_of(weights).items())


def test_a_checkpoint_without_the_teacher_is_not_resumed(fresh_folder):
    content = torch.load((fresh_folder / 'last_checkpoint').read_text(), weights_only=True)
    content['state_dict'] = student_of(content['state_dict'])
    torch.save(content, fresh_folder / 'iter_2.pth')
    (fresh_folder / 'last_checkpoint').write_text(str(fresh_folder / 'iter_2.pth'))
    with pytest.raises(ValueError, match=r'must hold all weights teacher\.\*'):
        run(fresh_folder, tiny_self_teaching(), iters=3, resume=True)


@pytest.mark.parametrize('iterations', [0, 1])
def test_only_a_training_that_has_not_begun_starts_a_teacher(iterations):
    model = torch.nn.Module()
    model.backbone = torch.nn.Linear(2, 2)
    model.teacher = MomentumTeacher(dict(backbone=model.backbone))
    torch.nn.init.ones_(model.backbone.weight)
    runner = type('Run', (), dict(model=model, iter=iterations))()
    hook = HOOKS.build(dict(type='MomentumTeacherHook'))
    if iterations:
        with pytest.raises(ValueError, match='must hold all weights'):
            hook.before_train(runner)
    else:
        hook.before_train(runner)
        assert torch.equal(model.teacher.networks['backbone'].weight, torch.ones(2, 2))


def test_a_student_of_another_structure_is_refused():
    teacher = MomentumTeacher(dict(backbone=torch.nn.Linear(2, 2)))
    with pytest.raises(RuntimeError, match='Missing key'):
        teacher.start(holder(backbone=torch.nn.Linear(2, 2, bias=False)))
