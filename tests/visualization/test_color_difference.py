"""CIEDE2000 against the pairs that its paper publishes; palettes whose classes can be told apart."""

import numpy as np
import pytest

from swin3d_mmdet3d.datasets.class_lists import S3DIS, S3DIS_BOXES, SCANNET, SCANNET_BOXES, STRUCTURED3D
from swin3d_mmdet3d.datasets.indoor_det_dataset import S3DISDetDataset, ScanNetDetDataset, SUNRGBDDetDataset
from swin3d_mmdet3d.visualization import cielab, color_difference, distinct_colors
from swin3d_mmdet3d.visualization.label_colors import UNLABELED_COLOR

# L*, a*, b* of two colours and their difference: Sharma et al. 2005, table 1.
PUBLISHED = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
    ((50, 2.8361, -74.0200), (50, 0, -82.7485), 3.4412),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0009), 7.1792),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((50, 2.5, 0), (61, -5, 29), 22.8977),
    ((50, 2.5, 0), (56, -27, -3), 31.9030),
    ((50, 2.5, 0), (58, 24, 15), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
]


def least_difference(palette):
    """Of any two colours."""
    lab = cielab(np.array(palette))
    difference = color_difference(lab[:, None], lab[None])
    return difference[np.triu_indices(len(lab), 1)].min()


@pytest.mark.parametrize(('lab', 'other', 'expected'), PUBLISHED)
def test_difference_is_the_published_one_both_ways(lab, other, expected):
    for one, two in ((lab, other), (other, lab)):
        assert color_difference(np.array(one), np.array(two)) == pytest.approx(expected, abs=5e-5)


def test_lab_of_primaries_and_greys():
    found = cielab(np.array([(255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 0, 255)]))
    expected = [(100, 0, 0), (0, 0, 0), (53.24, 80.09, 67.20), (32.30, 79.19, -107.86)]
    np.testing.assert_allclose(found, expected, atol=0.01)


@pytest.mark.parametrize(
    ('palette', 'least'),
    [
        (S3DIS.palette, 25),
        (S3DIS_BOXES.palette, 25),
        (SCANNET.palette, 19),
        (SCANNET_BOXES.palette, 19),
        (STRUCTURED3D.palette, 19),
        (S3DISDetDataset.METAINFO['palette'], 25),
        (ScanNetDetDataset.METAINFO['palette'], 19),
        (SUNRGBDDetDataset.METAINFO['palette'], 19),
        (distinct_colors(13), 22),
        (distinct_colors(20), 19),
        (distinct_colors(40), 13.9),
    ],
    ids=[
        's3dis',
        's3dis_boxes',
        'scannet',
        'scannet_boxes',
        'structured3d',
        's3dis_det',
        'scannet_det',
        'sunrgbd_det',
    ]
    + ['own_13', 'own_20', 'own_40'],
)
def test_classes_can_be_told_apart_and_from_unlabelled_paper_and_a_black_page(palette, least):
    assert least_difference(palette) >= least
    for other in ((255, 255, 255), (0, 0, 0), UNLABELED_COLOR):
        assert least_difference([*palette, other]) >= min(least, 19)
    light = cielab(np.array(palette))[:, 0]
    assert 20 < light.min() and light.max() < 97  # neither black nor white, whatever the hue


def test_more_distinct_colours_begin_with_the_same():
    assert distinct_colors(30)[:12] == distinct_colors(12)
    assert len(set(distinct_colors(200))) == 200
    assert distinct_colors(0) == ()
