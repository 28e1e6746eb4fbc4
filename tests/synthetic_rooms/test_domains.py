"""Boxes of generated rooms follow the rule of the prepared data sets: by the raw id alone."""

import pytest

from swin3d_mmdet3d.datasets.class_lists import S3DIS_BOXES, SCANNET_BOXES
from swin3d_mmdet3d.synthetic_rooms.domains import DOMAINS, KINDS


@pytest.mark.parametrize(('name', 'boxes'), [('scannet', SCANNET_BOXES), ('s3dis', S3DIS_BOXES)])
def test_every_object_whose_id_has_a_box_class_gets_a_box_of_it(name, boxes):
    domain = DOMAINS[name]
    for kind in KINDS:
        raw_id = domain.raw_id(kind)
        expected = boxes.raw_ids.index(raw_id) if raw_id in boxes.raw_ids else None
        assert domain.box_label(kind) == expected, kind


def test_furniture_without_a_class_of_its_own_shares_a_box_class_with_the_bins():
    labels = {kind: DOMAINS['scannet'].box_label(kind) for kind in ('garbage_bin', 'ottoman', 'coat_stand')}
    assert set(labels.values()) == {len(SCANNET_BOXES) - 1}
