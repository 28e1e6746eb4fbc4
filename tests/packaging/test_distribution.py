import re
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest
import yaml

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


@pytest.mark.slow
def test_wheel_holds_packages_sources_and_the_mim_folder(tmp_path):
    command = [
        sys.executable,
        '-m',
        'pip',
        'wheel',
        '--no-deps',
        '--no-build-isolation',
        '-w',
        str(tmp_path),
        str(REPOSITORY),
    ]
    subprocess.check_call(command)
    (wheel,) = tmp_path.glob('*.whl')
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {'swin3d_mmdet3d/.mim/model-index.yml'}
    expected |= {f'swin3d_mmdet3d/.mim/tools/{tool}.py' for tool in ('train', 'test')}
    expected |= {
        f'swin3d_mmdet3d/.mim/{path.relative_to(REPOSITORY).as_posix()}'
        for path in REPOSITORY.glob('configs/**/*')
        if path.suffix in ('.py', '.yml', '.md')
    }
    for package, root in IMPORT_ROOTS.items():
        files = [
            path
            for path in (root / package).rglob('*')
            if path.suffix in ('.py', '.cpp', '.h', '.cu', '.cuh')
        ]
        expected |= {path.relative_to(root).as_posix() for path in files}
    assert sorted(expected - names) == []
    assert not any(name.startswith(('tests/', 'configs/', 'build_backend/')) for name in names)
