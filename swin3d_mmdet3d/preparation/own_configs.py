"""Configs that train on one's own prepared scans, ready to be used and edited."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..atomic_write import atomic_write
from ..datasets.layout.infos import read_info_file

SMALL = 1.0  # m: a class whose objects are smaller learns at TR3D's finer level
HEAD = """# {what} of {count} classes in {root}, written by prepare_custom. Train and test:
#     python -m swin3d_mmdet3d.tools.train {name}
#     python -m swin3d_mmdet3d.tools.test {name} CHECKPOINT
_base_ = {base!r}

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


def write_own_configs(root: Path, configs: Path) -> list[Path]:
    """Write `custom_seg.py` where scans have labels and `custom_det.py` where they have boxes.

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
        written.append(_write(root / 'custom_seg.py', 'Segmentation', base, classes, SEGMENTOR))
    boxes = [box for info in content['data_list'] for box in info['instances']]
    if boxes:
        with_yaw = len(boxes[0]['bbox_3d']) == 7
        kind = 'fcaf3d' if with_yaw else 'tr3d'
        base = configs / kind / f'{kind}_swin3d-tiny_custom-det.py'
        model = ROTATED_DETECTOR if with_yaw else DETECTOR.format(levels=_levels(boxes, len(categories)))
        written.append(_write(root / 'custom_det.py', 'Detection', base, categories, model))
    return written


def _write(path: Path, what: str, base: Path, classes: tuple[str, ...], model: str) -> Path:
    head = HEAD.format(
        what=what, count=len(classes), name=path.name, root=f'{path.parent}/', base=str(base), classes=classes
    )
    with atomic_write(path) as part:
        part.write_text(head + model + TESTED, encoding='utf-8')
    return path


def _levels(boxes: list[dict], num_classes: int) -> list[int]:
    """Level of each class: by the median of its boxes' longest edges."""
    longest = [[] for _ in range(num_classes)]
    for box in boxes:
        longest[box['bbox_label_3d']].append(max(box['bbox_3d'][3:6]))
    return [int(bool(edges) and float(np.median(edges)) >= SMALL) for edges in longest]
