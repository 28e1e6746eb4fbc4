"""A config and a checkpoint go together; neither means a model that travels with the package."""

import pytest
from mmengine.config import Config

from swin3d_mmdet3d.apis.trained_model import trained_model
from swin3d_mmdet3d.shipped_models import SHIPPED_MODELS


def test_what_is_named_is_taken():
    config = Config(dict(model=dict()))
    assert trained_model(config, 'a.pth') == (config, 'a.pth')
    assert trained_model('det', 'a.pth') == ('det', 'a.pth')


def test_nothing_named_is_the_segmentor_and_tasks_have_models():
    for task, model in SHIPPED_MODELS.items():
        assert trained_model(task, None) == (model.config, model.checkpoint)
    assert trained_model(None, None) == trained_model('seg', None)


def test_half_of_a_model_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match='weights of my_config.py, got none; .*: seg, seg-scannet, det'):
        trained_model('my_config.py', None)
    with pytest.raises(ValueError, match='config: expected the config of a.pth, got none'):
        trained_model(None, 'a.pth')
