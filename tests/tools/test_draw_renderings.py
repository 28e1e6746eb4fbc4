"""What Ponder renders of held-out frames, drawn by the command line beside what was measured."""

import numpy as np
import torch
from PIL import Image
from posed_frames import poses, room_image, write_posed_room
from shrunk_methods import CONFIGS, build, shrink

from swin3d_mmdet3d.tools import draw_renderings
from swin3d_mmdet3d.visualization.ray_picture import EMPTY, TITLE_HEIGHT

PONDER = CONFIGS / 'ponder' / 'ponder_swin3d-tiny_rooms.py'


def test_frames_of_other_scenes_are_drawn_with_the_weights_of_a_checkpoint(tmp_path, capfd):
    write_posed_room(tmp_path / 's3dis', num_frames=3, info_file='held_out.pkl')
    config = shrink(PONDER, tmp_path)
    config.dump(tmp_path / 'shrunk.py')
    model = build(config)
    torch.nn.init.zeros_(model.renderer.shade[2].weight)  # one colour wherever something is seen
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'trained.pth')
    draw_renderings.main(
        [
            *map(str, (tmp_path / 'shrunk.py', tmp_path / 'trained.pth')),
            *('--ann-file', 'held_out.pkl', '--stride', '1', '--samples-per-ray', '20'),
            *('--out', str(tmp_path / 'pictures')),
        ]
    )
    (path,) = (tmp_path / 'pictures').glob('*.png')
    assert path.name == 'rendering_0.png'
    picture = np.asarray(Image.open(path)).astype(int)[TITLE_HEIGHT : TITLE_HEIGHT + 24]
    measured, rendered = picture[:, :32], picture[:, -32:]
    drawn = (measured != EMPTY).any(axis=2)
    images = [room_image(pose).astype(int) for pose in poses(3)]
    errors = [np.abs(image[: len(measured)] - measured)[drawn].mean() for image in images]
    assert drawn.sum() > 100 and min(errors) < 5 < sorted(errors)[1]  # JPEG
    # of one colour at whatever brightness: channels are multiples of each other
    color = torch.sigmoid(model.renderer.shade[2].bias).detach().numpy()
    share = rendered[drawn] @ color / (color @ color)
    assert np.abs(rendered[drawn] - share[:, None] * color).max() < 2
