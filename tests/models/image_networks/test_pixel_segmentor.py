import pytest
import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import Det3DDataSample, PointData
from tiny_pretraining import TinyImageBackbone, random_batch  # noqa: F401  registers it

import swin3d_mmdet3d  # noqa: F401


def build(**changes):
    config = dict(
        type='PixelSegmentor',
        data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=0.2),
        image=dict(type='ImageEncoder', backbone=dict(type='TinyImageBackbone'), out_indices=(0, 1)),
        decode_head=dict(type='LinearProbeHead', in_channels=20, num_classes=4),
    )
    torch.manual_seed(0)
    return MODELS.build({**config, **changes})


def batch(**options):
    view = random_batch(**options)['inputs']['views'][0]
    samples = []
    for number, points in enumerate(view['points']):
        sample = Det3DDataSample(metainfo=dict(lidar_path=f'scan{number}'))
        labels = torch.arange(len(points)) % 4
        sample.gt_pts_seg = PointData(pts_semantic_mask=labels)
        samples.append(sample)
    return dict(inputs=view, data_samples=samples)


def given(model, data, training=True):
    return model.data_preprocessor(data, training)


def test_a_pixel_has_the_features_of_all_maps_and_the_label_of_the_voxel_it_shows():
    model = build().train()
    data = given(model, batch())
    view, seen = data['inputs']['view'], {}
    model.decode_head.loss = lambda feats, voxels, labels: seen.update(feats=feats, labels=labels) or {}
    model(**data, mode='loss')
    truth = torch.cat([sample.gt_pts_seg.pts_semantic_mask for sample in data['data_samples']])
    assert seen['feats'].shape == (len(view.matches), 20)
    assert torch.equal(seen['labels'], truth[view.representative][view.matches.voxel])


def test_features_of_a_pixel_head_take_the_place_of_the_maps():
    head = dict(type='PixelProjection', in_channels=[8, 12], out_channels=6)
    model = build(pixel_head=head, decode_head=dict(type='VoxelSegHead', in_channels=6, num_classes=4)).eval()
    data = given(model, batch())
    view = data['inputs']['view']
    expected = model.pixel_head(model.image(view.images), view.matches, view.images.shape[-2:])
    torch.testing.assert_close(model.encode(data['inputs']), expected)


def test_points_have_the_vote_of_their_voxel_or_of_the_nearest_one_that_is_seen():
    model = build().eval()
    data = given(model, batch(num_matches=25), training=False)
    view = data['inputs']['view']
    with torch.no_grad():
        votes = model.vote(model._forward(data['inputs']), view.matches, len(view.voxels))
        predicted = model.predict(data['inputs'], data['data_samples'])
    seen = torch.zeros(len(view.voxels), dtype=torch.bool)
    seen[view.matches.voxel] = True
    place, scene = view.voxels.coords[:, 1:].double(), view.voxels.coords[:, 0]
    assert 10 < int(seen.sum()) < len(seen) - 10
    for sample, (result, rows) in enumerate(zip(predicted, view.point2voxel)):
        label = result.pred_pts_seg.pts_semantic_mask
        assert len(label) == len(view.points[sample])
        for point, row in enumerate(rows.tolist()):
            distance = (place - place[row]).norm(dim=1)
            distance[~seen | (scene != sample)] = torch.inf
            nearest = (distance == distance.min()).nonzero().flatten()
            assert int(label[point]) in votes[nearest].argmax(dim=1).tolist()
            if seen[row]:
                assert nearest.tolist() == [row]


def test_a_scene_that_no_image_shows_is_refused():
    model = build().eval()
    data = batch(num_samples=2)
    for name, values in data['inputs']['per_match'].items():
        data['inputs']['per_match'][name][1] = values[1][:0]
    data = given(model, data, training=False)
    with pytest.raises(ValueError, match='none shows one of scene 1'):
        model.predict(data['inputs'], data['data_samples'])


def test_a_batch_without_a_pixel_has_a_loss_of_0():
    model = build().train()
    losses = model(**given(model, batch(num_matches=0)), mode='loss')
    losses['loss_seg'].backward()
    assert losses['loss_seg'].item() == 0


def test_a_probe_of_frozen_maps_learns_what_pixels_show():
    """Labels that follow from the colour of the images are learnt by the linear layer alone."""
    model = build().train()
    data = batch(num_samples=1, num_images=4, num_matches=400)
    view = data['inputs']
    view['per_image']['images'][0] = torch.arange(4)[:, None, None, None].expand(4, 3, 16, 24).byte() * 60
    image, point = view['per_match']['image'][0], view['per_match']['point'][0]
    data['data_samples'][0].gt_pts_seg.pts_semantic_mask[point] = image
    view['per_match']['image'][0] = data['data_samples'][0].gt_pts_seg.pts_semantic_mask[point]
    data = given(model, data)
    model.image.requires_grad_(False).eval()
    optimiser = torch.optim.Adam(model.decode_head.parameters(), lr=0.1)
    history = []
    for _ in range(40):
        loss = model(**data, mode='loss')['loss_seg']
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append(loss.item())
    assert history[-1] < 0.6 * history[0]
