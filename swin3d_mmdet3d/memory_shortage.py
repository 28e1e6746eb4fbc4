"""Want of memory, told in one sentence with what needs less."""

from __future__ import annotations

import re

_NO_MEMORY = re.compile(r"out of memory|can't allocate memory")
CURES = (
    'fewer workers, a smaller batch_size, scans cut into parts, and for a segmentor a smaller chunk_size '
    "(--chunk-size of predict, model.test_cfg=dict(mode='chunks', chunk_size=2.0)) need less"
)


def memory_shortage(error: BaseException) -> str | None:
    """One line that says whose memory ran out and what needs less; None for an error of another kind."""
    text = ' '.join(str(error).split())
    if not isinstance(error, MemoryError) and not _NO_MEMORY.search(text):
        return None
    where = 'the GPU' if 'CUDA' in text else 'the machine'
    return f'{where} has too little memory: {text.split(". ")[0] or "out of memory"}; {CURES}'
