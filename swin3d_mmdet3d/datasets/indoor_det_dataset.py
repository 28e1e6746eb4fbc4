"""Detection data sets of indoor scenes, with the benchmarks' classes or one's own."""

from __future__ import annotations

import os.path as osp
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmdet3d.datasets import Det3DDataset, S3DISDataset, ScanNetDataset, SUNRGBDDataset
from mmdet3d.registry import DATASETS
from mmdet3d.structures import DepthInstance3DBoxes

from .class_lists import NYU40_COLORS, S3DIS_BOXES, SCANNET_BOXES
from .layout.infos import read_info_file, scene_name
from .scene_infos import SceneInfos

NO_CLASS = -1  # what mmdet3d calls a box of no chosen class


class IndoorDetDataset(SceneInfos, Det3DDataset):
    """Scenes with boxes, in depth coordinates (z up, metres).

    mmdet3d's classes for ScanNet and S3DIS refuse other class names than the benchmark's, label the masks of
    a choice of classes by the whole list, and cannot do without masks. Here a box's class is found by its
    name: ``bbox_label_3d`` counts in the ``categories`` of the info file's metainfo. Boxes have 6 numbers,
    or 7 with a yaw.

    Args:
        data_root: Folder of the data set.
        ann_file: Info file below ``data_root``, or several.
        metainfo: ``classes`` chooses among the benchmark's, all by default, or names one's own, which then
            must be categories of the info files; colours and the ids of masks as in
            :func:`choose_classes`.
        data_prefix: Folders of the points, masks and normals.
        modality: As in mmdet3d.
        box_type_3d: As in mmdet3d.
        kwargs: Arguments of mmdet3d's ``Det3DDataset``.

    Raises:
        ValueError: Naming the file (and scene), if a file is missing or truncated, no box class is named, or
            a class is no category of an info file.
    """

    def __init__(
        self,
        data_root: str | None = None,
        ann_file: str | Sequence[str] = '',
        metainfo: dict | None = None,
        data_prefix: dict | None = None,
        modality: dict | None = None,
        box_type_3d: str = 'Depth',
        **kwargs: Any,
    ) -> None:
        chosen = self._choose(ann_file, data_root, metainfo)
        self.seg_label_mapping = self.choice.table(len(self.choice.names))
        # The stock constructor looks the chosen classes up here.
        self.METAINFO = {**self.METAINFO, 'classes': self.choice.names}
        chosen['metainfo']['seg_label_mapping'] = self.seg_label_mapping
        folders = dict(pts='points', pts_instance_mask='instance_mask', pts_semantic_mask='semantic_mask')
        folders.update({'normals': 'normals', **(data_prefix or {})})
        super().__init__(
            data_root=data_root,
            data_prefix=folders,
            modality=modality or dict(use_camera=False, use_lidar=True),
            box_type_3d=box_type_3d,
            **chosen,
            **kwargs,
        )

    def parse_data_info(self, info: dict) -> dict:
        """Complete the paths of an info entry and its boxes; masks and normals may be missing."""
        info['axis_align_matrix'] = np.array(info.get('axis_align_matrix', np.eye(4)))
        for kind in ('pts_instance_mask', 'pts_semantic_mask', 'normals'):
            if f'{kind}_path' in info:
                info[f'{kind}_path'] = osp.join(self.data_prefix[kind], info[f'{kind}_path'])
        info['seg_label_mapping'] = self.seg_label_mapping
        return super().parse_data_info(info)

    def parse_ann_info(self, info: dict) -> dict:
        """Boxes and labels of an entry; of a scene to be tested without boxes, nothing.

        Raises:
            ValueError: Naming scene and file, for a scene to train on without ``instances``, and for a
                label that is no category.
        """
        scene = f'scene {scene_name(info)} of {self.ann_file}'
        if 'instances' not in info:
            if self.test_mode:
                return {}
            raise ValueError(
                f'{scene}: instances must list the boxes to train on, got none; '
                'an empty list stands for a scene without objects'
            )
        for instance in info['instances']:
            if instance.get('bbox_label_3d') not in self.label_mapping:
                raise ValueError(
                    f'{scene}: bbox_label_3d must be one of the categories {sorted(self.label_mapping)}, '
                    f'got {instance.get("bbox_label_3d")!r}'
                )
        found = super().parse_ann_info(info)
        if found is None:
            found = dict(gt_bboxes_3d=np.zeros((0, 6), np.float32), gt_labels_3d=np.zeros(0, np.int64))
        found = self._remove_dontcare(found)
        boxes = found['gt_bboxes_3d']
        found['gt_bboxes_3d'] = DepthInstance3DBoxes(
            boxes, box_dim=boxes.shape[-1], with_yaw=boxes.shape[-1] > 6, origin=(0.5, 0.5, 0.5)
        ).convert_to(self.box_mode_3d)
        return found

    def open_info_file(self, ann_file: str, metainfo: Mapping[str, Any]) -> None:
        """Set ``label_mapping`` for an info file: category of a box to its label."""
        names = self.choice.names
        categories = _categories(metainfo, type(self).METAINFO)
        missing = [name for name in names if name not in categories]
        if missing:
            raise ValueError(
                f'info file {ann_file}: classes must be among its categories {list(categories)}, '
                f'got {", ".join(missing)}'
            )
        self.label_mapping = {NO_CLASS: NO_CLASS}
        self.label_mapping.update(
            {number: names.index(name) if name in names else NO_CLASS for name, number in categories.items()}
        )


def _categories(metainfo: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, int]:
    """Name to number of the box classes of an info file; the benchmark's order where it states none."""
    stated = metainfo.get('categories')
    return dict(stated) if stated else {name: number for number, name in enumerate(known.get('classes', ()))}


# The NYU40 ids of SUN RGB-D's classes, from bed to bathtub.
SUNRGBD_NYU40 = (4, 7, 6, 5, 33, 14, 17, 32, 10, 36)


@DATASETS.register_module()
class ScanNetDetDataset(IndoorDetDataset):
    """Scans of ScanNet with boxes of 18 classes; arguments are those of ``IndoorDetDataset``."""

    METAINFO = {**ScanNetDataset.METAINFO, 'palette': list(SCANNET_BOXES.palette)}


@DATASETS.register_module()
class S3DISDetDataset(IndoorDetDataset):
    """Rooms of S3DIS with boxes of 5 classes; arguments are those of ``IndoorDetDataset``."""

    METAINFO = {**S3DISDataset.METAINFO, 'palette': list(S3DIS_BOXES.palette)}


@DATASETS.register_module()
class SUNRGBDDetDataset(IndoorDetDataset):
    """Views of SUN RGB-D with boxes of 10 classes, which have a yaw; there are no masks.

    Arguments are those of ``IndoorDetDataset``. Colours in its files are 0 .. 1.
    """

    METAINFO = {**SUNRGBDDataset.METAINFO, 'palette': [NYU40_COLORS[i] for i in SUNRGBD_NYU40]}


@DATASETS.register_module()
class CustomDetDataset(IndoorDetDataset):
    """One's own scans with boxes, such as ``prepare_custom`` writes them.

    The box classes are the ``categories`` of the (first) info file; the config's ``metainfo`` chooses among
    them. Colours and mask ids of classes that the file's ``classes`` name too are those. Arguments are those
    of ``IndoorDetDataset``.
    """

    @classmethod
    def known_classes(cls, ann_files: Sequence[str]) -> Mapping[str, Any]:
        """The categories of the first info file."""
        metainfo = read_info_file(ann_files[0])['metainfo']
        categories = metainfo.get('categories') or {}
        names = tuple(sorted(categories, key=categories.get))
        known: dict[str, Any] = dict(classes=names)
        segmented = metainfo.get('classes', ())
        if names and set(names) <= set(segmented):
            rows = [segmented.index(name) for name in names]
            for key in ('palette', 'seg_valid_class_ids'):
                if key in metainfo:
                    known[key] = tuple(metainfo[key][row] for row in rows)
            if 'seg_all_class_ids' in metainfo:
                known['seg_all_class_ids'] = metainfo['seg_all_class_ids']
        return known
