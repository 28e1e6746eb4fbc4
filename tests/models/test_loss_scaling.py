"""Mixed precision of a GPU, its kernels emulated, on a small network: places stay exact, overflow shows."""

import copy

import pytest
import torch
from kernels_on_cpu import cuda_kernels, needs_compiler, rule_of_gpus
from mmdet3d.registry import MODELS
from mmdet3d.structures import Det3DDataSample, PointData
from mmengine.config import ConfigDict
from mmengine.optim.optimizer import amp_optimizer_wrapper
from swin3d_ops import knn, window_attention

from swin3d_mmdet3d.tools.convert_checkpoint import official_model_cfg

pytestmark = needs_compiler
HALVES = [torch.float16, torch.bfloat16]
CALLERS = (
    'swin3d_mmdet3d.models.backbones.swin3d.knn', 'swin3d_mmdet3d.models.necks.swin3d_decoder.knn',
    'swin3d_mmdet3d.models.layers.window_attention.window_attention',
)  # fmt: skip


@pytest.fixture(scope='module')
def segmentor():
    torch.manual_seed(0)
    config = official_model_cfg(
        depths=[1, 1, 1], channels=[8, 16, 16], num_heads=[1, 2, 2], window_sizes=[4, 5, 5], quant_size=4,
        num_layers=3, num_classes=5, upsample='linear_attn', voxel_size=0.1,
    )  # fmt: skip
    config['backbone']['drop_path_rate'] = config['neck']['drop_path'] = 0.0  # a second step is the same
    model = MODELS.build(ConfigDict(config)).train()
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    return model


@pytest.fixture
def kernels():
    """The CUDA kernels, and the rule of a GPU under autocast."""
    with cuda_kernels(), rule_of_gpus():
        yield


def batch(num_points=300, far=0.0):
    """Points and labels of one scene, some kilometres away if asked for."""
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(num_points, 6, generator=generator, dtype=torch.float64)
    points[:, :3] = points[:, :3] * torch.tensor([2.0, 2.0, 0.6]) + far
    points[:, 3:] = points[:, 3:] * 2 - 1
    labels = torch.randint(0, 5, (num_points,), generator=generator)
    sample = Det3DDataSample(gt_pts_seg=PointData(pts_semantic_mask=labels))
    return dict(inputs=dict(points=[points]), data_samples=[sample])


def loss_of(model, dtype=None, **scene):
    """The loss of a step in a precision, None for float32."""
    with torch.autocast('cpu', dtype, enabled=dtype is not None):
        data = model.data_preprocessor(batch(**scene), True)
        losses = model(**data, mode='loss')
        return sum(value for name, value in losses.items() if name.startswith('loss'))


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


@pytest.mark.parametrize('dtype', HALVES)
def test_places_neighbours_and_signals_are_the_same_bits_under_autocast(
    segmentor, kernels, monkeypatch, dtype
):
    seen = []

    def record(op):
        def run(*arguments, **named):
            result = op(*arguments, **named)
            exact = arguments[6:8] if op is window_attention else arguments
            seen.append([*exact, *(result if op is knn else [arguments[8].order, arguments[8].ptr])])
            return result

        return run

    for caller in CALLERS:
        monkeypatch.setattr(caller, record(knn if caller.endswith('knn') else window_attention))
    loss_of(segmentor, far=3000.0)
    plain, seen = seen, []
    loss_of(segmentor, dtype, far=3000.0)
    assert len(plain) == len(seen) > 6
    for one, other in zip(plain, seen):
        for first, second in zip(one, other):
            same = torch.equal(first, second) if torch.is_tensor(first) else first == second
            assert same and getattr(second, 'dtype', None) not in HALVES


@pytest.mark.parametrize('dtype, tolerance', [(torch.float16, 0.06), (torch.bfloat16, 0.25)])
def test_gradients_of_a_scaled_loss_are_those_of_float32(segmentor, kernels, dtype, tolerance):
    truth = gradients(segmentor, loss_of(segmentor))
    truth = {name: grad.clone() for name, grad in truth.items()}
    scale = 2.0**12
    found = gradients(segmentor, loss_of(segmentor, dtype) * scale)
    error = sum((found[name] / scale - truth[name]).square().sum() for name in truth)
    assert (error / sum(grad.square().sum() for grad in truth.values())).sqrt() <= tolerance
    assert all(grad.dtype == torch.float32 for grad in found.values())


@pytest.mark.parametrize('scale', [2.0**16, 2.0**24, 2.0**60])
def test_an_overflow_of_float16_is_never_a_wrong_finite_gradient(segmentor, kernels, scale):
    truth = gradients(segmentor, loss_of(segmentor, torch.float16) * 2.0**8)
    truth = {name: grad.clone() / 2**8 for name, grad in truth.items()}
    found = gradients(segmentor, loss_of(segmentor, torch.float16) * scale)
    for name, grad in found.items():
        finite = grad.isfinite()
        error = torch.where(finite, grad / scale - truth[name], 0).abs().max()
        assert error <= 0.1 * truth[name].abs().max() + 1e-6, name
    if scale > 2**30:
        assert not any(grad.isfinite().all() for grad in found.values())


@pytest.mark.skipif(not hasattr(torch.amp, 'GradScaler'), reason='gradient scaling on the CPU')
def test_a_scaler_passes_over_a_step_that_overflows_and_halves_its_scale(segmentor, kernels):
    model = copy.deepcopy(segmentor)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler('cpu', init_scale=2.0**40, backoff_factor=2.0**-15)
    weights = [{name: value.clone() for name, value in model.named_parameters()}]
    for _ in range(3):
        optimizer.zero_grad()
        scaler.scale(loss_of(model, torch.float16)).backward()
        scaler.step(optimizer)
        scaler.update()
        weights.append({name: value.clone() for name, value in model.named_parameters()})
    first, second, third, last = weights
    assert all(torch.equal(first[name], third[name]) for name in first)
    assert scaler.get_scale() == 2.0**10
    assert any(not torch.equal(third[name], last[name]) for name in first)
    assert all(value.isfinite().all() for value in last.values())


@pytest.mark.skipif(not hasattr(torch.amp, 'GradScaler'), reason='gradient scaling on the CPU')
def test_the_wrapper_of_mmengine_trains_a_segmentor(segmentor, kernels, monkeypatch):
    monkeypatch.setattr(amp_optimizer_wrapper, 'is_cuda_available', lambda: True)
    monkeypatch.setattr(amp_optimizer_wrapper, 'GradScaler', lambda: torch.amp.GradScaler('cpu'))
    model = copy.deepcopy(segmentor)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    wrapper = amp_optimizer_wrapper.AmpOptimWrapper(dtype='bfloat16', optimizer=optimizer)
    losses = [model.train_step(batch(), wrapper)['loss'].item() for _ in range(5)]
    assert losses[-1] < losses[0] and all(parameter.isfinite().all() for parameter in model.parameters())
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
