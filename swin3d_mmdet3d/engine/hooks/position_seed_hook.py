"""Random numbers that follow from the seed and the place in the training, so that resuming changes none."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, repeat
from typing import Any

from mmdet3d.registry import HOOKS
from mmengine.dist import get_dist_info
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from mmengine.runner.base_loop import BaseLoop
from torch.utils.data import DataLoader, IterableDataset, Sampler

from ...datasets.samplers import PositionedBatchSampler
from ...datasets.seeded_generators import seed_generators
from ...datasets.seeded_loader import seeded_loader

TRAIN_STEP, VAL_STEP, TEST_STEP = 3, 4, 5


@HOOKS.register_module()
class PositionSeedHook(Hook):
    """Make all random numbers of a run a function of its seed and of the position.

    A sample is loaded with generators seeded by (seed, epoch, position in the stream, row), whichever process
    loads it: any number of workers gives the same samples. A step begins with generators seeded by
    (seed, iteration). So a training that was killed and resumed is the uninterrupted one: the checkpoint has
    seed and position, no state of a generator is needed. Validation and test draw the same numbers each time.

    A resumed training goes on at its position without loading what was trained on. In the middle of an epoch
    it does so too; with another batch size or number of processes it goes on at the same sample, rounded down
    to a batch. Loops by iterations go through finite samplers again and again, without mmengine's pause.

    Holds for the loops of mmengine and those derived from them, and for data sets with rows. With
    ``randomness.diff_rank_seed`` the steps of processes differ in their numbers, the order of samples does
    not.

    Raises:
        TypeError: Before training, validation or test, for a loader without batches of rows.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self.batches = 0  # of the epoch, or of the training by iterations, that are trained on
        self.saved: dict | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take the position of a checkpoint, which :meth:`before_train` reads if training resumes."""
        self.saved = checkpoint.get('sample_stream')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Put the position into a checkpoint."""
        step = runner.train_dataloader.batch_sampler.batch_size * get_dist_info()[1]
        checkpoint['sample_stream'] = dict(batches=self.batches, samples_per_batch=step)

    def before_train(self, runner: Runner) -> None:
        """Go on at the position in the stream."""
        loop = runner.train_loop
        by_iterations = isinstance(loop, IterBasedTrainLoop)
        loop.dataloader = _positioned(runner, loop, endless=by_iterations)
        batches = loop.dataloader.batch_sampler
        self.batches = 0
        if runner.iter > 0:
            step = batches.batch_size * batches.world_size
            # checkpoints of trainings without this hook: what mmengine's loops take for trained
            stock = dict(batches=runner.iter if by_iterations else 0, samples_per_batch=step)
            saved = self.saved or stock
            self.batches = saved['batches'] * saved['samples_per_batch'] // step
        batches.skip = self.batches
        if by_iterations:
            # the loop advances its iterator by the iterations that are done
            loop.dataloader_iterator = chain(repeat(None, runner.iter), loop.dataloader)
        elif self.batches > 0:
            loop.run_iter = _counted_from(self.batches, loop)

    def before_train_epoch(self, runner: Runner) -> None:
        """Tell the batches their epoch."""
        runner.train_dataloader.batch_sampler.set_epoch(runner.epoch)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seed the step."""
        seed_generators(TRAIN_STEP, runner.seed, runner.iter)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Count."""
        self.batches += 1

    def after_train_epoch(self, runner: Runner) -> None:
        """Count anew, unless iterations are the loop's measure."""
        if not isinstance(runner.train_loop, IterBasedTrainLoop):
            self.batches = 0
            vars(runner.train_loop).pop('run_iter', None)

    def before_val(self, runner: Runner) -> None:
        """Seed the samples of validation by their positions."""
        runner.val_loop.dataloader = _positioned(runner, runner.val_loop)

    def before_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seed the step."""
        seed_generators(VAL_STEP, runner.seed, batch_idx)

    def before_test(self, runner: Runner) -> None:
        """Seed the samples of the test by their positions."""
        runner.test_loop.dataloader = _positioned(runner, runner.test_loop)

    def before_test_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seed the step."""
        seed_generators(TEST_STEP, runner.seed, batch_idx)


def _positioned(runner: Runner, loop: BaseLoop, endless: bool = False) -> DataLoader:
    """The loader of a loop, seeded by positions; itself if it is so already."""
    loader = loop.dataloader
    if isinstance(loader.batch_sampler, PositionedBatchSampler):
        return loader
    if not isinstance(loader.batch_sampler, Sampler) or isinstance(loader.dataset, IterableDataset):
        raise TypeError(
            'PositionSeedHook needs a dataloader with batches of rows, got '
            f'{type(loader.dataset).__name__} with batch_sampler {loader.batch_sampler!r}; leave the hook out'
        )
    rank, world_size = get_dist_info()
    seed = runner.seed - (rank if runner._randomness_cfg.get('diff_rank_seed', False) else 0)
    return seeded_loader(
        loader, PositionedBatchSampler(loader.batch_sampler, seed, rank, world_size, endless=endless)
    )


def _counted_from(start: int, loop: EpochBasedTrainLoop) -> Callable[[int, Any], None]:
    """The `run_iter` of a loop by epochs for an epoch that is resumed in its middle.

    The loop numbers what its loader gives from 0; log lines go by that number.
    """
    run_iter = loop.run_iter
    return lambda batch_idx, data_batch: run_iter(start + batch_idx, data_batch)
