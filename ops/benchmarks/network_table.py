"""Table of the whole network: Swin3D-S by back-end on the room and on the real scan."""

from __future__ import annotations

import logging

from timing import in_fresh_process

logger = logging.getLogger('benchmark')

BACKENDS = {
    'auto': 'cpu kernels',
    'torch': 'torch',
    'products': 'explicit pairs (table products), brute-force neighbours',
}
CASES = (('room', 'forward'), ('scan', 'forward'), ('scan', 'training'))


def network() -> None:
    """Log forward passes and a training step, each back-end in a fresh process, one thread."""
    logger.info('\nSwin3D-S (signals xyz, rgb), voxels of 2 cm, CPU seconds')
    logger.info('| cloud | voxels | pass | back-end | s | times the kernels | peak GiB |')
    logger.info('|---|---|---|---|---|---|---|')
    for cloud, which in CASES:
        own = None
        for backend, name in BACKENDS.items():
            case = in_fresh_process('network_case.py', backend, cloud, which)
            if 'error' in case:
                logger.info('| %s | | %s | %s | %s | | |', cloud, which, name, case['error'])
                continue
            own = own or case['seconds']
            numbers = case['seconds'], case['seconds'] / own, case['peak'] / 1024
            logger.info(
                '| %s | %d | %s | %s | %.2f | %.1f | %.2f |', cloud, case['voxels'], which, name, *numbers
            )
