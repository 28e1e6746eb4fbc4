"""Where NaN or infinity first came up in a training step."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from ..finite_values import (
    first_names,
    float_tensors,
    is_finite,
    non_finite_names,
    sample_names,
)
from .wrapped_models import unwrapped


def describe_step(model: nn.Module, batches: Sequence[Any], optim_wrapper: OptimWrapper) -> str:
    """The scans of a step whose loss or gradient is NaN or infinite, and the first module that was.

    Args:
        model: The model, with the weights of that step or of the one after it.
        batches: What the loader gave: one batch, or as many as gradients are accumulated over.
        optim_wrapper: For its precision.

    Returns:
        Sentences for a message.
    """
    model = unwrapped(model)
    # buffers do not count: the statistics of norms go bad in the forward pass that is to be explained
    weights = non_finite_names(dict(model.named_parameters()))
    if weights:
        return f'{_scans(batches)}. Weights are NaN or infinite already: {first_names(weights)}'
    if get_world_size() > 1:  # other processes would wait in vain for this one, or it for them
        gradients = {name: weight.grad for name, weight in model.named_parameters()}
        return (
            f'{_scans(batches)} in this process. Gradients that are NaN or infinite: '
            f'{first_names(non_finite_names(gradients)) or "none"}. '
            'The module where it began is sought in trainings of one process alone'
        )
    for batch in batches:
        fault = _run_again(model, batch, optim_wrapper)
        if fault is not None:
            return f'{_scans([batch])}. {fault}'
    return f'{_scans(batches)}. Run again, with other random numbers, they give finite losses and gradients'


def _scans(batches: Sequence[Any]) -> str:
    names = [name for batch in batches if isinstance(batch, dict) for name in _names(batch)]
    return f'Scans: {", ".join(names) or "unnamed"}'


def _names(batch: dict) -> list[str]:
    return sample_names(batch.get('data_samples') or [])


def _run_again(model: BaseModel, batch: Any, optim_wrapper: OptimWrapper) -> str | None:
    """What is wrong in the forward or else in the backward pass of a batch, or None."""
    model.zero_grad()
    with torch.enable_grad(), ExitStack() as hooks:
        faults: list[str] = []
        for name, module in model.named_modules():
            if module is not model:  # whose outputs are the losses
                hooks.enter_context(_watch_outputs(module, name, faults))
        try:
            with optim_wrapper.optim_context(model):
                losses = model._run_forward(model.data_preprocessor(batch, True), mode='loss')
            total, values = model.parse_losses(losses)
        except (ArithmeticError, IndexError, RuntimeError, ValueError) as error:
            # NaN may meet code that cannot do with it, behind the module where it began
            return faults[0] if faults else f'Run again, the batch fails: {error!r}'
        if faults:
            return faults[0]
        if not is_finite(total):
            bad = {name: value.item() for name, value in values.items() if not is_finite(value)}
            return f'The outputs of all modules are finite, these losses are not: {bad}'
        for name, weight in model.named_parameters():
            if weight.requires_grad:
                hooks.enter_context(_watch_gradient(weight, name, faults))
        total.backward()
    return faults[0] if faults else None


def _watch_outputs(module: nn.Module, name: str, faults: list[str]) -> Any:
    """A handle, to be closed, of a hook that notes a module which gives NaN or infinity."""

    def look(module: nn.Module, args: tuple, kwargs: dict, output: Any) -> None:
        if faults or all(is_finite(tensor) for tensor in float_tensors(output)):
            return
        sound = all(is_finite(tensor) for tensor in float_tensors((args, kwargs)))
        inputs = 'whose inputs are finite' if sound else 'whose inputs are so, too'
        kind = type(module).__name__
        faults.append(f'The first module with NaN or infinite outputs is {name} ({kind}), {inputs}')

    return module.register_forward_hook(look, with_kwargs=True)


def _watch_gradient(weight: Tensor, name: str, faults: list[str]) -> Any:
    """A handle, to be closed, of a hook that notes a weight whose gradient is NaN or infinite."""

    def look(gradient: Tensor) -> None:
        if not faults and not is_finite(gradient):
            module = name.rpartition('.')[0] or 'the model itself'
            faults.append(
                'The forward pass is finite. The first module of the backward pass with a NaN or infinite '
                f'gradient is {module} ({name})'
            )

    return weight.register_hook(look)
