"""Copies of a sample, out of which views are made."""

from __future__ import annotations

import copy
from typing import Any


def copy_sample(results: dict[str, Any]) -> dict[str, Any]:
    """A copy of a sample that transforms may change; the data set among its keys stays the one it is.

    mmdet3d's segmentation datasets put themselves into every training sample, for ``Mix3D``.
    """
    shared = {key: results[key] for key in ('dataset',) if key in results}
    return {**copy.deepcopy({key: results[key] for key in results.keys() - shared.keys()}), **shared}
