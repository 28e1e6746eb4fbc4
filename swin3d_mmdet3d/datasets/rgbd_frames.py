"""Data sets of posed RGB-D frames: one frame a sample, or one scene's cloud with several of its frames."""

from __future__ import annotations

import logging
import os.path as osp
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmdet3d.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from .layout.frames import FRAMES_FOLDER, check_frames_folder, frame_names
from .layout.infos import read_info_file, scene_name


class PosedImagesDataset(BaseDataset):
    """Scenes whose frames lie in ``<data_root>/<frames>/<scene>``; labels are not read.

    A sample whose pipeline returns None is skipped and counted; the next sample carries the count under
    ``skipped_samples``.

    Args:
        data_root: Folder of the data set.
        ann_file: Info file below ``data_root`` whose scenes are used, or several.
        data_prefix: Folders of the frames, points and normals.
        frame_step: Use every n-th frame of a scene.
        kwargs: Arguments of mmengine's ``BaseDataset``.

    Raises:
        ValueError: Naming the file or folder, if one is missing or broken, or no scene has a frame.
    """

    METAINFO = dict(classes=())
    SAMPLE = 'frames'

    def __init__(
        self,
        data_root: str,
        ann_file: str | Sequence[str] = (),
        data_prefix: dict | None = None,
        frame_step: int = 1,
        **kwargs: Any,
    ) -> None:
        if frame_step < 1:
            raise ValueError(f'frame_step must be at least 1, got {frame_step}')
        self.frame_step = frame_step
        self.ann_files = [ann_file] if isinstance(ann_file, str) else list(ann_file)
        self.skipped_samples = 0
        folders = dict(frames=FRAMES_FOLDER, pts='points', normals='normals')
        folders.update(data_prefix or {})
        super().__init__(data_root=data_root, data_prefix=folders, **kwargs)

    def load_data_list(self) -> list[dict]:
        """List the frames of all scenes."""
        infos, incomplete = [], 0
        for scene, info in self.scenes():
            folder = osp.join(self.data_prefix['frames'], scene)
            check_frames_folder(folder)
            names, lacking = frame_names(folder)
            incomplete += lacking
            infos.extend(self.samples(scene, folder, names[:: self.frame_step], info))
        if incomplete:
            print_log(
                f'{incomplete} frames without depth or pose file are skipped', 'current', logging.WARNING
            )
        if not infos:
            raise ValueError(f'data_root {self.data_root} must hold {self.SAMPLE}, found none')
        return infos

    def scenes(self) -> list[tuple[str, dict]]:
        """Names of the scenes, and their entries in the info files."""
        scenes = []
        for ann_file in self.ann_files:
            infos = read_info_file(osp.join(self.data_root, ann_file))
            scenes += [(scene_name(info), info) for info in infos['data_list']]
        return scenes

    def samples(self, scene: str, folder: str, names: list[str], info: dict) -> list[dict]:
        """Entries of one scene: ``frame_files`` holds (folder, name) of each frame of a sample."""
        raise NotImplementedError

    def prepare_data(self, idx: int) -> dict | None:
        """Run the pipeline, and count where it skips the sample."""
        info = self.get_data_info(idx)
        info['skipped_samples'] = self.skipped_samples
        sample = self.pipeline(info)
        self.skipped_samples = self.skipped_samples + 1 if sample is None else 0
        return sample


@DATASETS.register_module()
class RGBDFrameDataset(PosedImagesDataset):
    """One RGB-D frame a sample; its own pixels become the cloud. Without ``ann_file``, of every scene.

    Source: arXiv 2104.04687, section 4.1: every 25th frame of ScanNet's streams.
    """

    def scenes(self) -> list[tuple[str, dict]]:
        """The scenes of the info files, or every folder of frames."""
        if self.ann_files:
            return super().scenes()
        root = Path(self.data_prefix['frames'])
        check_frames_folder(root)
        return [(folder.name, {}) for folder in sorted(root.iterdir()) if folder.is_dir()]

    def samples(self, scene: str, folder: str, names: list[str], info: dict) -> list[dict]:
        """One entry a frame."""
        return [dict(scene=scene, frame_files=[(folder, name)]) for name in names]


@DATASETS.register_module()
class RGBDSceneDataset(PosedImagesDataset):
    """The cloud of a whole scene with all its frames a sample; the pipeline chooses among the frames."""

    def samples(self, scene: str, folder: str, names: list[str], info: dict) -> list[dict]:
        """One entry, or none for a scene without frames."""
        if not names:
            return []
        points = dict(info['lidar_points'])
        points['lidar_path'] = osp.join(self.data_prefix['pts'], points['lidar_path'])
        entry = dict(scene=scene, frame_files=[(folder, name) for name in names], lidar_points=points)
        if 'normals_path' in info:
            entry['normals_path'] = osp.join(self.data_prefix['normals'], info['normals_path'])
        return [entry]
