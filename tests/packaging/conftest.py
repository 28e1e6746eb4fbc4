import pytest

from build_backend.environment import places as real_places


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Where the set-up writes: all in a temporary folder, which holds an empty environment."""
    for name, path in {
        'VENV': '.venv',
        'LOG': 'bootstrap.log',
        'STEPS': '.venv/steps.json',
        'CACHE': 'cache',
        'SPCONV': '.spconv',
    }.items():
        monkeypatch.setattr(real_places, name, tmp_path / path)
    (tmp_path / '.venv').mkdir()
    return real_places
