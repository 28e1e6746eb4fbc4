"""Golden outputs of the original network, and our network with its weights."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import torch
from mmdet3d.registry import MODELS

from swin3d_mmdet3d.structures import SparseVoxels
from swin3d_mmdet3d.tools.convert_checkpoint import convert_official, official_model_cfg

GOLDEN = Path(__file__).parent / 'data' / 'golden'


@cache
def golden(name):
    """Arrays of one golden file."""
    with np.load(GOLDEN / f'{name}.npz') as file:
        return {key: file[key] for key in file.files}


def tensors(name, prefix):
    """Float arrays under ``prefix/`` as float32 tensors, the rest as they are."""
    found = {}
    for key, value in golden(name).items():
        if key.startswith(prefix + '/'):
            tensor = torch.from_numpy(np.asarray(value))
            found[key[len(prefix) + 1 :]] = tensor.float() if tensor.is_floating_point() else tensor
    return found


def official_voxels(name):
    """The golden input: features and voxels."""
    data = golden(name)
    signals = torch.from_numpy(data['signals'])
    columns = {'xyz': signals[:, 1:4], 'rgb': signals[:, 4:7]}
    if signals.shape[1] == 10:
        columns['normal'] = signals[:, 7:10]
    coords = torch.from_numpy(data['coords'])
    voxels = SparseVoxels(coords, int(coords[:, 0].max()) + 1, signals=columns)
    return torch.from_numpy(data['features']), voxels


def official_network(name):
    """The golden network with its converted weights, in eval mode."""
    arguments = json.loads(str(golden(name)['config']))
    model = MODELS.build(official_model_cfg(**arguments))
    converted, _ = convert_official(tensors(name, 'weight'))
    model.load_state_dict(converted, strict=True)
    return model.eval()


def rows_of(coords, wanted):
    """Row of each coordinate of ``wanted`` in ``coords``; both hold the same set."""
    place = {tuple(c): i for i, c in enumerate(coords.tolist())}
    return torch.tensor([place[tuple(c)] for c in wanted.tolist()])
