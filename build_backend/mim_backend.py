"""The setuptools build back-end, whose wheels also carry the `.mim` folder that OpenMIM reads.

`mim` looks for configs, tools and the model index under `<site-packages>/swin3d_mmdet3d/.mim`. A plain
wheel gets the files there. An editable wheel gets stand-ins that refer to the checkout by absolute
path, so that edits are live, and puts the checkout on `sys.path` through a .pth file: setuptools' own
import hook would lose to the folder of stand-ins.
"""

from __future__ import annotations

import importlib.util
import shutil
import sysconfig
import tempfile
from pathlib import Path

from setuptools import build_meta
from setuptools.build_meta import (  # noqa: F401  the rest of the PEP 517 interface
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)
from wheel.wheelfile import WheelFile

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = 'swin3d_mmdet3d'
IMPORT_ROOTS = (REPOSITORY, REPOSITORY / 'ops')
TOOL_STAND_IN = """import runpy

runpy.run_module('{package}.tools.{tool}', run_name='__main__', alter_sys=True)
"""


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Build a wheel with `.mim` and, where a compiler is at hand, the CPU kernels."""
    # setuptools reuses this folder, and modules deleted since the last build would come along.
    shutil.rmtree(REPOSITORY / 'build' / 'lib', ignore_errors=True)
    name = build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)
    with WheelTree(Path(wheel_directory) / name) as wheel:
        add_mim_folder(wheel.root / PACKAGE / '.mim')
        if compile_cpu_kernels(wheel.root / 'swin3d_ops'):
            wheel.make_platform_specific()
    return wheel.path.name


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """Build an editable wheel: a .pth file, and `.mim` as stand-ins for the checkout's files."""
    name = build_meta.build_editable(wheel_directory, config_settings, metadata_directory)
    with WheelTree(Path(wheel_directory) / name) as wheel:
        for hook in wheel.root.glob('__editable__*'):
            hook.unlink()
        roots = ''.join(f'{root}\n' for root in IMPORT_ROOTS)
        (wheel.root / f'__editable__.{PACKAGE}.pth').write_text(roots, encoding='utf-8')
        add_mim_stand_ins(wheel.root / PACKAGE / '.mim')
    return wheel.path.name


def add_mim_folder(mim: Path) -> None:
    """Copies configs and model index into `mim` and adds the tools."""
    ignored = shutil.ignore_patterns('__pycache__', '*.pyc')
    shutil.copytree(REPOSITORY / 'configs', mim / 'configs', ignore=ignored)
    shutil.copy(REPOSITORY / 'model-index.yml', mim)
    add_tools(mim)


def add_mim_stand_ins(mim: Path) -> None:
    """Write configs that inherit from the checkout's, and a model index that imports the checkout's."""
    for config in sorted(REPOSITORY.glob('configs/**/*.py')):
        stand_in = mim / config.relative_to(REPOSITORY)
        stand_in.parent.mkdir(parents=True, exist_ok=True)
        stand_in.write_text(f'_base_ = {config.as_posix()!r}\n', encoding='utf-8')
    add_tools(mim)
    index = (REPOSITORY / 'model-index.yml').read_text(encoding='utf-8')
    absolute = index.replace('- configs/', f'- {REPOSITORY.as_posix()}/configs/')
    (mim / 'model-index.yml').write_text(absolute, encoding='utf-8')


def add_tools(mim: Path) -> None:
    """Write one script per module of `tools`, because `mim` runs tools by file name."""
    (mim / 'tools').mkdir(parents=True)
    for tool in sorted((REPOSITORY / PACKAGE / 'tools').glob('[!_]*.py')):
        text = TOOL_STAND_IN.format(package=PACKAGE, tool=tool.stem)
        (mim / 'tools' / tool.name).write_text(text, encoding='utf-8')


def compile_cpu_kernels(package: Path) -> bool:
    """Compiles the C++ kernels inside the unpacked `swin3d_ops`; no install fails for want of a compiler.

    `cpu_library.py` is loaded by its path, since the build environment holds no torch. Where it cannot
    compile, the library is compiled at first use, or the PyTorch code serves.
    """
    spec = importlib.util.spec_from_file_location('cpu_library', package / 'cpu_library.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        module.compile_into(package)
    except module.KernelsUnavailableError as error:
        print(f'the CPU kernels were not compiled: {error}')
        return False
    finally:
        shutil.rmtree(package / '__pycache__', ignore_errors=True)
    return True


class WheelTree:
    """A wheel unpacked in a temporary folder `root`, packed again at the end of the `with` block."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self):
        self.root = Path(tempfile.mkdtemp())
        with WheelFile(self.path) as wheel:
            wheel.extractall(self.root)
        return self

    def __exit__(self, exception_type, *_):
        if exception_type is None:
            with WheelFile(self.path, 'w') as wheel:
                wheel.write_files(str(self.root))
        shutil.rmtree(self.root)

    def make_platform_specific(self) -> None:
        """Retags the wheel, whose Python files fit any interpreter but whose library only this platform."""
        platform = sysconfig.get_platform().replace('-', '_').replace('.', '_')
        metadata = next(self.root.glob('*.dist-info/WHEEL'))
        text = metadata.read_text(encoding='utf-8')
        text = text.replace('py3-none-any', f'py3-none-{platform}')
        text = text.replace('Root-Is-Purelib: true', 'Root-Is-Purelib: false')
        metadata.write_text(text, encoding='utf-8')
        self.path.unlink()
        self.path = self.path.with_name(self.path.name.replace('none-any', f'none-{platform}'))
