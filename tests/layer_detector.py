"""A detector with a known answer: one box around the points below 1 m, one around those above."""

from __future__ import annotations

import torch
from mmdet3d.models.detectors import Base3DDetector
from mmdet3d.registry import MODELS
from mmengine.structures import InstanceData

NAMES = ('low', 'high')
PALETTE = ((0, 0, 255), (255, 0, 0))
CONFIG = """
model = dict(type='LayerDetector', data_preprocessor=dict(type='Det3DDataPreprocessor'))
pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='GlobalAlignment', rotation_axis=2),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points']),
]
test_dataloader = dict(dataset=dict(type='ScanNetDetDataset', pipeline=pipeline))
default_scope = 'mmdet3d'
"""


@MODELS.register_module()
class LayerDetector(Base3DDetector):
    """Its weights are the scores of the two boxes, the lower one's the worse."""

    def __init__(self, data_preprocessor=None):
        super().__init__(data_preprocessor=data_preprocessor)
        self.scores = torch.nn.Parameter(torch.tensor([0.4, 0.8]))

    def predict(self, batch_inputs, batch_data_samples):
        for points, sample in zip(batch_inputs['points'], batch_data_samples):
            high = points[:, 2] >= 1
            layers = [points[~high, :3], points[high, :3]]
            low, top = (torch.stack([getattr(p, end)(0) for p in layers]) for end in ('amin', 'amax'))
            rows = torch.cat([(low + top) / 2, top - low], dim=1)
            sample.pred_instances_3d = InstanceData(
                bboxes_3d=sample.box_type_3d(rows, box_dim=6, with_yaw=False, origin=(0.5, 0.5, 0.5)),
                scores_3d=self.scores.detach(),
                labels_3d=torch.arange(2),
            )
        return batch_data_samples

    def loss(self, batch_inputs, batch_data_samples):
        raise NotImplementedError

    _forward = extract_feat = loss


def write_layer_model(folder):
    """Write a config and a checkpoint; returns their paths."""
    config, checkpoint = folder / 'layers.py', folder / 'layers.pth'
    config.write_text(CONFIG)
    meta = dict(dataset_meta=dict(classes=NAMES, palette=PALETTE))
    torch.save(dict(state_dict=dict(scores=torch.tensor([0.4, 0.8])), meta=meta), checkpoint)
    return config, checkpoint
