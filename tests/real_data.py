"""Real data: the optional folder of small real scans beside the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

_FOLDER = Path(__file__).resolve().parents[2] / 'shared' / 'realdata'


def local_real_data(*parts: str) -> Path:
    """The path of a real sample; skips the calling test where the sample is not there."""
    path = _FOLDER.joinpath(*parts)
    if not path.exists():
        pytest.skip(f'no real sample {"/".join(parts)} beside the repository')
    return path
