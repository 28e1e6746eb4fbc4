"""Point clouds of the benchmarks: a real scan where it is there, and a room of noisy surfaces."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from swin3d_ops import knn

SCAN = Path(__file__).resolve().parents[3] / 'shared/realdata/scannet_scene0000_00'
NOISE = 0.004  # m
SIZE = (5.0, 4.0, 2.6)  # m
FURNITURE = 30
DENSITY = 16_000  # points per square metre
NORMAL_NEIGHBOURS = 16


@dataclass(frozen=True)
class Cloud:
    """Points: xyz (P, 3) float64 in metres, rgb and normal (P, 3) in [-1, 1]."""

    name: str
    xyz: torch.Tensor
    rgb: torch.Tensor
    normal: torch.Tensor


@functools.cache
def scan_cloud() -> Cloud:
    """Return the 40 684 points of ScanNet's scene0000_00, normals estimated; else a thinned room."""
    if not SCAN.exists():
        return thinned_room(40_684)
    import numpy as np

    points = np.load(next(SCAN.glob('*.npz')))['points']
    xyz = torch.from_numpy(points[:, :3]).double()
    return Cloud('real scan', xyz, torch.from_numpy(points[:, 3:6]) / 127.5 - 1, estimated_normals(xyz))


def estimated_normals(xyz: torch.Tensor) -> torch.Tensor:
    """Return the direction of least spread of each point's neighbours, turned upwards."""
    bounds = torch.tensor([0, len(xyz)])
    index, _ = knn(xyz, xyz, NORMAL_NEIGHBOURS, bounds, bounds)
    near = xyz[index]
    near = near - near.mean(1, keepdim=True)
    normal = torch.linalg.eigh(near.transpose(1, 2) @ near).eigenvectors[:, :, 0]
    return torch.where(normal[:, 2:] < 0, -normal, normal).float()


@functools.cache
def room_cloud() -> Cloud:
    """Return a furnished room: floor, walls and boxes at any angle, 4 mm noise, mottled colours."""
    generator = torch.Generator().manual_seed(0)
    parts = [surface(*face, generator) for face in _faces(generator)]
    xyz, rgb, normal = (torch.cat(columns) for columns in zip(*parts))
    return Cloud('synthetic room', xyz, rgb, normal)


def thinned_room(count: int) -> Cloud:
    """Return ``count`` points of the room."""
    room = room_cloud()
    rows = torch.randperm(len(room.xyz), generator=torch.Generator().manual_seed(0))[:count]
    return Cloud('synthetic room in place of the scan', room.xyz[rows], room.rgb[rows], room.normal[rows])


def _faces(generator) -> list[tuple]:
    length, depth, height = SIZE
    faces = [((0, 0, 0), (length, 0, 0), (0, depth, 0))]
    faces += [((0, 0, 0), (length, 0, 0), (0, 0, height)), ((0, 0, 0), (0, depth, 0), (0, 0, height))]
    for _ in range(FURNITURE):
        x, y, angle = (
            torch.rand(3, generator=generator) * torch.tensor([length - 1, depth - 1, 1.5])
        ).tolist()
        a, b, c = (torch.rand(3, generator=generator) * 0.8 + 0.3).tolist()
        u = (a * math.cos(angle), a * math.sin(angle), 0)
        w = (-b * math.sin(angle), b * math.cos(angle), 0)
        faces += [((x, y, c), u, w), ((x, y, 0), u, (0, 0, c)), ((x, y, 0), w, (0, 0, c))]
        faces += [((x + w[0], y + w[1], 0), u, (0, 0, c))]
    return faces


def surface(corner, first, second, generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return points, colours and normals of a noisy parallelogram of one colour with a texture."""
    corner, first, second = (torch.tensor(t, dtype=torch.float64) for t in (corner, first, second))
    normal = torch.linalg.cross(first, second)
    place = torch.rand(int(float(normal.norm()) * DENSITY), 2, generator=generator, dtype=torch.float64)
    xyz = corner + place[:, :1] * first + place[:, 1:] * second
    xyz = xyz + torch.randn(xyz.shape, generator=generator, dtype=torch.float64) * NOISE
    colour = torch.rand(3, generator=generator) * 1.2 - 0.6
    texture = torch.sin(xyz.sum(1, keepdim=True) * 12).float() * 0.15
    rgb = colour + texture + torch.randn(len(xyz), 3, generator=generator) * 0.08
    bent = normal / normal.norm() + torch.randn(xyz.shape, generator=generator) * 0.05
    return xyz, rgb.clamp(-1, 1), (bent / bent.norm(dim=1, keepdim=True)).float()
