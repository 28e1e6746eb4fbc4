"""The notebook of the pages, run as it stands."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image

NOTEBOOK = Path(__file__).parents[1] / 'docs' / 'quickstart.ipynb'
CELLS = json.loads(NOTEBOOK.read_text(encoding='utf-8'))['cells']


def code():
    return [''.join(cell['source']) for cell in CELLS if cell['cell_type'] == 'code']


def test_links_of_the_notebook_lead_to_pages_that_are_there():
    text = '\n'.join(''.join(cell['source']) for cell in CELLS if cell['cell_type'] == 'markdown')
    links = re.findall(r'\]\(([^)]+)\)', text)
    assert links and all((NOTEBOOK.parent / link).is_file() for link in links)


def test_the_notebook_holds_no_outputs_of_another_run():
    assert all(not cell.get('outputs') for cell in CELLS)


@pytest.mark.slow
def test_the_notebook_runs_and_labels_floors_and_walls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for cell in code():
        exec(compile(cell, str(NOTEBOOK), 'exec'), names)
    labels = names['prediction'].labels
    counts = {name: int((labels == label).sum()) for label, name in enumerate(names['prediction'].names)}
    assert len(labels) == 20000
    assert {'floor', 'wall'} <= set(sorted(counts, key=counts.get)[-4:])
    assert min(Image.open(next((tmp_path / 'predictions').glob('*.png'))).size) > 100
