"""Both stages of ACT on objects, against loops and closed forms, and what reaches which weights."""

import copy
import math

import pytest
import torch
from mmdet3d.registry import MODELS
from recipe_files import ROOT, recipe, without_weights
from torch.nn.functional import cosine_similarity, kl_div, log_softmax

from swin3d_mmdet3d.engine.hooks.value_schedule_hook import ValueScheduleHook
from swin3d_mmdet3d.models.layers.point_tokenizer import tokenize
from swin3d_mmdet3d.pretraining.methods.act_autoencoder import code_divergence

CONFIGS = ROOT / 'configs/pretraining/act_object'
AUTOENCODER = dict(
    type='ACTAutoencoder',
    channels=8,
    num_codes=16,
    num_tokens=6,
    group_size=4,
    stem_channels=(8, 8),
    graph_channels=(8, 8, 12),
    prompted=dict(
        type='PromptedTransformer',
        channels=8,
        transformer=dict(type='FrozenTransformer', channels=12, depth=2, num_heads=2),
        num_prompts=2,
    ),
    decoder=dict(type='CoarseFineFolding', in_channels=8, coarse_channels=8, fold_channels=8, num_coarse=2),
)
STUDENT = dict(
    type='ACT',
    backbone=dict(
        type='TokenTransformer',
        num_tokens=(6,),
        group_sizes=(4,),
        channels=(12,),
        depths=(2,),
        local_radii=(0.0,),
        num_heads=2,
        stem_channels=(8, 8),
    ),
    decoder=dict(type='TokenDecoder', channels=(12,), depths=(1,), num_heads=2),
    teacher=AUTOENCODER,
    masker=dict(type='SalientCells', visible=0.34, temperature=float('inf')),
)


def build(settings, **changes):
    torch.manual_seed(0)
    return MODELS.build({**copy.deepcopy(settings), **changes})


class Shown(torch.nn.Module):
    """A masker that shows the same tokens every time."""

    def __init__(self, visible):
        super().__init__()
        self.visible = visible.flatten()

    def forward(self, saliency, ptr):
        return self.visible


def clouds(count=2, dtype=torch.float32):
    return torch.randn(count, 50, 3, generator=torch.Generator().manual_seed(0)).to(dtype)


def tokens_of(points):
    return tokenize(points, (6,), (4,))[0]


def chamfer(first, second):
    gap = torch.cdist(first, second)
    return (gap.amin(1).mean(1) + gap.amin(2).mean(1)) / 2


def test_the_divergence_is_that_of_the_uniform_distribution_from_the_mean_of_the_codes():
    logits = 3 * torch.randn(3, 5, 7, dtype=torch.float64)
    mean = logits.softmax(dim=2).mean(dim=1)
    by_hand = sum(float(1 / 7 * ((1 / 7) / q).log()) for row in mean for q in row) / 3
    assert code_divergence(logits).item() == pytest.approx(by_hand, rel=1e-12)
    uniform = torch.full((3, 7), 1 / 7, dtype=torch.float64).log()
    torch.testing.assert_close(
        code_divergence(logits), kl_div(mean.log(), uniform, reduction='batchmean', log_target=True)
    )


def test_it_is_0_where_tokens_share_out_the_codes_and_finite_where_one_is_never_used():
    shared = 1e4 * torch.eye(7, dtype=torch.float64)[None]  # each token another code
    assert code_divergence(shared).item() == pytest.approx(0, abs=1e-12)
    lonely = torch.zeros(1, 7, 7)
    lonely[..., 0] = 1e4
    # 6 codes have exp(-1e4) each, one all of the rest
    assert code_divergence(lonely).item() == pytest.approx(6 / 7 * 1e4 - math.log(7), rel=1e-6)


def test_losses_of_the_autoencoder_are_those_of_its_formula():
    model = build(AUTOENCODER, code_weight=0.3, temperature=0.7).double().eval()
    tokens = tokens_of(clouds(dtype=torch.float64))
    torch.manual_seed(1)
    found = model.reconstruct(tokens)
    logits = model.to_codes(model.stem(tokens.groups.flatten(0, 1)).unflatten(0, (2, 6)), tokens.xyz)
    torch.manual_seed(1)
    noise = -torch.empty(logits.shape, dtype=logits.dtype).exponential_().log()
    codes = ((logits + noise) / 0.7).softmax(dim=2)
    feats = model.to_features(model.prompted(codes @ model.codebook, tokens.xyz), tokens.xyz)
    coarse, fine = model.decoder(feats.flatten(0, 1))
    members = tokens.groups.flatten(0, 1)
    wanted = chamfer(coarse, members).mean() + chamfer(fine, members).mean()
    torch.testing.assert_close(found['loss_points'], wanted)
    torch.testing.assert_close(found['loss_codes'], 0.3 * code_divergence(logits))


def test_the_logged_distance_is_that_of_points_at_the_centres():
    model = build(AUTOENCODER).double().eval()
    for part in (model.decoder.coarse[-1], model.decoder.fold.layers[-1]):
        torch.nn.init.zeros_(part.weight)
        torch.nn.init.zeros_(part.bias)
    losses = model.reconstruct(tokens_of(clouds(dtype=torch.float64)))
    torch.testing.assert_close(losses['points_at_centers'], losses['loss_points'])


def test_features_are_those_of_the_likeliest_codes_which_a_low_temperature_draws_too():
    model = build(AUTOENCODER, temperature=1e-3).double().eval()
    tokens = tokens_of(clouds(dtype=torch.float64))
    logits = model._logits(tokens)
    chosen = model.codebook[logits.argmax(dim=2)]
    wanted = model.to_features(model.prompted(chosen, tokens.xyz), tokens.xyz)
    torch.testing.assert_close(model.features(tokens), wanted)
    decoded = []
    model._decode = lambda codes, xyz: decoded.append(codes) or wanted
    model._logits = lambda tokens: logits * 1e6  # no noise reaches that far
    model.reconstruct(tokens)
    torch.testing.assert_close(decoded[0] @ model.codebook, chosen)


def test_without_a_transformer_the_codes_go_from_graph_to_graph():
    model = build(AUTOENCODER, prompted=None).double().eval()
    tokens = tokens_of(clouds(dtype=torch.float64))
    chosen = model.codebook[model._logits(tokens).argmax(dim=2)]
    torch.testing.assert_close(model.features(tokens), model.to_features(chosen, tokens.xyz))


def test_the_student_is_compared_at_hidden_tokens_by_directions():
    model = build(STUDENT).double().eval()
    points = clouds(dtype=torch.float64)
    visible = torch.tensor(
        [[True, False, False, True, False, False], [False, True, False, False, True, False]]
    )
    model.masker = Shown(visible)
    found = model({'points': points}, mode='loss')
    levels = model.backbone.tokenize(points)
    predicted = model.head(model.decoder(model.backbone(levels, visible)))
    target = model.teacher.features(levels[0])
    pairs = [(predicted[place], target[place]) for place in map(tuple, (~visible).nonzero().tolist())]
    wanted = sum(1 - cosine_similarity(own, theirs, dim=0) for own, theirs in pairs) / 8
    torch.testing.assert_close(found['loss_features'].double(), wanted, atol=1e-6, rtol=1e-6)

    directions = torch.stack([theirs / theirs.norm() for _, theirs in pairs])
    best = directions.mean(dim=0)
    torch.testing.assert_close(
        found['features_at_mean'].double(),
        (1 - directions @ (best / best.norm())).mean(),
        atol=1e-6,
        rtol=1e-6,
    )
    others = torch.randn(200, 8, dtype=torch.float64) + 3 * best
    assert all((1 - directions @ (one / one.norm())).mean() >= found['features_at_mean'] for one in others)


def test_standardised_features_have_mean_0_and_variance_1_over_hidden_tokens():
    model = build(STUDENT, standardize_features=True).double().eval()
    points = clouds(dtype=torch.float64)
    model.masker = Shown(torch.eye(2, 6).bool())
    seen = []
    criterion = model.criterion.forward
    model.criterion.forward = lambda own, target: seen.append(target) or criterion(own, target)
    model({'points': points}, mode='loss')
    raw = model.teacher.features(tokens_of(points))[~torch.eye(2, 6).bool()]
    moving = raw.std(dim=0) > 1e-6
    wanted = (raw - raw.mean(dim=0)) / raw.std(dim=0, unbiased=False)
    torch.testing.assert_close(seen[0][:, moving], wanted[:, moving])


def test_the_paper_hides_51_of_64_tokens():
    masker = MODELS.build(recipe(CONFIGS / 'act_object_shapenet55.py').model.masker)
    visible = masker(torch.zeros(128), torch.tensor([0, 64, 128]))
    assert (~visible).view(2, 64).sum(1).tolist() == [51, 51]


def test_the_same_object_has_the_same_targets_while_the_model_trains():
    model = build(STUDENT, teacher_weight=1.0).train()
    tokens = tokens_of(clouds())
    seen = []
    features = model.teacher.features
    model.teacher.features = (
        lambda tokens: seen.append((model.teacher.training, features(tokens))) or seen[-1][1]
    )
    model.teacher_weight = 0.0
    for _ in range(2):
        model({'points': clouds()}, mode='loss')
    assert torch.equal(seen[0][1], seen[1][1]) and not seen[0][0]
    assert model.teacher.training  # as it was
    again = build(STUDENT, teacher_weight=1.0).teacher.eval()
    assert torch.equal(again.features(tokens), seen[0][1])


def test_features_teach_the_student_alone_and_points_the_teacher_alone():
    model = build(STUDENT, teacher_weight=1.0)
    losses = model({'points': clouds()}, mode='loss')
    losses['loss_features'].backward()
    assert all(weight.grad is None for weight in model.teacher.parameters())
    assert float(model.backbone.stem.first[0].weight.grad.abs().sum()) > 0
    model.zero_grad()
    (losses['loss_points'] + losses['loss_codes']).backward()
    learnt = {name for name, weight in model.named_parameters() if weight.grad is not None}
    assert all(name.startswith('teacher.') and 'prompted.transformer' not in name for name in learnt)
    frozen = {name for name, _ in model.named_parameters() if 'prompted.transformer' in name}
    trained = {name for name, _ in model.teacher.named_parameters(prefix='teacher')} - frozen
    assert learnt == trained and frozen


def test_a_teacher_without_weight_is_frozen_and_one_that_lost_it_is_never_changed_again():
    assert not any(weight.requires_grad for weight in build(STUDENT).teacher.parameters())
    model = build(STUDENT, teacher_weight=1.0).train()
    optimiser = torch.optim.AdamW([w for w in model.parameters() if w.requires_grad], 1e-2, weight_decay=0.1)
    for weight in (1.0, 0.0, 0.0):
        model.teacher_weight = weight
        before = copy.deepcopy(model.teacher.state_dict())
        optimiser.zero_grad()
        losses = model({'points': clouds()}, mode='loss')
        sum(value for name, value in losses.items() if name.startswith('loss')).backward()
        optimiser.step()
        after = model.teacher.state_dict()
        changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
        assert bool(changed) == bool(weight)


def test_the_weight_scales_the_losses_of_the_teacher_and_not_what_it_logs():
    one, half = (build(STUDENT, teacher_weight=weight).eval() for weight in (1.0, 0.5))
    found = []
    for model in (one, half):
        torch.manual_seed(2)
        found.append(model({'points': clouds()}, mode='loss'))
    for name, factor in dict(loss_points=0.5, loss_codes=0.5, points_at_centers=1, loss_features=1).items():
        torch.testing.assert_close(found[1][name], factor * found[0][name])


def test_the_recipe_of_one_run_ends_the_first_stage_before_the_run_ends():
    config = recipe(CONFIGS / 'act_object_swin3d-tiny_rooms.py')
    hooks = [dict(hook) for hook in config.custom_hooks if hook['type'] == 'ValueScheduleHook']
    schedules = {hook.pop('target'): hook for hook in hooks if hook.pop('type')}
    values = {target: ValueScheduleHook(target, **hook).value_at for target, hook in schedules.items()}
    assert values['teacher_weight'](0) == config.model.teacher_weight == 1
    assert values['teacher_weight'](150) == 0 < values['teacher_weight'](149)
    assert config.train_cfg.max_iters == 300


def test_schedules_of_the_paper_are_those_of_the_released_code():
    hooks = recipe(CONFIGS / 'act_object_shapenet55-autoencoder.py').custom_hooks
    value = {
        hook['target']: ValueScheduleHook(**{key: own for key, own in hook.items() if key != 'type'}).value_at
        for hook in hooks
        if hook['type'] == 'ValueScheduleHook'
    }

    def cosine(start, target, step, length):
        angle = torch.tensor(torch.pi * step / length, dtype=torch.float64)
        return float(target + (start - target) * (1 + angle.cos()) / 2)

    for step in (0, 25000, 70000, 100000, 190000):
        wanted = cosine(1, 0.0625, min(step, 100000), 100000)
        assert value['temperature'](step) == pytest.approx(wanted, rel=1e-9)
        wanted = 0 if step < 10000 else cosine(0, 0.1, min(step - 10000, 100000), 100000)
        assert value['code_weight'](step) == pytest.approx(wanted, rel=1e-9, abs=1e-15)


def test_the_teacher_of_the_first_stage_loads_strictly_into_the_second(tmp_path):
    first = build(AUTOENCODER)
    content = first.export()['teacher.pth']
    assert not any('prompted.transformer' in name for name in content)
    torch.save(dict(state_dict=content), tmp_path / 'teacher.pth')
    init = dict(type='StrictPretrained', checkpoint=str(tmp_path / 'teacher.pth'), prefix='teacher.')
    torch.manual_seed(5)
    model = MODELS.build(dict(copy.deepcopy(STUDENT), teacher=dict(AUTOENCODER, init_cfg=init)))
    model.init_weights()
    own = model.teacher.state_dict()
    assert own.keys() == first.state_dict().keys()
    assert all(torch.equal(weight, own[name]) for name, weight in first.state_dict().items())
    tokens = tokens_of(clouds())
    assert torch.equal(model.eval().teacher.features(tokens), first.eval().features(tokens))


@pytest.mark.parametrize('stage', ['act_object_shapenet55-autoencoder', 'act_object_shapenet55'])
def test_the_recipes_of_the_paper_build(stage):
    settings = without_weights(recipe(CONFIGS / f'{stage}.py').model.to_dict())
    small = dict(type='FrozenTransformer', channels=768, depth=12, num_heads=12)
    settings.get('teacher', settings)['prompted']['transformer'] = small
    with torch.device('meta'):
        model = MODELS.build(settings)
    autoencoder = model if stage.endswith('autoencoder') else model.teacher
    assert autoencoder.prompted.prompts.shape == (12, 64, 768)
    assert autoencoder.codebook.shape == (8192, 384)


def test_the_feature_of_an_object_is_the_maximum_over_its_tokens():
    for settings in (AUTOENCODER, STUDENT):
        model = build(settings).eval()
        samples = [type('Sample', (), {})() for _ in range(2)]
        feats = model({'points': clouds()})
        feats = feats if settings is AUTOENCODER else feats[0].feats
        for sample, own in zip(model({'points': clouds()}, samples, mode='predict'), feats):
            assert torch.equal(sample.object_feature, own.max(dim=0).values)


def test_wrong_modes_and_backbones_of_several_levels_are_named():
    for settings in (AUTOENCODER, STUDENT):
        with pytest.raises(ValueError, match="mode must be 'loss', 'tensor' or 'predict', got 'train'"):
            build(settings)({'points': clouds()}, mode='train')
    levels = dict(
        num_tokens=(8, 6), group_sizes=(4, 2), channels=(12, 12), depths=(1, 1), local_radii=(0.0, 0.0)
    )
    with pytest.raises(ValueError, match='backbone must have one level of tokens, got 2'):
        build(STUDENT, backbone=dict(STUDENT['backbone'], **levels))


def test_mixed_precision_has_finite_losses_near_those_of_full_precision():
    model = build(STUDENT, teacher_weight=1.0).eval()
    model.masker = Shown(torch.tensor([True, False, False, True, False, False]).repeat(2))
    found = []
    for enabled in (False, True):
        torch.manual_seed(0)
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            found.append(model({'points': clouds()}, mode='loss'))
    sum(value for name, value in found[1].items() if name.startswith('loss')).backward()
    for name, value in found[0].items():
        if name != 'loss_features':  # another code may be the likeliest
            torch.testing.assert_close(found[1][name].float(), value, rtol=0.1, atol=0.02)
    assert all(bool(w.grad.isfinite().all()) for w in model.parameters() if w.grad is not None)


def test_probabilities_of_codes_are_float32_whatever_autocast_says():
    model = build(AUTOENCODER).eval()
    with torch.autocast('cpu', torch.bfloat16):
        logits = model._logits(tokens_of(clouds()))
    assert logits.dtype == torch.float32 == log_softmax(logits, dim=2).dtype
