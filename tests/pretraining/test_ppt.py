"""Point prompt training on a tiny model: conditions apart, folding, new data sets, refusals."""

import copy

import pytest
import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import Det3DDataSample
from mmengine.config import ConfigDict
from tiny_pretraining import random_batch, tiny_ppkt
from tiny_prompted import CONDITIONS, NUM_CLASSES, batch, prompted, tiny_segmentor

from swin3d_mmdet3d.checkpoints import load_strictly


def losses(model, data):
    return model(**model.data_preprocessor(data, True), mode='loss')


def logits(model, data):
    with torch.no_grad():
        out = model.eval().test_step(data)
    return torch.cat([sample.pts_seg_logits.pts_seg_logits for sample in out], dim=1)


@pytest.mark.parametrize('norms', ['decoupled', 'adaptive', 'both', 'shared'])
def test_every_form_predicts_the_classes_of_the_condition(norms):
    model = prompted(norms)
    data = batch('S3DIS')
    out = {}
    for condition in CONDITIONS:
        data['data_samples'][0].set_metainfo(dict(condition=condition))
        out[condition] = logits(model, data)
        assert out[condition].shape == (NUM_CLASSES[condition], 400)
    # row 0 of the first two is 'wall' in both
    same = torch.equal(out['Structured3D'][0], out['ScanNet'][0])
    assert same == (norms == 'shared')


def test_a_step_leaves_other_conditions_bit_identical_and_without_gradient():
    model = prompted('both').train()
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses(model, batch('ScanNet', 'ScanNet'))['loss_seg'].backward()
    optimizer.step()
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    for condition in ('Structured3D', 'S3DIS'):
        assert not any(condition in name for name in moved)
        for name, parameter in model.named_parameters():
            assert condition not in name or parameter.grad is None
    assert any('.norms.ScanNet.running_mean' in name for name in moved)
    assert 'embeddings.ScanNet' in moved


@pytest.mark.parametrize('norms', ['decoupled', 'adaptive', 'both'])
@pytest.mark.parametrize('condition', CONDITIONS)
def test_folded_backbone_and_neck_are_the_ordinary_networks(norms, condition):
    model = prompted(norms).eval()
    plain = MODELS.build(ConfigDict(tiny_segmentor())).eval()
    plain.load_state_dict(model.folded_state_dict(condition), strict=True)
    inputs = model.data_preprocessor(batch(condition), False)['inputs']
    given = dict(inputs, voxels=with_condition(model, inputs['voxels'], condition))
    with torch.no_grad():
        expected, _ = model.model.extract_feat(given['feats'], given['voxels'])
        feats, _ = plain.extract_feat(inputs['feats'], inputs['voxels'])
    torch.testing.assert_close(feats, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('norms', ['adaptive', 'both'])
def test_large_scenes_in_chunks_get_the_logits_of_the_whole_scene_under_every_condition(norms):
    torch.manual_seed(0)
    model = prompted(norms).eval()
    model.model.test_cfg = dict(mode='chunks', chunk_size=1.0, max_voxels=1)
    scene = batch('S3DIS', num_points=3000)
    scene['inputs']['points'][0][:, :3] *= 2  # 4 m, in four by four chunks
    for condition in CONDITIONS:
        scene['data_samples'][0].set_metainfo(dict(condition=condition))
        in_chunks = logits(model, scene)
        model.model.test_cfg['mode'] = 'whole'
        torch.testing.assert_close(in_chunks, logits(model, scene), atol=1e-3, rtol=1e-4)
        model.model.test_cfg['mode'] = 'chunks'


def test_an_objective_without_labels_is_trained_under_the_condition_of_its_batch():
    model = MODELS.build(ConfigDict(type='PPT', conditions=['ScanNet', 'S3DIS'], model=tiny_ppkt())).train()
    data = model.data_preprocessor(random_batch(), True)
    samples = [Det3DDataSample(metainfo=dict(condition='S3DIS')) for _ in range(2)]
    model(data['inputs'], samples, mode='loss')['loss_ppkt'].backward()
    for part in ('backbone', 'neck'):
        grads = {name: weight.grad for name, weight in model.model.get_submodule(part).named_parameters()}
        assert all(grad is None for name, grad in grads.items() if '.norms.ScanNet.' in name)
        reached = {name for name, grad in grads.items() if grad is not None and bool(grad.abs().max() > 0)}
        assert reached >= {name for name in grads if '.norms.S3DIS.weight' in name}
    assert model.embeddings['ScanNet'].grad is None


def with_condition(model, voxels, condition):
    from swin3d_mmdet3d.structures import with_prompt

    return with_prompt(voxels, model.prompt_of(condition))


@pytest.mark.parametrize('norms', ['decoupled', 'both'])
def test_a_new_data_set_leaves_the_outputs_on_the_old_ones_as_they_were(norms):
    old = prompted(norms)
    wider = tiny_segmentor()
    wider['decode_head']['class_names'] = {**{name: name for name in CONDITIONS}, 'Office': 'S3DIS'}
    new = MODELS.build(
        ConfigDict(
            type='PPT',
            conditions=[*CONDITIONS, 'Office'],
            norms=norms,
            model=wider,
            trainable_conditions=['Office'],
        )
    )
    missing, unexpected = new.load_state_dict(old.state_dict(), strict=False)
    assert not unexpected and all('Office' in name for name in missing)
    scenes = {condition: batch(condition) for condition in CONDITIONS}
    before = {condition: logits(new, scenes[condition]) for condition in CONDITIONS}
    for condition in CONDITIONS:
        assert torch.equal(before[condition], logits(old, scenes[condition]))

    new.train()
    trained = [p for p in new.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=0.01, weight_decay=0.05)
    first = last = None
    data = batch('Office', 'Office')
    for _ in range(6):
        optimizer.zero_grad()
        loss = losses(new, data)['loss_seg']
        loss.backward()
        optimizer.step()
        first, last = first or float(loss), float(loss)
    assert last < first
    assert {name for name, p in new.named_parameters() if p.requires_grad} == {
        name for name, _ in new.named_parameters() if 'Office' in name
    }
    for condition in CONDITIONS:
        assert torch.equal(before[condition], logits(new, scenes[condition]))


def test_mixed_unknown_and_missing_conditions_are_refused_by_name():
    model = prompted()
    with pytest.raises(ValueError, match=r"one condition, got \['S3DIS', 'ScanNet'\]"):
        losses(model, batch('ScanNet', 'S3DIS'))
    with pytest.raises(ValueError, match="got 'Matterport'"):
        losses(model, batch('Matterport'))
    data = batch('ScanNet')
    data['data_samples'][0].pop('condition')
    with pytest.raises(ValueError, match='SetCondition'):
        losses(model, data)


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(norms='plain'), "norms must be one of .*, got 'plain'"),
        (dict(prompted=['encoder']), 'prompted must name a network of VoxelSegmentor'),
        (dict(trainable_conditions=['Matterport']), 'trainable_conditions must be some of'),
        (dict(trainable_conditions=[]), 'trainable_conditions must be some of'),
    ],
)
def test_wrong_arguments_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        prompted(**kwargs)


@pytest.mark.parametrize('norms', ['decoupled', 'adaptive', 'both'])
def test_without_embeddings_a_norm_per_condition_does_the_same(norms):
    model = prompted(norms).double().eval()
    decoupled = prompted('decoupled').double().eval()
    load_strictly(decoupled, model.export()['decoupled.pth'], 'decoupled.pth')
    for condition in CONDITIONS:
        scene = batch(condition)
        inputs = model.data_preprocessor(scene, False)['inputs']
        inputs['feats'] = inputs['feats'].double()
        with torch.no_grad():
            expected = model(inputs, scene['data_samples'])
            found = decoupled(inputs, scene['data_samples'])
        torch.testing.assert_close(found, expected, atol=1e-10, rtol=1e-10)
