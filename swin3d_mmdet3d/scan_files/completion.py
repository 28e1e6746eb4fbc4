"""What a model needs and a scan lacks: mid-grey for colours, estimates for normals."""

from __future__ import annotations

import numpy as np
from mmengine.logging import print_log

from ..geometry import estimate_normals
from .scan import GREY, Scan


def known_colors(scan: Scan) -> np.ndarray:
    """(P, 3) float32 colours in 0..255; mid-grey where the scan has none, which is logged."""
    if scan.color is not None:
        return scan.color
    print_log('the scan has no colours: mid-grey is taken for all points', logger='current')
    return np.full(scan.xyz.shape, GREY, dtype=np.float32)


def known_normals(scan: Scan) -> np.ndarray:
    """(P, 3) float32 unit normals; those the scan lacks are estimated from its points, which is logged."""
    if scan.normal is None:
        print_log('the scan has no normals: they are estimated from its points', logger='current')
        return estimate_normals(scan.xyz)
    missing = ~scan.normal.any(axis=1)
    if not missing.any():
        return scan.normal
    print_log(f'{int(missing.sum())} normals that the scan lacks are estimated from its points', 'current')
    return np.where(missing[:, None], estimate_normals(scan.xyz), scan.normal)
