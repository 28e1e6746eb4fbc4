"""Choice of back-end: names, environment, reasons, and the one log line."""

from __future__ import annotations

import logging
import shutil

import pytest
import swin3d_ops
import torch
from swin3d_ops import backends


def small():
    source = torch.rand(6, 3, generator=torch.Generator().manual_seed(0))
    return source, source, 2, torch.tensor([0, 6]), torch.tensor([0, 6])


def test_reference_and_torch_always_run():
    for op in backends.OPS:
        reasons = swin3d_ops.available_backends(op)
        assert list(reasons) == ['reference', 'torch', 'cpu', 'cuda']
        assert reasons['reference'] is None and reasons['torch'] is None


def test_unknown_op_is_named():
    with pytest.raises(ValueError, match="op must be one of .* got 'convolution'"):
        swin3d_ops.available_backends('convolution')


def test_named_backend_that_cannot_run_gives_its_reason(monkeypatch):
    reasons = {'reference': None, 'torch': None, 'cpu': 'no compiler was found', 'cuda': 'no GPU'}
    monkeypatch.setattr(backends, 'reason_unavailable', lambda op, name: reasons[name])
    with pytest.raises(ValueError, match="'cpu' cannot run knn: no compiler was found"):
        swin3d_ops.knn(*small(), backend='cpu')
    with pytest.raises(ValueError, match="'cuda' cannot take tensors on 'cpu'"):
        swin3d_ops.knn(*small(), backend='cuda')


def test_environment_names_the_backend(monkeypatch):
    monkeypatch.setenv('SWIN3D_OPS', 'quick')
    with pytest.raises(ValueError, match="SWIN3D_OPS must be auto or one of .* got 'quick'"):
        swin3d_ops.knn(*small())
    monkeypatch.setenv('SWIN3D_OPS', 'reference')
    assert backends.choose_backend('knn', 'cpu', 'auto') == 'reference'
    assert backends.choose_backend('knn', 'cpu', 'torch') == 'torch'


def test_auto_falls_back_to_torch_and_warns_once(monkeypatch, caplog):
    reasons = {'reference': None, 'torch': None, 'cpu': 'no compiler was found', 'cuda': 'no GPU'}
    monkeypatch.setattr(backends, 'reason_unavailable', lambda op, name: reasons[name])
    monkeypatch.setattr(backends, '_logged', set())
    monkeypatch.delenv('SWIN3D_OPS', raising=False)
    with caplog.at_level(logging.INFO, logger='swin3d_ops'):
        for _ in range(3):
            assert backends.choose_backend('knn', 'cpu', 'auto') == 'torch'
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ('WARNING', 'knn on cpu runs on back-end torch (cpu kernels: no compiler was found)')
    ]


@pytest.mark.parametrize(
    'op, device_type, chosen',
    [('knn', 'cpu', 'cpu'), ('knn', 'mps', 'torch'), ('sparse_conv', 'cuda', 'torch')],
)
def test_the_ordinary_choice_is_no_warning(monkeypatch, caplog, op, device_type, chosen):
    monkeypatch.setattr(backends, 'reason_unavailable', lambda op, name: backends._MISSING.get((op, name)))
    monkeypatch.setattr(backends, '_logged', set())
    monkeypatch.delenv('SWIN3D_OPS', raising=False)
    with caplog.at_level(logging.INFO, logger='swin3d_ops'):
        assert backends.choose_backend(op, device_type, 'auto') == chosen
    assert [record.levelname for record in caplog.records] == ['INFO']


@pytest.mark.parametrize('op', backends.OPS)
def test_cpu_kernels_serve_wherever_there_is_a_compiler(op):
    """Kernels that disagree with the reference are set aside at run time; here that is a failure."""
    if shutil.which('c++') is None and shutil.which('g++') is None:
        pytest.skip('no C++ compiler on this machine')
    assert swin3d_ops.available_backends(op)['cpu'] is None
