"""Concept features by cross-attention, and their alignment with the regions of images."""

import math
from pathlib import Path

import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from posed_frames import onto_posed_room
from tiny_pretraining import random_batch, tiny_student

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.pretraining.heads import ConceptHead
from swin3d_mmdet3d.pretraining.heads.concept_head import group_softmax
from swin3d_mmdet3d.pretraining.methods.concept_alignment import mean_concept_cosine

CONFIGS = Path(__file__).parents[2] / 'configs' / 'pretraining' / 'concept_alignment'
WIDTH, CHANNELS, HEADS, CONCEPTS = 6, 8, 2, 3
GRID, SIZE = (2, 3), (32, 48)


def head(**changes):
    settings = dict(
        in_channels=WIDTH, num_concepts=CONCEPTS, channels=CHANNELS, num_heads=HEADS, out_channels=12
    )
    return ConceptHead(**{**settings, **changes})


def attention_of_torch(own):
    """The same attention by PyTorch's module, whose queries are projected by the identity."""
    other = torch.nn.MultiheadAttention(CHANNELS, HEADS, kdim=WIDTH, vdim=WIDTH, batch_first=True)
    key, value = own.key_value.weight.chunk(2)
    other.load_state_dict(
        dict(
            q_proj_weight=torch.eye(CHANNELS),
            k_proj_weight=key,
            v_proj_weight=value,
            in_proj_bias=torch.cat([torch.zeros(CHANNELS), own.key_value.bias]),
            **{f'out_proj.{name}': weight for name, weight in own.merge.state_dict().items()},
        )
    )
    return other


def test_attention_over_groups_of_any_size_is_multi_head_attention_of_each():
    torch.manual_seed(0)
    own, rows, group = head(), torch.randn(30, WIDTH) * 3, torch.randint(0, 5, (30,))
    group[group == 3] = 1
    projected, concepts = own(rows, group, 5)
    other = attention_of_torch(own)
    for number in (0, 1, 2, 4):
        tokens = own.norm(rows[group == number])[None]
        expected, _ = other(own.query[None], tokens, tokens)
        torch.testing.assert_close(concepts[number], expected[0])
        torch.testing.assert_close(projected[number], own.project(expected[0].mean(dim=0)))


def test_all_concepts_of_one_row_are_its_value():
    own, rows = head(), torch.randn(4, WIDTH)
    _, concepts = own(rows, torch.arange(4), 4)
    value = own.merge(own.key_value(own.norm(rows))[:, CHANNELS:])
    torch.testing.assert_close(concepts, value[:, None].expand(-1, CONCEPTS, -1))


def test_order_of_rows_says_nothing_and_that_of_groups_follows():
    own, rows, group = head(), torch.randn(20, WIDTH), torch.randint(0, 4, (20,))
    order, names = torch.randperm(20), torch.randperm(4)
    projected, _ = own(rows, group, 4)
    moved, _ = own(rows[order], names[group[order]], 4)
    torch.testing.assert_close(moved[names], projected)


def test_softmax_of_a_group_is_that_of_its_rows_however_large_the_logits():
    logits = torch.randn(12, 2, 3, dtype=torch.float64) * 1000
    group = torch.arange(12) % 3 * 2
    weights = group_softmax(logits, group, 6)
    for number in (0, 2, 4):
        torch.testing.assert_close(weights[group == number], logits[group == number].softmax(dim=0))


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(num_concepts=0), 'num_concepts must be at least 1, got 0'),
        (dict(num_heads=3), 'channels must be a multiple of num_heads 3, got 8'),
    ],
)
def test_wrong_settings_of_the_head_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        head(**settings)


def test_cosine_of_concepts_is_that_of_a_loop_over_pairs():
    concepts = torch.randn(4, 3, 5, dtype=torch.float64)
    cosines = [
        abs(float(torch.cosine_similarity(one[a], one[b], dim=0)))
        for one in concepts
        for a in range(3)
        for b in range(3)
        if a != b
    ]
    assert mean_concept_cosine(concepts).item() == pytest.approx(sum(cosines) / len(cosines))
    assert mean_concept_cosine(concepts[:, :1].expand(-1, 3, -1)).item() == pytest.approx(1)
    assert mean_concept_cosine(concepts[:, :1]).item() == 0


def build(**changes):
    torch.manual_seed(0)
    config = dict(
        type='ConceptAlignment',
        data_preprocessor=dict(type='ViewPreprocessor', voxel_size=0.2),
        **tiny_student(),
        teacher=dict(type='FrozenImageTeacher', backbone=dict(type='TinyImageBackbone')),
        head=dict(
            type='ConceptHead', in_channels=16, num_concepts=4, channels=8, num_heads=2, out_channels=12
        ),
        matcher=dict(type='SeenRegions', grid=GRID),
    )
    return MODELS.build({**config, **changes}).train()


def losses_of(model, batch=None):
    return model(**model.data_preprocessor(batch or random_batch(), training=True), mode='loss')


@pytest.mark.parametrize('level', [None, 'encoder.1'])
def test_losses_are_those_of_a_loop_over_the_regions_that_show_a_voxel(level):
    model, batch = build(level=level), random_batch(size=SIZE, num_matches=9)
    encode, seen = model.encode, []
    model.encode = lambda view: seen.append((view, encode(view))) or seen[-1][1]
    losses = losses_of(model, batch)
    ((view, levels),) = seen
    feats, voxels = levels.finest if level is None else levels[level]
    members = {}
    for image, (u, v), row in zip(
        *(part.tolist() for part in (view.matches.image, view.matches.pixel, view.matches.voxel))
    ):
        item, *corner = view.voxels.coords[row].tolist()
        (cell,) = [
            number
            for number, (scene, *low) in enumerate(voxels.coords.tolist())
            if scene == item and all(a <= x < a + voxels.stride for x, a in zip(corner, low))
        ]
        region = image, int((v + 0.5) * GRID[0] / SIZE[0]), int((u + 0.5) * GRID[1] / SIZE[1])
        members.setdefault(region, set()).add(cell)
    (maps,) = model.teacher(view.images)  # 4 x 6
    aligned, target = [], []
    for image, row, column in members:
        tokens = feats[sorted(members[image, row, column])]
        aligned.append(model.head(tokens, torch.zeros(len(tokens), dtype=torch.int64), 1)[0][0])
        target.append(maps[image, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].mean(dim=(1, 2)))
    aligned, target = (
        torch.nn.functional.normalize(torch.stack(part).double(), dim=1) for part in (aligned, target)
    )
    cosine = aligned @ target.t()
    assert 5 < len(members) < 4 * 6 and losses['regions_per_frame'].item() == pytest.approx(len(members) / 4)
    assert losses['loss_cosine'].item() == pytest.approx(1 - cosine.diag().mean().item(), abs=1e-5)
    contrast = -(cosine / 0.07).log_softmax(dim=1).diag().mean()
    assert losses['loss_contrast'].item() == pytest.approx(contrast.item(), abs=1e-4)
    assert losses['constant_cosine'].item() == pytest.approx(target.mean(dim=0).norm().item(), abs=1e-5)


def test_constant_targets_give_ln_of_the_number_of_regions_and_constant_outputs_no_less():
    for constant in ('teacher', 'head'):
        model = build()
        weight = model.teacher.backbone.second if constant == 'teacher' else model.head.project
        torch.nn.init.zeros_(weight.weight)
        losses = losses_of(model, random_batch(size=SIZE))
        least = math.log(round(losses['regions_per_frame'].item() * 4))
        spread = losses['target_spread' if constant == 'teacher' else 'region_spread']
        assert spread.item() == pytest.approx(0, abs=1e-4)
        if constant == 'teacher':
            assert losses['loss_contrast'].item() == pytest.approx(least, abs=1e-5)
            assert losses['constant_cosine'].item() == pytest.approx(1, abs=1e-5)
        assert losses['loss_contrast'].item() > least - 1e-5


def test_features_equal_to_the_targets_have_no_cosine_loss():
    model = build()
    model.head.register_forward_hook(lambda module, given, made: (3 * targets, made[1]))
    data = model.data_preprocessor(random_batch(size=SIZE), training=True)
    view = data['inputs']['views'][0]
    region, _ = model.matcher(view.matches, SIZE)
    targets = model.targets(view.images)[region.unique()]
    assert model(**data, mode='loss')['loss_cosine'].item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize('count', [0, 1])
def test_fewer_than_two_regions_give_a_loss_of_0_with_gradients_of_0(count):
    model = build()
    losses = losses_of(model, random_batch(num_samples=1, num_matches=count, size=SIZE))
    assert {name for name in losses if 'loss' in name} == {'loss_cosine'}
    losses['loss_cosine'].backward()
    assert losses['loss_cosine'].item() == 0 and losses['regions_per_frame'].item() == count / 2
    assert all(bool((weight.grad == 0).all()) for weight in model.parameters() if weight.requires_grad)


def test_the_control_differs_from_the_method_in_whose_image_a_region_gets_alone():
    own, control = (
        Config.fromfile(CONFIGS / f'concept_alignment_swin3d-tiny_rooms{suffix}.py')
        for suffix in ('', '_shuffled')
    )
    assert control.model.matcher.pop('shuffle') is True
    assert own.model.to_dict() == control.model.to_dict()
    assert own.train_dataloader.to_dict() == control.train_dataloader.to_dict()


LEAVES = [path for path in sorted(CONFIGS.glob('*.py')) if 'rooms' not in path.stem]
EACH = [pytest.param(path, marks=[] if 'tiny' in path.stem else [pytest.mark.slow]) for path in LEAVES]


@pytest.mark.parametrize('path', EACH, ids=lambda path: path.stem)
def test_recipe_trains_its_student_on_its_own_pipeline(path, tmp_path):
    config = Config.fromfile(path)
    settings = config.train_dataloader.dataset
    onto_posed_room(settings, tmp_path)
    dataset = DATASETS.build(settings)
    config.model.teacher = dict(type='FrozenImageTeacher', backbone=dict(type='TinyImageBackbone'))
    config.model.head.out_channels = 12
    config.model.data_preprocessor.voxel_size = 0.1
    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[1]]), training=True)
    losses = model(**data, mode='loss')
    (losses['loss_cosine'] + losses['loss_contrast']).backward()
    assert losses['regions_per_frame'] > 4
    grads = [weight.grad for weight in model.parameters() if weight.requires_grad]
    assert all(grad is not None and bool(grad.isfinite().all()) for grad in grads)
    assert float(next(model.backbone.parameters()).grad.abs().max()) > 0
