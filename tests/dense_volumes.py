"""Dense volumes of sparse levels, so that PyTorch's own operators can judge sparse ones."""

import torch

from swin3d_mmdet3d.structures import SparseVoxels

EDGE = 16
"""Edge of the test volumes in base voxels; coordinates run from -EDGE / 2."""


def random_level(stride, channels, fill=0.3, batch_size=2, margin=0, dtype=torch.float64):
    """A level with random sites and features that require gradients.

    Args:
        stride: Stride of the level.
        channels: Width of the features.
        fill: Share of the sites that exist.
        batch_size: Scenes.
        margin: Layers of the volume, in voxels of the level, that stay empty on each side.
        dtype: Precision of the features.
    """
    cells = EDGE // stride
    present = torch.rand(batch_size, cells, cells, cells) < fill
    inside = torch.zeros_like(present)
    inside[:, margin : cells - margin, margin : cells - margin, margin : cells - margin] = True
    index = (present & inside).nonzero()
    coords = torch.cat([index[:, :1], index[:, 1:] * stride - EDGE // 2], dim=1).int()
    voxels = SparseVoxels(coords, batch_size, stride=stride, voxel_size=0.1)
    return torch.randn(len(coords), channels, dtype=dtype, requires_grad=True), voxels


def places(voxels):
    """Index of each site into a dense volume: batch, x, y, z."""
    grid = (voxels.coords[:, 1:] + EDGE // 2) // voxels.stride
    return voxels.coords[:, 0].long(), *grid.long().unbind(1)


def to_dense(level):
    """``(B, C, X, Y, Z)`` volume of a level, zero where it has no site."""
    feats, voxels = level
    cells = EDGE // voxels.stride
    volume = feats.new_zeros(voxels.batch_size, cells, cells, cells, feats.shape[1])
    return volume.index_put(places(voxels), feats).movedim(-1, 1)


def occupied(voxels):
    """``(B, 1, X, Y, Z)`` float64 mask of the sites."""
    ones = torch.ones(len(voxels), 1, dtype=torch.float64)
    return to_dense((ones, voxels))


def at_sites(volume, voxels):
    """``(N, C)`` rows of a dense volume at the sites of ``voxels``."""
    return volume.movedim(1, -1)[places(voxels)]


def dense_kernel(weight):
    """Weight ``(C_out, k, k, k, C_in)`` as PyTorch's conv3d takes it."""
    return weight.movedim(-1, 1)


def masked_norm(volume, mask, norm):
    """Batch norm in training, written out: mean and biased variance over the sites alone."""
    count = mask.sum()
    mean = (volume * mask).sum((0, 2, 3, 4), keepdim=True) / count
    variance = ((volume - mean).square() * mask).sum((0, 2, 3, 4), keepdim=True) / count
    scale, shift = (p.double().view(1, -1, 1, 1, 1) for p in (norm.weight, norm.bias))
    return ((volume - mean) / (variance + norm.eps).sqrt() * scale + shift) * mask


def double_weight(conv):
    """The layer's weight in float64, still connected to it, as PyTorch's conv3d takes it."""
    return dense_kernel(conv.weight.double())


def sparse_and_dense_gradients(sparse, dense, inputs):
    """Gradients of one random projection of two lists of outputs, as pairs of float64 tensors."""
    directions = [torch.randn(value.shape, dtype=torch.float64) for value in dense]
    pairs = []
    for outputs in (sparse, dense):
        total = sum((out.double() * direction).sum() for out, direction in zip(outputs, directions))
        pairs.append([g.double() for g in torch.autograd.grad(total, inputs)])
    return zip(*pairs)
