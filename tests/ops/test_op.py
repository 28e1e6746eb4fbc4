"""The rule that chooses a back-end: names, environment, devices, limits, reasons, and the one log line."""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
import logging
import shutil

import pytest
import swin3d_ops
import torch
from swin3d_ops import op as op_module
from swin3d_ops import self_check
from swin3d_ops.op import Implementation, Op, declared

OPS = sorted(declared())
COUNTER = itertools.count()


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """No environment, nothing known or logged yet."""
    monkeypatch.delenv('SWIN3D_OPS', raising=False)
    op_module.forget()
    yield
    op_module.forget()


@pytest.fixture
def scale(monkeypatch):
    """An op whose back-ends multiply by 2; 'quick' is written for the CPU and takes up to 3 rows."""

    def double(x):
        return x * 2

    def declare(missing=None, quick=double):
        monkeypatch.setattr(op_module, '_declared', dict(declared()))
        implementations = {
            'reference': Implementation(double),
            'torch': Implementation(double),
            'quick': Implementation(
                quick, ('cpu',), ('cpu',), lambda: missing,
                lambda x: f'it takes up to 3 rows, got {len(x)}' if len(x) > 3 else None,
            ),
            'remote': Implementation(double, ('xla',), ('xla',)),
        }  # fmt: skip
        return Op('scale', implementations, lambda run, dtype: [run(torch.arange(1, 3).to(dtype))])

    return declare


def messages(caplog):
    return [(record.levelname, record.message) for record in caplog.records]


def test_an_op_declares_itself_with_the_back_ends_that_it_has():
    resampling = dict.fromkeys(('gather_max', 'linear_gather_max', 'interpolate'), 'reference torch cpu cuda')
    expected = dict(
        resampling, window_attention='reference torch cpu cuda', knn='reference torch cpu cuda',
        sparse_conv='reference torch cpu cuda spconv', block_mlp='reference torch cpu',
        row_linear='reference torch cpu',
        partition_windows='torch cpu', neighbors='torch cpu cuda', representatives='torch cuda',
    )  # fmt: skip
    assert {name: ' '.join(op.implementations) for name, op in declared().items()} == expected
    for name in OPS:
        reasons = swin3d_ops.available_backends(name)
        assert list(reasons) == list(declared()[name].implementations)
        assert reasons['torch'] is None and reasons.get('reference') is None


def test_unknown_op_is_named():
    with pytest.raises(ValueError, match="op must be one of .* got 'convolution'"):
        swin3d_ops.available_backends('convolution')


def test_named_backend_that_cannot_run_gives_its_reason(scale):
    op = scale(missing='no compiler was found')
    with pytest.raises(ValueError, match="backend: 'quick' cannot run scale: no compiler was found"):
        op.choose('cpu', 'quick')
    with pytest.raises(ValueError, match="backend: 'remote' cannot take tensors on 'cpu'"):
        op.choose('cpu', 'remote')
    with pytest.raises(ValueError, match="'quick' cannot take tensors on 'xla' .quick: no compiler"):
        op.choose('xla', 'quick')
    with pytest.raises(ValueError, match="backend must be auto or one of .* for scale, got 'cuda'"):
        op.choose('cpu', 'cuda')


@pytest.mark.parametrize('op', OPS)
def test_environment_names_a_backend_for_every_op_that_has_it(op, monkeypatch):
    automatic = declared()[op].choose('cpu', 'auto')
    for name in ('reference', 'torch'):
        monkeypatch.setenv('SWIN3D_OPS', name)
        has_it = name in declared()[op].implementations
        assert declared()[op].choose('cpu', 'auto') == (name if has_it else automatic)
        assert declared()[op].choose('cpu', 'torch') == 'torch'  # the argument goes before


@pytest.mark.parametrize('op', OPS)
def test_environment_names_a_backend_op_by_op(op, monkeypatch):
    other = 'knn' if op != 'knn' else 'interpolate'
    monkeypatch.setenv('SWIN3D_OPS', f'{op}=torch, {other}=reference')
    assert declared()[op].choose('cpu', 'auto') == 'torch'
    assert declared()[other].choose('cpu', 'auto') == 'reference'
    monkeypatch.setenv('SWIN3D_OPS', f'reference,{op}=torch')
    assert declared()[op].choose('cpu', 'auto') == 'torch'
    assert declared()[other].choose('cpu', 'auto') == 'reference'


@pytest.mark.parametrize(
    'text, message',
    [
        ('quick', "SWIN3D_OPS must be auto or one of .* got 'quick'"),
        ('convolution=cpu', "SWIN3D_OPS must name ops among .* got 'convolution'"),
        (
            'neighbors=quick',
            "must be auto or one of .'torch', 'cpu', 'cuda'. for neighbors, got 'quick'",
        ),
        ('neighbors=', "SWIN3D_OPS must be auto or one of .* for neighbors, got ''"),
        ('neighbors=reference', "for neighbors, got 'reference'"),
    ],
)
def test_environment_that_names_nothing_is_refused(monkeypatch, text, message):
    monkeypatch.setenv('SWIN3D_OPS', text)
    with pytest.raises(ValueError, match=message):
        declared()['neighbors'].choose('cpu', 'auto')


def test_op_that_the_environment_names_must_run(scale, monkeypatch):
    op = scale(missing='no compiler was found')
    monkeypatch.setenv('SWIN3D_OPS', 'scale=quick')
    with pytest.raises(ValueError, match="SWIN3D_OPS: 'quick' cannot run scale: no compiler was found"):
        op.choose('cpu', 'auto')


def test_auto_falls_back_to_torch_and_warns_once(scale, caplog):
    op = scale(missing='no compiler was found')
    with caplog.at_level(logging.INFO, logger='swin3d_ops'):
        for _ in range(3):
            assert op.choose('cpu', 'auto') == 'torch'
    expected = 'scale on cpu runs on back-end torch (quick: no compiler was found)'
    assert messages(caplog) == [('WARNING', expected)]


@pytest.mark.parametrize('device_type, chosen', [('cpu', 'quick'), ('mps', 'torch')])
def test_the_ordinary_choice_is_no_warning(scale, caplog, device_type, chosen):
    op = scale()
    with caplog.at_level(logging.INFO, logger='swin3d_ops'):
        assert op.choose(device_type, 'auto') == chosen
    assert [record.levelname for record in caplog.records] == ['INFO']


def test_arguments_that_a_backend_cannot_take_go_to_the_next(scale, caplog):
    op, few, many = scale(), torch.ones(3), torch.ones(4)
    with caplog.at_level(logging.INFO, logger='swin3d_ops'):
        assert [op.choose('cpu', 'auto', x) for x in (few, many, few, many)] == ['quick', 'torch'] * 2
    expected = 'scale on cpu passes over back-end quick in some calls: it takes up to 3 rows, got 4'
    assert messages(caplog)[1:] == [('INFO', expected)]
    with pytest.raises(ValueError, match="'quick' cannot run scale here: it takes up to 3 rows, got 4"):
        op.choose('cpu', 'quick', many)


@pytest.mark.parametrize(
    'quick, reason',
    [
        (lambda x: x * 2.001, 'the self-check differs from the reference by 5.0e-04'),
        (lambda x: 1 / 0, 'the self-check failed: division by zero'),
        (lambda x: x * 2 + next(COUNTER) * 1e-6, 'the self-check gives other bits when it is run again'),
        (lambda x: x * torch.nan, 'the self-check differs from the reference by nan'),
    ],
    ids=['wrong', 'raises', 'varies', 'nan'],
)
def test_a_backend_that_fails_its_check_is_not_trusted(scale, caplog, quick, reason):
    op = scale(quick=quick)
    with caplog.at_level(logging.INFO, logger='swin3d_ops'):
        assert op.choose('cpu', 'auto') == 'torch'
    assert messages(caplog) == [('WARNING', f'scale on cpu runs on back-end torch (quick: {reason})')]
    with pytest.raises(ValueError, match='cannot run scale: the self-check'):
        op.choose('cpu', 'quick')


@pytest.mark.parametrize('op', [op for op in OPS if 'cpu' in declared()[op].implementations])
def test_cpu_kernels_serve_wherever_there_is_a_compiler(op):
    """Kernels that disagree with the reference are set aside at run time; here that is a failure."""
    if shutil.which('c++') is None and shutil.which('g++') is None:
        pytest.skip('no C++ compiler on this machine')
    assert swin3d_ops.available_backends(op)['cpu'] is None


def test_spconv_serves_by_name_wherever_it_is_installed():
    if importlib.util.find_spec('spconv') is None:
        pytest.skip('spconv is not installed: `make test-all` installs it')
    assert swin3d_ops.available_backends('sparse_conv')['spconv'] is None
    assert declared()['sparse_conv'].choose('cpu', 'spconv') == 'spconv'
    assert declared()['sparse_conv'].choose('cpu', 'auto') == 'cpu'


def test_the_choice_is_made_once(scale, monkeypatch):
    op = scale()
    assert op.choose('cpu', 'auto') == 'quick'
    monkeypatch.setattr(self_check, 'reason_to_distrust', lambda *_: 1 / 0)
    assert op.choose('cpu', 'auto') == 'quick'


def on_a_gpu(monkeypatch, **reasons):
    """Let sparse convolution believe in a GPU on which back-ends have passed their check, or are missing."""
    op = declared()['sparse_conv']
    for name, reason in reasons.items():
        one = dataclasses.replace(op.implementations[name], reason_missing=lambda reason=reason: reason)
        monkeypatch.setitem(op.implementations, name, one)
    monkeypatch.setattr(self_check, 'reason_to_distrust', lambda *_: None)
    return op


@pytest.mark.parametrize('reason', [None, 'spconv is not installed'])
def test_a_gpu_takes_the_own_kernels_first_and_misses_no_package(monkeypatch, caplog, reason):
    op = on_a_gpu(monkeypatch, cuda=None, spconv=reason)
    with caplog.at_level(logging.INFO, logger='swin3d_ops'):
        assert op.choose('cuda', 'auto') == 'cuda'
    assert messages(caplog) == [('INFO', 'sparse_conv on cuda runs on back-end cuda')]


def test_a_gpu_takes_spconv_before_torch_where_the_own_kernels_cannot_run(monkeypatch, caplog):
    op = on_a_gpu(monkeypatch, cuda='no NVRTC', spconv=None)
    with caplog.at_level(logging.INFO, logger='swin3d_ops'):
        assert op.choose('cuda', 'auto') == 'spconv'
    assert messages(caplog) == [('WARNING', 'sparse_conv on cuda runs on back-end spconv (cuda: no NVRTC)')]


def test_a_gpu_without_kernels_and_spconv_takes_torch_and_says_how_to_get_it(monkeypatch, caplog):
    missing = "spconv is not installed (pip install 'swin3d_mmdet3d[spconv]')"
    op = on_a_gpu(monkeypatch, cuda='no NVRTC', spconv=missing)
    with caplog.at_level(logging.INFO, logger='swin3d_ops'):
        assert op.choose('cuda', 'auto') == 'torch'
    ((level, message),) = messages(caplog)
    assert level == 'WARNING' and "pip install 'swin3d_mmdet3d[spconv]'" in message
