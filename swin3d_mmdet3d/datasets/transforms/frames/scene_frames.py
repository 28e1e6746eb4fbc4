"""The frames of a labelled scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmcv.transforms import BaseTransform
from mmdet3d.registry import TRANSFORMS

from ...layout.frames import FRAMES_FOLDER, check_frames_folder, frame_names
from ..argument_checks import check_count
from ..point_selection import scene_label


@TRANSFORMS.register_module()
class FindSceneFrames(BaseTransform):
    """Find the RGB-D frames that belong to a scene of any data set of segmentation or detection.

    They lie in ``<data root>/<folder>/<scene>``, beside the folder of the point files. Added key:
    ``frame_files``, (folder, name) of each frame, for ``LoadRGBDFrames``. ``MatchVisiblePixels`` must stand
    before whatever moves the points, ``GlobalAlignment`` among it.

    Args:
        folder: Folder of all scenes' frames.
        frame_step: Use every n-th frame.

    Raises:
        ValueError: Naming the folder, if it is missing or holds no frame.
    """

    def __init__(self, folder: str = FRAMES_FOLDER, frame_step: int = 1) -> None:
        self.folder = folder
        self.frame_step = check_count('frame_step', frame_step)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``frame_files``."""
        points = Path(results['lidar_points']['lidar_path'])
        folder = points.parents[1] / self.folder / points.stem
        check_frames_folder(folder)
        names, _ = frame_names(folder)
        if not names:
            raise ValueError(f'{scene_label(results)}: folder {folder} must hold frames, found none')
        results['frame_files'] = [(str(folder), name) for name in names[:: self.frame_step]]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(folder={self.folder!r}, frame_step={self.frame_step})'
