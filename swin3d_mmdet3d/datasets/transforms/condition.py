"""The condition of a sample: which data set it comes from."""

from __future__ import annotations

from typing import Any

from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SetCondition(BaseTransform):
    """Name the data set of a sample for point prompt training.

    Adds the key ``condition``, which has to be among the ``meta_keys`` of the packing transform.

    Args:
        condition: Name of the data set.

    Source: arXiv 2308.09718, section 4.1.
    """

    def __init__(self, condition: str) -> None:
        if not condition:
            raise ValueError('condition must be a name, got an empty one')
        self.condition = condition

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add the condition."""
        results['condition'] = self.condition
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(condition={self.condition!r})'
