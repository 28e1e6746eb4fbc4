"""The transfer recipes of generated rooms train by the command line from what a pretraining exports."""

from types import SimpleNamespace

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.logging import MMLogger
from recipe_files import RECIPES, name, recipe, without_weights

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.engine.hooks import ExportHook
from swin3d_mmdet3d.synthetic_rooms import make_rooms
from swin3d_mmdet3d.tools import train

TINY = [path for path in RECIPES if path.parent.name == 'transfer' and 'tiny' in path.stem]
PRETRAINING = next(path for path in RECIPES if path.stem == 'ppkt_swin3d-tiny_rooms')
# nothing moves: what is trained is what was loaded
STILL = ['optim_wrapper.optimizer.lr=0.0', 'optim_wrapper.optimizer.weight_decay=0.0']
SHORT = ['train_cfg.max_iters=2', 'train_cfg.val_interval=2', 'train_dataloader.num_workers=0']
SHORT += ['train_dataloader.persistent_workers=False', 'param_scheduler=[]']
pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    folder = tmp_path_factory.mktemp('rooms')
    sizes = dict(s3dis=12, scannet=4)
    return {d: make_rooms(d, str(folder / d), n, points_per_room=3000, workers=1) for d, n in sizes.items()}


@pytest.fixture(scope='module')
def student(tmp_path_factory):
    """The file that the pretraining recipe writes at its end, of random weights."""
    folder = tmp_path_factory.mktemp('student')
    torch.manual_seed(0)
    model = MODELS.build(without_weights(recipe(PRETRAINING).model.to_dict()))
    runner = SimpleNamespace(model=model, work_dir=folder, logger=MMLogger.get_current_instance())
    ExportHook().after_train(runner)
    return folder / 'student.pth'


def trained_weights(path, root, work_dir, student):
    """The weights of a recipe's last checkpoint after two steps that move nothing."""
    options = [f'student={student}', 'scenes=2', f'data_root={root}', *STILL, *SHORT]
    train.main([str(path), '--work-dir', str(work_dir), '--cfg-options', *options])
    return torch.load(work_dir / 'iter_2.pth', weights_only=True)['state_dict']


@pytest.mark.parametrize('path', TINY, ids=name)
def test_recipe_trains_from_the_parts_that_a_student_lists(path, roots, student, tmp_path):
    root = roots['scannet' if 'scannet' in path.stem else 's3dis']
    weights = trained_weights(path, root, tmp_path, student)
    loaded = torch.load(student)['state_dict']
    reads_decoder = recipe(path).model.get('neck', {}).get('type') == 'Swin3DDecoder'
    parts = ('backbone.', 'neck.') if reads_decoder else ('backbone.',)
    shared = [key for key in loaded if key.startswith(parts)]
    assert len(shared) > 50
    for key in shared:
        if 'probe' in path.stem or not any(word in key for word in ('running', 'num_batches')):
            torch.testing.assert_close(weights[key], loaded[key], rtol=0, atol=0)


def test_fine_tuning_takes_a_student_without_a_decoder_and_a_probe_of_it_does_not(roots, student, tmp_path):
    content = torch.load(student)
    content['state_dict'] = {k: w for k, w in content['state_dict'].items() if k.startswith('backbone.')}
    content['meta']['parts'] = ['backbone']
    torch.save(content, tmp_path / 'encoder.pth')
    recipes = {path.stem: path for path in TINY}
    few = recipes['swin3d-tiny_rooms-seg_few']
    weights = trained_weights(few, roots['s3dis'], tmp_path / 'few', tmp_path / 'encoder.pth')
    key = next(key for key in weights if key.startswith('backbone.') and key.endswith('qkv.weight'))
    assert torch.equal(weights[key], content['state_dict'][key])
    probe = recipes['swin3d-tiny_rooms-seg_probe']
    with pytest.raises(
        ValueError, match=r'neck\..* is a checkpoint of another model than this Swin3DDecoder'
    ):
        trained_weights(probe, roots['s3dis'], tmp_path / 'probe', tmp_path / 'encoder.pth')
