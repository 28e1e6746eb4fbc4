"""The recipes of Ponder on real data, their students at full size, on a hand-made scene."""

import pytest
from mmengine.config import Config
from posed_frames import write_posed_room
from recipe_files import first_step, name, recipes_of
from tiny_pretraining import largest_gradient

_, REAL, _ = recipes_of('ponder')


@pytest.mark.slow  # a U-Net of 128 channels over a whole room
@pytest.mark.parametrize('path', REAL, ids=name)
def test_recipe_trains_its_student_on_its_own_pipeline(path, tmp_path):
    config = Config.fromfile(path)
    settings = config.train_dataloader.dataset
    settings.data_root = str(write_posed_room(tmp_path, num_frames=5, info_file='scannet_infos_train.pkl'))
    for step in settings.pipeline:
        if step.type == 'CameraRays':
            step.rays_per_frame = 20
    model, _, losses = first_step(config, samples=1)
    model.parse_losses(losses)[0].backward()
    assert losses['rays_outside'] < 0.1 and losses['voxels_outside'] < 0.1
    assert largest_gradient(model) > 0
    assert float(next(model.backbone.parameters()).grad.abs().max()) > 0
