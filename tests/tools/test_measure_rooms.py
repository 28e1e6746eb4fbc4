import json

import pytest

from swin3d_mmdet3d.synthetic_rooms import make_rooms
from swin3d_mmdet3d.tools.measure_rooms import main


@pytest.fixture(scope='module')
def rooms(tmp_path_factory):
    folder = tmp_path_factory.mktemp('rooms')
    return [make_rooms(name, folder / name, 6, 2000, workers=1) for name in ('s3dis', 'scannet')]


@pytest.mark.slow
def test_figures_of_two_sets_are_printed(rooms, capsys):
    main([*map(str, rooms), '--rooms', '2', '--spacing', '0.2'])
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {'s3dis', 'scannet', 'between'}
    for name in ('s3dis', 'scannet'):
        assert found[name]['points'] <= 2000
        assert found[name]['thinned_occupancy_10cm'] <= found[name]['occupancy_10cm']
        assert 0 < found[name]['linear_height_miou'] < 1
    assert 0 <= found['between']['window_classifier_10cm'] <= 1
    assert 0 < found['between']['batch_norm_shift_s3dis_scannet_10cm'] < 1


def test_a_folder_without_scenes_is_named(tmp_path):
    with pytest.raises(ValueError, match='must have scenes to train on, got none'):
        main([str(tmp_path)])
