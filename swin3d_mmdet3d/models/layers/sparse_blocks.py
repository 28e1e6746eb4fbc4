"""Blocks of sparse convolutions: convolution with norm and activation, residual block, first weights.

They are named and numbered as in the networks whose weights they hold.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from ...structures import FeatureLevel, SparseVoxels
from .norms import BatchNorm
from .sparse_conv import CubicKernel, GenerativeUpsample, SparseConv3d

NormFactory = Callable[[int], nn.Module]
"""Makes the norm of a width, called as ``norm(feats, voxels)``."""


def make_activation(name: str) -> nn.Module:
    """The activation of that name, in place: it follows a norm, which does not need its output."""
    activations = dict(relu=nn.ReLU, elu=nn.ELU)
    if name not in activations:
        raise ValueError(f'activation must be one of {sorted(activations)}, got {name!r}')
    return activations[name](inplace=True)


class ConvNormAct(nn.Sequential):
    """Submanifold convolution of 3 x 3 x 3 (``0``), batch norm (``1``) and activation (``2``).

    Args:
        in_channels: Width of the input features.
        out_channels: Width of the output features.
        activation: The activation, 'relu' or 'elu'.
    """

    def __init__(self, in_channels: int, out_channels: int, activation: str) -> None:
        super().__init__(
            SparseConv3d(in_channels, out_channels), BatchNorm(out_channels), make_activation(activation)
        )

    def forward(self, level: FeatureLevel) -> Tensor:
        """Convolve ``(N, C_in)`` features of a level: ``(N, C_out)``."""
        conv, norm, activation = self
        return activation(norm(conv(level), level[1]))


class UpsampleNormAct(nn.Sequential):
    """Generative up-sampling by 2 (``0``), batch norm (``1``) and activation (``2``).

    Args:
        in_channels: Width of the coarse features.
        out_channels: Width of the fine features.
        kernel_size: 2 or 3.
        activation: The activation, 'relu' or 'elu'.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, activation: str) -> None:
        super().__init__(
            GenerativeUpsample(in_channels, out_channels, kernel_size),
            BatchNorm(out_channels),
            make_activation(activation),
        )

    def forward(self, level: FeatureLevel) -> FeatureLevel:
        """Make the level at half the stride."""
        upsample, norm, activation = self
        feats, voxels = upsample(level)
        return activation(norm(feats, voxels)), voxels


class ResBlock(nn.Module):
    """Two convolutions of 3 x 3 x 3 with batch norms around a shortcut; the first may go to the parents.

    Where the width changes, the shortcut is a linear layer with a norm. On the way down it is a convolution
    of kernel 1: it reads the voxel at the parent's own corner alone, as one of stride 2 does.

    Args:
        in_channels: Width of the input features.
        channels: Width of the output features.
        norm: Makes the norms.
        down: Whether the outputs sit at the parents of the voxels.

    Source: BasicBlock of arXiv 1512.03385 (figure 5, left), as MinkowskiEngine's networks have it.
    """

    def __init__(
        self, in_channels: int, channels: int, norm: NormFactory = BatchNorm, down: bool = False
    ) -> None:
        super().__init__()
        self.conv1 = SparseConv3d(in_channels, channels)
        self.norm1 = norm(channels)
        self.conv2 = SparseConv3d(channels, channels)
        self.norm2 = norm(channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.ModuleList | None = None
        if down:
            self.downsample = nn.ModuleList([SparseConv3d(in_channels, channels, 1), norm(channels)])
        elif in_channels != channels:
            self.downsample = nn.ModuleList([nn.Linear(in_channels, channels, bias=False), norm(channels)])

    def forward(self, level: FeatureLevel, targets: SparseVoxels | None = None) -> FeatureLevel:
        """Carry features of ``level`` to ``targets``, its own voxels or their parents."""
        feats, voxels = level
        targets = voxels if targets is None else targets
        hidden = self.relu(self.norm1(self.conv1(level, targets), targets))
        hidden = self.norm2(self.conv2((hidden, targets)), targets)
        return self.relu(hidden + self._shortcut(level, targets)), targets

    def _shortcut(self, level: FeatureLevel, targets: SparseVoxels) -> Tensor:
        if self.downsample is None:
            return level[0]
        project, norm = self.downsample
        is_linear = isinstance(project, nn.Linear)
        return norm(project(level[0]) if is_linear else project(level, targets), targets)


def init_sparse_convs(module: nn.Module) -> None:
    """Kaiming's normal distribution (fan out, ReLU) for sparse convolutions, as MinkResNet has.

    It holds for :class:`GenerativeUpsample` too, which TR3D's neck leaves as MinkowskiEngine makes it.
    """
    for layer in module.modules():
        if isinstance(layer, CubicKernel):
            fan_out = layer.weight.shape[0] * layer.kernel_size**3
            nn.init.normal_(layer.weight, std=(2 / fan_out) ** 0.5)
