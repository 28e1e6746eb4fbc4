"""What a forward pass of a sparse network takes: operations counted while it runs, and parameters.

A multiplication and an addition count as two operations. Norms, activations, the search for neighbours and
the second stage of a detector are not counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from mmdet3d.models.detectors import Base3DDetector
from swin3d_ops.op import available_backends
from terminaltables import AsciiTable
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

COUNTED_OPS = ('sparse_conv', 'window_attention', 'block_mlp', 'row_linear')
"""Ops that a network's operations are counted by, by their CPU kernels."""


class Cost(NamedTuple):
    """What a forward pass takes.

    Attributes:
        voxels: Of the finest level.
        operations: By the module that asks for them, dots between the names; '' is the whole.
        parameters: By module, likewise.
    """

    voxels: int
    operations: dict[str, int]
    parameters: dict[str, int]


def sparse_conv_operations(feats: Tensor, weight: Tensor, source: Tensor, *_: Any, **__: Any) -> int:
    """2 C_in C_out for each pair of an input and an output row; weight is (K, C_in, C_out)."""
    return 2 * len(source) * weight.shape[1] * weight.shape[2]


def window_attention_operations(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    q_table: Tensor,
    k_table: Tensor,
    v_table: Tensor,
    signals: Tensor,
    table_rows: Sequence[int],
    order: Tensor,
    ptr: Tensor,
    *_: Any,
    **__: Any,
) -> int:
    """Of the pairs (i, j) of each window: q k, p v, and for each of S axes q Tq, k Tk and p Tv, of H D each.

    A table row meets a pair as one product of width D, whatever a kernel shares between pairs.
    """
    pairs = int(torch.diff(ptr).double().square().sum())
    return 2 * pairs * q.shape[1] * q.shape[2] * (2 + 3 * signals.shape[1])


def linear_gather_max_operations(feats: Tensor, weight: Tensor, *_: Any, **__: Any) -> int:
    """The linear layer on each row: feats (N, C), weight (E, C)."""
    return 2 * len(feats) * weight.numel()


def block_mlp_operations(
    feats: Tensor, norm_weight: Tensor, norm_bias: Tensor, weight1: Tensor, *_: Any, **__: Any
) -> int:
    """Both linear layers on each row: feats (N, C), weight1 (H, C) and another matrix of its size."""
    return 4 * len(feats) * weight1.numel()


def row_linear_operations(feats: Tensor, weight: Tensor, *_: Any, **__: Any) -> int:
    """The linear layer on each row: feats (N, C), weight (D, C)."""
    return 2 * len(feats) * weight.numel()


def formulas() -> Mapping[Any, Any]:
    """The formulas of this package's operators, which are given tensors in place of shapes."""
    found = {}
    for name, formula in (
        ('sparse_conv', sparse_conv_operations),
        ('window_attention', window_attention_operations),
        ('linear_gather_max', linear_gather_max_operations),
        ('block_mlp', block_mlp_operations),
        ('row_linear', row_linear_operations),
    ):
        formula._get_raw = True
        found[getattr(torch.ops.swin3d, name)] = formula
    return found


class Network(nn.Module):
    """The forward pass of a segmentor, or of a detector with the first stage of its head."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: dict[str, Any]) -> Any:
        """Logits of the voxels, or what the head says of them."""
        if isinstance(self.model, Base3DDetector):
            return self.model.bbox_head(self.model.extract_feat(inputs))
        return self.model.voxel_logits(inputs['feats'], inputs['voxels'])


def network_cost(model: nn.Module, points: Tensor) -> Cost:
    """Run one forward pass in evaluation mode and count.

    Args:
        model: A segmentor or detector on sparse voxels.
        points: (P, 6 or 9) xyz in metres, rgb in [-1, 1], normals.

    Raises:
        ValueError: If the CPU kernels, by which operations are counted, cannot run here.
    """
    for op in COUNTED_OPS:
        reason = available_backends(op)['cpu']
        if reason is not None:
            raise ValueError(f'operations are counted by the CPU kernels, which cannot run: {reason}')
    batch = model.eval().data_preprocessor.voxelize_points([points])
    counter = FlopCounterMode(display=False, custom_mapping=formulas())
    with torch.no_grad(), counter:
        Network(model)(vars(batch))
    prefix = f'{Network.__name__}.model.'
    found = {
        name[len(prefix) :]: sum(counts.values())
        for name, counts in counter.get_flop_counts().items()
        if name.startswith(prefix)
    }
    operations = {
        name: _of_module(model.get_submodule(name), name, found) for name, _ in model.named_modules()
    }
    operations[''] = counter.get_total_flops()
    parameters = {name: sum(p.numel() for p in part.parameters()) for name, part in model.named_modules()}
    return Cost(len(batch.voxels), operations, parameters)


def _of_module(module: nn.Module, name: str, found: Mapping[str, int]) -> int:
    """Operations of a module: those counted while it ran, or of its children where only they were called."""
    if name in found:
        return found[name]
    return sum(_of_module(child, f'{name}.{key}', found) for key, child in module.named_children())


def cost_table(cost: Cost, depth: int) -> str:
    """A table with a row for each module down to `depth` names that computes or has weights."""
    rows = [['module', 'GFLOPs', 'share', 'parameters']]
    names = [name for name in cost.parameters if name and name.count('.') < depth]
    total = cost.operations[''] or 1
    for name in ['', *names]:
        operations, weights = cost.operations.get(name, 0), cost.parameters[name]
        if operations or weights:
            label, share = name or 'network', f'{100 * operations / total:.1f} %'
            rows.append([label, f'{operations / 1e9:.3f}', share, f'{weights:,}'])
    return AsciiTable(rows).table
