"""What docs/inference.md says of mmdet3d's own interfaces holds."""

import numpy as np
import pytest
import torch
from mmdet3d.apis import LidarSeg3DInferencer, init_model
from mmengine.config import Config
from mmengine.registry import init_default_scope

from swin3d_mmdet3d.apis import Swin3DInferencer, find_config

CONFIG = str(find_config('swin3d-tiny_rooms-seg'))


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    from mmdet3d.registry import MODELS

    init_default_scope('mmdet3d')
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp('model') / 'model.pth'
    model = MODELS.build(Config.fromfile(CONFIG).model)
    meta = dict(
        dataset_meta=dict(classes=[f'class {i}' for i in range(13)], palette=[[i] * 3 for i in range(13)])
    )
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    return str(path)


@pytest.mark.filterwarnings('ignore')
def test_init_model_gives_the_network_of_the_inferencer(checkpoint):
    model = init_model(CONFIG, checkpoint, device='cpu')
    inferencer = Swin3DInferencer(CONFIG, checkpoint, device='cpu')
    for name, weight in inferencer.model.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], weight, rtol=0, atol=0)
    xyz = np.random.default_rng(0).uniform(0, 2, (400, 3))
    found = inferencer(dict(xyz=xyz, color=np.full((400, 3), 90)))
    assert found.labels.shape == (400,) and (found.scores > 1 / 13).all() and (found.scores <= 1).all()
    inferencer.model = model
    np.testing.assert_array_equal(inferencer(found.scan).labels, found.labels)


@pytest.mark.filterwarnings('ignore')
def test_the_stock_inferencer_stops_at_the_pipeline(checkpoint):
    with pytest.raises(ValueError, match='LoadPointsFromFile is not found in the test pipeline'):
        LidarSeg3DInferencer(CONFIG, checkpoint, device='cpu')
