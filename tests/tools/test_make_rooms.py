import numpy as np
import pytest

from swin3d_mmdet3d.tools.make_rooms import main, parse_arguments


def test_command_line_writes_the_rooms_it_was_asked_for(tmp_path):
    options = ['--domain', 'structured3d', '--rooms', '1', '--points', '1500', '--workers', '1']
    main([*options, '--out', str(tmp_path)])
    points = np.fromfile(next((tmp_path / 'points').iterdir()), np.float32)
    assert points.shape == (1500 * 6,)
    assert (tmp_path / 'structured3d_infos_train.pkl').is_file()


def test_defaults_are_the_documented_ones():
    args = parse_arguments(['--out', 'rooms'])
    assert (args.domain, args.rooms, args.points, args.frames, args.seed) == ('s3dis', 40, 50000, 0, 0)


def test_unknown_domain_ends_the_program(capsys):
    with pytest.raises(SystemExit):
        parse_arguments(['--out', 'rooms', '--domain', 'kitti'])
    assert 'invalid choice' in capsys.readouterr().err
