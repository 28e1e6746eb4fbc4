import pytest
import torch
from mmdet3d.registry import MODELS

import swin3d_mmdet3d  # noqa: F401


def test_activations_are_salient_by_their_root_mean_square_and_add_up_to_1():
    maps = torch.rand(2, 3, 8, 8), torch.randn(2, 5, 4, 4)
    kept, saliency = MODELS.build(dict(type='ActivationSaliency'))(maps)
    assert all(one is other for one, other in zip(kept, maps)) and saliency.shape == (2, 1, 4, 4)
    norm = [
        [sum(float(maps[1][1, c, v, u]) ** 2 for c in range(5)) ** 0.5 for u in range(4)] for v in range(4)
    ]
    assert float(saliency[1, 0, 2, 3]) == pytest.approx(norm[2][3] / sum(map(sum, norm)))


def test_an_image_without_activations_has_no_saliency():
    _, saliency = MODELS.build(dict(type='ActivationSaliency'))([torch.zeros(1, 3, 2, 2)])
    assert bool((saliency == 0).all())


def test_an_attention_map_is_taken_off_the_features():
    maps = torch.rand(2, 3, 8, 8), torch.rand(2, 1, 8, 8)
    kept, saliency = MODELS.build(dict(type='AttentionSaliency'))(maps)
    assert len(kept) == 1 and kept[0] is maps[0] and saliency is maps[1]


@pytest.mark.parametrize('maps', [[torch.rand(1, 1, 2, 2)], [torch.rand(1, 3, 2, 2), torch.rand(1, 4, 2, 2)]])
def test_maps_without_an_attention_map_are_refused(maps):
    with pytest.raises(ValueError, match=r'maps must end with a saliency of one channel, got channels \['):
        MODELS.build(dict(type='AttentionSaliency'))(maps)
