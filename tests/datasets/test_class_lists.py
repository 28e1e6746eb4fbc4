"""Class lists against mmdet3d's own tables and the ids of the benchmarks."""

import mmdet3d.datasets as stock
import pytest

from swin3d_mmdet3d import datasets as package
from swin3d_mmdet3d.datasets import choose_classes
from swin3d_mmdet3d.datasets.class_lists import (
    S3DIS,
    S3DIS_BOXES,
    SCANNET,
    SCANNET_BOXES,
    STRUCTURED3D,
    ClassList,
)


@pytest.mark.parametrize(
    ('ours', 'theirs'),
    [
        (S3DIS, stock.S3DISSegDataset),
        (S3DIS_BOXES, stock.S3DISDataset),
        (SCANNET, stock.ScanNetSegDataset),
        (SCANNET_BOXES, stock.ScanNetDataset),
    ],
)
def test_names_and_ids_are_those_of_mmdet3d(ours, theirs):
    assert ours.names == tuple(theirs.METAINFO['classes'])
    assert ours.raw_ids == tuple(theirs.METAINFO['seg_valid_class_ids'])


@pytest.mark.parametrize(
    ('kind', 'theirs'),
    [
        (package.S3DISWholeSceneDataset, stock.S3DISSegDataset),
        (package.ScanNetWholeSceneDataset, stock.ScanNetSegDataset),
        (package.ScanNetDetDataset, stock.ScanNetDataset),
        (package.S3DISDetDataset, stock.S3DISDataset),
        (package.SUNRGBDDetDataset, stock.SUNRGBDDataset),
    ],
)
def test_official_palettes_are_those_of_mmdet3d(kind, theirs):
    official = choose_classes(dict(palette='official'), kind.METAINFO).palette
    assert [list(color) for color in official] == [list(color) for color in theirs.METAINFO['palette']]
    name = theirs.METAINFO['classes'][2]
    chosen = choose_classes(dict(classes=(name,), palette='official'), kind.METAINFO).palette
    assert chosen == (official[2],)


def test_official_palette_of_other_classes_is_refused_by_name():
    with pytest.raises(ValueError, match="palette 'official' is of the classes of S3DIS, .*, got sofa, lamp"):
        choose_classes(dict(palette='official'), dict(classes=('sofa', 'lamp')))
    with pytest.raises(ValueError, match="palette must be colours or 'official', got 'tab20'"):
        choose_classes(dict(palette='tab20'), dict(classes=('sofa', 'lamp')))


def test_structured3d_has_the_ids_of_the_pretraining_task():
    expected = [*range(1, 10), 11, *range(14, 20), 22, 24, 25, 32, 34, 35, 38, 39, 40]
    assert list(STRUCTURED3D.raw_ids) == expected


def test_classes_of_one_id_have_one_name_in_scannet_and_structured3d():
    names = dict(zip(STRUCTURED3D.raw_ids, STRUCTURED3D.names))
    shared = [i for i in SCANNET.raw_ids if i in names]
    assert len(shared) == 15
    assert [SCANNET.names[SCANNET.raw_ids.index(i)] for i in shared] == [names[i] for i in shared]


def test_lists_of_unequal_length_or_repeated_ids_raise():
    with pytest.raises(ValueError, match='must have one length, got 2, 1 and 2'):
        ClassList(('a', 'b'), ((0, 0, 0),), (0, 1))
    with pytest.raises(ValueError, match=r'must be unique, got \(1, 1\)'):
        ClassList(('a', 'b'), ((0, 0, 0), (1, 1, 1)), (1, 1))
