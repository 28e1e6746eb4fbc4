"""Command line that draws the features of students: `python -m swin3d_mmdet3d.tools.draw_features`."""

from __future__ import annotations

import argparse
import copy
import sys
from pathlib import Path

from mmengine.config import Config
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
    from torch import nn

    from ..apis.config_files import read_config_file
    from ..checkpoints import load_strictly, read_checkpoint
    from ..datasets.seeded_generators import seed_generators
    from ..models.encoding import encode_levels
    from ..models.necks.level_concat import concatenated
    from ..structures import CloudView
    from ..visualization import feature_picture

RANDOM = 'random'


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Draw principal components of features over samples of a pretraining recipe.'
    )
    parser.add_argument('config', help='recipe of a pretraining, by path or name')
    parser.add_argument(
        '--students', nargs='+', default=[RANDOM], help=f'files student.pth, or {RANDOM!r} for random weights'
    )
    parser.add_argument('--level', help="level to draw, such as 'encoder.2'; the finest by default")
    parser.add_argument('--data-root', help='folder of the data, instead of that of the recipe')
    parser.add_argument('--samples', nargs='+', type=int, default=[0], help='numbers of the samples')
    parser.add_argument('--out', default='features', help='folder of the pictures')
    add_trust_option(parser)
    return parser.parse_args(arguments)


def student_of(config: Config, student: str) -> tuple[nn.Module, nn.Module | None]:
    """Backbone and neck of a recipe, at random or with the weights of a file.

    Raises:
        ValueError: Naming the file, if its weights are not those of the recipe's student.
    """
    parts = nn.ModuleDict()
    for name in ('backbone', 'neck'):
        if config.model.get(name):
            parts[name] = MODELS.build(copy.deepcopy(config.model[name]))
    torch.manual_seed(0)
    for part in parts.values():
        part.init_weights()
    if student != RANDOM:
        load_strictly(parts, read_checkpoint(student)[0], student)
    parts.eval()
    return parts['backbone'], parts['neck'] if 'neck' in parts else None


def point_features(
    backbone: nn.Module, neck: nn.Module | None, view: CloudView, level: str | None
) -> torch.Tensor:
    """Features ``(P, C)`` of the points of a view of one sample: those of a level's voxels around them."""
    with torch.no_grad():
        levels = encode_levels(backbone, neck, view.feats, view.voxels)
        chosen = levels.finest if level is None else levels[level]
        feats, _ = concatenated([(view.feats[:, :0], view.voxels), chosen])
        return feats[view.point2voxel[0]]


def first_view(config: Config, dataset, number: int) -> CloudView:
    """The first view of a sample of a recipe's own pipeline."""
    seed_generators(number)
    preprocessor = MODELS.build(config.model.data_preprocessor)
    return preprocessor(pseudo_collate([dataset[number]]), training=False)['inputs']['views'][0]


def main(arguments: list[str] | None = None) -> None:
    """Draw what the command line asks for."""
    args = parse_arguments(arguments)
    config = read_config_file(args.config, args.data_root)
    init_default_scope('mmdet3d')
    dataset = DATASETS.build(config.train_dataloader.dataset)
    students = {title_of(student): student_of(config, student) for student in args.students}
    for number in args.samples:
        view = first_view(config, dataset, number)
        feats = {
            title: point_features(*student, view, args.level).numpy() for title, student in students.items()
        }
        points = view.points[0].numpy()
        picture = feature_picture(points[:, :3], (points[:, 3:6] + 1) * 127.5, feats)
        path = Path(args.out) / f'features_{number}.png'
        with atomic_write(path) as part:
            picture.save(part)
        print_log(f'{len(points)} points: {path}', logger='current')


def title_of(student: str) -> str:
    """What a column is called: the folder of a student's file."""
    return student if student == RANDOM else Path(student).resolve().parent.name


if __name__ == '__main__':
    sys.exit(run_tool(main))
