"""Published scores beside those that work folders hold."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from mmengine.fileio import load

from ..datasets.wrapped_settings import innermost_dataset
from .run_scores import RunScores, file_names, merge_areas

SIX_FOLDS = 'S3DIS six folds'
INFO_FILES = {
    'S3DIS area 5': 's3dis_infos_Area_5.pkl',
    'ScanNet val': 'scannet_infos_val.pkl',
    'ScanNet200 val': 'scannet_infos_val.pkl',
    'SUN RGB-D val': 'sunrgbd_infos_val.pkl',
    'Structured3D val': 'structured3d_infos_val.pkl',
    'Generated rooms area 5': 's3dis_infos_Area_5.pkl',
}
"""The info file that a row's data set is tested on; a server's scores are in no work folder."""


@dataclass(frozen=True)
class ExpectedScore:
    """A row of a metafile.

    Attributes:
        config: Path of the config from the repository's root.
        dataset: Data set and split.
        metric: Such as 'mIoU', 'mIoU by 12 votes' or 'mAP@0.25'.
        percent: The published value; None where nothing is published.
        source: Where it is from.
    """

    config: str
    dataset: str
    metric: str
    percent: float | None
    source: str


def read_expected_scores(metafile: str | os.PathLike) -> list[ExpectedScore]:
    """The rows of a metafile, one for each config and metric."""
    rows = []
    for model in load(str(metafile))['Models']:
        metadata = model.get('Metadata', {})
        source = metadata.get('Source of Results', '-')
        results = model.get('Results') or [
            dict(Dataset=metadata.get('Training Data', '-'), Metrics={'-': None})
        ]
        for result in results:
            for metric, percent in result['Metrics'].items():
                rows.append(ExpectedScore(model['Config'], result['Dataset'], metric, percent, source))
    return rows


def read_work_folder(folder: str | os.PathLike) -> list[RunScores]:
    """The tests in a work folder and below it, and where there is none the best validation of its training.

    A training's validations are in the scalars that mmengine logs; its config is the one that the runner
    leaves beside them. Each of its scores is the best of all validations.

    Raises:
        ValueError: If the folder does not exist.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f'work folder {folder} does not exist')
    tests = [RunScores.read(path) for path in sorted(folder.rglob('test_result*.json'))]
    tested = {test.config for test in tests if not test.votes}
    trainings = {path.parents[2] for path in folder.rglob('vis_data/scalars.json')}
    for training in sorted(trainings):
        result = _best_validation(training)
        if result is not None and result.config not in tested:
            tests.append(result)
    return tests


def _best_validation(folder: Path) -> RunScores | None:
    """The best scores of a training's validations, or None where it has none."""
    configs = sorted(folder.glob('*.py'))
    best: dict[str, float] = {}
    for path in folder.glob('*/vis_data/scalars.json'):
        for line in path.read_text().splitlines():
            scores = json.loads(line)
            if 'loss' not in scores:
                for name, value in scores.items():
                    if isinstance(value, float) and not math.isnan(value):
                        best[name] = max(value, best.get(name, -math.inf))
    if not configs or not best:
        return None
    dataset = innermost_dataset(Config.fromfile(configs[0]).get('val_dataloader', {}))
    return RunScores(configs[0].stem, '-', False, file_names(dataset.get('ann_file', [])), best)


def reached_score(expected: ExpectedScore, results: Iterable[RunScores]) -> float | None:
    """The best percent that results of the row's config, split and kind of test reached, or None."""
    votes = 'votes' in expected.metric
    own = [test for test in results if test.config == Path(expected.config).stem and test.votes == votes]
    if expected.dataset == SIX_FOLDS:
        return _six_folds(own)
    if 'server' in expected.dataset:
        return None
    name = _logged_name(expected.metric)
    info_file = INFO_FILES.get(expected.dataset)
    values = [
        test.metrics[name]
        for test in own
        if name in test.metrics and (info_file is None or test.info_files == [info_file])
    ]
    return 100 * max(values) if values else None


def _six_folds(results: Sequence[RunScores]) -> float | None:
    """Percent of the merged mIoU, once each of the six areas has been tested."""
    areas = {tuple(test.info_files): test for test in results if test.confusion is not None}
    needed = [(f's3dis_infos_Area_{area}.pkl',) for area in range(1, 7)]
    if any(area not in areas for area in needed):
        return None
    return 100 * merge_areas([areas[area] for area in needed])[1].mean_iou


def _logged_name(metric: str) -> str:
    """What the metric is called in logs: 'mIoU by 12 votes' -> 'miou', 'mAP@0.5' -> 'mAP_0.50'."""
    threshold = re.fullmatch(r'(mA[PR])@(0?\.\d+)', metric)
    if threshold:
        return f'{threshold[1]}_{float(threshold[2]):.2f}'
    return metric.split()[0].lower()
