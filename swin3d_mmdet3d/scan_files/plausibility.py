"""Doubts about a scan: units, up axis and precision that its extent, spacing and surfaces speak against."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from .scan import Scan

SAMPLE = 2000  # points whose surroundings are looked at
LOOKED_AT = 60_000  # points among which neighbours are sought
NEIGHBOURS = 12
LARGEST = 250.0  # m: no indoor scan is wider, but a building in millimetres or centimetres is
WIDEST_SPACING = 0.6  # m between neighbouring points
STOREY_IN_FEET = (7.0, 11.5)
WIDEST_IN_FEET = 60.0
SURFACE = 0.9  # cosine between a normal and an axis
OUTWEIGHS = 1.5  # by how much the surfaces across another axis exceed those across z
FLATTER = 0.85  # and how much smaller the extent along it is
STOREY = (1.9, 3.6)  # m; rooms are wider than high, so that such an extent tells the up axis
TOO_HIGH = 3.7  # m, of a room as wide as a storey is high
AS_MANY = 0.6  # least share of surfaces across the up axis of a room, over that across a horizontal one


def doubts(scan: Scan, voxel_size: float | None = None) -> list[str]:
    """What speaks against metres with z up, each with the option that mends it.

    Args:
        scan: The scan, as its model is to see it.
        voxel_size: Edge of the model's voxels in metres; None leaves the precision alone.

    Returns:
        Sentences; none for a plausible scan.
    """
    found = [_units(scan.xyz), _up_axis(scan.xyz), _precision(scan.xyz, voxel_size)]
    if not any(found[:2]):
        found.append(_feet(scan.xyz))
    return [told for told in found if told]


def _units(xyz: np.ndarray) -> str | None:
    extent = np.ptp(xyz, axis=0)
    spacing = median_spacing(xyz)
    told = f'extent {" x ".join(f"{edge:.4g}" for edge in extent)}, spacing of points {spacing:.3g}'
    if extent.max() > LARGEST or spacing > WIDEST_SPACING:
        scale, name = (0.001, 'millimetres') if extent.max() > 1500 else (0.01, 'centimetres')
        return f'{told}: this looks like {name} and is read as metres; --unit-scale {scale} reads it so'
    if extent.max() < 0.1:
        return f'{told}: this looks like another unit and is read as metres; --unit-scale tells which'
    return None


def _feet(xyz: np.ndarray) -> str | None:
    extent, height = np.ptp(xyz, axis=0), robust_extent(xyz)[2]
    if not STOREY_IN_FEET[0] < height < STOREY_IN_FEET[1] or extent.max() > WIDEST_IN_FEET:
        return None
    return f'height {height:.3g}: this looks like feet and is read as metres; --unit-scale 0.3048 reads it so'


def _up_axis(xyz: np.ndarray) -> str | None:
    """An axis across which more surfaces lie than across z, and along which the scan is flatter."""
    shares, extent = surface_shares(xyz), robust_extent(xyz)
    axis = int(np.argmin(extent[:2]))
    outweighs = shares[axis] > OUTWEIGHS * shares[2] and extent[axis] < FLATTER * extent[2]
    is_storey = (
        STOREY[0] < extent[axis] < STOREY[1] and extent[2] > TOO_HIGH and shares[axis] > AS_MANY * shares[2]
    )
    if not (outweighs or is_storey):
        return None
    name = 'xyz'[axis]
    return (
        f'extent {extent[axis]:.3g} along {name} and {extent[2]:.3g} along z, with {shares[axis]:.0%} and '
        f'{shares[2]:.0%} of the surfaces across them: {name} looks like the axis that points up (or down) '
        f'and z is taken for it; --up {name} (or -{name}) reads it so'
    )


def _precision(xyz: np.ndarray, voxel_size: float | None) -> str | None:
    far = float(np.abs(xyz).max())
    step = float(np.spacing(np.float32(far)))
    if voxel_size is None or step <= voxel_size or not np.array_equal(xyz, xyz.astype(np.float32)):
        return None
    return (
        f'coordinates up to {far:.7g} are stored in steps of {step:.2g} (float32), coarser than the voxels '
        f'of {voxel_size:g}: export the scan in float64, or near the origin'
    )


def robust_extent(xyz: np.ndarray) -> np.ndarray:
    """(3,) extents without the outermost percent of the points at each end."""
    low, high = np.percentile(xyz, (1, 99), axis=0)
    return high - low


def median_spacing(xyz: np.ndarray) -> float:
    """Median distance of a point to its nearest neighbour elsewhere; 0 for a single place."""
    if len(xyz) == 1:
        return 0.0
    # Few points are asked of a tree of all: balance would cost more than it saves.
    tree = cKDTree(xyz, balanced_tree=False, compact_nodes=False)
    distance, _ = tree.query(xyz[_rows(len(xyz), SAMPLE)], k=range(2, min(4, len(xyz)) + 1))
    apart = distance.max(axis=1)
    return float(np.median(np.where(distance[:, 0] > 0, distance[:, 0], apart)))


def surface_shares(xyz: np.ndarray) -> np.ndarray:
    """(3,) shares of the points whose surroundings are a surface across x, y and z."""
    points = xyz[_rows(len(xyz), LOOKED_AT)]
    points = points - points.mean(axis=0)
    if len(points) < NEIGHBOURS:
        return np.zeros(3)
    _, index = cKDTree(points).query(points[_rows(len(points), SAMPLE)], k=NEIGHBOURS)
    near = points[index]
    offset = near - near.mean(axis=1, keepdims=True)
    _, vector = np.linalg.eigh(offset.transpose(0, 2, 1) @ offset)
    return (np.abs(vector[:, :, 0]) > SURFACE).mean(axis=0)


def _rows(count: int, most: int) -> np.ndarray:
    """At most `most` rows, drawn always the same."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, most, replace=False))
