"""What no list of names, ids, texts or settings is, is refused by the name of the argument."""

import numpy as np
import pytest
import torch
from height_segmentor import write_height_model
from mmdet3d.registry import MODELS
from mmengine.config import Config

from swin3d_mmdet3d.apis import Swin3DInferencer, find_config, read_boxes, set_data_root, set_iterations
from swin3d_mmdet3d.apis.config_files import read_config_file
from swin3d_mmdet3d.apis.labelled_scan_files import check_formats
from swin3d_mmdet3d.datasets import choose_classes
from swin3d_mmdet3d.datasets.class_lists import ClassList
from swin3d_mmdet3d.evaluation.run_scores import RunScores
from swin3d_mmdet3d.language.text_table import TextTable
from swin3d_mmdet3d.language.vocabulary import class_names_of
from swin3d_mmdet3d.preparation.own_boxes import read_own_boxes
from swin3d_mmdet3d.preparation.own_labels import OwnClasses, parse_classes, read_classes

POINTS = torch.rand(5, 6)
DEEP = '[' * 100_000
TRAINING = dict(train_cfg=dict(max_iters=9), param_scheduler=[dict(begin=0, end=9)])


def preprocessor(**settings):
    return MODELS.build({**dict(type='VoxelPreprocessor', voxel_size=0.1), **settings})


def table(names=('a',), vectors=None):
    return TextTable(names, torch.ones(1, 3) if vectors is None else vectors, 'e')


def choose(**metainfo):
    return choose_classes({'classes': ['x', 'y'], **metainfo}, {})


def iterations(count, **settings):
    return set_iterations(Config({**TRAINING, **settings}), count)


CALLS = {
    'voxel_size must be a positive': [
        lambda v=v: preprocessor(voxel_size=v) for v in ('a', None, float('inf'), 10**400)
    ],
    'features must': [lambda v=v: preprocessor(features=v) for v in (3, 'rgb', ([],), None)],
    'signals must': [lambda v=v: preprocessor(signals=v) for v in (3, ({},), 'xyz')],
    'axes must': [lambda v=v: preprocessor(axes=v) for v in (2.5, (1.5,))],
    'points must be a list': [lambda v=v: preprocessor().voxelize_points(v) for v in (None, [], POINTS)],
    'metainfo must be a dict': [lambda: choose_classes([], {}), lambda: choose_classes(3, {})],
    'known: seg_valid_class_ids must have an entry': [
        lambda: choose_classes({}, dict(classes=('a', 'b'), seg_valid_class_ids=(1,)))
    ],
    'known must be a dict': [lambda: choose_classes({}, [1])],
    'classes must be a sequence': [lambda: choose_classes(dict(classes=['a']), dict(classes=3))],
    'classes must hold names': [lambda: choose_classes(dict(classes=['a']), dict(classes=['a', []]))],
    'palette must be a sequence': [lambda: choose_classes({}, dict(classes=['a'], palette=3))],
    'metainfo: classes must': [lambda v=v: choose(classes=v) for v in (3, [[1]], {'a': 1})],
    'seg_valid_class_ids must': [
        lambda v=v: choose(seg_valid_class_ids=v) for v in (3, [1, 'a'], [1, 2**40], [1.5, 2], [[1], [None]])
    ],
    'seg_all_class_ids must': [lambda v=v: choose(seg_all_class_ids=v) for v in (3, ['nan'], [-2], [True])],
    'palette must': [lambda v=v: choose(palette=v) for v in (3, [1, 2], [[1e400] * 3] * 2, [[256] * 3] * 2)],
    'of a ClassList must be': [
        lambda v=v: ClassList(('a',), ((0, 0, 0),), v) for v in (None, iter([1]), ({},), ('1',))
    ],
    'classes: names must be': [lambda v=v: OwnClasses(v, ((1,),)) for v in (None, 'a', (1,))],
    'classes: ids must be': [
        lambda v=v: OwnClasses(('a',), v) for v in (None, (1,), ((1.5,),), ((1,), (2,)))
    ],
    'labels: expected an array': [
        lambda v=v: OwnClasses(('a',), ((1,),)).labels(v) for v in ([1], None, np.ones(2), np.array(['1']))
    ],
    'classes: expected a sequence of texts': [
        lambda: parse_classes([3], ()),
        lambda: parse_classes(None, ()),
        lambda: parse_classes('ab', ()),
    ],
    'names of a text table must': [lambda v=v: table(v) for v in (None, 'a', ([],), (3,))],
    'vectors of a text table must': [
        lambda v=v: table(vectors=v) for v in ({}, np.ones((1, 3)), torch.ones(1, 3).int())
    ],
    'names must be': [lambda v=v: table().rows(v) for v in (None, 'a', 3, [None])],
    'class_names of x must be': [lambda v=v: class_names_of('x', v) for v in (None, 3, [1], {'a'})],
    'config: expected a path': [lambda v=v: find_config(v) for v in (None, 3, b'x')],
    'iterations: expected': [lambda v=v: iterations(v) for v in (0, '3', 2.5, None, True, 10**400)],
    'expected train_cfg': [lambda v=v: iterations(3, train_cfg=v) for v in (None, {}, dict(max_iters='3'))],
    'param_scheduler': [
        lambda v=v: iterations(3, param_scheduler=v) for v in (3, [3], [dict(begin=None, end=2)])
    ],
    'formats: expected a sequence': [lambda v=v: check_formats(v) for v in (3, [3], {'ply'})],
    'data_root: expected a path': [lambda v=v: set_data_root(Config({}), v) for v in (None, 3)],
    'data_root of a data set': [
        lambda: set_data_root(Config(dict(train_dataloader=dict(dataset=dict(data_root=3.5)))), 'x')
    ],
}


@pytest.mark.parametrize('told, call', [(told, call) for told, calls in CALLS.items() for call in calls])
def test_the_argument_is_named(told, call):
    with pytest.raises((ValueError, TypeError), match=told):
        call()


@pytest.mark.parametrize(
    'read', [read_own_boxes, read_boxes, RunScores.read, lambda path: read_classes(path, ())]
)
def test_json_too_deep_is_refused_by_the_name_of_the_file(read, tmp_path):
    (tmp_path / 'a.json').write_text(DEEP)
    with pytest.raises(ValueError, match=r'a\.json.* too deep'):
        read(tmp_path / 'a.json')


def test_a_config_too_deep_is_refused_by_its_name(tmp_path):
    (tmp_path / 'a.py').write_text(f'a = {"(" * 3000}')
    with pytest.raises(ValueError, match=r'config .*a\.py'):
        read_config_file(tmp_path / 'a.py')


def test_voxels_are_the_same_where_points_require_gradients():
    one, other = (
        preprocessor().voxelize_points([points]) for points in (POINTS, POINTS.clone().requires_grad_())
    )
    assert torch.equal(one.voxels.coords, other.voxels.coords) and torch.equal(one.feats, other.feats)


def test_an_inferencer_takes_frames_and_dense_tensors_alone(tmp_path):
    inferencer = Swin3DInferencer(*write_height_model(tmp_path), device='cpu')
    with pytest.raises(TypeError, match='frame: expected a ScanFrame, got NoneType'):
        inferencer(POINTS[:, :3], frame=None)
    quantized = torch.quantize_per_tensor(POINTS, 0.1, 0, torch.quint8)
    for strange in (POINTS.to('meta'), POINTS.to_sparse(), quantized):
        with pytest.raises((ValueError, TypeError), match='array must'):
            inferencer(strange)
    assert len(inferencer(POINTS[:, :3].bfloat16()).labels) == 5
