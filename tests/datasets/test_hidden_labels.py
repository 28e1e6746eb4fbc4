"""Labels that are hidden reach no field that a training learns from."""

import numpy as np
import pytest
import torch
from mmdet3d.registry import TRANSFORMS
from mmengine.dataset import pseudo_collate

from swin3d_mmdet3d.datasets.transforms import HideLabels, MakeViews, PackPretrainInputs, SourceCoords
from swin3d_mmdet3d.structures.normal_points import NormalPoints


def scene(labels=True, count=40):
    points = NormalPoints.from_columns(torch.rand(count, 6))
    mask = dict(pts_semantic_mask=np.arange(count) % 5) if labels else {}
    return dict(points=points, **mask)


def test_hidden_labels_are_kept_aside_and_all_others_are_to_be_learnt():
    results = HideLabels().transform(scene())
    assert (results['pts_semantic_mask'] == 255).all() and results['labels_hidden'] is True
    assert (results['per_point']['hidden_labels'] == np.arange(40) % 5).all()
    results = HideLabels(hidden=False, ignore_index=9).transform(scene())
    assert (results['pts_semantic_mask'] == np.arange(40) % 5).all() and results['labels_hidden'] is False
    assert (results['per_point']['hidden_labels'] == 9).all()


def test_a_scene_without_labels_may_hide_them_and_must_have_those_to_be_learnt():
    results = HideLabels().transform(scene(labels=False))
    assert (results['pts_semantic_mask'] == 255).all()
    assert (results['per_point']['hidden_labels'] == 255).all()
    with pytest.raises(KeyError, match='pts_semantic_mask'):
        HideLabels(hidden=False).transform(scene(labels=False))


def test_labels_follow_their_points_through_crops_and_views_and_make_one_batch():
    thin = [TRANSFORMS.build(dict(type='GridSample', voxel_size=0.3))]
    packed = []
    for hidden in (False, True):
        results = scene()
        results['pts_semantic_mask'] = (1000 * results['points'].coord[:, 0].numpy()).astype(np.int64)
        results = HideLabels(hidden).transform(results)
        results = SourceCoords().transform(results)
        results = MakeViews([[], thin]).transform(results)
        packed.append(PackPretrainInputs(meta_keys=['labels_hidden']).transform(results))
    batch = pseudo_collate(packed)
    assert [sample.metainfo['labels_hidden'] for sample in batch['data_samples']] == [False, True]
    for view in batch['inputs']['views']:
        for sample, name in enumerate(('pts_semantic_mask', 'hidden_labels')):
            mask, points = view['per_point'][name][sample], view['points'][sample]
            assert torch.equal(mask, (1000 * points[:, 0]).long())
            other = 'hidden_labels' if name == 'pts_semantic_mask' else 'pts_semantic_mask'
            assert bool((view['per_point'][other][sample] == 255).all())
    assert len(batch['inputs']['views'][1]['points'][0]) < 40
