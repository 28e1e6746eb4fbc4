"""Segmentation datasets that give each scene whole and once."""

from __future__ import annotations

import os.path as osp
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmdet3d.datasets import Seg3DDataset
from mmdet3d.registry import DATASETS

from .class_lists import S3DIS, SCANNET, STRUCTURED3D, ClassList
from .layout.infos import read_info_file
from .scannet200 import SCANNET200, SCANNET200_GROUPS
from .scene_infos import SceneInfos

IGNORE_INDEX = 255


def segmentation_metainfo(classes: ClassList, num_raw_ids: int) -> dict[str, Any]:
    """The METAINFO that mmdet3d's segmentation datasets declare.

    Args:
        classes: The classes of the benchmark.
        num_raw_ids: Mask files hold ids 0 .. num_raw_ids - 1.
    """
    return dict(
        classes=classes.names,
        palette=[list(color) for color in classes.palette],
        seg_valid_class_ids=classes.raw_ids,
        seg_all_class_ids=tuple(range(num_raw_ids)),
    )


class WholeSceneDataset(SceneInfos, Seg3DDataset):
    """Scenes of one or several info files, each whole and once per epoch.

    mmdet3d's S3DIS and ScanNet classes repeat a scene for each 8192 of its points when they train, which
    suits blocks; a sparse network takes the scene whole. Files are checked by size before a scene is loaded.

    Args:
        data_root: Folder of the data set.
        ann_file: Info file below ``data_root``, or several (the areas of S3DIS).
        metainfo: ``classes`` chooses among the benchmark's, all by default, or names one's own; ``palette``,
            ``seg_valid_class_ids`` and ``seg_all_class_ids`` as in :func:`choose_classes`.
        data_prefix: Folders of the points, masks and normals.
        ignore_index: Label of points whose raw id is no chosen class, and of the ids -1 and 255.
        kwargs: Arguments of mmdet3d's ``Seg3DDataset``.

    Raises:
        ValueError: Naming the file (and scene), if an info, point or mask file is missing or truncated.
    """

    SEMANTIC_FOLDER = 'semantic_mask'

    def __init__(
        self,
        data_root: str | None = None,
        ann_file: str | Sequence[str] = '',
        metainfo: dict | None = None,
        data_prefix: dict | None = None,
        ignore_index: int = IGNORE_INDEX,
        **kwargs: Any,
    ) -> None:
        chosen = self._choose(ann_file, data_root, metainfo)
        if ignore_index < len(self.choice.names):
            # A negative index would make SegMetric blank the class that it counts to from the end.
            raise ValueError(
                f'ignore_index must be at least the number of classes {len(self.choice.names)}, '
                f'got {ignore_index}'
            )
        folders = dict(
            pts='points',
            pts_instance_mask='instance_mask',
            pts_semantic_mask=self.SEMANTIC_FOLDER,
            normals='normals',
        )
        folders.update(data_prefix or {})
        super().__init__(
            data_root=data_root,
            data_prefix=folders,
            ignore_index=ignore_index,
            **chosen,
            **kwargs,
        )

    def get_label_mapping(self, new_classes: Sequence[str] | None = None) -> tuple[dict, dict, tuple]:
        """Label of every raw id, name of every label, raw ids of every class.

        The stock rule refuses names that are not the benchmark's.
        """
        labels = self.choice.label_of_id(self.ignore_index)
        return labels, dict(enumerate(self.choice.names)), self.choice.ids

    def get_seg_label_mapping(self, metainfo: dict | None = None) -> np.ndarray:
        """Table from raw id to class, with ``ignore_index`` elsewhere and in the last row, that of -1.

        The stock table ignores a choice of classes and gives ``len(classes)`` to all others.
        """
        return self.choice.table(self.ignore_index)

    def parse_data_info(self, info: dict) -> dict:
        """Complete the paths of an info entry, that of the normals among them.

        ``normals_path`` defaults to the name of the point file.
        """
        normals = info.get('normals_path', info['lidar_points']['lidar_path'])
        info['normals_path'] = osp.join(self.data_prefix['normals'], normals)
        return super().parse_data_info(info)


@DATASETS.register_module()
class CustomSegDataset(WholeSceneDataset):
    """One's own scans for segmentation, such as ``prepare_custom`` writes them.

    Classes, colours and ids are those of the (first) info file's metainfo (``classes``, ``palette``,
    ``seg_valid_class_ids``, ``seg_all_class_ids``); the config's ``metainfo`` chooses among them or replaces
    them, as in :func:`choose_classes`. Arguments are those of ``WholeSceneDataset``.

    Raises:
        ValueError: If neither the config nor the info file names the classes.
    """

    @classmethod
    def known_classes(cls, ann_files: Sequence[str]) -> Mapping[str, Any]:
        """The metainfo of the first info file."""
        return read_info_file(ann_files[0])['metainfo']


@DATASETS.register_module()
class S3DISWholeSceneDataset(WholeSceneDataset):
    """Rooms of S3DIS with 13 classes; id 13 ('stairs') may occur in masks and is ignored."""

    METAINFO = segmentation_metainfo(S3DIS, num_raw_ids=14)


@DATASETS.register_module()
class ScanNetWholeSceneDataset(WholeSceneDataset):
    """Scans of ScanNet with 20 classes out of the ids of NYU40."""

    METAINFO = segmentation_metainfo(SCANNET, num_raw_ids=41)


@DATASETS.register_module()
class ScanNet200WholeSceneDataset(WholeSceneDataset):
    """Scans of ScanNet with the 200 classes of ScanNet200 out of the ids of its raw categories.

    Info files and scans are those of ScanNet; the masks lie in a folder of their own, named by the key
    ``pts_semantic_mask200_path``. A scan without that key has no labels, as those of the test split.

    Source: arXiv 2204.07761.
    """

    METAINFO = dict(
        **segmentation_metainfo(SCANNET200, num_raw_ids=1358),  # ids of scannetv2-labels.combined.tsv
        class_groups=SCANNET200_GROUPS,
    )
    SEMANTIC_FOLDER = 'semantic_mask200'

    def parse_data_info(self, info: dict) -> dict:
        """Let the masks of 200 classes stand where the stock code looks for masks."""
        info.pop('pts_semantic_mask_path', None)
        if 'pts_semantic_mask200_path' in info:
            info['pts_semantic_mask_path'] = info.pop('pts_semantic_mask200_path')
        return super().parse_data_info(info)


@DATASETS.register_module()
class Structured3DDataset(WholeSceneDataset):
    """Rooms of Structured3D with 25 classes out of the ids of NYU40.

    Source: arXiv 2304.06906, pretraining task; ids of the class list as in Uni3DScenes.
    """

    METAINFO = segmentation_metainfo(STRUCTURED3D, num_raw_ids=41)
