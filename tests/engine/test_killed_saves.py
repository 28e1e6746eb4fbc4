"""A kill -9 within a save costs no more than the iterations since the save before."""

import pytest
from killed_training import kill_saves

from swin3d_mmdet3d.tools.make_rooms import make_rooms


@pytest.mark.slow
@pytest.mark.parametrize('workers', [0, 2])
def test_each_training_killed_within_a_save_resumes_from_the_newest_whole_checkpoint(tmp_path, workers):
    rooms = make_rooms('s3dis', str(tmp_path / 'rooms'), num_rooms=6, points_per_room=2500, seed=3, workers=1)
    kills = kill_saves(tmp_path, rooms, workers, ['begun', 'half written', 'written', 'renamed'])
    for kill in kills:
        assert kill.whole and not kill.damaged
        assert kill.resumed == max(kill.whole)
