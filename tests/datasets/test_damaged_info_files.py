"""Whatever happened to an info file: it is read, or refused in a sentence that names it."""

import pickle
import random
from collections import Counter

import numpy as np
import pytest
from address_space import little_address_space
from hostile_files import damages

from swin3d_mmdet3d.datasets.layout.infos import read_info_file

MEMORY = 1 << 30
INFOS = dict(
    metainfo=dict(categories={'chair': 0, 'table': 1}, dataset='s3dis', info_version='1.1'),
    data_list=[
        dict(
            lidar_points=dict(num_pts_feats=6, lidar_path=f'{name}.bin'),
            instances=[dict(bbox_3d=[0.5, 1.5, 2.5, 1.0, 1.0, 1.0], bbox_label_3d=1)],
            axis_align_matrix=np.eye(4),
            pts_semantic_mask_path=f'{name}.bin',
        )
        for name in ('a', 'b')
    ],
)


def fuzz(folder, seed, count):
    """How many damaged files were read and refused; any other end of the reader fails."""
    path, rng, ends = folder / 's3dis_infos_train.pkl', random.Random(seed), Counter()
    for number in range(count):
        (data,) = damages(pickle.dumps(INFOS, 2 + number % 4), rng, 1)
        path.write_bytes(data)
        try:
            with little_address_space(MEMORY):
                infos = read_info_file(path)
        except ValueError as error:
            assert str(path) in str(error) and '\n' not in str(error), error
            ends['refused'] += 1
            continue
        ends['read'] += 1
        assert all(isinstance(info['lidar_points']['lidar_path'], str) for info in infos['data_list'])
    return ends


def test_damaged_info_files_are_read_or_refused_by_name(tmp_path):
    ends = fuzz(tmp_path, 0, 250)
    assert ends['refused'] > 120 and ends['read'] > 10


@pytest.mark.slow
def test_thousands_of_damaged_info_files_are_read_or_refused_by_name(tmp_path, capsys):
    ends = fuzz(tmp_path, 1, 20_000)
    with capsys.disabled():
        print(f'\ninfo files: {dict(ends)}')
    assert sum(ends.values()) == 20_000


@pytest.mark.parametrize(
    'content',
    [
        dict(metainfo=None, data_list=[]),
        dict(metainfo={}, data_list={}),
        dict(metainfo={}, data_list=[None]),
        dict(metainfo={}, data_list=[dict(lidar_points=None)]),
        dict(metainfo={}, data_list=[dict(lidar_points=dict(lidar_path=3))]),
    ],
)
def test_another_layout_is_named(tmp_path, content):
    path = tmp_path / 'a.pkl'
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match='a.pkl (must hold|has no lidar_points)'):
        read_info_file(path)
