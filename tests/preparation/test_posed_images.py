import os
import shutil
import struct
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger
from posed_frames import INTRINSIC, SIZE, poses, room_depth, room_image
from real_data import local_real_data

from swin3d_mmdet3d.datasets.layout.frames import frame_names, read_frame
from swin3d_mmdet3d.geometry.camera import scale_intrinsic, unproject
from swin3d_mmdet3d.preparation import posed_images
from swin3d_mmdet3d.preparation.frame_folder import FrameFolder
from swin3d_mmdet3d.preparation.posed_images import prepare_recording
from swin3d_mmdet3d.tools import prepare_rgbd_frames


def sens_bytes(frames, intrinsic=INTRINSIC, compression=1, version=4, shift=1000.0, size=SIZE):
    """A .sens stream by hand: colour of twice the depth's resolution."""
    color_factor = 2
    color_intrinsic = scale_intrinsic(INTRINSIC, color_factor, color_factor)
    matrices = [color_intrinsic, np.eye(4), intrinsic, np.eye(4)]
    head = struct.pack('<IQ', version, 6) + b'sensor'
    head += b''.join(matrix.astype('<f4').tobytes() for matrix in matrices)
    head += struct.pack('<iiIIII', 2, compression, *(color_factor * s for s in SIZE), *size)
    head += struct.pack('<fQ', shift, len(frames))
    body = []
    for image, depth, pose in frames:
        large = cv2.resize(image, None, fx=color_factor, fy=color_factor, interpolation=cv2.INTER_NEAREST)
        color = cv2.imencode('.jpg', large[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
        packed = zlib.compress(depth.astype('<u2').tobytes())
        body.append(pose.astype('<f4').tobytes() + struct.pack('<QQQQ', 0, 0, len(color), len(packed)))
        body[-1] += color + packed
    return head + b''.join(body)


FIRST_FRAME = 16 + 6 - 4 + 4 * 64 + 24 + 12


def with_length(stream, which, length):
    """The length of the colour (0) or depth (1) of the first frame is another."""
    place = FIRST_FRAME + 64 + 16 + 8 * which
    return stream[:place] + struct.pack('<Q', length) + stream[place + 8 :]


def without_image(stream):
    """The JPEG of the first frame has no bytes."""
    (length,) = struct.unpack_from('<Q', stream, FIRST_FRAME + 80)
    start = FIRST_FRAME + 96
    return with_length(stream[:start] + stream[start + length :], 0, 0)


def with_depth(frames, raw):
    """The depth of the first frame unpacks to other bytes."""
    stream, packed = sens_bytes(frames[:1]), zlib.compress(raw)
    (color,) = struct.unpack_from('<Q', stream, FIRST_FRAME + 80)
    return with_length(stream[: FIRST_FRAME + 96 + color] + packed, 1, len(packed))


def recorded_room(count=6):
    return [(room_image(pose), np.round(room_depth(pose) * 1000), pose) for pose in poses(count)]


def write_folder(root, frames, intrinsic=INTRINSIC):
    (root / 'color').mkdir(parents=True)
    (root / 'depth').mkdir()
    np.savetxt(root / 'intrinsics.txt', intrinsic[:3, :3])
    for index, (image, depth, pose) in enumerate(frames):
        cv2.imwrite(str(root / 'color' / f'{index}.png'), image[..., ::-1])
        cv2.imwrite(str(root / 'depth' / f'{index}.png'), depth.astype(np.uint16))
        if pose is not None:
            np.savetxt(root / f'{index}.pose.txt', pose)
    return root


def test_stream_gives_every_nth_frame_with_depth_pose_and_registered_colour(tmp_path):
    frames = recorded_room()
    (tmp_path / 'scene.sens').write_bytes(sens_bytes(frames))
    counts = prepare_recording(tmp_path / 'scene.sens', tmp_path / 'out', every=2)
    assert counts == dict(frames=3)
    for name, (image, depth, pose) in zip(frame_names(tmp_path / 'out')[0], frames[::2]):
        read = read_frame(tmp_path / 'out', name, 100.0, 0.0)
        np.testing.assert_array_equal(read.depth, depth.astype(np.float32) * np.float32(1e-3))
        np.testing.assert_allclose(read.pose, pose, atol=1e-6)
        np.testing.assert_allclose(read.intrinsic, INTRINSIC, atol=1e-5)
        assert np.abs(read.image.astype(int) - image).mean() < 3  # jpeg, twice


def test_folder_gives_the_same_frames_as_the_stream(tmp_path):
    frames = recorded_room()
    (tmp_path / 'scene.sens').write_bytes(sens_bytes(frames))
    prepare_recording(tmp_path / 'scene.sens', tmp_path / 'a', every=1)
    prepare_recording(write_folder(tmp_path / 'folder', frames), tmp_path / 'b', every=1)
    assert frame_names(tmp_path / 'a') == frame_names(tmp_path / 'b') == ([f'{i:05d}' for i in range(6)], 0)
    for name in frame_names(tmp_path / 'a')[0]:
        first, second = (read_frame(tmp_path / folder, name, 100.0, 0.0) for folder in 'ab')
        np.testing.assert_array_equal(first.depth, second.depth)
        np.testing.assert_allclose(first.pose, second.pose, atol=1e-6)


def test_frames_come_in_one_order_whatever_the_file_system_lists_first(tmp_path, monkeypatch):
    folder = write_folder(tmp_path, recorded_room(3))
    shutil.copy(folder / 'color' / '1.png', folder / 'color' / '1.jpg')  # two images of one name
    listed, orders = list((folder / 'color').glob('*')), []
    for files in (sorted(listed), sorted(listed, reverse=True)):
        monkeypatch.setattr(Path, 'glob', lambda self, pattern, files=files: files)
        orders.append([Path(frame.name).name for frame in FrameFolder(folder).frames()])
    assert orders == [['0.png', '1.jpg', '1.png', '2.png']] * 2


@pytest.mark.parametrize('up, points_up', [('z', [0, 0, 1]), ('y', [0, 1, 0]), ('-y', [0, -1, 0])])
def test_up_becomes_z_by_a_rotation(tmp_path, up, points_up):
    frames = recorded_room(1)
    write_folder(tmp_path / 'folder', frames)
    prepare_recording(tmp_path / 'folder', tmp_path / 'out', every=1, up=up)
    pose = read_frame(tmp_path / 'out', '00000', 100.0, 0.0).pose
    turn = pose[:3, :3] @ frames[0][2][:3, :3].T
    np.testing.assert_allclose(turn @ points_up, [0, 0, 1], atol=1e-6)
    assert np.isclose(np.linalg.det(turn), 1)


def test_frames_without_pose_or_depth_are_skipped_and_counted(tmp_path):
    frames = recorded_room()
    frames[1] = (*frames[1][:2], np.full((4, 4), -np.inf))
    frames[2] = (*frames[2][:2], None)
    frames[4] = (frames[4][0], frames[4][1] * 0, frames[4][2])
    counts = prepare_recording(write_folder(tmp_path / 'folder', frames), tmp_path / 'out', every=1)
    assert counts == dict(frames=3, pose=2, depth=1)
    assert len(frame_names(tmp_path / 'out')[0]) == 3


def test_broken_recordings_are_named_and_leave_nothing(tmp_path):
    frames = recorded_room(2)
    whole = sens_bytes(frames)
    skewed = INTRINSIC.copy()
    skewed[0, 0] *= 1.2
    cases = {
        'truncated': (whole[:-10], 'truncated.sens is truncated at byte'),
        'version': (sens_bytes(frames, version=3), 'must be of version 4, got 3'),
        'occi': (sens_bytes(frames, compression=2), 'must hold raw or zlib depth, got compression 2'),
        'unregistered': (sens_bytes(frames, intrinsic=skewed), 'depth must be registered to colour'),
        'empty': (sens_bytes([]), 'has no usable frame'),
        'shift': (sens_bytes(frames, shift=0.0), 'a depth shift above 0, got .* and 0.0'),
        'nan': (sens_bytes(frames, shift=np.nan), 'a depth shift above 0, got .* and nan'),
        'size': (sens_bytes(frames, size=(32, 0)), r'sizes and .* above 0, got \(64, 48, 32, 0\)'),
        'huge': (sens_bytes(frames, size=(2**31, 2**31)), 'must be registered'),
        'name': (whole[:4] + b'\xff' * 8 + whole[12:], 'truncated .* must have 18446744073709551615 more'),
        'color': (with_length(whole, 0, 2**62), 'truncated .* must have 4611686018427387904 more'),
        'depth': (with_length(whole, 1, 2**63), 'truncated .* must have 9223372036854775808 more'),
        'jpeg': (without_image(whole), 'frame 0: colour must be an image, it is empty'),
    }
    for name, (content, message) in cases.items():
        (tmp_path / f'{name}.sens').write_bytes(content)
        with pytest.raises(ValueError, match=message) as error:
            prepare_recording(tmp_path / f'{name}.sens', tmp_path / 'out' / name, every=1)
        assert f'{name}.sens' in str(error.value)
    assert not any((tmp_path / 'out').iterdir())


def exported(root, frames, factor, color_intrinsic, ending='.jpg'):
    """A folder as the exporter of ScanNet writes it: colour of ``factor`` times the size of the depth."""
    write_folder(root, frames)
    (root / 'intrinsics.txt').unlink()
    (root / 'intrinsic').mkdir()
    np.savetxt(root / 'intrinsic' / 'intrinsic_depth.txt', INTRINSIC)
    np.savetxt(root / 'intrinsic' / 'intrinsic_color.txt', color_intrinsic)
    for path in sorted((root / 'color').iterdir()):
        image = cv2.resize(cv2.imread(str(path)), None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
        path.unlink()
        coded = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 100])[1]
        path.with_suffix(ending).write_bytes(coded.tobytes())
    return root


@pytest.mark.parametrize('ending', ['.jpg', '.JPG', '.jpeg'])
def test_colour_of_another_size_is_brought_to_the_depth_as_in_a_stream(ending, tmp_path):
    frames = recorded_room(2)
    folder = exported(tmp_path / 'folder', frames, 2, scale_intrinsic(INTRINSIC, 2, 2), ending)
    (tmp_path / 'stream.sens').write_bytes(sens_bytes(frames))
    for name, source in dict(a=folder, b=tmp_path / 'stream.sens').items():
        prepare_recording(source, tmp_path / name, every=1)
    for number in range(2):
        ours, theirs = (read_frame(tmp_path / name, f'{number:05d}', 10, 0.1) for name in 'ab')
        np.testing.assert_array_equal(ours.image, theirs.image)
        np.testing.assert_array_equal(ours.depth, theirs.depth)


def test_colour_of_another_view_is_refused_by_its_intrinsics(tmp_path):
    folder = exported(tmp_path / 'folder', recorded_room(1), 2, scale_intrinsic(INTRINSIC, 3, 3))
    with pytest.raises(ValueError, match=r'color/0\.jpg: depth must be registered to colour'):
        prepare_recording(folder, tmp_path / 'a')


def test_a_depth_that_unpacks_to_far_more_takes_no_memory(tmp_path):
    (tmp_path / 'a.sens').write_bytes(with_depth(recorded_room(1), bytes(1 << 25)))
    tracemalloc.start()
    with pytest.raises(ValueError, match='depth must have 1536 bytes, got more than 1536'):
        prepare_recording(tmp_path / 'a.sens', tmp_path / 'out')
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 22


def test_inconsistent_folders_are_refused_by_name(tmp_path):
    frames = recorded_room(1)
    large = [(cv2.resize(frames[0][0], (64, 48)), *frames[0][1:])]
    with pytest.raises(ValueError, match=r'color/0.png: colour and depth must have one size.*\(48, 64\)'):
        prepare_recording(write_folder(tmp_path / 'sizes', large), tmp_path / 'a')
    double = scale_intrinsic(INTRINSIC, 2, 2)
    with pytest.raises(ValueError, match='intrinsic matrix must belong to images of 32 x 24'):
        prepare_recording(write_folder(tmp_path / 'intrinsics', frames, double), tmp_path / 'b')
    (tmp_path / 'none').mkdir()
    with pytest.raises(ValueError, match='must hold one of'):
        prepare_recording(tmp_path / 'none', tmp_path / 'c')
    with pytest.raises(ValueError, match='every must be at least 1'):
        prepare_recording(tmp_path / 'none', tmp_path / 'c', every=0)
    with pytest.raises(ValueError, match='up must be one of'):
        prepare_recording(tmp_path / 'none', tmp_path / 'c', up='x')


@pytest.mark.parametrize('workers', ['1', '2'])
def test_whatever_breaks_a_recording_the_others_are_written(workers, tmp_path, monkeypatch):
    whole = sens_bytes(recorded_room(2))
    for name, content in dict(a=without_image(whole), b=whole, c=sens_bytes([], shift=0.0), d=whole).items():
        (tmp_path / f'{name}.sens').write_bytes(content)
    read = posed_images.SensStream

    def stream(path):
        if path.stem == 'd':
            raise MemoryError
        return read(path)

    monkeypatch.setattr(posed_images, 'SensStream', stream)
    sources = [str(tmp_path / f'{name}.sens') for name in ('a', 'missing', 'c', 'd', 'b')]
    lines = []
    monkeypatch.setattr(MMLogger, 'error', lambda self, text: lines.append(text))
    code = prepare_rgbd_frames.main([*sources, '--out', str(tmp_path), '--every', '1', '--workers', workers])
    assert code == 1
    assert [path.name for path in (tmp_path / 'posed_images').iterdir()] == ['b']
    assert len(lines) == 4 and all(source in line for source, line in zip(sources, lines))
    assert 'MemoryError' in lines[3]


def test_killed_process_costs_its_own_recording_alone_and_leaves_nothing(tmp_path, monkeypatch):
    for name in 'abcd':
        (tmp_path / f'{name}.sens').write_bytes(sens_bytes(recorded_room(1)))
    write = posed_images._write

    def killed(recording, folder, *options):
        if recording.path.stem == 'd':
            (folder / '00000.jpg').touch()
            os._exit(9)
        return write(recording, folder, *options)

    monkeypatch.setattr(posed_images, '_write', killed)
    arguments = [str(tmp_path), '--out', str(tmp_path), '--every', '1', '--workers', '2']
    assert prepare_rgbd_frames.main(arguments) == 1
    assert sorted(path.name for path in (tmp_path / 'posed_images').iterdir()) == ['a', 'b', 'c']


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--every', '0'], '--every: expected at least 1, got 0'),
        (['--workers', '-1'], '--workers: expected at least 1, got -1'),
        (['--up', '-x'], "argument --up: invalid choice: '-x'"),
    ],
)
def test_impossible_command_lines_are_refused(words, message, capsys):
    with pytest.raises(SystemExit):
        prepare_rgbd_frames.parse_arguments(['a', '--out', 'b', *words])
    assert message in capsys.readouterr().err
    assert prepare_rgbd_frames.parse_arguments(['a', '--out', 'b', '--up', '-y']).up == '-y'


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / 'scene.sens').write_bytes(sens_bytes(recorded_room(1)))

    def full(self, data):
        raise OSError(28, 'No space left on device', str(self))

    monkeypatch.setattr(Path, 'write_bytes', full)
    with pytest.raises(OSError, match='No space left'):
        prepare_recording(tmp_path / 'scene.sens', tmp_path / 'out' / 'scene')
    assert not any((tmp_path / 'out').iterdir())


def test_command_prepares_all_streams_of_a_folder_and_tells_the_broken_one(tmp_path):
    for name in ('scene0', 'scene1', 'scene2'):
        folder = tmp_path / 'scans' / name
        folder.mkdir(parents=True)
        (folder / f'{name}.sens').write_bytes(sens_bytes(recorded_room(2)))
    broken = tmp_path / 'scans' / 'scene1' / 'scene1.sens'
    broken.write_bytes(broken.read_bytes()[:300])
    out = tmp_path / 'data'
    arguments = [str(tmp_path / 'scans'), '--out', str(out), '--every', '1']
    assert prepare_rgbd_frames.main(arguments) == 1
    assert sorted(p.name for p in (out / 'posed_images').iterdir()) == ['scene0', 'scene2']
    broken.write_bytes(sens_bytes(recorded_room(1)))
    kept = (out / 'posed_images' / 'scene0' / '00000.jpg').stat().st_mtime_ns
    assert prepare_rgbd_frames.main(arguments) == 0
    assert (out / 'posed_images' / 'scene0' / '00000.jpg').stat().st_mtime_ns == kept
    assert frame_names(out / 'posed_images' / 'scene1') == (['00000'], 0)


def test_real_frames_of_a_rendered_room_agree_with_each_other(tmp_path):
    source = local_real_data('livingroom_rgbd')
    counts = prepare_recording(source, tmp_path / 'livingroom', every=1, up='-y')
    assert counts == dict(frames=27)
    first, second = (read_frame(tmp_path / 'livingroom', f'{i:05d}', 10.0, 0.1) for i in (0, 1))
    row, column = np.nonzero(first.depth)
    chosen = np.random.default_rng(0).choice(len(row), 4000, replace=False)
    pixels = np.stack([column, row], axis=1)[chosen]
    points = unproject(pixels, first.depth[row, column][chosen], first.pose, first.intrinsic)
    from swin3d_mmdet3d.geometry.correspondence import visible_pixels

    rows, seen = visible_pixels(points, second.depth, second.pose, second.intrinsic, tolerance=0.05)
    assert len(rows) > 2000  # neighbouring frames overlap
    there = second.image[seen[:, 1].round().astype(int), seen[:, 0].round().astype(int)].astype(int)
    here = first.image[pixels[rows][:, 1], pixels[rows][:, 0]].astype(int)
    shuffled = np.random.default_rng(1).permutation(len(rows))
    assert np.abs(there - here).mean() < 0.3 * np.abs(there - here[shuffled]).mean()
    assert np.ptp(points[:, 2]) < 4  # z is up: a room is lower than long
