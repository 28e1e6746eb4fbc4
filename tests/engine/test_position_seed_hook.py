"""A training that was killed and resumed is the uninterrupted one, to the bit, in both loops."""

import multiprocessing
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from mmengine.hooks import Hook
from noisy_training import NoisyScans, noisy_runner
from resumed_training import (
    Kill,
    KilledError,
    assert_same_end,
    differences,
    final_state,
    killed_and_resumed,
    scramble,
    trained,
)
from torch.utils.data import DataLoader

pytestmark = pytest.mark.filterwarnings('ignore:This DataLoader will create')


@pytest.fixture(autouse=True)
def unsynced(monkeypatch):
    """Saves that leave it to the system when they reach the disk, which may take seconds."""
    monkeypatch.setattr('os.fsync', lambda file: None)


def noisy_killed_and_resumed(folder, length, iteration, resumed=None, **settings):
    """The runner that goes on where one was killed after `iteration` iterations."""
    return killed_and_resumed(
        noisy_runner(folder, length, **settings),
        lambda: noisy_runner(folder, length, resume=True, **{**settings, **(resumed or {})}),
        iteration,
    )


def best(runner):
    """Last score, best score and the best one's checkpoint."""
    hub = runner.message_hub
    return (
        hub.get_scalar('val/draws').current(),
        hub.get_info('best_score'),
        Path(hub.get_info('best_ckpt')).name,
    )


CASES = {
    'iterations': dict(length=11, iteration=6),
    'iterations, before validation': dict(length=9, iteration=4),
    'iterations, behind validation': dict(length=9, iteration=5),
    'last iteration': dict(length=9, iteration=9),
    'epochs': dict(length=4, iteration=6, by_epoch=True),
    'middle of an epoch': dict(length=3, iteration=6, by_epoch=True, epoch_checkpoints=False),
    'end of an epoch, by iterations': dict(length=4, iteration=8, by_epoch=True, epoch_checkpoints=False),
    'iterations over a finite sampler': dict(
        length=11, iteration=6, train_dataloader=dict(sampler=dict(type='DefaultSampler', shuffle=True))
    ),
    'iterations over sources': dict(
        length=11,
        iteration=6,
        train_dataloader=dict(
            sampler=dict(type='DefaultSampler', shuffle=True),
            batch_sampler=dict(type='SingleSourceBatchSampler', ratios=[2, 1]),
            dataset=dict(
                type='ConcatDataset',
                datasets=[dict(type='NoisyScans'), dict(type='NoisyScans', length=3, first=50)],
            ),
        ),
    ),
}


WITH_WORKERS = 'iterations', 'middle of an epoch', 'iterations over sources'


def cases(workers):
    """The cases in the process of the training, or with worker processes, of which three are fast tests."""
    marks = {name: [pytest.mark.slow] * bool(workers and name not in WITH_WORKERS) for name in CASES}
    return [
        pytest.param(case, workers, id=f'{name}-{workers}', marks=marks[name]) for name, case in CASES.items()
    ]


@pytest.mark.parametrize(('case', 'workers'), cases(0) + cases(2))
def test_a_resumed_training_is_the_uninterrupted_one(tmp_path, case, workers):
    settings = dict(case)
    length, iteration = settings.pop('length'), settings.pop('iteration')
    whole = trained(noisy_runner(tmp_path / 'whole', length, workers=workers, **settings))
    resumed = noisy_killed_and_resumed(tmp_path / 'parts', length, iteration, workers=workers, **settings)
    assert_same_end(tmp_path / 'whole', tmp_path / 'parts')
    assert best(whole) == best(resumed)
    tail = resumed.model.seen
    assert 0 < len(tail) < len(whole.model.seen) and whole.model.seen[-len(tail) :] == tail


@pytest.mark.parametrize(
    ('workers', 'by_epoch'),
    [(0, False), (0, True), (2, False), pytest.param(2, True, marks=pytest.mark.slow)],
)
def test_a_resumed_training_loads_nothing_again_of_what_it_was_trained_on(
    tmp_path, monkeypatch, workers, by_epoch
):
    """By iterations mmengine starts workers of its own first; the little they load is thrown away."""
    loaded, prepare = tmp_path / 'loaded', NoisyScans.prepare_data

    def counted(dataset, index):
        with loaded.open('a') as file:
            file.write('.' * (len(dataset) == 11))  # not those of validation
        return prepare(dataset, index)

    settings = dict(workers=workers, by_epoch=by_epoch, epoch_checkpoints=False)
    length = 8 if by_epoch else 32
    first = noisy_runner(tmp_path / 'parts', length, **settings)
    first.register_hook(Kill(30))
    with pytest.raises(KilledError):
        trained(first)
    monkeypatch.setattr(NoisyScans, 'prepare_data', counted)
    resumed = trained(noisy_runner(tmp_path / 'parts', length, resume=True, **settings))
    rest = sum(len(batch) for batch, _ in resumed.model.seen if len(batch) > 1)
    ahead = workers * 2 * 3 * (1 if by_epoch else 2)  # what two sets of workers prefetch of batches of three
    assert rest <= len(loaded.read_text()) <= rest + ahead < 11 * 30 // 4


class CountWorkers(Hook):
    """How many processes there are in the middle of a training."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.workers = len(multiprocessing.active_children())


@pytest.mark.parametrize('by_epoch', [False, True])
def test_only_the_workers_of_the_seeded_loader_live_on(tmp_path, by_epoch):
    before = len(multiprocessing.active_children())
    hook = CountWorkers()
    trained(noisy_runner(tmp_path, 3, workers=2, by_epoch=by_epoch, custom_hooks=[hook]))
    assert hook.workers - before == 2 if not by_epoch else 4  # those of validation persist


def test_workers_do_not_change_a_training(tmp_path):
    for workers in (0, 2):
        scramble()
        trained(noisy_runner(tmp_path / str(workers), 5, workers=workers))
    assert_same_end(tmp_path / '0', tmp_path / '2')


def test_another_seed_gives_another_training(tmp_path):
    for seed in (0, 1):
        noisy_runner(tmp_path / str(seed), 2, randomness=dict(seed=seed)).train()
    assert '/state_dict/layers.0.weight' in differences(*(final_state(tmp_path / name)[1] for name in '01'))


@pytest.mark.parametrize('by_epoch', [False, True])
def test_a_seed_that_was_drawn_is_resumed_for_samples_too(tmp_path, by_epoch):
    settings = dict(by_epoch=by_epoch, epoch_checkpoints=False, randomness=dict(seed=None))
    resumed = noisy_killed_and_resumed(tmp_path / 'parts', 3 if by_epoch else 9, 5, **settings)
    settings['randomness'] = dict(seed=resumed.seed)
    whole = trained(noisy_runner(tmp_path / 'whole', 3 if by_epoch else 9, **settings))
    tail = resumed.model.seen
    assert whole.model.seen[-len(tail) :] == tail


@pytest.mark.parametrize('by_epoch', [False, True])
def test_with_another_batch_size_a_training_goes_on_at_the_same_sample(tmp_path, by_epoch):
    def training_samples(runner):
        batches = [batch for batch, _ in runner.model.seen if len(batch) > 1]  # validation has batches of one
        return [sample for batch in batches for sample in batch]

    settings = dict(by_epoch=by_epoch, epoch_checkpoints=False)
    length = 1 if by_epoch else 6
    whole = trained(noisy_runner(tmp_path / 'whole', length + (not by_epoch), **settings))
    resumed = dict(train_dataloader=dict(batch_size=4))
    resumed = noisy_killed_and_resumed(tmp_path / 'parts', length, 3, resumed=resumed, **settings)
    tail = training_samples(resumed)  # nine samples are done, the ninth begins a batch of four
    assert tail == training_samples(whole)[8 : 8 + len(tail)] and len(tail) >= 2


def test_weights_of_another_training_start_a_new_one_at_its_beginning(tmp_path):
    noisy_runner(tmp_path / 'first', 2).train()
    scratch = noisy_runner(tmp_path / 'scratch', 2)
    loaded = noisy_runner(tmp_path / 'loaded', 2, load_from=str(tmp_path / 'first' / 'iter_2.pth'))
    for runner in (scratch, loaded):
        runner.train()
    assert loaded.model.seen == scratch.model.seen


@pytest.mark.parametrize('by_epoch', [False, True])
def test_a_checkpoint_without_a_position_is_resumed_where_mmengine_would(tmp_path, by_epoch):
    length = 3 if by_epoch else 7
    whole = noisy_runner(tmp_path / 'whole', length, by_epoch=by_epoch)
    whole.train()
    name = 'epoch_1.pth' if by_epoch else 'iter_4.pth'
    content = torch.load(tmp_path / 'whole' / name, weights_only=True)
    del content['sample_stream'], content['validated']
    torch.save(content, tmp_path / name)
    resumed = noisy_runner(
        tmp_path / 'parts', length, by_epoch=by_epoch, resume=True, load_from=str(tmp_path / name)
    )
    resumed.train()
    assert whole.model.seen[-len(resumed.model.seen) :] == resumed.model.seen


def test_validation_draws_the_same_each_time_and_as_the_test_does_alone(tmp_path):
    runner = noisy_runner(tmp_path, 8)
    runner.train()
    scores, _ = runner.message_hub.get_scalar('val/draws').data
    assert len(scores) == 2 and scores[0] == scores[1]
    scramble()
    settings = dict(default_hooks=dict(checkpoint=None), load_from=str(tmp_path / 'iter_8.pth'))
    again = noisy_runner(tmp_path / 'again', 8, workers=2, **settings)
    assert again.val()['draws'] == scores[0]


def test_processes_have_one_stream_and_steps_of_their_own_under_diff_rank_seed(tmp_path):
    """mmengine adds the rank to the seed there."""
    runner = noisy_runner(tmp_path, 2, randomness=dict(seed=3, diff_rank_seed=True))
    with patch('swin3d_mmdet3d.engine.hooks.position_seed_hook.get_dist_info', lambda: (2, 4)):
        runner._seed = 5  # of rank 2
        runner.train()
    batches = runner.train_dataloader.batch_sampler
    assert (batches.seed, batches.rank, batches.world_size) == (3, 2, 4)
    one = noisy_runner(tmp_path / 'one', 2, randomness=dict(seed=3))
    one.train()
    assert one.train_dataloader.batch_sampler.sampler.seed == batches.sampler.seed == 3


def test_a_loader_without_batches_of_rows_is_refused(tmp_path):
    runner = noisy_runner(tmp_path, 2)
    runner._val_loop['type'] = 'ValLoop'
    runner._val_dataloader = DataLoader(NoisyScans(), batch_size=None)
    with pytest.raises(
        TypeError, match='PositionSeedHook needs a dataloader with batches of rows, got NoisyScans'
    ):
        runner.val()
