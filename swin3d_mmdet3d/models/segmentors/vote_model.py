"""Test-time voting as the original does it: a sum of L1-normalised logits over the views of a scene."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import Det3DDataSample
from mmengine.model import BaseTTAModel

from ...finite_values import check_finite_outputs


@MODELS.register_module()
class L1VoteTTAModel(BaseTTAModel):
    r"""Label each point by ``argmax_c sum_v x_vc / sum_j |x_vj|`` over the views v of its scene.

    A view's logits x are divided by the sum of their absolute values: a view votes by the proportions of its
    logits, however large they are. mmdet3d's ``Seg3DTTAModel`` averages the softmax instead; on a close call
    the two may differ.

    Args:
        module: Config of the model, or the model.
        data_preprocessor: As of mmengine's ``BaseTTAModel``.

    Source: voted_output() of SemanticSeg/test.py in github.com/Yukichiii/Swin3D_Task, 12 rotations about z.
    """

    def merge_preds(self, data_samples_list: list[list[Det3DDataSample]]) -> list[Det3DDataSample]:
        """Merge the views of each scene.

        Args:
            data_samples_list: For each scene its views, each with ``pts_seg_logits`` ``(C, P)``.

        Returns:
            For each scene its first sample with the voted ``pred_pts_seg`` ``(P,)`` and the mean of the
            normalised logits ``(C, P)`` in ``pts_seg_logits``.

        Raises:
            ValueError: If logits of a view are NaN or infinite, with the name of the scan.
        """
        merged = []
        for views in data_samples_list:
            votes = torch.zeros_like(views[0].pts_seg_logits.pts_seg_logits)
            for view in views:
                votes += torch.nn.functional.normalize(view.pts_seg_logits.pts_seg_logits, p=1, dim=0)
            sample = views[0]
            check_finite_outputs(votes, [sample])
            sample.pts_seg_logits.pts_seg_logits = votes / len(views)
            sample.pred_pts_seg.pts_semantic_mask = votes.argmax(dim=0)
            merged.append(sample)
        return merged
