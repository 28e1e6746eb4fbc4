"""Answers about tensors that are kept until torch writes into one of them."""

from __future__ import annotations

import torch


def state_of(*tensors: torch.Tensor) -> tuple:
    """Return what changes when a tensor is replaced or written in place.

    Writes that torch does not count go unseen: through ``.data``, a NumPy view, or within inference mode.
    """
    return tuple(
        (tensor.data_ptr(), tensor.shape, None if tensor.is_inference() else tensor._version)
        for tensor in tensors
    )


def kept(owner, name: str, tensors: tuple[torch.Tensor, ...], find):
    """Return ``find()``, or what it returned for the same owner and name while the tensors are as they were.

    Compilation reads the kept answer without a look at the tensors, which hold nothing then.
    """
    answers = owner.__dict__.setdefault('_kept', {})
    if torch.compiler.is_compiling() and name in answers:
        return answers[name][1]
    state = state_of(*tensors)
    if name not in answers or answers[name][0] != state:
        answers[name] = state, find()
    return answers[name][1]
