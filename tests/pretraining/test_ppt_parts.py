"""Stems and tables that depend on the condition: apart, folded, loaded, frozen; on sparse U-Nets, too."""

import copy

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import ConfigDict
from tiny_prompted import CONDITIONS, SHAKEN, batch, prompted, tiny_segmentor

from swin3d_mmdet3d.structures import with_prompt

STEM, TABLES = dict(modules=('stem_layer',)), dict(table_scales=True)
PARTS = {'stem': STEM, 'tables': TABLES, 'both': {**STEM, **TABLES}}
STEMS = {'attention': {}, 'residual': dict(stem_transformer=False, down_stride=2)}


def build(network=None, conditions=CONDITIONS, **kwargs):
    return MODELS.build(
        ConfigDict(type='PPT', conditions=list(conditions), model=network or tiny_segmentor(), **kwargs)
    )


def sparse_unet():
    network = tiny_segmentor()
    widths = dict(
        encoder_channels=(8, 8), decoder_channels=(8, 8), encoder_blocks=(1, 1), decoder_blocks=(1, 1)
    )
    network['backbone'] = dict(type='SparseResUNet', in_channels=6, stem_channels=8, **widths)
    del network['neck']
    return network


def shake(model):
    """Own parts of conditions unlike each other, statistics included."""
    for name, value in model.state_dict().items():
        if any(part in name for part in SHAKEN) and value.is_floating_point():
            value.add_(0.3 * torch.rand_like(value))
    return model


def logits(model, data):
    with torch.no_grad():
        out = model.eval().test_step(data)
    return torch.cat([sample.pts_seg_logits.pts_seg_logits for sample in out], dim=1)


def loss_of(model, data):
    return model(**model.data_preprocessor(data, True), mode='loss')['loss_seg']


def own(name, condition):
    return any(f'{part}{condition}' in name for part in SHAKEN) or name == f'embeddings.{condition}'


@pytest.mark.parametrize('stem', STEMS)
def test_fresh_parts_give_losses_and_gradients_of_the_plain_network_to_the_bit(stem):
    torch.manual_seed(0)
    plain = build(tiny_segmentor(**STEMS[stem]), norms='shared').train()
    model = build(tiny_segmentor(**STEMS[stem]), norms='shared', **PARTS['both']).train()
    model.load_state_dict(plain.state_dict(), strict=True)  # plain weights are those of every condition
    for condition in CONDITIONS:
        data = batch(condition, condition)
        for network in (plain, model):
            network.zero_grad(set_to_none=True)
        start = copy.deepcopy(plain), copy.deepcopy(model)
        losses = [loss_of(network, copy.deepcopy(data)) for network in start]
        assert torch.equal(*losses)
        for loss in losses:
            loss.backward()
        grads = [{name: p.grad for name, p in network.named_parameters()} for network in start]
        for name, grad in grads[0].items():
            renamed = name.replace('stem_layer.', f'stem_layer.copies.{condition}.')
            assert torch.equal(grads[1][renamed], grad)


@pytest.mark.parametrize(('dtype', 'tolerance'), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
@pytest.mark.parametrize('parts', PARTS)
@pytest.mark.parametrize('stem', STEMS)
def test_folded_weights_give_the_outputs_of_each_condition_in_the_plain_network(
    stem, parts, dtype, tolerance
):
    torch.manual_seed(0)
    network = tiny_segmentor(**STEMS[stem])
    model = shake(build(network, **PARTS[parts]).to(dtype).eval())
    plain = MODELS.build(ConfigDict(network)).to(dtype).eval()
    inputs = model.data_preprocessor(batch('S3DIS'), False)['inputs']
    feats, seen = inputs['feats'].to(dtype), []
    for condition in CONDITIONS:
        weights = model.folded_state_dict(condition)
        assert not any(part in name for name in weights for part in SHAKEN)
        plain.load_state_dict(weights, strict=True)
        voxels = with_prompt(inputs['voxels'], model.prompt_of(condition))
        with torch.no_grad():
            expected, _ = model.model.extract_feat(feats, voxels)
            folded, _ = plain.extract_feat(feats, inputs['voxels'])
        torch.testing.assert_close(folded, expected, atol=tolerance, rtol=tolerance)
        seen.append(expected)
    assert all((first - other).abs().max() > 1e-3 for first, other in zip(seen, seen[1:]))


@pytest.mark.parametrize('parts', PARTS)
def test_a_step_on_one_data_set_leaves_the_parts_of_others_without_gradient_and_bit_equal(parts):
    model = shake(build(norms='both', **PARTS[parts])).train()
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
    loss_of(model, batch('ScanNet', 'ScanNet')).backward()
    grads = {name: p.grad for name, p in model.named_parameters()}
    optimizer.step()
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    for condition in ('Structured3D', 'S3DIS'):
        assert not any(own(name, condition) for name in moved)
        assert all(grad is None for name, grad in grads.items() if own(name, condition))
    own_weights = {name for name in grads if own(name, 'ScanNet')}
    assert own_weights <= moved
    assert any('stem_layer.copies' in name for name in own_weights) == ('modules' in PARTS[parts])
    assert any('table_scales' in name for name in own_weights) == ('table_scales' in PARTS[parts])


@pytest.mark.parametrize('parts', PARTS)
def test_a_new_data_set_trains_its_own_parts_and_leaves_outputs_on_the_old_ones_bit_equal(parts):
    old = shake(build(norms='decoupled', **PARTS[parts]))
    wider = tiny_segmentor()
    wider['decode_head']['class_names'] = {**{name: name for name in CONDITIONS}, 'Office': 'S3DIS'}
    conditions = [*CONDITIONS, 'Office']
    new = build(wider, conditions, norms='decoupled', trainable_conditions=['Office'], **PARTS[parts])
    missing, unexpected = new.load_state_dict(old.state_dict(), strict=False)
    assert not unexpected and all('Office' in name for name in missing)
    scenes = {condition: batch(condition) for condition in CONDITIONS}
    before = {condition: logits(new, scenes[condition]) for condition in CONDITIONS}
    assert all(torch.equal(before[condition], logits(old, scenes[condition])) for condition in CONDITIONS)

    trained = {name for name, p in new.train().named_parameters() if p.requires_grad}
    assert trained == {name for name, _ in new.named_parameters() if own(name, 'Office')}
    start = copy.deepcopy(new.state_dict())
    optimizer = torch.optim.AdamW([p for p in new.parameters() if p.requires_grad], lr=0.01)
    for _ in range(2):
        optimizer.zero_grad()
        loss_of(new, batch('Office', 'Office')).backward()
        optimizer.step()
    moved = {name for name, value in new.state_dict().items() if not torch.equal(value, start[name])}
    assert moved >= trained and all(own(name, 'Office') for name in moved)  # statistics of its norms, too
    assert all(torch.equal(before[condition], logits(new, scenes[condition])) for condition in CONDITIONS)


@pytest.mark.parametrize('parts', PARTS)
def test_states_come_back_to_the_bit_and_plain_networks_keep_their_names(parts):
    model = shake(build(**PARTS[parts]))
    again = build(**PARTS[parts])
    again.load_state_dict(model.state_dict(), strict=True)
    states = model.state_dict(), again.state_dict()
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    for condition in CONDITIONS:
        data = batch(condition)
        assert torch.equal(logits(model, data), logits(again, data))
    assert set(model.folded_state_dict('S3DIS')) == set(
        MODELS.build(ConfigDict(tiny_segmentor())).state_dict()
    )


def test_a_checkpoint_of_prompted_norms_alone_starts_the_scales_at_one():
    model = prompted('both')
    scaled = build(norms='both', **TABLES)
    scaled.load_state_dict(model.state_dict(), strict=True)
    data = batch('ScanNet')
    assert torch.equal(logits(model, data), logits(scaled, data))


def test_large_scenes_in_chunks_get_the_logits_of_the_whole_scene():
    torch.manual_seed(0)
    model = shake(build(norms='both', **PARTS['both'])).eval()
    scene = batch('S3DIS', num_points=3000)
    scene['inputs']['points'][0][:, :3] *= 2  # 4 m, in four by four chunks
    whole = logits(model, scene)
    model.model.test_cfg = dict(mode='chunks', chunk_size=1.0, max_voxels=1)
    torch.testing.assert_close(logits(model, scene), whole, atol=1e-3, rtol=1e-4)


def test_activation_checkpointing_gives_the_gradients_of_scaled_tables_to_the_bit():
    grads = []
    data = batch('ScanNet', 'ScanNet')
    for with_cp in (False, True):
        torch.manual_seed(0)
        model = shake(build(tiny_segmentor(with_cp=with_cp), **PARTS['both'])).train()
        loss_of(model, copy.deepcopy(data)).backward()
        grads.append({name: p.grad for name, p in model.named_parameters() if p.grad is not None})
    assert grads[0].keys() == grads[1].keys()
    assert all(torch.equal(grad, grads[1][name]) for name, grad in grads[0].items())


def test_modules_of_a_sparse_unet_are_kept_apart_and_fold():
    torch.manual_seed(0)
    model = shake(build(sparse_unet(), modules=('stem', 'stem_norm', 'downs.0'))).double().eval()
    plain = MODELS.build(ConfigDict(sparse_unet())).double().eval()
    inputs = model.data_preprocessor(batch('S3DIS'), False)['inputs']
    feats, seen = inputs['feats'].double(), []
    for condition in CONDITIONS:
        plain.load_state_dict(model.folded_state_dict(condition), strict=True)
        voxels = with_prompt(inputs['voxels'], model.prompt_of(condition))
        with torch.no_grad():
            seen.append(model.model.extract_feat(feats, voxels)[0])
            folded, _ = plain.extract_feat(feats, inputs['voxels'])
        assert (folded - seen[-1]).abs().max() <= 1e-12 * seen[-1].abs().max()
    assert (seen[0] - seen[1]).abs().max() > 1e-3 * seen[0].abs().max()


def test_parts_that_a_network_lacks_are_refused():
    with pytest.raises(
        ValueError, match=r"tables of window attention, which Swin3D has, got \['SparseResUNet'\]"
    ):
        build(sparse_unet(), table_scales=True)
    with pytest.raises(ValueError, match=r"modules must name modules of SparseResUNet, .*\['stem_layer'\]"):
        build(sparse_unet(), modules=('stem_layer',))
    with pytest.raises(ValueError, match=r"modules are those of the 'backbone', .* got \['neck'\]"):
        build(prompted=['neck'], modules=('stem_layer',))
