"""Augmented samples to look at: `python -m swin3d_mmdet3d.tools.browse_dataset CONFIG --out DIR`.

Each sample of a config's data set, as its pipeline gives it to the network, becomes a PNG in two views:
colour, labels, boxes and normals, those it has, and its RGB-D images; `--html` adds a viewer. No display is
needed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.logging import MMLogger
from mmengine.utils import track_iter_progress

from ..atomic_write import atomic_write
from ..help_only import HELP_ONLY
from .command_line import CommandLine
from .mistakes import run_tool

if not HELP_ONLY:
    import torch
    from mmdet3d.registry import DATASETS
    from mmengine.registry import init_default_scope
    from PIL import Image

    from ..apis import set_data_root
    from ..apis.config_files import read_config_file
    from ..apis.run_inputs import check_run_inputs
    from ..datasets.seeded_generators import seeded_generators
    from ..visualization import BoxSet, box_corners, distinct_colors, label_colors, write_html_viewer
    from ..visualization.picture_sheet import Column, color_column, picture_sheet
    from ..visualization.prediction_picture import box_column, class_legend

RGB, NORMAL = slice(3, 6), slice(6, 9)


class View(NamedTuple):
    """What the network sees of a sample.

    Attributes:
        points: (P, 3..9) xyz in metres, colours, normals.
        label: (P,) class indices, or None.
        boxes: Corners (B, 8, 3) and class indices (B,), or None.
        images: (V, height, width, 3) uint8, or None.
    """

    points: np.ndarray
    label: np.ndarray | None = None
    boxes: tuple[np.ndarray, np.ndarray] | None = None
    images: np.ndarray | None = None


def sample_views(sample: Mapping[str, Any]) -> list[View]:
    """The views of a packed sample: those of a pretraining's pipeline, else the sample itself."""
    inputs, truth = sample['inputs'], sample['data_samples']
    if 'views' in inputs:
        return [View(_array(view['points']), images=_images(view)) for view in inputs['views']]
    points = inputs['points']
    label = boxes = None
    known = truth.get('eval_ann_info') or {}
    if 'pts_semantic_mask' in truth.get('gt_pts_seg', {}):
        label = _array(truth.gt_pts_seg.pts_semantic_mask)
    elif known.get('pts_semantic_mask') is not None:
        label = _array(known['pts_semantic_mask'])
    found = truth.get('gt_instances_3d', {})
    if 'bboxes_3d' in found:
        boxes = _corners(found.bboxes_3d, found.labels_3d)
    elif known.get('gt_bboxes_3d') is not None:
        boxes = _corners(known['gt_bboxes_3d'], known['gt_labels_3d'])
    return [View(_array(getattr(points, 'tensor', points)), label, boxes, _images(inputs))]


def view_picture(view: View, palette: Sequence[Sequence[int]], names: Sequence[str]) -> Image.Image:
    """The sheet of a view: a column for each kind of thing that it has."""
    xyz = view.points[:, :3]
    color = visible_colors(view.points)
    normal = view.points[:, NORMAL] if view.points.shape[1] >= NORMAL.stop else None
    columns, present = [color_column(xyz, color, normal)], [np.zeros(0, int)]
    if view.label is not None:
        columns.append(Column('labels', label_colors(view.label, palette)))
        present.append(view.label)
    if view.boxes is not None:
        columns.append(box_column(BoxSet('boxes', *view.boxes), columns[0], palette, names))
        present.append(view.boxes[1])
    if normal is not None:
        columns.append(Column('normals', np.clip((normal + 1) * 127.5, 0, 255)))
    sheet = picture_sheet(xyz, columns, class_legend(np.concatenate(present), palette, names))
    return sheet if view.images is None else _below(sheet, view.images)


def visible_colors(points: np.ndarray) -> np.ndarray | None:
    """(P, 3) in 0..255 of the colours of points, in whatever range the network takes them; None without."""
    if points.shape[1] < RGB.stop:
        return None
    color = points[:, RGB]
    signed = np.abs(color).max(initial=0) <= 1
    return np.clip((color + 1) * 127.5 if signed else color, 0, 255)


def write_sample(
    folder: Path, stem: str, sample: Mapping[str, Any], palette: Sequence, names: Sequence[str], html: bool
) -> list[Path]:
    """Write the pictures of a sample, and its viewers if wanted."""
    views, written = sample_views(sample), []
    for number, view in enumerate(views):
        path = folder / (f'{stem}.png' if len(views) == 1 else f'{stem}_view{number}.png')
        with atomic_write(path) as part:
            view_picture(view, palette, names).save(part)
        written.append(path)
        if html:
            page, xyz = path.with_suffix('.html'), view.points[:, :3]
            color, normal = visible_colors(view.points), view.points[:, NORMAL]
            known = dict(
                title=path.stem,
                normal=normal if normal.shape[1] == 3 else None,
                boxes=[] if view.boxes is None else [BoxSet('truth', *view.boxes)],
            )
            write_html_viewer(page, xyz, color, view.label, None, palette, names, **known)
            written.append(page)
    return written


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = CommandLine(description='Draw samples of a data set as the network is given them.')
    parser.add_argument('config', help='config file, or the name of a config of this package')
    parser.add_argument('--out', required=True, help='folder of the pictures')
    parser.add_argument('--split', choices=('train', 'val', 'test'), default='train')
    parser.add_argument('--num', type=int, default=8, help='samples to draw, evenly among all')
    parser.add_argument('--seed', type=int, default=0, help='of the augmentation')
    parser.add_argument('--data-root', help='folder of the data set instead of that of the config')
    parser.add_argument('--html', action='store_true', help='also write a viewer of every sample')
    args = parser.parse_args(arguments)
    if args.num < 1:
        parser.error(f'--num: expected a number above zero, got {args.num}')
    return args


def main(arguments: list[str] | None = None) -> int:
    """Draw the samples that the command line asks for."""
    args = parse_arguments(arguments)
    config = read_config_file(args.config)
    init_default_scope(config.get('default_scope', 'mmdet3d'))
    if args.data_root is not None:
        set_data_root(config, args.data_root)
    loader = config.get(f'{args.split}_dataloader')
    if not loader:
        raise ValueError(f'config {args.config} must define {args.split}_dataloader, which is missing')
    check_run_inputs(config, (f'{args.split}_dataloader',), option='--data-root DIR')
    dataset = DATASETS.build(loader.dataset)
    names = tuple(getattr(dataset, 'metainfo', {}).get('classes') or ())
    palette = getattr(dataset, 'metainfo', {}).get('palette') or distinct_colors(len(names))
    rows = np.unique(np.linspace(0, len(dataset) - 1, min(args.num, len(dataset))).round().astype(int))
    out, written = Path(args.out), []
    for number, row in enumerate(track_iter_progress(rows.tolist())):
        with seeded_generators(args.seed, number):
            sample = dataset[row]
        path = sample['data_samples'].get('lidar_path') or sample['data_samples'].get('scene') or 'sample'
        written += write_sample(out, f'{number:03d}_{Path(path).stem}', sample, palette, names, args.html)
    MMLogger.get_current_instance().info(
        f'{len(rows)} samples of {len(dataset)}: {len(written)} files in {out}'
    )
    return 0


def _array(values: Any) -> np.ndarray:
    return torch.as_tensor(values).cpu().numpy()


def _corners(boxes: Any, label: Any) -> tuple[np.ndarray, np.ndarray]:
    center, size, yaw = (_array(part) for part in (boxes.gravity_center, boxes.dims, boxes.yaw))
    return box_corners(center, size, yaw), _array(label).astype(int)


def _images(inputs: Mapping[str, Any]) -> np.ndarray | None:
    images = inputs.get('per_image', {}).get('images')
    return None if images is None else _array(images).transpose(0, 2, 3, 1)


def _below(sheet: Image.Image, images: np.ndarray) -> Image.Image:
    """The sheet with its images in a strip below, as wide as it."""
    strip = Image.fromarray(np.concatenate(list(images.astype(np.uint8)), axis=1))
    strip = strip.resize((sheet.width, max(1, round(strip.height * sheet.width / strip.width))))
    whole = Image.new('RGB', (sheet.width, sheet.height + strip.height), 'white')
    whole.paste(sheet, (0, 0))
    whole.paste(strip, (0, sheet.height))
    return whole


if __name__ == '__main__':
    sys.exit(run_tool(main))
