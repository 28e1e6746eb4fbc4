"""Writers of surveyors' files for the tests: LAS, LAZ and E57 by laspy and pye57 alone."""

from __future__ import annotations

import numpy as np
import pytest


def channels(values, names=('red', 'green', 'blue')):
    return dict(zip(names, np.asarray(values).T))


def write_las_file(path, xyz, kind=7, version='1.4', scale=0.001, offset=(0, 0, 0), change=None, **fields):
    laspy = pytest.importorskip('laspy')
    header = laspy.LasHeader(point_format=kind, version=version)
    header.scales, header.offsets = [scale] * 3, offset
    data = laspy.LasData(header)
    data.x, data.y, data.z = xyz.T
    for name, values in fields.items():
        if name not in data.point_format.dimension_names:
            data.add_extra_dim(laspy.ExtraBytesParams(name, values.dtype))
        setattr(data, name, values)
    data.write(str(path))
    if change is not None:
        raw = bytearray(path.read_bytes())
        change(raw)
        path.write_bytes(raw)


def write_e57_file(path, scans, change=None):
    pye57 = pytest.importorskip('pye57')
    file = pye57.E57(str(path), mode='w')
    for arrays, pose in scans:
        file.write_scan_raw(arrays, **pose)
    file.close()
    if change is not None:
        raw = bytearray(path.read_bytes())
        change(raw)
        path.write_bytes(raw)


def station(xyz, rgb=None, **more):
    fields = channels(xyz, ('cartesianX', 'cartesianY', 'cartesianZ'))
    if rgb is not None:
        fields.update(channels(rgb.astype(np.uint8), ('colorRed', 'colorGreen', 'colorBlue')))
    return {name: np.ascontiguousarray(values) for name, values in {**fields, **more}.items()}
