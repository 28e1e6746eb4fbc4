"""What pages, metafiles and comments state is what configs do; what stands twice is the same twice."""

import re
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from recipe_files import PAGES, RECIPES, ROOT, documented_devices, model_entries, name, recipe

from swin3d_mmdet3d.tools.reproduction_table import all_expected_scores

FILES = sorted((ROOT / 'configs').rglob('*.py'))
LAUNCH = re.compile(r'^mim train swin3d_mmdet3d (\S+)\.py\b(.*)$', re.MULTILINE)
NAMED_FILE = re.compile(r'(?<![\w/.-])(?:[\w.-]+/)*([a-z][\w.]*(?:-[\w.]+)+)\.py\b')
NAMED_RECIPE = re.compile(
    r'(?<![\w-])((?:swin3d-(?:tiny|small|large)|sparse-unet34|fcaf3d|tr3d|cagroup3d|lground|ppkt|ppt|point_contrast|masked_scene_contrast)'
    r'_[a-z0-9][\w-]*(?:-seg|-det|-frames|-trio|_rooms)(?:[\w-]*\w)?)(?![\w{*-])'
)
NUMBER = re.compile(r'(?<![\w.-])\d+\.\d+(?![\w.])')


def page_id(path):
    return str(path.relative_to(ROOT))


def launches():
    """Config and number of GPUs of every training that a page shows."""
    found = [match for page in PAGES for match in LAUNCH.finditer(page.read_text())]
    return [(match[1], match[2]) for match in found if not match[1].startswith('my_')]


def test_every_recipe_stands_in_the_metafile_of_its_folder():
    entries = {key: entry['Config'] for key, entry in model_entries().items()}
    assert entries == {path.stem: path.relative_to(ROOT).as_posix() for path in RECIPES}


@pytest.mark.parametrize('path', RECIPES, ids=name)
def test_documented_devices_times_their_batch_is_the_stated_batch(path):
    config = recipe(path)
    total = model_entries()[path.stem]['Metadata']['Batch Size']
    assert documented_devices(path.stem) * config.train_dataloader.batch_size == total
    assert config.auto_scale_lr == dict(enable=False, base_batch_size=total)


def test_launch_lines_of_the_pages_start_the_documented_number_of_devices():
    lines = launches()
    assert len(lines) > 10
    for config, options in lines:
        gpus = int(re.search(r'--gpus (\d+)', options)[1])
        if '--auto-scale-lr' not in options:
            assert max(gpus, 1) == documented_devices(config), (config, options)
        assert ('--launcher pytorch' in options) == (gpus > 1), (config, options)
    folders = {recipe_name.parent.name for recipe_name in RECIPES if recipe_name.stem in dict(lines)}
    without = {path.parent.name for path in RECIPES} - folders
    assert not without, (
        f'a page must have a line "mim train swin3d_mmdet3d .. --gpus N" for each of {without}'
    )


@pytest.mark.parametrize('path', RECIPES, ids=name)
def test_auto_scale_lr_keeps_the_rate_on_documented_devices_and_doubles_it_on_twice_as_many(path):
    config = recipe(path)
    for times in (1, 2):
        weight = torch.nn.Parameter(torch.zeros(1))
        optimiser = OptimWrapper(torch.optim.SGD([weight], lr=1.0))
        runner = SimpleNamespace(
            world_size=times * documented_devices(path.stem),
            _train_dataloader=config.train_dataloader,
            param_schedulers=config.param_scheduler,
            logger=MMLogger.get_current_instance(),
        )
        Runner.scale_lr(runner, optimiser, {**config.auto_scale_lr, 'enable': True})
        assert optimiser.param_groups[0]['lr'] == times


MISSPELT = {
    'ppkts_swin3d-tiny_rooms',
    'swin3d-tiny_room-seg',
    'swin3d_tiny_rooms-seg',
}  # on the page of mistakes


@pytest.mark.parametrize('path', [*FILES, *PAGES, ROOT / 'CHANGELOG.md'], ids=page_id)
def test_configs_that_comments_and_pages_name_exist(path):
    text = re.sub(r'\bmmdet3d::[\w./-]+', '', path.read_text())  # bases of mmdet3d's own
    named = {*NAMED_FILE.findall(text), *NAMED_RECIPE.findall(text)}
    named = {found for found in named if not found.startswith('my_')} - MISSPELT
    assert named - {file.stem for file in FILES} == set()


def table_rows():
    """Config, data set and text of every row of a page's table that links a config and states scores."""
    for page in PAGES:
        for line in page.read_text().splitlines():
            link = re.search(r'\]\((?:[\w./-]*/)?([\w.-]+)\.py\)', line)
            if line.startswith('|') and link:
                yield page, link[1], line


def test_scores_in_tables_of_pages_are_those_of_the_metafiles():
    expected = {}
    for row in all_expected_scores():
        if row.percent is not None:
            expected.setdefault(row.config.split('/')[-1][:-3], set()).add(row.percent)
    compared = set()
    for page, config, line in table_rows():
        if 'rooms' in config or config not in expected:
            continue
        cells = re.sub(r'\[[^]]*\]\([^)]*\)|arXiv [\d.]+|@\.?\d+', '', line)
        stated = {float(number) for number in NUMBER.findall(cells)}
        # a row may leave out what another row of its page has
        assert stated <= expected[config], (page, config, stated, expected[config])
        compared |= {(config, number) for number in stated}
    test_server = {('swin3d-large_scannet-seg_rgbn_finetune', 77.9)}  # its row links no config
    tabled = {(config, number) for config, numbers in expected.items() for number in numbers}
    assert tabled - compared - test_server == {('swin3d-tiny_rooms-seg', 70.9), *untabled()}


def untabled():
    """Published scores of configs that the pages list without a link."""
    return {
        ('sparse-unet34_s3dis-seg_from-student', 68.28),
        ('sparse-unet34_scannet-seg_from-student', 69.56),
    }


def test_score_of_the_demo_is_the_same_wherever_it_stands():
    (percent,) = [row.percent for row in all_expected_scores() if 'swin3d-tiny_rooms-seg.' in row.config]
    pages = [ROOT / 'README.md', ROOT / 'configs/swin3d/README.md']
    stated = [re.findall(r'mIoU\s+(?:is\s+)?(0\.\d{3})', page.read_text().replace('*', '')) for page in pages]
    assert stated == [[f'{percent / 100:.3f}']] * 2
    newest = re.search(r"the demo's mIoU is (0\.\d{3})", (ROOT / 'CHANGELOG.md').read_text())[1]
    assert newest == f'{percent / 100:.3f}'


def test_numbers_of_the_sparse_unet_of_ppkt_are_those_of_its_page():
    page = (ROOT / 'projects/ppkt/README.md').read_text()
    for config, number in untabled():
        assert config in page and f'{number:.2f}' in page
