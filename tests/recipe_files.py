"""The configs that train something, loaded once for all tests of a run."""

import re
from functools import cache
from pathlib import Path

import yaml
from mmengine.config import Config

ROOT = Path(__file__).parents[1]
RECIPES = sorted(path for path in (ROOT / 'configs').rglob('*.py') if '_base_' not in path.parts)
METAFILES = sorted((ROOT / 'configs').glob('*/metafile.yml'))
PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]
PAGES += sorted(page for folder in ('configs', 'projects') for page in (ROOT / folder).rglob('*.md'))


@cache
def recipe(path):
    return Config.fromfile(path)


def name(path):
    return path.stem


@cache
def model_entries():
    """What the metafiles say of each config, by its name."""
    models = [model for path in METAFILES for model in yaml.safe_load(path.read_text())['Models']]
    return {Path(model['Config']).stem: model for model in models}


def documented_devices(recipe_name):
    """The number of devices that a config's batches and rates are meant for: 1 also stands for a CPU."""
    resources = model_entries()[recipe_name]['Metadata']['Training Resources']
    return int(re.fullmatch(r'(\d+) GPUs?|(1) CPU', resources).group(1) or 1)
