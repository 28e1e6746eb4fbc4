"""Language-guided heads against their formula, and the vocabulary against the label orders."""

import numpy as np
import pytest
import torch

from swin3d_mmdet3d.datasets import S3DIS, SCANNET, STRUCTURED3D
from swin3d_mmdet3d.datasets.scannet200 import SCANNET200
from swin3d_mmdet3d.language.text_table import TextTable, load_text_table, save_text_table
from swin3d_mmdet3d.language.vocabulary import INDOOR_CLASSES, INDOOR_NAMES
from swin3d_mmdet3d.models import DecoupledHead, LanguageAlignedHead, UnionHead
from swin3d_mmdet3d.structures import Prompt, SparseVoxels


def voxels(num, condition):
    coords = torch.zeros(num, 4, dtype=torch.int64)
    coords[:, 1] = torch.arange(num)
    return SparseVoxels(coords, 1, prompt=None if condition is None else Prompt(condition))


@pytest.fixture
def table_file(tmp_path):
    table = TextTable(('wall', 'floor', 'chair', 'lamp'), torch.randn(4, 5), 'random')
    save_text_table(table, tmp_path / 'table.npz')
    return str(tmp_path / 'table.npz')


def test_logits_are_scaled_cosines_with_the_names_in_label_order(table_file):
    names = dict(a=['chair', 'wall'], b=['floor', 'lamp', 'chair'])
    head = LanguageAlignedHead(6, table_file, names, logit_scale=10.0)
    feats = torch.randn(7, 6)
    table = load_text_table(table_file)
    for condition, spelled in names.items():
        aligned = feats @ head.projection.weight.t() + head.projection.bias
        text = torch.stack([table.vectors[table.names.index(name)] for name in spelled])
        cosine = torch.nn.functional.cosine_similarity(aligned[:, None], text[None], dim=2)
        torch.testing.assert_close(head(feats, voxels(7, condition)), 10 * cosine)


def test_texts_are_frozen_and_travel_with_the_checkpoint(table_file):
    head = LanguageAlignedHead(6, table_file, dict(a=['chair', 'wall']))
    assert {name for name, _ in head.named_parameters()} == {'projection.weight', 'projection.bias'}
    assert 'texts.a' in head.state_dict()


@pytest.mark.parametrize('condition', [None, 'c'])
def test_unknown_condition_is_refused(table_file, condition):
    head = LanguageAlignedHead(6, table_file, dict(a=['chair', 'wall']))
    with pytest.raises(ValueError, match="condition of the voxels must be one of .'a',."):
        head(torch.randn(2, 6), voxels(2, condition))


def test_labels_beyond_the_classes_of_the_condition_are_refused(table_file):
    head = LanguageAlignedHead(6, table_file, dict(a=['chair', 'wall'], b=['wall', 'floor', 'lamp']))
    labels = torch.tensor([0, 2, 255])
    assert head.loss(torch.randn(3, 6), voxels(3, 'b'), labels)['loss_seg'].isfinite()
    with pytest.raises(ValueError, match=r'labels must be 0 .. 1 or ignore_index 255, got \[2\]'):
        head.loss(torch.randn(3, 6), voxels(3, 'a'), labels)


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        (dict(a=['chair', 'sofa']), r"must be in the text table of random, got \['sofa'\]"),
        (dict(a=['chair', 'chair']), r"distinct, got \['chair'\] twice"),
        (dict(a='Matterport'), 'must be a list or one of'),
    ],
)
def test_wrong_class_names_are_refused_by_name(table_file, names, message):
    with pytest.raises(ValueError, match=message):
        LanguageAlignedHead(6, table_file, names)


@pytest.mark.parametrize(
    ('vectors', 'names', 'message'),
    [
        (torch.randn(3, 5), ('a', 'b'), 'one row for each of 2 names'),
        (torch.randn(2), ('a', 'b'), 'one row for each'),
        (torch.tensor([[1.0, 0], [0, 0]]), ('a', 'b'), 'finite and not zero'),
        (torch.tensor([[1.0, 0], [0, float('nan')]]), ('a', 'b'), 'finite and not zero'),
        (torch.randn(2, 5), ('a', 'a'), r"distinct, at least one, got \['a'\]"),
    ],
)
def test_wrong_tables_are_refused(vectors, names, message):
    with pytest.raises(ValueError, match=message):
        TextTable(names, vectors, 'test')


def test_table_survives_its_file_and_missing_entries_are_named(tmp_path):
    table = TextTable(('a', 'b'), torch.randn(2, 5), 'encoder, template')
    save_text_table(table, tmp_path / 'table.npz')
    again = load_text_table(tmp_path / 'table.npz')
    assert (again.names, again.encoder) == (table.names, table.encoder)
    assert torch.equal(again.vectors, table.vectors)
    np.savez(tmp_path / 'bare.npz', names=np.array(['a']))
    with pytest.raises(ValueError, match='encoder.*vectors'):
        load_text_table(tmp_path / 'bare.npz')
    with pytest.raises(FileNotFoundError, match='indoor36_all-minilm-l6-v2.npz'):
        load_text_table('no-such-table.npz')


def test_the_shipped_table_knows_what_words_mean():
    table = load_text_table('indoor36_all-minilm-l6-v2.npz')
    assert table.names == INDOOR_NAMES
    cosine = table.vectors @ table.vectors.t()
    at = {name: row for row, name in enumerate(table.names)}
    for name, near, far in [('chair', 'sofa', 'column'), ('bookcase', 'bookshelf', 'toilet')]:
        assert cosine[at[name], at[near]] > cosine[at[name], at[far]] + 0.2


def test_the_shipped_table_of_scannet200_has_its_names_in_label_order_and_their_meanings():
    table = load_text_table('scannet200_all-minilm-l6-v2.npz')
    assert table.names == INDOOR_CLASSES['ScanNet200'] == SCANNET200.names and len(table.names) == 200
    cosine = table.vectors @ table.vectors.t()
    at = {name: row for row, name in enumerate(table.names)}
    for name, near, far in [
        ('trash can', 'recycling bin', 'guitar'),
        ('couch', 'sofa chair', 'calendar'),
    ]:
        assert cosine[at[name], at[near]] > cosine[at[name], at[far]] + 0.2
    # one encoder, one template: names of both tables have one vector
    indoor = load_text_table('indoor36_all-minilm-l6-v2.npz')
    both = [name for name in indoor.names if name in at]
    assert len(both) == 26 and table.encoder == indoor.encoder
    torch.testing.assert_close(table.vectors[table.rows(both)], indoor.vectors[indoor.rows(both)])


def test_vocabulary_has_every_class_in_label_order():
    assert len(set(INDOOR_NAMES)) == 36
    shared = [name for name in INDOOR_CLASSES if name != 'ScanNet200']
    index = {name: [INDOOR_NAMES.index(n) for n in INDOOR_CLASSES[name]] for name in shared}
    # valid indices of the released code, whose S3DIS is in vocabulary instead of label order
    assert index['Structured3D'] == [*range(9), 11, *range(13, 22), 23, 25, 26, 33, 34, 35]
    assert index['ScanNet'] == [*range(10), 11, 12, 13, 15, 20, 22, 24, 25, 27, 34]
    assert index['S3DIS'] == [19, 1, 0, 30, 31, 8, 7, 6, 4, 5, 10, 29, 32]
    assert index['S3DIS-released'] == sorted(index['S3DIS'])
    assert INDOOR_CLASSES['S3DIS'] == S3DIS.names
    assert INDOOR_CLASSES['Structured3D'] == STRUCTURED3D.names
    assert [n.replace('showercurtrain', 'shower curtain') for n in SCANNET.names] == list(
        INDOOR_CLASSES['ScanNet']
    )


def test_decoupled_heads_share_nothing():
    head = DecoupledHead(6, dict(a=2, b=3))
    feats = torch.randn(4, 6)
    torch.testing.assert_close(
        head(feats, voxels(4, 'b')), feats @ head.classifiers['b'].weight.t() + head.classifiers['b'].bias
    )
    head(feats, voxels(4, 'a')).sum().backward()
    assert head.classifiers['b'].weight.grad is None
    with pytest.raises(ValueError, match='num_classes of a must be at least 1'):
        DecoupledHead(6, dict(a=0))


MERGED = dict(a=['bed', 'clutter'], b=['lamp', 'bed', 'wall'])


def test_names_of_all_data_sets_compete_in_the_loss_of_the_union_and_the_own_ones_in_its_predictions():
    head = UnionHead(6, MERGED)
    assert head.names == ('bed', 'clutter', 'lamp', 'wall')
    feats, labels = torch.randn(5, 6), torch.tensor([2, 255, 0, 1, 1])
    logits = feats @ head.classifier.weight.t() + head.classifier.bias
    torch.testing.assert_close(head(feats, voxels(5, 'b')), logits[:, [2, 0, 3]])
    torch.testing.assert_close(head(feats, voxels(5, 'a')), logits[:, [0, 1]])
    # by hand: labels 2, 0, 1, 1 of b are wall, lamp, bed and bed of the union
    known = torch.tensor([0, 2, 3, 4])
    expected = (logits[known].logsumexp(1) - logits[known, torch.tensor([3, 2, 0, 0])]).mean()
    torch.testing.assert_close(head.loss(feats, voxels(5, 'b'), labels)['loss_seg'], expected)
    nothing = torch.full((5,), 255)
    assert head.loss(feats, voxels(5, 'b'), nothing)['loss_seg'] == 0
    assert set(head.state_dict()) == {'classifier.weight', 'classifier.bias'}


def test_union_refuses_labels_and_names_that_do_not_fit():
    head = UnionHead(6, MERGED)
    for label in (2, -1):
        with pytest.raises(ValueError, match=rf'labels must be 0 .. 1 or ignore_index 255, got \[{label}\]'):
            head.loss(torch.randn(2, 6), voxels(2, 'a'), torch.tensor([label, 0]))
    with pytest.raises(ValueError, match='class_names of a must be distinct'):
        UnionHead(6, dict(a=['bed', 'bed']))
    with pytest.raises(ValueError, match='at most ignore_index 3, got 4'):
        UnionHead(6, MERGED, ignore_index=3)
    with pytest.raises(ValueError, match='at least one name'):
        UnionHead(6, {})
