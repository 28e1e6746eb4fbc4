"""Safetensors files: written as the format says, read back bit for bit, damaged ones refused."""

import json
import struct

import pytest
import torch

from swin3d_mmdet3d.checkpoints import CheckpointError, read_checkpoint
from swin3d_mmdet3d.checkpoints.safetensors_file import read_safetensors, safetensors_bytes
from swin3d_mmdet3d.checkpoints.writer import write_checkpoint

META = {'parts': ['backbone'], 'sizes': {'depths': [2, 4]}, 'name': 'Stühle'}


def all_kinds():
    torch.manual_seed(0)
    floats = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
    integers = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
    weights = {str(kind): torch.randn(3, 5).to(kind) for kind in floats}
    weights.update({str(kind): torch.randint(0, 100, (7,)).to(kind) for kind in integers})
    return dict(
        weights,
        flags=torch.tensor([True, False, True]),
        scalar=torch.tensor(2.5),
        empty=torch.zeros(0, 4),
        turned=torch.arange(6.0).reshape(2, 3).T,
    )


def by_hand(header, data):
    """The format: a length of 8 bytes, little end first, a JSON header, the bytes."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack('<Q', len(text)) + text + data


def test_a_file_written_by_hand_is_read(tmp_path):
    header = {
        '__metadata__': {'format': 'pt'},
        'b': {'dtype': 'F32', 'shape': [2, 1], 'data_offsets': [2, 10]},
        'a': {'dtype': 'I8', 'shape': [2], 'data_offsets': [0, 2]},
    }
    path = tmp_path / 'a.safetensors'
    path.write_bytes(by_hand(header, b'\x01\xff' + struct.pack('<ff', 1.5, -2.0)))
    weights, meta = read_checkpoint(path)
    assert weights['a'].tolist() == [1, -1] and weights['b'].tolist() == [[1.5], [-2.0]]
    assert [*weights] == ['b', 'a'] and meta == {'format': 'pt'}


def test_every_kind_of_tensor_and_meta_comes_back_bit_for_bit(tmp_path):
    path = tmp_path / 'a.safetensors'
    weights = all_kinds()
    path.write_bytes(safetensors_bytes(weights, META))
    got, meta = read_checkpoint(path)
    assert meta == META and got.keys() == weights.keys()
    for name, tensor in weights.items():
        assert got[name].dtype == tensor.dtype and torch.equal(got[name], tensor), name
    assert [p.name for p in tmp_path.iterdir()] == ['a.safetensors']


def test_tensors_are_aligned_and_leave_no_gap(tmp_path):
    path = tmp_path / 'a.safetensors'
    path.write_bytes(safetensors_bytes(all_kinds(), META))
    data = path.read_bytes()
    (length,) = struct.unpack('<Q', data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop('__metadata__')
    assert length % 8 == 0 and all(isinstance(text, str) for text in metadata.values())
    spans = sorted(entry['data_offsets'] for entry in header.values())
    assert [first for first, _ in spans] == [0, *(last for _, last in spans[:-1])]
    assert spans[-1][1] == len(data) - 8 - length
    sizes = {'F64': 8, 'I64': 8, 'F32': 4, 'I32': 4, 'F16': 2, 'BF16': 2, 'I16': 2}
    for entry in header.values():
        assert entry['data_offsets'][0] % sizes.get(entry['dtype'], 1) == 0


def test_the_package_of_the_format_reads_and_writes_the_same(tmp_path):
    official = pytest.importorskip('safetensors.torch', reason='safetensors is not installed')
    path = tmp_path / 'a.safetensors'
    path.write_bytes(safetensors_bytes(all_kinds(), META))
    for name, tensor in official.load_file(path).items():
        assert torch.equal(tensor, all_kinds()[name]), name
    official.save_file({name: tensor.contiguous() for name, tensor in all_kinds().items()}, path)
    for name, tensor in read_checkpoint(path)[0].items():
        assert torch.equal(tensor, all_kinds()[name]), name


def entry(dtype='U8', shape=(2,), span=(0, 2)):
    return {'dtype': dtype, 'shape': list(shape), 'data_offsets': list(span)}


DAMAGES = {
    'empty': b'',
    'a length alone': struct.pack('<Q', 2**63),
    'a longer header than the file': by_hand(b'{}', b'')[:-1],
    'a header that is a list': by_hand([], b''),
    'a header of nests': by_hand(b'[' * 100_000, b''),
    'a name twice': by_hand(b'{"a":1,"a":2}', b''),
    'a gap': by_hand({'a': entry(span=(1, 3))}, b'abc'),
    'an overlap': by_hand({'a': entry(), 'b': entry(span=(1, 3))}, b'abc'),
    'bytes behind': by_hand({'a': entry()}, b'abc'),
    'too few bytes': by_hand({'a': entry()}, b'a'),
    'another size than the shape': by_hand({'a': entry(shape=(3,))}, b'ab'),
    'a shape below zero': by_hand({'a': entry(shape=(-1, -2))}, b'ab'),
    'a shape of truths': by_hand({'a': {**entry(), 'shape': [True, 2]}}, b'ab'),
    'a terabyte of nothing': by_hand({'a': entry(shape=(0, 2**62, 2**62), span=(0, 0))}, b''),
    'an unknown type': by_hand({'a': entry('Q4')}, b'ab'),
    'a truth that is 2': by_hand({'a': entry('BOOL')}, b'\x01\x02'),
    'texts that are numbers': by_hand({'__metadata__': {'a': 1}, 'a': entry()}, b'ab'),
    'meta that is no JSON': by_hand({'__metadata__': {'meta': '{'}, 'a': entry()}, b'ab'),
    'a pickle': b'\x80\x04N.',
}


@pytest.mark.parametrize('name', DAMAGES)
def test_damaged_files_are_refused_by_name(tmp_path, name):
    path = tmp_path / 'a.safetensors'
    path.write_bytes(DAMAGES[name])
    with pytest.raises(CheckpointError, match='a.safetensors is damaged or no checkpoint: '):
        read_checkpoint(path)


def test_what_the_format_lacks_is_refused_and_nothing_is_written(tmp_path):
    path = tmp_path / 'a.safetensors'
    with pytest.raises(ValueError, match='w is torch.complex64'):
        write_checkpoint(path, dict(state_dict={'w': torch.zeros(2, dtype=torch.complex64)}))
    with pytest.raises(ValueError, match='meta must be of JSON types'):
        write_checkpoint(path, dict(state_dict={'w': torch.zeros(2)}, meta={'a': float('nan')}))
    with pytest.raises(ValueError, match='meta must be of JSON types'):
        write_checkpoint(path, dict(state_dict={'w': torch.zeros(2)}, meta={'a': torch.zeros(2)}))
    assert not [*tmp_path.iterdir()]


def test_tensors_go_where_they_are_told(tmp_path):
    write_checkpoint(tmp_path / 'a.safetensors', {'state_dict': {'w': torch.ones(2)}})
    assert read_safetensors(tmp_path / 'a.safetensors', 'meta')['state_dict']['w'].is_meta
