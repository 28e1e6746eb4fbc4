"""IAE: a partial cloud is encoded, and decoded to the distances of the whole one."""

from __future__ import annotations

from typing import Any

from mmdet3d.registry import MODELS
from torch import Tensor

from ...models.losses.global_mean import global_mean
from ...structures import CloudView
from ..base import BasePretrainer


@MODELS.register_module()
class IAE(BasePretrainer):
    """Implicit autoencoder, the form for scenes: an unsigned distance field out of a sparse cloud with holes.

    The student sees some of the voxels of a scene. A volume around them tells a field what is near each
    query, and the field tells how far the query is from the whole scan; L = mean |(|y| - d)|. The voxels'
    axes are those of the world (``axes`` of the preprocessor by default).

    Args:
        volume: Config of the :class:`VoxelVolume` of the student's finest features.
        field: Config of the :class:`DistanceField` of the volume's features.
        masker: Config of a masker ``view -> (visible rows, ...)``: :class:`RandomVoxels`. All voxels are
            visible without one.
        kwargs: Arguments of :class:`BasePretrainer`.

    Source: arXiv 2201.00785; numbers as in github.com/SimingYan/IAE.
    """

    def __init__(self, volume: dict, field: dict, masker: dict | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.volume = MODELS.build(volume)
        self.field = MODELS.build(field)
        self.masker = None if masker is None else MODELS.build(masker)

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """Error of the distances of the first view's queries, in metres; 0 where no query lies in the volume.

        Logged are the error of the best constant, the median of the batch's distances, which a student must
        beat, and the shares of queries and of voxels that lie outside of the volume.

        Raises:
            ValueError: If the view has no queries (``SurfaceQueries``).
        """
        view = views[0]
        missing = {'queries', 'distances'} - view.ragged.keys()
        if missing:
            raise ValueError(
                f'ragged fields of a view must have {sorted(missing)}, got {sorted(view.ragged)}; '
                'SurfaceQueries adds them'
            )
        seen = view if self.masker is None else view.select(self.masker(view)[0])
        feats, voxels = self.encode(seen).finest
        volume = self.volume(feats, voxels)
        queries, distances = view.ragged['queries'], view.ragged['distances'].values
        batch = queries.sample
        place = (queries.values - view.origin[batch]) / voxels.voxel_size
        inside = volume.contains(batch, place)
        log = dict(
            queries_outside=1 - inside.float().sum() / max(1, len(inside)),
            voxels_outside=volume.num_outside / len(voxels),
        )
        if not bool(inside.any()):
            return dict(loss_distance=global_mean(self.zero_loss(), 0), **log)
        batch, place, distances = batch[inside], place[inside], distances[inside]
        found = self.field(volume.sample(batch, place), volume.within_cell(batch, place)).abs()
        log['median_error'] = (distances - distances.median()).abs().mean()
        error = (found - distances).abs().mean()
        return dict(loss_distance=global_mean(error, len(found)), **log)
