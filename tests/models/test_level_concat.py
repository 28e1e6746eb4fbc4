"""The concatenation of levels: each voxel has the features of the coarse voxels around it."""

import pytest
import torch

from swin3d_mmdet3d.models import LevelConcat
from swin3d_mmdet3d.models.encoding import encode_levels
from swin3d_mmdet3d.structures import SparseVoxels


def pyramid(seed=0, batch=2, num=200):
    """Levels of strides 1, 3, 6 and 12 with random features, at negative places too."""
    generator = torch.Generator().manual_seed(seed)
    coords = torch.randint(-20, 20, (num, 4), generator=generator)
    coords[:, 0] = torch.randint(0, batch, (num,), generator=generator)
    coords = coords.unique(dim=0)
    signals = {'xyz': coords[:, 1:].float()}
    voxels = SparseVoxels(coords=coords, batch_size=batch, voxel_size=0.1, signals=signals)
    levels = []
    for width, factor in ((2, None), (3, 3), (4, 2), (5, 2)):
        voxels = voxels if factor is None else voxels.downsample(factor)[0]
        levels.append((torch.randn(len(voxels), width, generator=generator), voxels))
    return levels


def by_hand(levels):
    """One voxel after another, one cell after another."""
    fine = levels[0][1]
    rows = []
    for corner in fine.coords.tolist():
        columns = []
        for feats, cells in levels:
            (row,) = [
                i
                for i, cell in enumerate(cells.coords.tolist())
                if cell[0] == corner[0]
                and all(0 <= x - c < cells.stride for x, c in zip(corner[1:], cell[1:]))
            ]
            columns.append(feats[row])
        rows.append(torch.cat(columns))
    return torch.stack(rows)


@pytest.mark.parametrize('chosen', [None, (0, 1, 2, 3), (0, 3), (1, 2), (2,)])
def test_each_voxel_has_the_features_of_the_cells_that_hold_it(chosen):
    levels = pyramid()
    feats, voxels = LevelConcat(chosen)(levels)
    used = levels if chosen is None else [levels[i] for i in chosen]
    assert voxels is used[0][1]
    torch.testing.assert_close(feats, by_hand(used), rtol=0, atol=0)


def test_one_voxel_and_one_level_pass_through():
    levels = pyramid(num=1)
    feats, voxels = LevelConcat()(levels)
    assert feats.shape == (1, 14) and len(voxels) == 1
    torch.testing.assert_close(LevelConcat()(levels[:1])[0], levels[0][0])


def test_gradient_of_a_coarse_voxel_is_the_sum_over_its_voxels():
    levels = pyramid()
    coarse = levels[3][0].requires_grad_()
    LevelConcat()(levels)[0].sum().backward()
    counts = torch.zeros(len(coarse))
    _, parent = levels[2][1].downsample(2)
    below = torch.zeros(len(levels[2][0]))
    _, middle = levels[1][1].downsample(2)
    finest = levels[0][1].downsample(3)[1]
    below.index_add_(0, middle[finest], torch.ones(len(finest)))
    counts.index_add_(0, parent, below)
    torch.testing.assert_close(coarse.grad, counts[:, None].expand(-1, 5))


def test_levels_that_do_not_nest_are_refused():
    levels = pyramid()
    cells = levels[1][1]
    levels[1] = (levels[1][0][1:], cells.select(torch.arange(1, len(cells))))
    with pytest.raises(ValueError, match='levels must be nested: .* lie in no voxel of stride 3'):
        LevelConcat()(levels)


@pytest.mark.parametrize('levels', [(), (1, 0), (0, 0), (-1, 0)])
def test_other_than_ascending_levels_are_refused(levels):
    with pytest.raises(ValueError, match='levels must be ascending numbers of levels'):
        LevelConcat(levels)


def test_levels_that_are_not_there_are_refused():
    with pytest.raises(ValueError, match='levels must hold a level 4, got 4 levels'):
        LevelConcat((0, 4))(pyramid())
    for chosen in ((1, 2), (0,)):
        with pytest.raises(ValueError, match='chunks need levels that begin with 0 and a coarser one'):
            LevelConcat(chosen).decode_coarse(pyramid())


def test_it_is_the_one_level_of_a_decoder_that_models_read():
    levels = pyramid()
    found = encode_levels(lambda *_: tuple(levels), LevelConcat(), *levels[0])
    assert found.names == ('encoder.0', 'encoder.1', 'encoder.2', 'encoder.3', 'decoder.0')
    torch.testing.assert_close(found.finest[0], LevelConcat()(levels)[0], rtol=0, atol=0)
