"""Where the environment, its log and the built wheels lie."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / '.venv'
SPCONV = ROOT / '.spconv'
LOG = ROOT / 'bootstrap.log'
STEPS = VENV / 'steps.json'
CACHE = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'swin3d_mmdet3d'


def venv_python() -> str:
    """The interpreter of the environment."""
    return str(VENV / 'bin' / 'python')
