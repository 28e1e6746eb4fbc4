"""Memory of `predict`: so much a point, no more for more scans, and a sentence where there is too little."""

import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from height_segmentor import write_height_model
from large_scans import CONFIG, write_building, write_weights

from swin3d_mmdet3d.apis import ScanPrediction
from swin3d_mmdet3d.tools import predict as predict_tool

POINTS = int(os.environ.get('SWIN3D_POINTS', '1000000'))
BYTES_A_POINT = 300
SCRIPT = """
import os
from swin3d_mmdet3d.tools.mistakes import run_tool
from swin3d_mmdet3d.tools.predict import main
status = run_tool(main)
with open('/proc/self/status') as file:
    lines = dict(line.split(':', 1) for line in file)
# unlike ru_maxrss these know nothing of the process that started this one
print('MEMORY', *(int(lines[name].split()[0]) << 10 for name in ('VmHWM', 'VmPeak')))
os._exit(status)
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('scans')
    write_weights(folder / 'model.pth')
    write_building(folder / 'small.ply', 2_000)
    return folder


def predict(folder, *scans, limit=None):
    """Status, output, resident and virtual peak of the tool in a process of its own, with `ulimit -v`."""
    words = [*(str(folder / scan) for scan in scans), '--config', CONFIG]
    words += ['--checkpoint', str(folder / 'model.pth'), '--out', str(folder / 'out')]
    shell = 'exec "$@"' if limit is None else f'ulimit -v {limit >> 10}; exec "$@"'
    command = ['bash', '-c', shell, 'bash', sys.executable, '-c', SCRIPT, *words]
    environment = dict(os.environ, OMP_NUM_THREADS='1', PYTHONUNBUFFERED='1')
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    resident, virtual = (int(word) for word in done.stdout.rpartition('MEMORY')[2].split())
    return done.returncode, done.stdout + done.stderr, resident, virtual


@pytest.mark.slow
def test_a_point_takes_so_many_bytes(folder, capsys):
    write_building(folder / 'large.ply', POINTS)
    *_, base, _ = predict(folder, 'small.ply')
    status, output, peak, _ = predict(folder, 'large.ply')
    assert status == 0, output
    assert len(np.load(folder / 'out' / 'large.npz')['label']) == POINTS
    with capsys.disabled():
        print(f'\n{POINTS} points: {peak / 1e9:.2f} GB, {base / 1e9:.2f} GB of them the libraries')
    assert peak - base < BYTES_A_POINT * POINTS


@pytest.mark.slow
def test_want_of_memory_names_the_scan_and_what_helps_and_the_others_are_labelled(folder):
    write_building(folder / 'wide.ply', 1_500_000)
    *_, virtual = predict(folder, 'small.ply')
    (folder / 'out' / 'small.npz').unlink()
    status, output, *_ = predict(folder, 'wide.ply', 'small.ply', limit=virtual + (64 << 20))
    assert status == 1 and 'Traceback' not in output, output
    (told,) = [line for line in output.splitlines() if 'too little memory' in line]
    assert 'wide.ply: ' in told and 'scans cut into parts' in told and '--chunk-size' in told
    assert (folder / 'out' / 'small.npz').exists() and not (folder / 'out' / 'wide.npz').exists()


def test_more_scans_take_no_more_memory(tmp_path, monkeypatch):
    """What 30 scans leave behind is what 10 leave, though each has a megabyte of points."""
    monkeypatch.setattr(ScanPrediction, 'save', lambda *_: [])  # pictures take a second each
    monkeypatch.setattr(predict_tool, 'doubts', lambda *_: [])
    config, checkpoint = write_height_model(tmp_path)
    xyz = np.random.default_rng(0).uniform(0, 3, (40_000, 3)).astype(np.float32)
    for number in range(30):
        np.save(tmp_path / f'{number:02d}.npy', xyz)
    words = [f'--config={config}', f'--checkpoint={checkpoint}', f'--out={tmp_path / "out"}']
    scans = sorted(map(str, tmp_path.glob('*.npy')))
    held = []
    tracemalloc.start()
    try:
        for count in (2, 10, 30):
            tracemalloc.reset_peak()
            assert predict_tool.main([*scans[:count], *words]) == 0
            held.append(tracemalloc.get_traced_memory())
    finally:
        tracemalloc.stop()
    _, (few, peak_of_few), (many, peak_of_many) = held
    assert many - few < 200_000
    assert peak_of_many - peak_of_few < 500_000
