"""Class-balanced draws against their expectation and the stock data set's counts; absent classes."""

import numpy as np
import pytest
from mmdet3d.datasets import CBGSDataset
from mmengine.dataset import BaseDataset

from swin3d_mmdet3d.datasets import PresentClassBalancedDataset


class LabelledScenes(BaseDataset):
    """Scenes that hold nothing but the labels of their boxes."""

    METAINFO = dict(classes=('chair', 'table', 'bed', 'sink'))

    def __init__(self, scenes):
        self.scenes = scenes
        super().__init__(serialize_data=False)

    def load_data_list(self):
        return [dict(labels=set(labels)) for labels in self.scenes]

    def get_cat_ids(self, index):
        return self.get_data_info(index)['labels']


def balanced(scenes, kind=PresentClassBalancedDataset, **settings):
    return kind(LabelledScenes(scenes), **settings)


def test_every_present_class_gets_the_same_number_of_draws():
    scenes = [{0}] * 90 + [{1}] * 9 + [{2}]
    indices = np.array(balanced(scenes).sample_indices)
    labels = np.repeat([0, 1, 2], [90, 9, 1])[indices]
    assert np.bincount(labels).tolist() == [33, 33, 33]


def test_a_full_set_has_the_length_of_the_stock_data_set():
    scenes = [{0, 1}, {1, 2}, {2, 3}, {3, 0}] * 5
    assert len(balanced(scenes)) == len(balanced(scenes, CBGSDataset)) == 40


def test_absent_classes_ignored_boxes_and_empty_scenes_are_left_out():
    scenes = [{0, -1}, set(), {1}, {-1}]
    with pytest.raises(ZeroDivisionError):
        balanced(scenes, CBGSDataset)
    data = balanced(scenes)
    assert data.sample_indices == [0, 2]
    assert [data.get_cat_ids(i) for i in range(len(data))] == [{0, -1}, {1}]


def test_draws_follow_the_seed_alone():
    """Not what numpy's generator has given before, which differs between processes and resumed trainings."""
    scenes = [{0}] * 50 + [{1}] * 50
    first, again, other = (balanced(scenes, seed=seed).sample_indices for seed in (1, 1, 2))
    assert first == again != other


def test_data_set_without_boxes_is_refused():
    with pytest.raises(ValueError, match='dataset must have a scene with a box, got none in 2 scenes'):
        balanced([set(), {-1}])
