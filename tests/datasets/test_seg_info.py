"""What mmdet3d's data sets of blocks read beside the info files: closed forms, and those data sets."""

import numpy as np
import pytest
from mmdet3d.registry import DATASETS
from mmengine.hub import get_config
from mmengine.registry import init_default_scope
from raw_downloads import write_raw_s3dis, write_raw_scannet

from swin3d_mmdet3d.apis import set_data_root
from swin3d_mmdet3d.datasets.layout.seg_info import label_weights, resampled_scenes
from swin3d_mmdet3d.preparation import prepare_s3dis, prepare_scannet

init_default_scope('mmdet3d')


def test_a_scene_stands_once_for_each_block_of_its_points_and_at_least_once():
    num_points = np.array([3 * 4096, 10, 5 * 4096 + 100])
    found = resampled_scenes(num_points, 4096)
    np.testing.assert_array_equal(found, [0, 0, 0, 1, 2, 2, 2, 2, 2])
    assert found.dtype == np.int32


def test_rare_classes_weigh_more_up_to_that_of_none():
    np.testing.assert_allclose(label_weights([1, 3, 0]), 1 / np.log([1.45, 1.95, 1.2]), rtol=1e-6)
    np.testing.assert_allclose(label_weights([0, 0]), 1 / np.log([1.2, 1.2]), rtol=1e-6)


def stock_training(config, root):
    """The training data of a recipe of mmdet3d on prepared data."""
    settings = get_config(f'mmdet3d::pointnet2/{config}')
    set_data_root(settings, root)
    return settings.train_dataloader.dataset


@pytest.fixture(scope='module')
def prepared(tmp_path_factory):
    """Two rooms an area, whose points are those of some blocks."""
    folder = tmp_path_factory.mktemp('prepared')
    raw = write_raw_s3dis(folder / 'raw', rooms_per_area=2, spacing=0.1)
    prepare_s3dis(raw, folder / 's3dis', normals=False, workers=1)
    prepare_scannet(write_raw_scannet(folder / 'raw', spacing=0.4), folder / 'scannet', workers=1)
    return folder


def test_a_recipe_of_mmdet3d_trains_on_prepared_s3dis(prepared):
    settings = stock_training('pointnet2_ssg_2xb16-cosine-50e_s3dis-seg.py', prepared / 's3dis')
    dataset = DATASETS.build(settings)
    visited = [info['lidar_path'] for info in (dataset.get_data_info(i) for i in range(len(dataset)))]
    expected = []
    for area in (1, 2, 3, 4, 6):
        rooms = sorted((prepared / 's3dis' / 'points').glob(f'Area_{area}_*.bin'))
        points = np.array([room.stat().st_size // 24 for room in rooms])
        for room, share in zip(rooms, points / points.sum()):
            expected += [str(room)] * max(1, round(share * int(points.sum() / 4096)))
    assert visited == expected and len(expected) > 12
    assert dataset[0]['inputs']['points'].shape == (4096, 9)


def test_a_recipe_of_mmdet3d_trains_on_prepared_scannet(prepared):
    root = prepared / 'scannet'
    settings = stock_training('pointnet2_ssg_2xb16-cosine-200e_scannet-seg.py', root)
    settings.scene_idxs = 'seg_info/train_resampled_scene_idxs.npy'  # mmdet3d 1.4 names its data_root twice
    dataset = DATASETS.build(settings)
    index = np.load(root / 'seg_info' / 'train_resampled_scene_idxs.npy')
    np.testing.assert_array_equal(dataset.scene_idxs, index)
    assert dataset[0]['inputs']['points'].shape[0] == 8192
    # The test split has no labels.
    assert not list((root / 'seg_info').glob('test_*')) and list((root / 'seg_info').glob('val_*'))
