"""Scenes that are predicted but cannot be scored."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TypeVar

from mmengine.logging import print_log

Result = TypeVar('Result')


class WithoutTruth:
    """Stands for the result of a scene without ground truth.

    None would not do: where processes join their results, mmengine drops it before it drops the scenes that
    its sampler repeats at the end, which would then count twice.
    """


def with_truth(results: Sequence[Result | WithoutTruth], truth: str) -> list[Result]:
    """The results of scenes with truth; a warning tells how many scenes had nothing to be scored by.

    Args:
        results: One for each scene.
        truth: What such a scene lacks, such as 'labels'.
    """
    kept = [result for result in results if not isinstance(result, WithoutTruth)]
    if len(kept) < len(results):
        left = f'the scores are of the other {len(kept)}' if kept else 'there is nothing to score'
        print_log(
            f'{len(results) - len(kept)} of {len(results)} scenes have no {truth}: {left}',
            logger='current',
            level=logging.WARNING,
        )
    return kept
