"""The rooms of the package, the ops, their benchmarks and the projects: imports only go down the floors."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE, OPS = ROOT / 'swin3d_mmdet3d', ROOT / 'ops'
FLOORS = {
    'structures': 1,
    'geometry': 1,
    'visualization': 1.5,  # shades by normals
    'datasets': 2,
    'scan_files': 2,
    'language': 2.5,  # names the classes of data sets
    'evaluation': 3,
    'models': 3,
    'synthetic_rooms': 3,
    'synthetic_objects': 4,
    'preparation': 3,
    'checkpoints': 4,
    'engine': 4.5,  # saves and resumes checkpoints
    'pretraining': 5,
    'apis': 6,
    'comparison': 7,
    'tools': 8,
}
ROOT_MODULES = {
    'version',
    'dependency_versions',
    'finite_values',
    'help_only',
    'memory_shortage',
    'one_of_many',
    'optional_packages',
    'pickle_trust',
    'root_registries',
    'shipped_models',
    'array_files',
    'atomic_write',
    'json_text',
    'plain_pickle',
    'size_limits',
    'stop_signals',
    'tool_start',
    '__init__',
}
OPS_MAY_IMPORT = {'torch', 'swin3d_ops', '__future__'}
BENCHMARKS_MAY_IMPORT = {'numpy', 'scipy'}
SPCONV = 'spconv_impl.py'


def imported_modules(path, package):
    """Absolute names of the modules that a file imports anywhere."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                parents = package[: len(package) - node.level + 1]
                yield '.'.join([*parents, node.module] if node.module else parents)
            else:
                yield node.module


def package_of(path, root):
    return path.relative_to(root).parent.parts


def files(folder):
    return sorted(p for p in folder.rglob('*.py') if '.mim' not in p.parts)


def test_every_room_has_a_floor():
    rooms = {p.name for p in PACKAGE.iterdir() if (p / '__init__.py').exists()}
    assert rooms <= set(FLOORS)
    assert {p.stem for p in PACKAGE.glob('*.py')} <= ROOT_MODULES


@pytest.mark.parametrize('path', files(PACKAGE), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down_the_floors(path):
    room = path.relative_to(PACKAGE).parts[0]
    if room not in FLOORS:
        return
    for module in imported_modules(path, package_of(path, ROOT)):
        parts = module.split('.')
        if parts[0] != 'swin3d_mmdet3d' or len(parts) == 1 or parts[1] in ROOT_MODULES:
            continue
        assert parts[1] == room or FLOORS[parts[1]] < FLOORS[room], f'{room} imports {module}'


@pytest.fixture
def standard_library():
    if not hasattr(sys, 'stdlib_module_names'):
        pytest.skip('Python 3.9 does not list its standard library')
    return sys.stdlib_module_names


def test_ops_import_torch_alone(standard_library):
    for path in files(OPS / 'swin3d_ops'):
        for module in imported_modules(path, package_of(path, OPS)):
            top = module.split('.')[0]
            by_choice = top == 'spconv' and path.name == SPCONV
            allowed = top in OPS_MAY_IMPORT or top in standard_library or by_choice
            assert allowed, f'{path.name} imports {module}'


def test_benchmarks_of_the_ops_import_ops_and_themselves(standard_library):
    folder = OPS / 'benchmarks'
    own = {path.stem for path in files(folder)}
    assert len(own) > 5
    for path in files(folder):
        for module in imported_modules(path, ()):
            top = module.split('.')[0]
            allowed = top in OPS_MAY_IMPORT | BENCHMARKS_MAY_IMPORT | own or top in standard_library
            assert allowed, f'{path.name} imports {module}'


def test_no_room_imports_a_project_a_benchmark_or_a_test():
    above = {'projects', 'benchmarks', 'tests', *(path.stem for path in files(OPS / 'benchmarks'))}
    for path in files(PACKAGE):
        for module in imported_modules(path, package_of(path, ROOT)):
            assert module.split('.')[0] not in above, f'{path} imports {module}'


def test_no_project_imports_another():
    projects = {path.name for path in (ROOT / 'projects').iterdir() if path.is_dir()}
    for path in files(ROOT / 'projects'):
        for module in imported_modules(path, package_of(path, ROOT)):
            others = projects - {path.parent.name}
            assert not ('projects' in module and others & set(module.split('.'))), f'{path} imports {module}'


def test_no_pretraining_method_imports_another():
    folder = PACKAGE / 'pretraining' / 'methods'
    methods = {p.stem for p in folder.glob('*.py')} - {'__init__'}
    assert {'ppkt', 'ppt'} <= methods
    for name in methods:
        for module in imported_modules(folder / f'{name}.py', ('swin3d_mmdet3d', 'pretraining', 'methods')):
            assert 'methods' not in module.split('.'), f'{name} imports {module}'


def test_no_junk_drawers():
    banned = {'utils', 'util', 'misc', 'common', 'helpers'}
    for folder in (PACKAGE, OPS, ROOT / 'projects'):
        assert not [p for p in folder.rglob('*') if p.stem in banned]


def test_no_asserts_and_no_prints_outside_of_tests():
    for folder in (PACKAGE, OPS, ROOT / 'projects'):
        for path in files(folder):
            for node in ast.walk(ast.parse(path.read_text())):
                assert not isinstance(node, ast.Assert), f'{path}:{node.lineno} asserts'
                call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                assert not (call and node.func.id == 'print'), f'{path}:{node.lineno} prints'
