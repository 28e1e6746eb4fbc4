import importlib.util
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from mmengine.config import Config

REPOSITORY = Path(__file__).resolve().parents[2]
IMPORT_ROOTS = {'swin3d_mmdet3d': REPOSITORY, 'swin3d_ops': REPOSITORY / 'ops'}


def test_config_names_are_unique_since_mim_finds_them_by_name():
    configs = [path for path in REPOSITORY.glob('configs/**/*.py') if '_base_' not in path.parts]
    modules = list((REPOSITORY / 'swin3d_mmdet3d').rglob('*.py'))
    names = Counter(path.name for path in configs)
    assert [name for name, count in names.items() if count > 1] == []
    assert names.keys() & {path.name for path in modules} == set()


@pytest.mark.parametrize('package', IMPORT_ROOTS)
def test_every_folder_with_modules_is_a_package(package):
    folder = IMPORT_ROOTS[package] / package
    folders = {path.parent for path in folder.rglob('*.py')}
    assert [str(path) for path in sorted(folders) if not (path / '__init__.py').is_file()] == []


def test_model_index_names_every_metafile_and_metafiles_name_real_configs():
    index = yaml.safe_load((REPOSITORY / 'model-index.yml').read_text())['Import']
    metafiles = sorted(
        path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob('configs/**/metafile.yml')
    )
    assert sorted(index) == metafiles
    for metafile in metafiles:
        for model in yaml.safe_load((REPOSITORY / metafile).read_text())['Models']:
            assert (REPOSITORY / model['Config']).is_file(), model['Config']


def test_install_requires_leaves_out_what_needs_a_built_torch():
    names = re.findall(r'^[\w-]+', (REPOSITORY / 'requirements' / 'runtime.txt').read_text(), re.MULTILINE)
    assert not set(names) & {'torch', 'mmcv', 'mmdet', 'mmdet3d'}


def test_every_config_is_in_a_metafile_under_its_own_name():
    entries = [
        model
        for path in REPOSITORY.glob('configs/**/metafile.yml')
        for model in yaml.safe_load(path.read_text())['Models']
    ]
    configs = [path for path in REPOSITORY.glob('configs/**/*.py') if '_base_' not in path.parts]
    assert Counter(model['Name'] for model in entries) == Counter(path.stem for path in configs)
    assert all(Path(model['Config']).stem == model['Name'] for model in entries)


def test_stand_ins_of_an_editable_install_are_the_checkout_s_configs(tmp_path):
    backend = load_backend()
    backend.add_mim_stand_ins(tmp_path)
    configs = {path.relative_to(REPOSITORY) for path in REPOSITORY.glob('configs/**/*.py')}
    assert {path.relative_to(tmp_path) for path in tmp_path.glob('configs/**/*.py')} == configs
    name = 'configs/_base_/datasets/rooms-seg.py'
    assert Config.fromfile(tmp_path / name).to_dict() == Config.fromfile(REPOSITORY / name).to_dict()


def load_backend():
    """The build back-end, which is no module of the package."""
    pytest.importorskip('wheel', reason='the build back-end needs it')
    spec = importlib.util.spec_from_file_location('mim_backend', REPOSITORY / 'build_backend/mim_backend.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
