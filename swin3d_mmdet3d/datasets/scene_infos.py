"""Lists of scenes from one or several info files, whose files are checked before a scene is loaded."""

from __future__ import annotations

import copy
import os.path as osp
from collections.abc import Mapping, Sequence
from typing import Any

from .class_choice import ClassChoice, choose_classes
from .layout.infos import read_info_file
from .layout.scenes import check_scene_files


def info_paths(ann_file: str | Sequence[str], data_root: str | None) -> list[str]:
    """The paths of one or several info files; ValueError where there is none."""
    files = [ann_file] if isinstance(ann_file, str) else list(ann_file)
    if not files:
        raise ValueError('ann_file must name at least one info file, got none')
    return [it if osp.isabs(it) else osp.join(data_root or '', it) for it in files]


class SceneInfos:
    """For data sets of mmdet3d: several info files, and errors that name the file at fault.

    Stands before the stock class among the bases.

    Attributes:
        ann_files: paths of the info files.
        choice: the chosen classes.
    """

    ann_files: list[str]
    choice: ClassChoice

    def _choose(
        self, ann_file: str | Sequence[str], data_root: str | None, metainfo: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Set ``ann_files`` and ``choice``; return what the stock constructor takes of them."""
        self.ann_files = info_paths(ann_file, data_root)
        self.choice = choose_classes(metainfo, self.known_classes(self.ann_files))
        chosen = dict(classes=self.choice.names, palette=[list(color) for color in self.choice.palette])
        return dict(ann_file=self.ann_files[0], metainfo={**copy.deepcopy(dict(metainfo or {})), **chosen})

    @classmethod
    def known_classes(cls, ann_files: Sequence[str]) -> Mapping[str, Any]:
        """The classes that a config's ``metainfo`` chooses from, with their ids and colours."""
        return cls.METAINFO

    def load_data_list(self) -> list[dict]:
        """Load the info files one behind the other; the stock class would run the code that they name."""
        scenes = []
        for ann_file in self.ann_files:
            self.ann_file = ann_file
            content = read_info_file(ann_file, self.backend_args)
            self.open_info_file(ann_file, content['metainfo'])
            for key, value in content['metainfo'].items():
                self._metainfo.setdefault(key, value)
            for info in content['data_list']:
                parsed = self.parse_data_info(info)
                scenes.extend(parsed if isinstance(parsed, list) else [parsed])
        return scenes

    def open_info_file(self, ann_file: str, metainfo: Mapping[str, Any]) -> None:
        """Look at the metainfo of an info file before its entries are parsed."""

    def prepare_data(self, idx: int) -> dict | None:
        """Check the files of a scene, then run the pipeline."""
        if self.backend_args is None:
            check_scene_files(self.get_data_info(idx))
        return super().prepare_data(idx)
