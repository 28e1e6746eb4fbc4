"""Result files of tests: scores and confusion matrix of a run, and the merging of the folds of S3DIS."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..atomic_write import atomic_write
from ..json_text import parse_json
from .confusion_matrix import SegmentationScores, segmentation_scores


@dataclass(frozen=True, eq=False)
class RunScores:
    """What one test of one checkpoint gave.

    Attributes:
        config: Name of the config without its ending.
        checkpoint: The checkpoint file.
        votes: Whether the predictions were votes over the views of ``tta_pipeline``.
        info_files: Names of the info files that were tested.
        metrics: The scores by name.
        classes: Names of the classes of ``confusion``.
        confusion: ``(C, C)`` counts as nested lists, row = truth; None for metrics that count none.
    """

    config: str
    checkpoint: str
    votes: bool
    info_files: list[str]
    metrics: dict[str, float]
    classes: list[str] | None = None
    confusion: list[list[int]] | None = None

    def write(self, folder: str | os.PathLike) -> Path:
        """Write ``test_result.json``, or ``test_result_votes.json``, into a work folder."""
        path = Path(folder) / ('test_result_votes.json' if self.votes else 'test_result.json')
        with atomic_write(path) as part:
            part.write_text(json.dumps(asdict(self), indent=1))
        return path

    @classmethod
    def read(cls, path: str | os.PathLike) -> RunScores:
        """Read a result file.

        Raises:
            ValueError: Naming the file, if it is missing or not such a file.
        """
        try:
            return cls(**parse_json(Path(path).read_text()))
        except FileNotFoundError:
            raise ValueError(f'result file {path} is missing') from None
        except (ValueError, TypeError) as error:
            raise ValueError(f'{path} is not a result file of a test: {error}') from error


def file_names(ann_file: str | Sequence[str]) -> list[str]:
    """The names of a data set's info files without their folders, however many it has."""
    return [Path(path).name for path in ([ann_file] if isinstance(ann_file, str) else ann_file)]


def merge_areas(results: Sequence[RunScores]) -> tuple[np.ndarray, SegmentationScores]:
    """The six-fold scores of S3DIS: those of all areas' points together.

    As in the original and in the literature the counts of the folds are added, not their scores averaged.
    A class that occurs nowhere counts as 0, as in the original; the real data set has none.

    Args:
        results: A result for each area, each of other info files.

    Returns:
        The sum of the confusion matrices ``(C, C)`` int64, and its scores.

    Raises:
        ValueError: If a result has no confusion matrix, classes differ or an area occurs twice.

    Source: validate() of SemanticSeg/test.py in github.com/Yukichiii/Swin3D_Task.
    """
    if not results:
        raise ValueError('results must hold one result for each area, got none')
    if any(result.confusion is None for result in results):
        raise ValueError('results must hold confusion matrices, those of ConfusionSegMetric')
    if any(result.classes != results[0].classes for result in results):
        raise ValueError('results must have the same classes')
    files = [name for result in results for name in result.info_files]
    twice = sorted({name for name in files if files.count(name) > 1})
    if twice:
        raise ValueError(f'each area must be tested once, got {", ".join(twice)} twice')
    matrix = np.sum([np.array(result.confusion, dtype=np.int64) for result in results], axis=0)
    scores = segmentation_scores(matrix)
    return matrix, SegmentationScores(
        iou=np.nan_to_num(scores.iou),
        class_accuracy=np.nan_to_num(scores.class_accuracy),
        accuracy=scores.accuracy,
    )
