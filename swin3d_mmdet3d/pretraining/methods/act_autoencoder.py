"""The first stage of ACT: a discrete autoencoder of objects around a transformer of another modality."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn.functional import gumbel_softmax, log_softmax, one_hot

from ...models.layers.point_tokenizer import tokenize
from ...models.layers.token_blocks import GroupEmbedding
from ...models.layers.token_graph import TokenGraph
from ...structures import PointTokens


@MODELS.register_module()
class ACTAutoencoder(BaseModel):
    """Groups of points become codes, codes features, features points.

    A small PointNet embeds each group and a graph network gives it logits of codes. Gumbel-softmax at a
    temperature draws a mixture of codes, whose entries of the codebook go through the frozen transformer with
    prompts and a second graph network; out of the result the members of the group are decoded. That result
    is what a student of :class:`ACT` predicts, so that the transformer's knowledge reaches it.

    With the KL divergence of K codes, q their mean probability over an object's tokens and G its tokens,

        L = CD(coarse, members) + CD(fine, members) + code_weight * KL(uniform || q),
        KL(uniform || q) = -log K - mean_k log q_k.

    Args:
        decoder: Config of a :class:`CoarseFineFolding`.
        prompted: Config of a :class:`PromptedTransformer`; without one it is the discrete autoencoder of
            points alone (Point-BERT's).
        channels: Width C of groups, codebook and features.
        num_codes: Entries K of the codebook, a multiple of 4.
        num_tokens: Groups G of an object.
        group_size: Members of a group.
        stem_channels: Widths of the PointNet's first MLP.
        graph_channels: As ``channels`` of :class:`TokenGraph`.
        code_gain: Scale of the logits at the start, the weight of the norm that they come out of. Beside the
            noise of Gumbel-softmax logits of scale 1 say little, and the weight takes thousands of steps.
        temperature: Of Gumbel-softmax; a :class:`ValueScheduleHook` lowers it.
        code_weight: Weight of the KL divergence; a :class:`ValueScheduleHook` raises it.
        chamfer: Config of the distance CD, by default half the sum of mean distances.
        data_preprocessor: Config of an :class:`ObjectPreprocessor`.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2212.08320, section 4.1; ``ACTPromptedDiscreteVAEwithVIT`` in models/dvae.py of
        github.com/RunpeiDong/ACT, whose arguments of ``kl_div`` give this direction of the divergence.
    """

    def __init__(
        self,
        decoder: dict,
        prompted: dict | None = None,
        channels: int = 384,
        num_codes: int = 8192,
        num_tokens: int = 64,
        group_size: int = 32,
        stem_channels: Sequence[int] = (128, 256),
        graph_channels: Sequence[int] = (128, 256, 512, 512, 1024),
        code_gain: float = 1.0,
        temperature: float = 1.0,
        code_weight: float = 0.1,
        chamfer: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor or dict(type='mmdet3d.ObjectPreprocessor'), init_cfg)
        self.num_tokens, self.group_size = num_tokens, group_size
        self.temperature, self.code_weight = temperature, code_weight
        self.stem = GroupEmbedding(3, stem_channels, 2 * stem_channels[1], channels)
        self.to_codes = TokenGraph(channels, num_codes, graph_channels)
        nn.init.constant_(self.to_codes.join_norm.weight, code_gain)
        self.codebook = nn.Parameter(torch.randn(num_codes, channels))
        self.prompted = None if prompted is None else MODELS.build(prompted)
        self.to_features = TokenGraph(channels, channels, graph_channels)
        self.decoder = MODELS.build(decoder)
        self.chamfer = MODELS.build(chamfer or dict(type='mmdet3d.ChamferLoss'))

    def forward(
        self, inputs: dict[str, Tensor], data_samples: list | None = None, mode: str = 'tensor'
    ) -> Any:
        """Losses (mode 'loss'), features (mode 'tensor') or samples with ``object_feature`` (mode 'predict').

        Raises:
            ValueError: For another mode.
        """
        if mode not in ('loss', 'tensor', 'predict'):
            raise ValueError(f"mode must be 'loss', 'tensor' or 'predict', got {mode!r}")
        (tokens,) = tokenize(inputs['points'], (self.num_tokens,), (self.group_size,))
        if mode == 'loss':
            return self.reconstruct(tokens)
        feats = self.features(tokens)
        if mode == 'tensor':
            return feats
        for sample, feature in zip(data_samples, feats.amax(dim=1)):
            sample.object_feature = feature
        return data_samples

    def reconstruct(self, tokens: PointTokens) -> dict[str, Tensor]:
        """Losses of tokens whose members are points.

        Logged is ``points_at_centers``, what ``loss_points`` would be if all members were decoded at their
        centre, a member itself.
        """
        logits = self._logits(tokens)
        codes = gumbel_softmax(logits, tau=self.temperature, dim=2)
        coarse, fine = self.decoder(self._decode(codes, tokens.xyz).flatten(0, 1))
        members = tokens.groups.flatten(0, 1)
        return dict(
            loss_points=self._distance(coarse, members) + self._distance(fine, members),
            loss_codes=self.code_weight * code_divergence(logits),
            points_at_centers=torch.linalg.vector_norm(members, dim=2).mean(),
        )

    def features(self, tokens: PointTokens) -> Tensor:
        """Features ``(B, G, C)`` of each token's likeliest code; in eval mode a function of the tokens."""
        logits = self._logits(tokens)
        codes = one_hot(logits.argmax(dim=2), logits.shape[2]).to(logits.dtype)
        return self._decode(codes, tokens.xyz)

    def export(self) -> dict[str, dict[str, Tensor]]:
        """``teacher.pth``: all weights but those of the frozen transformer, behind ``teacher.``."""
        return {'teacher.pth': {f'teacher.{name}': weight for name, weight in self.state_dict().items()}}

    def _logits(self, tokens: PointTokens) -> Tensor:
        """Logits (B, G, K) of the codes, float32 at least."""
        embedded = self.stem(tokens.groups.flatten(0, 1)).unflatten(0, tokens.xyz.shape[:2])
        logits = self.to_codes(embedded, tokens.xyz)
        return logits.to(torch.promote_types(logits.dtype, torch.float32))

    def _decode(self, codes: Tensor, xyz: Tensor) -> Tensor:
        """Features (B, G, C) of mixtures (B, G, K) of codes."""
        feats = codes @ self.codebook
        if self.prompted is not None:
            feats = self.prompted(feats, xyz)
        return self.to_features(feats, xyz)

    def _distance(self, points: Tensor, members: Tensor) -> Tensor:
        """Chamfer distance of sets (N, M, 3) and (N, K, 3)."""
        ptr = torch.arange(len(points) + 1, device=points.device)
        return self.chamfer(
            points.flatten(0, 1), ptr * points.shape[1], members.flatten(0, 1), ptr * members.shape[1]
        )


def code_divergence(logits: Tensor) -> Tensor:
    """KL(uniform || q) of the mean probabilities q of an object's codes, the mean over objects.

    0 where all codes are equally likely over an object, without bound where one is never used.

    Args:
        logits: ``(B, G, K)`` of the codes of G tokens.
    """
    _, num_tokens, num_codes = logits.shape
    log_mean = log_softmax(logits, dim=2).logsumexp(dim=1) - math.log(num_tokens)
    return (-math.log(num_codes) - log_mean.mean(dim=1)).mean()
