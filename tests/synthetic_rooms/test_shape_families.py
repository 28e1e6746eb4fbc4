"""No size of one family is one of another's, nor one of held-out rooms one of training rooms."""

from itertools import combinations, product

import numpy as np
import pytest

from swin3d_mmdet3d.synthetic_rooms.domains import DOMAINS
from swin3d_mmdet3d.synthetic_rooms.furniture import seating, storage, tables
from swin3d_mmdet3d.synthetic_rooms.shape_families import FAMILIES, WIDENING, ShapeGenerator

RANGES = [(0.4, 0.5), (0.42, 0.52), (0.7, 0.78), (1.2, 1.8), (0.03, 0.045), (0.05, 0.15)]
SOURCES = list(product(FAMILIES, (False, True)))


@pytest.mark.parametrize(('low', 'high'), RANGES)
def test_families_share_a_range_without_overlap_and_without_gap(low, high):
    parts = sorted(ShapeGenerator(0, *source).part(low, high) for source in SOURCES)
    assert np.isclose(parts[0][0], low - WIDENING * (high - low))
    assert np.isclose(parts[-1][1], high + WIDENING * (high - low))
    np.testing.assert_allclose([end for _, end in parts[:-1]], [start for start, _ in parts[1:]])


def test_no_family_is_the_largest_in_every_size():
    thirds = [[ShapeGenerator(0, name).part(*it)[0] > it[0] for it in RANGES] for name in FAMILIES]
    assert all(0 < sum(row) < len(RANGES) for row in thirds)


@pytest.mark.parametrize('build', [tables.table, tables.desk, storage.cabinet, seating.ottoman])
def test_furniture_of_two_families_never_has_the_same_bounds(build):
    sizes = {}
    for source in SOURCES:
        rng = ShapeGenerator(1, *source)
        sizes[source] = np.array([np.ptp(build(rng).bounds(), axis=0) for _ in range(30)])
    for one, other in combinations(SOURCES, 2):
        apart = [
            sizes[one][:, k].min() > sizes[other][:, k].max()
            or sizes[one][:, k].max() < sizes[other][:, k].min()
            for k in range(3)
        ]
        assert any(apart), (one, other)


def test_every_domain_has_a_family_of_its_own_and_holds_out_rooms_of_its_splits():
    assert sorted(domain.family for domain in DOMAINS.values()) == sorted(FAMILIES)
    for domain in DOMAINS.values():
        held_out = {domain.split(index) for index in range(30) if domain.is_held_out(index)}
        assert held_out == ({'Area_5'} if domain.name == 's3dis' else {'val', 'test'})
