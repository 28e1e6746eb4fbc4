"""Info files and bins against those that mmdet3d's own converter makes of the same arrays."""

import pickle
import sys
from pathlib import Path

import mmdet3d
import numpy as np
import pytest
from plyfile import PlyData
from raw_downloads import S3DIS_FOLDER, s3dis_room, scannet_room, write_raw_s3dis, write_raw_scannet
from sunrgbd_scenes import write_raw_sunrgbd, write_sunrgbd

from swin3d_mmdet3d.datasets.class_lists import S3DIS, SCANNET_BOXES
from swin3d_mmdet3d.datasets.layout.infos import read_info_file
from swin3d_mmdet3d.datasets.layout.seg_info import label_weights, resampled_scenes
from swin3d_mmdet3d.preparation import prepare_s3dis, prepare_scannet

STOCK = Path(mmdet3d.__file__).parent / '.mim'


@pytest.fixture
def stock(monkeypatch):
    """mmdet3d's converters, which come with its wheel beside the package."""
    if not (STOCK / 'tools' / 'dataset_converters').is_dir():
        pytest.skip('this installation of mmdet3d has no converters')
    monkeypatch.syspath_prepend(str(STOCK))
    ours = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split('.')[0] == 'tools'}
    from tools.dataset_converters import indoor_converter, update_infos_to_v2

    monkeypatch.setattr(update_infos_to_v2.time, 'sleep', lambda seconds: None)
    yield indoor_converter.create_indoor_info_file, update_infos_to_v2
    for name in [name for name in sys.modules if name.split('.')[0] == 'tools']:
        del sys.modules[name]
    sys.modules.update(ours)


def compare(ours, theirs, names):
    """Every file of the stock converter's; our info files may say more."""
    for folder in ('points', 'semantic_mask', 'instance_mask'):
        for path in (theirs / folder).glob('*.bin'):
            assert path.read_bytes() == (ours / folder / path.name).read_bytes(), path
    listed = {path.name for path in (theirs / 'seg_info').iterdir()}
    assert listed == {path.name for path in (ours / 'seg_info').iterdir()}
    for name in listed:
        mine, stock = (np.load(root / 'seg_info' / name) for root in (ours, theirs))
        if 'idxs' in name:  # scenes of less than half a block are left out by the stock converter
            stock = np.sort(np.r_[stock, np.setdiff1d(mine, stock)])
        np.testing.assert_array_equal(mine, stock, strict=True)
    for name in names:
        mine, stock = (pickle.loads((root / name).read_bytes()) for root in (ours, theirs))
        np.testing.assert_equal(read_info_file(theirs / name), stock)
        assert mine['metainfo'] == stock['metainfo']
        assert len(mine['data_list']) == len(stock['data_list']) > 0
        for entry, expected in zip(mine['data_list'], stock['data_list']):
            boxes, stock_boxes = entry.pop('instances'), expected.pop('instances')
            np.testing.assert_allclose(
                [it['bbox_3d'] for it in boxes], [it['bbox_3d'] for it in stock_boxes], rtol=0, atol=1e-12
            )
            assert [it['bbox_label_3d'] for it in boxes] == [it['bbox_label_3d'] for it in stock_boxes]
            assert {key: entry[key] for key in expected} == expected


def write_exported_scan(folder, raw, name, labelled):
    """The arrays that the first half of the stock conversion leaves, made by its rules one by one."""
    room, mesh, align = scannet_room(name, spacing=0.4)
    vertex = PlyData.read(str(next(raw.glob(f'scans*/{name}/*_vh_clean_2.ply'))))['vertex']
    points = np.stack([vertex[k] for k in ('x', 'y', 'z', 'red', 'green', 'blue')], 1).astype(np.float32)
    np.save(folder / f'{name}_vert.npy', points)
    if labelled:
        label = PlyData.read(str(raw / 'scans' / name / f'{name}_vh_clean_2.labels.ply'))['vertex']['label']
        annotated = [thing for thing, kind in enumerate(room.kinds) if kind != 'pillow']
        instance = np.array([annotated.index(t) + 1 if t in annotated else 0 for t in mesh.thing])
        aligned = np.c_[points[:, :3].astype(np.float64), np.ones(len(points))] @ align.T
        boxes = []
        for number in range(1, len(annotated) + 1):
            own = aligned[instance == number, :3]
            low, high = own.min(0), own.max(0)
            boxes.append([*(low + high) / 2, *(high - low), label[instance == number][0]])
        boxes = np.array([box for box in boxes if box[6] in SCANNET_BOXES.raw_ids])
        np.save(folder / f'{name}_sem_label.npy', label.astype(np.uint32))
        np.save(folder / f'{name}_ins_label.npy', instance.astype(np.uint32))
        np.save(folder / f'{name}_aligned_bbox.npy', boxes)
        np.save(folder / f'{name}_unaligned_bbox.npy', boxes)
        np.save(folder / f'{name}_axis_align_matrix.npy', align)


def test_scannet_equals_stock(stock, tmp_path):
    create, update = stock
    raw = write_raw_scannet(tmp_path / 'raw', spacing=0.4)
    prepare_scannet(raw, tmp_path / 'ours', workers=1)
    theirs = tmp_path / 'stock'
    (theirs / 'scannet_instance_data').mkdir(parents=True)
    (theirs / 'meta_data').symlink_to(raw / 'meta_data')
    for split in ('train', 'val', 'test'):
        for name in (raw / 'meta_data' / f'scannetv2_{split}.txt').read_text().split():
            write_exported_scan(theirs / 'scannet_instance_data', raw, name, split != 'test')
    create(str(theirs), 'scannet', workers=1)
    names = [f'scannet_infos_{split}.pkl' for split in ('train', 'val', 'test')]
    for name in names:
        update.update_scannet_infos(str(theirs / name), str(theirs))
    compare(tmp_path / 'ours', theirs, names)


def test_s3dis_equals_stock(stock, tmp_path):
    create, update = stock
    raw = write_raw_s3dis(tmp_path / 'raw', spacing=0.4)
    prepare_s3dis(raw, tmp_path / 'ours', normals=False, workers=1)
    theirs = tmp_path / 'stock'
    (theirs / 's3dis_data').mkdir(parents=True)
    (theirs / S3DIS_FOLDER).symlink_to(raw)
    for area in range(1, 7):
        things, _ = s3dis_room(10 * area, spacing=0.4)
        labels = [S3DIS.names.index('clutter' if k == 'stairs' else k) for k, _, _ in things]
        sizes = [len(points) for _, points, _ in things]
        table = np.concatenate([points for _, points, _ in things])
        table[:, :3] -= table[:, :3].min(axis=0)
        stem = theirs / 's3dis_data' / f'Area_{area}_{"hallway_6" if area == 5 else "office_1"}'
        np.save(f'{stem}_point.npy', table.astype(np.float32))
        np.save(f'{stem}_sem_label.npy', np.repeat(labels, sizes))
        np.save(f'{stem}_ins_label.npy', np.repeat(np.arange(1, len(things) + 1), sizes))
    create(str(theirs), 's3dis', workers=1)
    names = [f's3dis_infos_Area_{area}.pkl' for area in range(1, 7)]
    for name in names:
        update.update_s3dis_infos(str(theirs / name), str(theirs))
    compare(tmp_path / 'ours', theirs, names)


def test_resampling_equals_stock(stock, tmp_path):
    from tools.dataset_converters.s3dis_data_utils import S3DISSegData

    rng = np.random.default_rng(0)
    masks = [rng.integers(0, 13, rng.integers(40, 3000)) for _ in range(50)]
    for number, mask in enumerate(masks):
        mask.tofile(tmp_path / f'{number}.bin')
    infos = [dict(pts_semantic_mask_path=f'{number}.bin') for number in range(len(masks))]
    (tmp_path / 'infos.pkl').write_bytes(pickle.dumps(infos))
    index, weight = S3DISSegData(
        str(tmp_path), str(tmp_path / 'infos.pkl'), num_points=64
    ).get_scene_idxs_and_label_weight()
    found = resampled_scenes(np.array([len(mask) for mask in masks]), 64)
    np.testing.assert_array_equal(found, index, strict=True)
    found = label_weights(np.bincount(np.concatenate(masks), minlength=13))
    np.testing.assert_array_equal(found, weight, strict=True)


def test_small_sunrgbd_scenes_are_those_that_the_stock_converter_makes(stock, tmp_path):
    create, update = stock
    ours = write_sunrgbd(tmp_path / 'ours', points=400)
    theirs = write_raw_sunrgbd(tmp_path / 'stock', points=400)
    create(str(theirs), 'sunrgbd', workers=1)
    for name in ('sunrgbd_infos_train.pkl', 'sunrgbd_infos_val.pkl'):
        update.update_sunrgbd_infos(str(theirs / name), str(theirs))
        mine, stock_info = (pickle.loads((root / name).read_bytes()) for root in (ours, theirs))
        np.testing.assert_equal(read_info_file(theirs / name), stock_info)
        assert mine['metainfo'] == stock_info['metainfo']
        assert len(mine['data_list']) == len(stock_info['data_list']) > 0
        for entry, expected in zip(mine['data_list'], stock_info['data_list']):
            places = [
                np.array([thing.pop('bbox_3d') for thing in info['instances']]) for info in (entry, expected)
            ]
            np.testing.assert_allclose(*places, rtol=0, atol=1e-9)
            assert entry == expected
    for path in (theirs / 'points').glob('*.bin'):
        # 50,000 draws with replacement hold every one of few points
        files = (path, ours / 'points' / path.name)
        drawn, rows = (np.fromfile(file, np.float32).reshape(-1, 6) for file in files)
        assert len(drawn) == 50000
        np.testing.assert_array_equal(np.unique(drawn, axis=0), np.unique(rows, axis=0))
