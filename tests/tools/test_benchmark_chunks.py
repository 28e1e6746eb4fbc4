"""The benchmark of chunks labels the same scene in both ways, by a network that tells its points apart."""

from pathlib import Path

import numpy as np
from mmengine.config import Config

from swin3d_mmdet3d.tools.benchmark_chunks import label_scene

CONFIG = Path(__file__).parents[2] / 'configs' / 'swin3d' / 'swin3d-tiny_rooms-seg.py'


def test_chunks_and_one_piece_agree_on_a_generated_room():
    config = Config.fromfile(CONFIG)
    chunks, whole = (label_scene(config, 3000, chunk_size) for chunk_size in (1.0, None))
    assert chunks.voxels == whole.voxels
    assert np.mean(chunks.labels != whole.labels) < 0.002  # float32 rounding at close calls
    assert len(np.unique(whole.labels)) > 3
