"""Registers the kernels with torch.library: schema, CPU kernel, fake kernel, autograd.

Only ``Library.define`` and ``Library.impl`` are required, which torch 2.1 has; the newer way to register
fake kernels is used where it exists.
"""

from __future__ import annotations

import torch

NAMESPACE = 'swin3d'
_library = torch.library.Library(NAMESPACE, 'DEF')
_register_fake = getattr(torch.library, 'register_fake', None) or torch.library.impl_abstract


def define(name: str, schema: str, cpu, fake):
    """Define an operator with its CPU kernel and its fake kernel; return the callable.

    Args:
        name: Operator name, without the namespace.
        schema: Arguments and results, for example ``'(Tensor x, int k) -> Tensor'``.
        cpu: Function that computes it on CPU tensors.
        fake: Function that returns empty results of the right shape and dtype.
    """
    _library.define(name + schema)
    _library.impl(name, cpu, 'CPU')
    _register_fake(f'{NAMESPACE}::{name}', fake)
    return getattr(getattr(torch.ops, NAMESPACE), name)


def implement(name: str, function, dispatch_key: str) -> None:
    """Give an operator its kernel of another device, for example under the key 'CUDA'."""
    _library.impl(name, function, dispatch_key)


def differentiate(operator, backward, setup_context) -> None:
    """Give an operator its backward formula.

    ``torch.library.register_autograd`` does the same at twice the time of the host: some 0.1 ms a call.

    Args:
        operator: What :func:`define` returned.
        backward: ``(ctx, *grad_outputs) -> gradients of the arguments``.
        setup_context: ``(ctx, inputs, output)``, saves what the formula needs.
    """

    class Formula(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *inputs):
            with torch._C._AutoDispatchBelowAutograd():
                output = operator(*inputs)
            setup_context(ctx, inputs, output)
            return output

        @staticmethod
        def backward(ctx, *grads):
            return backward(ctx, *grads)

    def run(*inputs):
        if torch.is_grad_enabled():
            return Formula.apply(*inputs)
        with torch._C._AutoDispatchBelowAutograd():
            return operator(*inputs)

    _library.impl(operator._qualified_op_name.split('::')[1], run, 'Autograd')
