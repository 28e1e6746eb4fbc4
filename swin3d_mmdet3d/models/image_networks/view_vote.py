"""Labels of a cloud voted by the images that show it."""

from __future__ import annotations

import math

from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...structures import PixelMatches


@MODELS.register_module()
class ViewVote(nn.Module):
    """Sum over the pixels that show a voxel of their logits, each image weighted by (1 - H)^power.

    H is the mean entropy of the image's pixels, divided by ln K, so that it lies in [0, 1]: an image of which
    the network knows nothing has no say.

    Args:
        power: Exponent; 0 lets all images count alike.

    Source: arXiv 2208.08580; its released code (github.com/nv-tlabs/MvDeCor, d3348ae) has power 20 and an
        entropy in nats, with which images of more than 2 nats, which are possible from 8 classes on, weigh
        the more the less certain they are.
    """

    def __init__(self, power: float = 20.0) -> None:
        super().__init__()
        if power < 0:
            raise ValueError(f'power must be 0 or more, got {power}')
        self.power = power

    def forward(self, logits: Tensor, matches: PixelMatches, num_voxels: int) -> Tensor:
        """Votes ``(N, K)`` float64 of N voxels, 0 where no pixel shows one.

        Args:
            logits: ``(M, K)`` of the matched pixels.
            matches: Which image and voxel each belongs to; images of one scene are compared with each other
                alone.
            num_voxels: N.
        """
        logits = logits.double()
        weight = self.image_weights(logits, matches.image)[matches.image]
        votes = logits.new_zeros(num_voxels, logits.shape[1])
        return votes.index_add(0, matches.voxel, logits * weight[:, None])

    def image_weights(self, logits: Tensor, image: Tensor) -> Tensor:
        """(1 - H)^power of each image ``(I,)`` float64, 0 for those without a pixel.

        Images of an untrained network have an H near 1, of which a power of 20 is too small for float32.

        Args:
            logits: ``(M, K)``.
            image: ``(M,)`` int64, image of each row.
        """
        log_share = logits.double().log_softmax(dim=1)
        entropy = -(log_share.exp() * log_share).sum(dim=1) / math.log(max(logits.shape[1], 2))
        count = image.bincount()
        mean = entropy.new_zeros(len(count)).index_add(0, image, entropy) / count.clamp(min=1)
        return (1 - mean).clamp(min=0) ** self.power * (count > 0)
