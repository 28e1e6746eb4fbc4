"""Inputs, box files, configs, tables and weights of a user are taken as they are, or refused by name."""

import dataclasses
import functools
import json
import pickle
import tempfile
from pathlib import Path

import numpy as np
import torch
from for_all import REFUSED, for_all, outcome
from height_segmentor import write_height_model
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from junk import JSON, NUMBERS, arrays
from mmengine.config import Config

from swin3d_mmdet3d.apis import (
    DetectedBoxes,
    ScanFrame,
    Swin3DInferencer,
    find_config,
    read_boxes,
    set_data_root,
    set_iterations,
    write_boxes,
)  # fmt: skip
from swin3d_mmdet3d.checkpoints import read_checkpoint
from swin3d_mmdet3d.checkpoints.safetensors_file import safetensors_bytes
from swin3d_mmdet3d.datasets.layout.infos import read_info_file
from swin3d_mmdet3d.language.text_table import TextTable, load_text_table, save_text_table
from swin3d_mmdet3d.preparation.own_boxes import read_own_boxes

NAMES = ('chair', 'table')
WORDS = st.text('abcxyz_-./:* \n', max_size=12)


@functools.cache
def segmentor():
    with tempfile.TemporaryDirectory() as folder:
        return Swin3DInferencer(*write_height_model(Path(folder)))


INPUTS = st.one_of(
    arrays(columns=st.sampled_from([3, 6, 9, 4])),
    arrays().map(lambda table: dict(points=table)),
    st.dictionaries(
        st.sampled_from(['points', 'xyz', 'rgb', 'normal', 'label', 'odd', 1]), arrays(), max_size=3
    ),
    st.lists(arrays(columns=st.just(3)), max_size=3),
    st.lists(JSON, max_size=2),
    NUMBERS,
    st.none(),
)


@for_all(given=INPUTS, batch_size=st.one_of(st.integers(0, 3), JSON))
def test_every_input_is_labelled_in_its_rows_or_refused_by_name(given, batch_size):
    found = outcome(
        lambda: segmentor()(given, batch_size), 'inputs', 'scan_0', 'batch_size', 'folder', 'no such'
    )
    if found is REFUSED:
        return
    for prediction in found if isinstance(found, list) else [found]:
        xyz = prediction.scan.xyz
        height = (xyz - xyz.min(0)).astype(np.float32)[:, 2]
        np.testing.assert_array_equal(prediction.labels, np.minimum(np.floor(height), 2))
        assert ((prediction.scores >= 0) & (prediction.scores <= 1)).all()


@for_all(
    seed=st.integers(0, 999),
    count=st.integers(0, 4),
    scale=st.floats(1e-3, 1e3),
    up=st.sampled_from(['x', 'y', 'z', '-x', '-y', '-z']),
    angle=st.floats(-4, 4),
)
def test_boxes_come_back_from_files_frames_and_turns(seed, count, scale, up, angle, folder):
    rng = np.random.default_rng(seed)
    boxes = DetectedBoxes(
        center=rng.normal(0, 100, (count, 3)), size=rng.uniform(0, 4, (count, 3)), yaw=rng.normal(size=count),
        score=rng.random(count), label=rng.integers(0, 2, count),
    )  # fmt: skip
    frame = ScanFrame(scale, up)
    write_boxes(folder / 'a.json', boxes, NAMES, frame)
    back, names = read_boxes(folder / 'a.json')
    assert names == NAMES
    turned = boxes.turned(angle).turned(-angle)
    framed = boxes.in_frame(frame).upright(frame)
    for field in dataclasses.fields(boxes):
        values = getattr(boxes, field.name)
        np.testing.assert_array_equal(getattr(back, field.name), values)
        np.testing.assert_allclose(getattr(turned, field.name), values, atol=1e-9)
        np.testing.assert_allclose(getattr(framed, field.name), values, atol=1e-9)
    assert (np.diff(boxes.best_first().score) <= 0).all()


ENTRY = st.fixed_dictionaries(
    dict.fromkeys(['class', 'score', 'center', 'size', 'yaw'], JSON),
    optional=dict(label=JSON, rotation=st.lists(NUMBERS, max_size=4)),
)
BOXES = st.one_of(
    JSON,
    st.fixed_dictionaries(dict(classes=st.just(list(NAMES)) | JSON, boxes=st.lists(ENTRY, max_size=3))),
    st.lists(
        st.fixed_dictionaries(
            {'class': st.sampled_from(NAMES), 'center': st.lists(NUMBERS, min_size=2, max_size=3),
             'size': st.lists(NUMBERS, min_size=3, max_size=3), 'yaw': NUMBERS}
        ),
        max_size=2,
    ),
)  # fmt: skip


@for_all(content=BOXES)
def test_box_files_of_any_content_are_read_or_refused_by_name(content, folder):
    path = folder / 'boxes.json'
    path.write_text(json.dumps(content))
    found = outcome(lambda: read_boxes(path), path.name)
    if found is not REFUSED:
        assert len(found[0]) == len(content['boxes'])
    own = outcome(lambda: read_own_boxes(path), path.name)
    if own is not REFUSED:
        assert all(min(box.size) > 0 and np.isfinite([*box.center, *box.size, box.yaw]).all() for box in own)


@for_all(
    rows=st.lists(
        st.lists(st.one_of(NUMBERS.map(str), st.sampled_from(['chair', '#', ',', 'nan'])), max_size=9)
    )
)
def test_lines_of_boxes_are_read_or_refused_by_their_number(rows, folder):
    path = folder / 'boxes.txt'
    path.write_text('\n'.join(' '.join(row) for row in rows))
    own = outcome(lambda: read_own_boxes(path), path.name)
    assert own is REFUSED or all(min(box.size) > 0 for box in own)


KNOWN = ['swin3d-tiny_rooms-seg', 'swin3d-tiny_rooms-seg.py', 'swin3d-*', '/', '..', '\0']


@for_all(name=WORDS | st.text(max_size=6) | st.sampled_from(KNOWN))
def test_a_config_of_any_name_is_found_or_refused_by_it(name):
    path = outcome(lambda: find_config(name), 'config')
    assert path is REFUSED or (path.is_file() and Path(name).stem == path.stem)


@for_all(root=WORDS, iters=st.integers(1, 10**6), total=st.integers(1, 10**5), warm=st.floats(0, 1))
def test_a_stretched_training_keeps_its_proportions(root, iters, total, warm):
    begin = int(warm * (total - 1))
    dataset = dict(type='A', data_root='data/s3dis/')
    config = Config(
        dict(
            train_cfg=dict(max_iters=total), param_scheduler=[dict(begin=begin, end=total)],
            train_dataloader=dict(dataset=dict(type='RepeatDataset', dataset=dataset)),
        )
    )  # fmt: skip
    set_iterations(config, iters)
    schedule = config.param_scheduler[0]
    assert config.train_cfg.max_iters == iters
    assert schedule.begin == round(begin * iters / total) and schedule.begin < schedule.end
    assert schedule.end <= iters + 1
    set_data_root(config, root)
    assert config.train_dataloader.dataset.dataset.data_root == config.data_root == root


@for_all(names=st.lists(WORDS, max_size=4), vectors=arrays(), encoder=WORDS)
def test_a_text_table_comes_back_or_is_refused(names, vectors, encoder, folder):
    tensor = torch.from_numpy(vectors) if vectors.dtype.kind == 'f' else torch.ones(len(names), 3)
    table = outcome(lambda: TextTable(tuple(names), tensor, encoder), 'names', 'vectors')
    if table is REFUSED:
        return
    assert table.rows(names[::-1]).tolist() == list(range(len(names)))[::-1]
    torch.testing.assert_close(table.vectors.norm(dim=1), torch.ones(len(names)))
    save_text_table(table, folder / 'table.npz')
    back = load_text_table(folder / 'table.npz')
    assert back.encoder == encoder and back.names == table.names
    torch.testing.assert_close(back.vectors, table.vectors)


SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
WEIGHTS = st.dictionaries(
    st.text(max_size=8).filter(lambda name: name != '__metadata__'),
    hnp.arrays(st.sampled_from(['f4', 'f8', 'i8', 'u1', '?']), SHAPES),
    min_size=1,
    max_size=4,
)  # fmt: skip


@for_all(weights=WEIGHTS, meta=st.dictionaries(st.text(max_size=4), JSON, max_size=3))
def test_weights_of_any_name_and_shape_come_back_from_safetensors(weights, meta, folder):
    path = folder / 'a.safetensors'
    tensors = {name: torch.from_numpy(values) for name, values in weights.items()}
    data = outcome(lambda: safetensors_bytes(tensors, meta), 'meta')
    if data is REFUSED:
        return
    path.write_bytes(data)
    found, told = read_checkpoint(path)
    assert found.keys() == tensors.keys() and told == json.loads(json.dumps(meta))
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype and found[name].shape == tensor.shape
        assert found[name].numpy().tobytes() == tensor.numpy().tobytes()


POINTS = JSON | st.fixed_dictionaries(dict(lidar_path=st.just('a.bin') | JSON))
INFOS = st.lists(JSON | st.fixed_dictionaries(dict(lidar_points=POINTS)), max_size=3)


@for_all(meta=JSON, entries=JSON | INFOS)
def test_info_files_of_any_content_are_read_or_refused_by_name(meta, entries, folder):
    path = folder / 'infos.pkl'
    path.write_bytes(pickle.dumps(dict(metainfo=meta, data_list=entries)))
    infos = outcome(lambda: read_info_file(path), path.name)
    if infos is not REFUSED:
        assert all(isinstance(info['lidar_points']['lidar_path'], str) for info in infos['data_list'])
