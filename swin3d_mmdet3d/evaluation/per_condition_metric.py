"""One metric for each data set of a joint evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmdet3d.registry import METRICS
from mmengine.evaluator import BaseMetric

from ..language.vocabulary import class_names_of


@METRICS.register_module()
class PerConditionMetric(BaseMetric):
    """Scores of each condition apart, and the mean of those that all conditions have.

    Scores are named ``<condition>/<score>`` and ``mean/<score>``.

    Args:
        scores: Condition -> config of its metric, one that keeps one result per sample. (A config with a key
            ``metrics`` would be an evaluator to mmengine.)
        class_names: Condition -> names of its classes in label order, or a data set of the indoor vocabulary.
        ignore_index: Label that no metric counts.
        collect_device: 'cpu' or 'gpu', where ranks exchange results.
        prefix: Put before the names of the scores.
    """

    def __init__(
        self,
        scores: Mapping[str, dict],
        class_names: Mapping[str, str | Sequence[str]],
        ignore_index: int = 255,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if set(scores) != set(class_names):
            raise ValueError(
                f'scores and class_names must name the same conditions, got {sorted(scores)} '
                f'and {sorted(class_names)}'
            )
        self.metrics = {condition: METRICS.build(config) for condition, config in scores.items()}
        for condition, given in class_names.items():
            names = class_names_of(condition, given)
            self.metrics[condition].dataset_meta = dict(
                classes=names, label2cat=dict(enumerate(names)), ignore_index=ignore_index
            )

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Give each sample to the metric of its condition.

        Raises:
            ValueError: If a sample has no condition or an unknown one.
        """
        for sample in data_samples:
            condition = sample.get('condition')
            if condition not in self.metrics:
                raise ValueError(f'condition must be one of {tuple(self.metrics)}, got {condition!r}')
            metric = self.metrics[condition]
            metric.process(data_batch, [sample])
            self.results.extend((condition, result) for result in metric.results)
            metric.results.clear()

    def compute_metrics(self, results: list[tuple[str, Any]]) -> dict[str, float]:
        """Scores of every condition that has results, and their means."""
        scores = {}
        for condition, metric in self.metrics.items():
            own = [result for name, result in results if name == condition]
            if own:
                scores[condition] = metric.compute_metrics(own)
        shared = set.intersection(*(set(values) for values in scores.values())) if scores else set()
        mean = {
            f'mean/{name}': sum(values[name] for values in scores.values()) / len(scores)
            for name in sorted(shared & {'miou', 'acc', 'acc_cls'})
        }
        named = {f'{c}/{name}': value for c, values in scores.items() for name, value in values.items()}
        return {**named, **mean}
