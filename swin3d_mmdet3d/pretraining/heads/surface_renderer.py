"""Volume rendering of a signed distance field along rays."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from ...structures import FeatureVolume


@dataclass(frozen=True, eq=False)
class Rays:
    """Rays through scenes of a batch, in metres from the place of coordinate (0, 0, 0) of each scene.

    Attributes:
        batch: ``(R,)`` int64, the scene of each ray.
        origin: ``(R, 3)`` where it starts.
        direction: ``(R, 3)``, of length 1.
    """

    batch: Tensor
    origin: Tensor
    direction: Tensor

    def __len__(self) -> int:
        return len(self.batch)

    def at(self, depth: Tensor) -> Tensor:
        """Places ``(R, S, 3)`` at depths ``(R, S)`` along the rays."""
        return self.origin[:, None] + depth[..., None] * self.direction[:, None]

    def span(self, volume: FeatureVolume, voxel_size: float) -> tuple[Tensor, Tensor]:
        """Where each ray enters and leaves the box of a volume: ``(R,)`` metres each, 0 at the least.

        Of a ray that misses it the first is no less than the second.
        """
        low = volume.corner.to(self.origin)[self.batch] * voxel_size
        high = low + low.new_tensor(volume.shape) * (volume.cell * voxel_size)
        step = torch.where(self.direction == 0, torch.full_like(self.direction, 1e-12), self.direction)
        walls = torch.stack([(low - self.origin) / step, (high - self.origin) / step])
        return walls.amin(dim=0).amax(dim=1).clamp(min=0), walls.amax(dim=0).amin(dim=1).clamp(min=0)


@dataclass(frozen=True, eq=False)
class Rendering:
    """What is seen along R rays with S samples each.

    Attributes:
        sample_depth: ``(R, S)`` metres, ascending.
        sdf: ``(R, S)`` signed distances at the samples, metres, positive in front of the surface.
        weights: ``(R, S - 1)`` share of what is seen of each interval between two samples.
        depth: ``(R,)`` metres, sum_i w_i t_i of the intervals' middles.
        color: ``(R, 3)`` in [0, 1], sum_i w_i c_i; black where nothing is hit.
    """

    sample_depth: Tensor
    sdf: Tensor
    weights: Tensor
    depth: Tensor
    color: Tensor


def surface_weights(sdf: Tensor, slope: Tensor) -> Tensor:
    r"""Weights ``(R, S - 1)`` of the intervals between samples of a signed distance ``(R, S)``.

    w_i = T_i \alpha_i with T_i = \prod_{j<i} (1 - \alpha_j) and, of a logistic function \Phi of a slope,

        \alpha_i = max((\Phi(f_i) - \Phi(f_{i+1})) / \Phi(f_i), 0).

    Computed by logarithms: they are exact far from the surface, where both values of \Phi are 0 or 1.

    Source: arXiv 2106.10689 (NeuS), equation 13.
    """
    log_share = logsigmoid(slope * sdf)
    passed = log_share.diff(dim=1).clamp(max=0)  # log(1 - alpha)
    ahead = passed.cumsum(dim=1) - passed
    return ahead.exp() * -torch.expm1(passed)


@MODELS.register_module()
class SurfaceRenderer(BaseModule):
    """A signed distance and a colour of each place in a volume, rendered along rays.

    The first half of the volume's channels give the distance and a geometric feature, which with the other
    half and the ray's direction give the colour. In training half of a ray's samples lie anywhere ahead of
    the surface and a little behind it, half around the surface, whose depth is known; each at random in its
    part of the ray. Without a known depth, all lie evenly within the volume.

    Args:
        in_channels: Width of the volume's features, even.
        hidden_channels: Width of both MLPs.
        geometry_channels: Width of the geometric feature.
        num_samples: Samples S of a ray, even.
        near_range: How far from the surface half of them may lie, metres.
        margin: How far behind it the others may, metres.
        sharpness: Initial v of the slope exp(10 v), in 1 / metre.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2310.08586 (PonderV2) after arXiv 2106.10689 (NeuS); widths as in
        configs/scannet/pretrain-ponder-spunet-v1m1-0-base.py of github.com/OpenGVLab/PonderV2. There the
        opacity is found from the gradient of the distance, which the colour reads, too.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int = 128,
        geometry_channels: int = 64,
        num_samples: int = 96,
        near_range: float = 0.2,
        margin: float = 0.3,
        sharpness: float = 0.3,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        for name, value in dict(in_channels=in_channels, num_samples=num_samples).items():
            if value < 2 or value % 2:
                raise ValueError(f'{name} must be even and at least 2, got {value}')
        for name, value in dict(near_range=near_range, margin=margin).items():
            if not value > 0:
                raise ValueError(f'{name} must be a positive length in metres, got {value}')
        half = in_channels // 2
        self.half = half
        self.num_samples = num_samples
        self.near_range = near_range
        self.margin = margin
        self.geometry = nn.Sequential(
            nn.Linear(half, hidden_channels),
            nn.Softplus(beta=100),
            nn.Linear(hidden_channels, hidden_channels),
            nn.Softplus(beta=100),
            nn.Linear(hidden_channels, 1 + geometry_channels),
        )
        self.shade = nn.Sequential(
            nn.Linear(geometry_channels + half + 3, hidden_channels),
            nn.ReLU(),
            nn.Linear(hidden_channels, 3),
            nn.Sigmoid(),
        )
        self.sharpness = nn.Parameter(torch.tensor(float(sharpness)))

    @property
    def slope(self) -> Tensor:
        """Slope of the logistic function, in 1 / metre: a tenth of a metre is sharp from about 20 on."""
        return (10 * self.sharpness).exp()

    def forward(
        self, volume: FeatureVolume, rays: Rays, voxel_size: float, depth: Tensor | None = None
    ) -> Rendering:
        """Render rays.

        Args:
            volume: The volume.
            rays: R rays that meet it.
            voxel_size: Edge of a base voxel in metres.
            depth: ``(R,)`` known depth of the surface along each ray, metres.
        """
        where = self.sample_depths(*rays.span(volume, voxel_size), depth)
        xyz = rays.at(where)
        sdf, geometry, feats = self.field(volume, rays.batch, xyz, voxel_size)
        weights = surface_weights(sdf, self.slope)
        direction = rays.direction[:, None].expand(-1, where.shape[1], -1)
        color = self.shade(torch.cat([geometry, feats, direction], dim=-1))
        middle, between = (between_samples(values) for values in (where[..., None], color))
        return Rendering(
            where,
            sdf,
            weights,
            (weights * middle.squeeze(-1)).sum(dim=1),
            (weights[..., None] * between).sum(dim=1),
        )

    def field(
        self, volume: FeatureVolume, batch: Tensor, xyz: Tensor, voxel_size: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Signed distance ``(R, S)`` in metres, geometric feature and feature for colours ``(R, S, C)``.

        Args:
            volume: The volume.
            batch: ``(R,)`` int64, the scene of each ray.
            xyz: ``(R, S, 3)`` places, metres from coordinate (0, 0, 0).
            voxel_size: Edge of a base voxel in metres.
        """
        num_rays, num_samples, _ = xyz.shape
        scene = batch.repeat_interleave(num_samples)
        feats = volume.sample(scene, xyz.flatten(0, 1) / voxel_size).view(num_rays, num_samples, -1)
        shape = self.geometry(feats[..., : self.half])
        return shape[..., 0], shape[..., 1:], feats[..., self.half :]

    def gradient(self, volume: FeatureVolume, batch: Tensor, xyz: Tensor, voxel_size: float) -> Tensor:
        """Gradient ``(R, S, 3)`` of the distance, whose length shall be 1; arguments as of :meth:`field`."""
        with torch.enable_grad():
            xyz = xyz.detach().requires_grad_()
            sdf, _, _ = self.field(volume, batch, xyz, voxel_size)
            return torch.autograd.grad(sdf.sum(), xyz, create_graph=True)[0]

    def sample_depths(self, enter: Tensor, leave: Tensor, depth: Tensor | None) -> Tensor:
        """Depths ``(R, S)`` of the samples, ascending, from where a ray enters the volume on."""
        if depth is None:
            return self._parts(enter, leave, self.num_samples)
        half = self.num_samples // 2
        ahead = self._parts(enter, (depth + self.margin).minimum(leave), half)
        around = self._parts(depth - self.near_range, depth + self.near_range, half)
        around = around.maximum(enter[:, None]).minimum(leave[:, None])
        return torch.cat([ahead, around], dim=1).sort(dim=1).values

    def _parts(self, low: Tensor, high: Tensor, count: int) -> Tensor:
        """One place in each of so many equal parts of a range: at random in training, in the middle else."""
        steps = torch.arange(count, device=low.device).to(low)
        place = torch.rand(len(low), count, device=low.device).to(low) if self.training else 0.5
        return low[:, None] + (high - low)[:, None] * (steps + place) / count


def between_samples(values: Tensor) -> Tensor:
    """Means ``(R, S - 1, C)`` of what neighbouring samples ``(R, S, C)`` have."""
    return (values[:, 1:] + values[:, :-1]) / 2
