"""The two files of docs/adding_a_method.md are a method: they train as they stand, on few points."""

import re
import sys
from pathlib import Path

import torch
from mmengine.runner import Runner
from shrunk_methods import shrink

from swin3d_mmdet3d.synthetic_rooms import make_rooms

PAGE = Path(__file__).parents[2] / 'docs' / 'adding_a_method.md'


def test_the_files_of_the_page_train_and_export_a_student(tmp_path, monkeypatch):
    blocks = re.findall(r'```python\n# (\w\S*\.py)\n(.*?)```', PAGE.read_text(), re.DOTALL)
    for name, text in blocks:
        (tmp_path / name).write_text(text)
    code, recipe = (name for name, _ in blocks)
    monkeypatch.syspath_prepend(str(tmp_path))
    make_rooms('s3dis', tmp_path / 's3dis', 6, 1500, workers=1)
    config = shrink(tmp_path / recipe, tmp_path)
    config.work_dir = str(tmp_path / 'work')
    runner = Runner.from_cfg(config)
    assert type(runner.model).__module__ == Path(code).stem in sys.modules
    before = {name: weight.clone() for name, weight in runner.model.named_parameters()}
    runner.train()
    student = torch.load(tmp_path / 'work' / 'student.pth', weights_only=True)['state_dict']
    assert any(not torch.equal(weight, before[name]) for name, weight in student.items() if name in before)
