"""Window attention against stored outputs of the original network's algorithm."""

from __future__ import annotations

import numpy as np
import pytest
import swin3d_ops
import torch
from swin3d_ops.window_attention.table_rows import table_row

SIGNALS = ('xyz', 'rgb', 'norm')


def windows_of(window_id):
    ids, order = torch.sort(torch.from_numpy(window_id), stable=True)
    ptr = torch.nn.functional.pad(torch.unique_consecutive(ids, return_counts=True)[1].cumsum(0), (1, 0))
    return swin3d_ops.WindowIndex(order, ptr, torch.zeros(len(order), 3).long())


def load(data, prefix, dtype):
    """Return ([q, k, v, tables], signals, table_rows, windows) of a stored case."""
    inputs = [torch.from_numpy(data[prefix + n]).to(dtype) for n in ('query', 'key', 'value')]
    table_rows = []
    for kind in ('query', 'key', 'value'):
        parts = [data[f'{prefix}{kind}_{s}_table'] for s in SIGNALS if f'{prefix}{kind}_{s}_table' in data]
        table_rows = [part.shape[1] for part in parts for _ in range(3)]
        flat = np.concatenate([part.reshape(-1, *part.shape[2:]) for part in parts])
        inputs.append(torch.from_numpy(flat).to(dtype))
    signals = torch.from_numpy(data[prefix + 'signal'])
    return inputs, signals, table_rows, windows_of(data[prefix + 'window_id'])


@pytest.mark.parametrize('case', ['A_', 'B_', 'C_'])
@pytest.mark.parametrize('dtype, tolerance', [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_outputs_and_gradients(golden, window_attention_backend, case, dtype, tolerance):
    data = golden('attention')
    inputs, signals, table_rows, windows = load(data, case, dtype)
    inputs = [t.requires_grad_() for t in inputs]
    out = swin3d_ops.window_attention(
        *inputs, signals, table_rows, windows, scale=1.0, backend=window_attention_backend
    )
    expected = torch.from_numpy(data[case + 'out'])
    assert (out.double() - expected).abs().max() <= tolerance
    grads = torch.autograd.grad(out, inputs, torch.from_numpy(data[case + 'grad_out']).to(dtype))
    names = {f'grad_{kind}': grad for kind, grad in zip(('query', 'key', 'value'), grads)}
    for kind, grad in zip(('query', 'key', 'value'), grads[3:]):
        for signal in SIGNALS:
            stored = data.get(f'{case}grad_{kind}_{signal}_table')
            if stored is not None:
                size = stored.shape[0] * stored.shape[1]
                names[f'grad_{kind}_{signal}_table'], grad = grad[:size].view(stored.shape), grad[size:]
    assert len(names) == 3 + len(table_rows)
    for name, grad in names.items():
        expected = torch.from_numpy(data[case + name]).double()
        assert (grad.double() - expected).abs().max() <= 1e-5 * expected.abs().max(), name


def test_rows_at_and_beyond_the_ends_of_the_tables(golden):
    data = golden('attention_edges')
    for dim, length in enumerate(data['lengths'].tolist()):
        chosen = data['dim'] == dim
        difference = torch.from_numpy(data['signal_difference'][chosen])
        got = table_row(difference, torch.zeros(1), length)
        assert got.tolist() == data['row_clamped'][chosen].tolist()


def test_pairs_that_differ_by_the_whole_range_use_the_last_row(golden, window_attention_backend):
    data = golden('attention_edges')
    inputs, signals, table_rows, windows = load(data, '', torch.float64)
    out = swin3d_ops.window_attention(
        *inputs, signals, table_rows, windows, scale=1.0, backend=window_attention_backend
    )
    assert (out - torch.from_numpy(data['out_clamped'])).abs().max() <= 1e-12
    assert (out - torch.from_numpy(data['out_original'])).abs().max() > 1e-3


def test_infinite_and_nan_differences_use_the_stored_rows(golden, window_attention_backend):
    """Two voxels whose signals differ by an edge value see the row that the file names."""
    data = golden('attention_edges')
    for n in range(len(data['dim'])):
        length = int(data['lengths'][data['dim'][n]])
        signals = torch.tensor([[0.0], [0.0]])
        signals[0, 0] = float(data['signal_difference'][n])
        v_table = torch.zeros(length, 1, 1)
        v_table[data['row_clamped'][n]] = 1.0
        zero = torch.zeros(2, 1, 1)
        key = torch.tensor([0.0, 1e3]).view(2, 1, 1)
        out = swin3d_ops.window_attention(
            torch.ones(2, 1, 1), key, zero, torch.zeros_like(v_table), torch.zeros_like(v_table),
            v_table, signals, (length,), windows_of(np.zeros(2, np.int32)),
            backend=window_attention_backend,
        )  # fmt: skip
        assert out[0].item() == pytest.approx(1.0)
