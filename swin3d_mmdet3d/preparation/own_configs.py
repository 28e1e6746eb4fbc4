"""Configs that train on one's own prepared scans, ready to be used and edited."""

from __future__ import annotations

import logging
import zlib
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from ..atomic_write import atomic_write
from ..datasets.layout.infos import read_info_file

SMALL = 1.0  # m: a class whose objects are smaller learns at TR3D's finer level
NOTE = """# {what} of {count} classes in {root}, written by prepare_custom. Train and test:
#     python -m swin3d_mmdet3d.tools.train {name}
#     python -m swin3d_mmdet3d.tools.test {name} CHECKPOINT
# As long as nothing below is edited (checksum {checksum:08x}), the next prepare_custom writes it anew.
"""
HEAD = """_base_ = {base!r}

data_root = {root!r}
classes = {classes!r}
metainfo = dict(classes=classes)
"""
SEGMENTOR = """model = dict(decode_head=dict(num_classes=len(classes)))
train_dataloader = dict(dataset=dict(data_root=data_root, metainfo=metainfo))
"""
DETECTOR = """# 0: small objects learn at the finer level, 1: large ones at the coarser
model = dict(bbox_head=dict(label2level={levels}))
train_dataloader = dict(dataset=dict(dataset=dict(data_root=data_root, metainfo=metainfo)))
"""
ROTATED_DETECTOR = """model = dict(bbox_head=dict(num_classes=len(classes)))
train_dataloader = dict(dataset=dict(dataset=dict(data_root=data_root, metainfo=metainfo)))
"""
TESTED = """val_dataloader = dict(dataset=dict(data_root=data_root, metainfo=metainfo))
test_dataloader = dict(dataset=dict(data_root=data_root, metainfo=metainfo))
"""
BASE = '_base_ = '


def write_own_configs(root: Path, configs: Path) -> list[Path]:
    """Write `custom_seg.py` where scans have labels and `custom_det.py` where they have boxes.

    A file there that was edited, which its checksum tells, is kept, with a warning.

    Args:
        root: Folder that `prepare_custom` wrote.
        configs: Folder of this package's configs, on which the written ones are based.

    Returns:
        The files written.
    """
    root = root.resolve()
    content = read_info_file(root / 'custom_infos_train.pkl')
    classes = tuple(content['metainfo'].get('classes', ()))
    categories = tuple(content['metainfo']['categories'])
    written = []
    if any('pts_semantic_mask_path' in info for info in content['data_list']):
        base = configs / 'swin3d' / 'swin3d-tiny_custom-seg.py'
        written += _write(root / 'custom_seg.py', 'Segmentation', base, classes, SEGMENTOR)
    else:
        print_log('no scan has labels: custom_seg.py is not written', 'current')
    boxes = [box for info in content['data_list'] for box in info['instances']]
    if boxes:
        with_yaw = len(boxes[0]['bbox_3d']) == 7
        kind = 'fcaf3d' if with_yaw else 'tr3d'
        base = configs / kind / f'{kind}_swin3d-tiny_custom-det.py'
        model = ROTATED_DETECTOR if with_yaw else DETECTOR.format(levels=_levels(boxes, len(categories)))
        written += _write(root / 'custom_det.py', 'Detection', base, categories, model)
    else:
        print_log('no scan has boxes: custom_det.py is not written', 'current')
    return written


def _write(path: Path, what: str, base: Path, classes: tuple[str, ...], model: str) -> list[Path]:
    """Write a config unless an edited one is there; return what was written."""
    if path.is_file() and _is_edited(path.read_text(encoding='utf-8')):
        print_log(
            f'{path} was edited and is kept; without it the config is written anew',
            'current',
            logging.WARNING,
        )
        return []
    root = f'{path.parent}/'
    body = HEAD.format(base=str(base), root=root, classes=classes) + model + TESTED
    note = NOTE.format(what=what, count=len(classes), root=root, name=path.name, checksum=_checksum(body))
    with atomic_write(path) as part:
        part.write_text(note + body, encoding='utf-8')
    return [path]


def _checksum(body: str) -> int:
    return zlib.crc32(body.encode())


def _is_edited(text: str) -> bool:
    """Whether a config differs from what was written: its checksum is missing or of another text."""
    note, _, body = text.partition(BASE)
    return f'checksum {_checksum(BASE + body):08x}' not in note


def _levels(boxes: list[dict], num_classes: int) -> list[int]:
    """Level of each class: by the median of its boxes' longest edges."""
    longest = [[] for _ in range(num_classes)]
    for box in boxes:
        longest[box['bbox_label_3d']].append(max(box['bbox_3d'][3:6]))
    return [int(bool(edges) and float(np.median(edges)) >= SMALL) for edges in longest]
