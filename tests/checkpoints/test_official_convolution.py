"""Convolution with a converted MinkowskiEngine kernel gives the original's output and gradients."""

import torch
from official_swin3d import golden

from swin3d_mmdet3d.checkpoints.official_weights import kernel_from_spconv, kernel_to_spconv
from swin3d_mmdet3d.models.layers import SparseConv3d
from swin3d_mmdet3d.structures import SparseVoxels


def test_converted_kernel_gives_the_original_output_and_gradients():
    data = {key: torch.from_numpy(value) for key, value in golden('convolution').items()}
    coords = data['coords_0']
    feats = data['features_0'].requires_grad_()
    conv = SparseConv3d(feats.shape[1], data['out_0'].shape[1])
    conv.weight.data = kernel_to_spconv(data['kernel_0'])
    out = conv((feats, SparseVoxels(coords, int(coords[:, 0].max()) + 1)))
    out.backward(data['grad_out_0'])
    torch.testing.assert_close(out.detach(), data['out_0'], atol=1e-5, rtol=0)
    scale = data['grad_features_0'].abs().max()
    torch.testing.assert_close(feats.grad / scale, data['grad_features_0'] / scale, atol=1e-5, rtol=0)
    scale = data['grad_kernel_0'].abs().max()
    kernel = kernel_from_spconv(conv.weight.grad)
    torch.testing.assert_close(kernel / scale, data['grad_kernel_0'] / scale, atol=1e-5, rtol=0)
