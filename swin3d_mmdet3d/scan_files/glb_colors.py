"""Colours of GLB files in 16 bits, made into bytes: trimesh keeps the low byte of each."""

from __future__ import annotations

import copy

import numpy as np

from .glb_header import Glb, attributes

_UINT8, _UINT16 = 5121, 5123
_CHANNELS = {'VEC3': 3, 'VEC4': 4}


def colors_in_bytes(glb: Glb) -> Glb:
    """The file with all vertex colours of 16 bits rounded to 8, in views of their own."""
    content, binary = copy.deepcopy(glb.content), glb.binary
    for accessor in attributes(content, 'COLOR_0'):
        if accessor['componentType'] != _UINT16:
            continue
        channels, count = _CHANNELS[accessor['type']], accessor['count']
        view = content['bufferViews'][accessor['bufferView']]
        start = view.get('byteOffset', 0) + accessor.get('byteOffset', 0)
        step = view.get('byteStride', 2 * channels)
        words = np.lib.stride_tricks.as_strided(
            np.frombuffer(binary, np.uint8)[start:], (count, 2 * channels), (step, 1)
        )
        colors = np.ascontiguousarray(words).view('<u2')
        binary += b'\0' * (-len(binary) % 4)
        bytes_ = np.zeros((count, 4), dtype=np.uint8)
        bytes_[:, :channels] = np.rint(colors / 257)
        content['bufferViews'].append(
            dict(buffer=0, byteOffset=len(binary), byteLength=4 * count, byteStride=4)
        )
        accessor.update(
            componentType=_UINT8, bufferView=len(content['bufferViews']) - 1, byteOffset=0, normalized=True
        )
        binary += bytes_.tobytes()
    return Glb(content, binary)
