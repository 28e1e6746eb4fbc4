"""The build of mmcv with its ops."""

from pathlib import Path

import pytest

from build_backend.environment import mmcv_wheel
from build_backend.environment.commands import SetupError


def test_missing_compiler_is_named_before_the_build(places, tmp_path, monkeypatch):
    monkeypatch.setattr(mmcv_wheel.shutil, 'which', lambda name: None)
    with pytest.raises(SetupError, match='no C\\+\\+ compiler was found'):
        mmcv_wheel.build_mmcv('mmcv', tmp_path / 'wheels')
    assert not (tmp_path / 'wheels').exists()


def test_mmcv_is_optimized_without_debug_symbols_and_lands_in_the_cache_whole(places, tmp_path, monkeypatch):
    calls = []

    def pip(step, *arguments, **variables):
        calls.append(variables)
        (Path(arguments[arguments.index('-w') + 1]) / 'mmcv-2.1.0.whl').touch()

    monkeypatch.setattr(mmcv_wheel, 'pip', pip)
    monkeypatch.setattr(mmcv_wheel.shutil, 'which', lambda name: name)
    monkeypatch.setenv('CFLAGS', '-O1')
    mmcv_wheel.build_mmcv('mmcv', tmp_path / 'wheels')
    assert calls[0]['CFLAGS'] == '-O2 -DNDEBUG -g0 -O1'
    assert [path.name for path in (tmp_path / 'wheels').iterdir()] == ['mmcv-2.1.0.whl']


@pytest.mark.parametrize('toolkit, shown', [(True, {}), (False, {'CUDA_VISIBLE_DEVICES': ''})])
def test_mmcv_is_built_without_cuda_where_there_is_no_toolkit(places, tmp_path, monkeypatch, toolkit, shown):
    calls = []
    monkeypatch.setattr(mmcv_wheel, 'pip', lambda step, *arguments, **variables: calls.append(variables))
    monkeypatch.setattr(mmcv_wheel.shutil, 'which', lambda name: name if toolkit or name != 'nvcc' else None)
    monkeypatch.setattr(mmcv_wheel.Path, 'exists', lambda path: False)
    for name in ('CUDA_HOME', 'CUDA_PATH'):
        monkeypatch.delenv(name, raising=False)
    mmcv_wheel.build_mmcv('mmcv', tmp_path / 'wheels')
    assert {name: text for name, text in calls[0].items() if name == 'CUDA_VISIBLE_DEVICES'} == shown
