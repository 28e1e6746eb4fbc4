"""Command line that draws what Ponder renders: `python -m swin3d_mmdet3d.tools.draw_renderings`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from ..atomic_write import atomic_write
from ..help_only import HELP_ONLY
from ..pickle_trust import add_trust_option
from .mistakes import run_tool

if not HELP_ONLY:
    import torch
    from mmdet3d.registry import DATASETS, MODELS
    from mmengine.dataset import pseudo_collate
    from mmengine.registry import init_default_scope
    from torch import Tensor, nn

    from ..apis.config_files import read_config_file
    from ..checkpoints import load_strictly, read_checkpoint
    from ..datasets.seeded_generators import seed_generators
    from ..pretraining.heads.surface_renderer import Rays
    from ..structures import CloudView
    from ..visualization import ray_picture

RAYS_AT_ONCE = 1024


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Draw colours and depths of frames, measured and rendered, of scenes that Ponder reads.'
    )
    parser.add_argument('config', help='recipe of Ponder, by path or name')
    parser.add_argument('checkpoint', help='checkpoint of its training, with the renderer')
    parser.add_argument('--data-root', help='folder of the data, instead of that of the recipe')
    parser.add_argument('--ann-file', help='info file of the scenes, as of those held out')
    parser.add_argument('--samples', nargs='+', type=int, default=[0], help='numbers of the scenes')
    parser.add_argument('--stride', type=int, default=4, help='draw every n-th pixel')
    parser.add_argument('--samples-per-ray', type=int, default=192, help='an even number')
    parser.add_argument('--out', default='renderings', help='folder of the pictures')
    add_trust_option(parser)
    return parser.parse_args(arguments)


def one_frame_of(pipeline: list[dict]) -> None:
    """Let a recipe's pipeline draw all rays of one frame."""
    for step in pipeline:
        if step['type'] == 'LoadRGBDFrames':
            step['num_frames'] = 1
        elif step['type'] == 'CameraRays':
            step['rays_per_frame'] = sys.maxsize


def rays_on_grid(view: CloudView, stride: int) -> Tensor:
    """Rows of the view's rays whose pixel lies on every n-th row and column."""
    pixel = view.ragged['ray_pixel'].values[:, 1:]
    return (pixel % stride == 0).all(dim=1).nonzero().flatten()


def render(model: nn.Module, view: CloudView, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Colours ``(R, 3)`` and depths ``(R,)`` in metres of rays, which the model is not told anything of."""
    voxel_size = view.voxels.voxel_size
    with torch.no_grad():
        volume, rays = model.encode_volume(view), model.rays_of(view)
        found = []
        for part in rows.split(RAYS_AT_ONCE):
            some = Rays(rays.batch[part], rays.origin[part], rays.direction[part])
            seen = model.renderer(volume, some, voxel_size)
            found.append((seen.color, seen.depth))
    return tuple(torch.cat(values) for values in zip(*found))


def main(arguments: list[str] | None = None) -> None:
    """Draw what the command line asks for."""
    args = parse_arguments(arguments)
    config = read_config_file(args.config, args.data_root)
    init_default_scope('mmdet3d')
    settings = config.train_dataloader.dataset
    if args.ann_file:
        settings.ann_file = args.ann_file
    one_frame_of(settings.pipeline)
    config.model.renderer.num_samples = args.samples_per_ray
    model = MODELS.build(config.model)
    load_strictly(model, read_checkpoint(args.checkpoint)[0], args.checkpoint)
    model.eval()
    dataset = DATASETS.build(settings)
    for number in args.samples:
        seed_generators(number)
        sample = pseudo_collate([dataset[number]])
        view = model.data_preprocessor(sample, training=True)['inputs']['views'][0]
        rows = rays_on_grid(view, args.stride)
        color, depth = (view.ragged[f'ray_{name}'].values[rows] for name in ('color', 'depth'))
        rendered = render(model, view, rows)
        draw(Path(args.out) / f'rendering_{number}.png', view, rows, args.stride, (color, depth), rendered)
        errors = [float((own - other).abs().mean()) for own, other in zip((color, depth), rendered)]
        constants = [float((own - own.median(dim=0).values).abs().mean()) for own in (color, depth)]
        print_log(
            f'scene {number}, {len(rows)} rays: colour off by {errors[0]:.3f}, depth by {errors[1]:.3f} m; '
            f'the best constants by {constants[0]:.3f} and {constants[1]:.3f} m',
            logger='current',
        )


def draw(
    path: Path,
    view: CloudView,
    rows: Tensor,
    stride: int,
    measured: tuple[Tensor, Tensor],
    rendered: tuple[Tensor, Tensor],
) -> None:
    """Write the picture of a frame."""
    pixels = (view.ragged['ray_pixel'].values[rows, 1:] // stride).numpy()
    size = tuple(int(edge) for edge in np.max(pixels, axis=0) + 1)
    columns = {
        title: tuple(values.numpy() for values in pair)
        for title, pair in dict(measured=measured, rendered=rendered).items()
    }
    with atomic_write(path) as part:
        ray_picture(pixels, columns, size, enlarge=stride).save(part)


if __name__ == '__main__':
    sys.exit(run_tool(main))
