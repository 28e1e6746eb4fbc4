"""A bug report says which back-ends of each op can run, and why the others cannot."""

from swin3d_ops import available_backends
from swin3d_ops.op import declared

from swin3d_mmdet3d.tools.collect_env import collect, main


def test_every_op_and_back_end_is_told_with_its_reason():
    found = collect()
    for op in declared():
        for name, reason in available_backends(op).items():
            told = found[f'{op}: {name}']
            assert told == 'can run' if reason is None else reason in told
    assert found['mmdet3d'].startswith('1.4') and 'PyTorch' in found


def test_it_is_printed_a_line_each(capsys):
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(': ' in line for line in lines) and len(lines) == len(collect())
