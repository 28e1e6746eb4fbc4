"""Damaged arrays of NumPy's formats are refused by name, or read as arrays of numbers and texts."""

import random
from collections import Counter

import numpy as np
import pytest
import torch
from address_space import little_address_space
from hostile_files import damages

from swin3d_mmdet3d.array_files import read_npy_file, read_npz_file
from swin3d_mmdet3d.language.text_table import TextTable, load_text_table, save_text_table


@pytest.mark.filterwarnings('ignore')
def test_damaged_text_tables_are_refused_by_name(tmp_path):
    path = tmp_path / 'table.npz'
    save_text_table(TextTable(('a', 'b'), torch.randn(2, 5), 'encoder'), path)
    whole, ends = path.read_bytes(), Counter()
    for data in damages(whole, random.Random(0), 300):
        path.write_bytes(data)
        try:
            with little_address_space(1 << 30):
                load_text_table(path)
            ends['read'] += 1
        except ValueError as error:
            assert str(path) in str(error)
            ends['refused'] += 1
    assert ends['refused'] > 100


def test_pickled_arrays_are_refused(tmp_path):
    array = np.array([1, 'a'], object)
    np.save(tmp_path / 'a.npy', array)
    np.savez(tmp_path / 'a.npz', a=array)
    with pytest.raises(ValueError, match='expected an array of numbers or texts'):
        read_npy_file(tmp_path / 'a.npy')
    with pytest.raises(ValueError, match='expected an array of numbers or texts'):
        read_npz_file(tmp_path / 'a.npz', ['a'])


def test_arrays_come_back_as_they_were_and_missing_ones_are_named(tmp_path):
    arrays = dict(a=np.arange(6.0).reshape(2, 3), b=np.array(['x', 'yz']), c=np.asfortranarray(np.eye(3)))
    np.savez_compressed(tmp_path / 'a.npz', **arrays)
    got = read_npz_file(tmp_path / 'a.npz', ['c', 'a'])
    assert [*got] == ['c', 'a']
    for name, array in got.items():
        np.testing.assert_array_equal(array, arrays[name], strict=True)
    with pytest.raises(ValueError, match='it has no d, e'):
        read_npz_file(tmp_path / 'a.npz', ['a', 'd', 'e'])


@pytest.mark.parametrize('order', '<>')
def test_texts_of_numbers_that_are_no_characters_are_refused(order, tmp_path):
    codes = np.array([[0x61, 0x10FFFF]], f'{order}u4')
    np.save(tmp_path / 'a.npy', codes.view(f'{order}U2'))
    assert read_npy_file(tmp_path / 'a.npy').item() == 'a\U0010ffff'
    for code in (0x110000, 2**32 - 1, 0xD800, 0xDFFF):
        codes[0, 1] = code
        for texts in (codes.view(f'{order}U2'), codes.view([('x', f'{order}U2')])):
            np.save(tmp_path / 'a.npy', texts)
            with pytest.raises(ValueError, match='a text holds numbers that are no characters'):
                read_npy_file(tmp_path / 'a.npy')
