"""Tokens of point clouds: centres with groups of neighbours, level over level."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class PointTokens:
    """One level of tokens of B clouds.

    Attributes:
        xyz: ``(B, G, 3)`` centres, in the unit of the points.
        groups: ``(B, G, K, 3)`` members of each group, relative to its centre.
        index: ``(B, G, K)`` int64 the members' rows on the level below, on the finest those of the points.
        point: ``(B, G)`` int64 which point of the cloud each centre is.
    """

    xyz: Tensor
    groups: Tensor
    index: Tensor
    point: Tensor


@dataclass(frozen=True, eq=False)
class TokenFeatures:
    """Features of a level of tokens.

    Attributes:
        feats: ``(B, G, C)``, 0 for hidden tokens.
        visible: ``(B, G)`` bool, which tokens the network has seen.
        tokens: The tokens.
    """

    feats: Tensor
    visible: Tensor
    tokens: PointTokens
