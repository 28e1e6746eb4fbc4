"""How the CUDA kernels divide the work: lanes, threads and heads of a block, and its shared memory."""

from __future__ import annotations

from dataclasses import dataclass

PASSES = FORWARD, QUERY_GRAD, KEY_GRAD = 'attend_forward', 'attend_query_grad', 'attend_key_grad'
FEWEST_STORED_ROWS = 24
MOST_SHARED = 227 * 1024  # bytes of shared memory that a block asks for
LEAST_SEEN = 0.7  # rows that keys have room for, of those that they meet at most
SLICES = 4  # kSlices
TILE_ROWS = 8  # of a table, which a product of tiles takes
RESERVED = 1024  # bytes that a multiprocessor takes for itself, for each block


@dataclass(frozen=True)
class Shape:
    """What a block takes at a time.

    Attributes:
        lanes: voxels, a multiple of 32.
        groups: threads of a voxel, even.
        heads: neighbouring heads, 1 or 2; threads share the table rows of pairs between them.
        blocks: blocks that a multiprocessor is to hold at a time, with their registers and shared memory.
    """

    lanes: int
    groups: int
    heads: int
    blocks: int

    @property
    def threads(self) -> int:
        """Threads of a block."""
        return self.lanes * self.groups

    def share(self, limit: int) -> int:
        """Return the shared memory of each of the blocks where one alone may have ``limit`` bytes."""
        return (limit + RESERVED) // self.blocks - RESERVED


SMALL_SHAPES = Shape(64, 8, 1, 1), Shape(32, 8, 1, 2), Shape(32, 8, 1, 1), Shape(32, 2, 1, 1)
PAIRED_SHAPE = Shape(64, 8, 2, 1)
PAIRED_CHANNELS = 16  # of two heads, above which the registers of a thread do not hold them
TURNS = (64, 48, 32, 16, 8)  # voxels of the other side at a time, as many as fit


@dataclass(frozen=True)
class Problem:
    """What the size of a block's memory depends on.

    Attributes:
        width: D, channels of a head.
        axes: S, signal columns.
        real, signal: bytes of a sum and of a signal.
        wanted: table rows that a voxel meets at most as a rule.
    """

    width: int
    axes: int
    real: int
    signal: int
    wanted: int


def fours(count: int) -> int:
    """Return the multiple of four that holds ``count``."""
    return -(-count // 4) * 4


def _parts(jobs: int, groups: int) -> int:
    """Return the fours that threads of a lane leave when ``groups`` of them share ``jobs`` fours."""
    return -(-jobs // min(jobs, groups)) * groups


def shared_bytes(kernel: str, shape: Shape, problem: Problem, keys: int, capacity: int, seen: int) -> int:
    """Return the shared memory of a block, the twin of ``divide``.

    Args:
        kernel: One of the three passes.
        shape: What a block takes.
        problem: Sizes of the problem.
        keys: Voxels of the other side in a turn.
        capacity: Stored rows of a lane.
        seen: Projections of keys on rows that a block keeps.
    """
    turn, last, item = _parts_of_memory(kernel, shape, problem, keys, capacity, seen)
    return max(turn, last) + item


def _parts_of_memory(kernel, shape, problem, keys: int, capacity: int, seen: int) -> tuple[int, int, int]:
    """Return the bytes of a turn, of the sums at the end, which take its place, and of an item."""
    lanes, heads, real = shape.lanes, shape.heads, problem.real
    forward, query = kernel == FORWARD, kernel == QUERY_GRAD
    channels = heads * fours(problem.width)
    vector, axis_stride = channels + 4, fours(max(problem.axes, 1))
    split = max(8, real)  # bytes of a number as products of tiles read it
    in_lane, in_key = (heads * (2 if double else 1) for double in (query, kernel == KEY_GRAD))
    pairs = keys * lanes * heads * (1 if forward else 2) * real
    parts = [_parts(channels // 4 * (2 if kernel == KEY_GRAD else 1), shape.groups) * lanes * 4 * real]
    parts += [shape.groups // 2 * lanes * vector * real, heads * shape.threads * real * forward]
    queries = 0 if forward else lanes if query else keys
    of_a_turn = [
        capacity * lanes * in_lane * real, seen * in_key * real, pairs,
        keys * vector * real, keys * vector * real,
        keys * vector * split * (real == 4), keys * vector * split * (real == 4 and kernel == KEY_GRAD),
        keys * axis_stride * problem.signal, keys * axis_stride * 4, keys * axis_stride * 4,
    ]  # fmt: skip
    of_an_item = [
        lanes * vector * split, lanes * vector * split * (not forward),
        queries * heads * real, queries * heads * real, heads * shape.threads * real * forward,
        heads * lanes * real * forward,
        problem.axes * lanes * problem.signal, problem.axes * lanes * 4, lanes * 4, lanes * 4, lanes * 4,
        4 * ((2 + 2 * (2 * SLICES + 4)) * max(problem.axes, 1) + 7),
    ]  # fmt: skip
    turn, last, item = (sum(map(_aligned, sizes)) for sizes in (of_a_turn, parts, of_an_item))
    return turn, last, item


def _aligned(size: int) -> int:
    return -(-size // 16) * 16


def fit(kernel: str, shape: Shape, problem: Problem, limit: int) -> tuple[int, int, int]:
    """Return keys of a turn, stored rows and projections of keys that a block keeps; zeros: it does not fit.

    As many rows as a voxel meets as a rule, then as many keys as fit with these; projections of keys take the
    rest, for most voxels meet fewer rows.
    """
    limit = shape.share(min(limit, MOST_SHARED))
    for capacity in range(problem.wanted, 0, -1):
        for keys in TURNS:
            stride = capacity | 1
            turn, last, item = _parts_of_memory(kernel, shape, problem, keys, capacity, 0)
            spare = limit - item - turn if last + item <= limit else 0
            in_bytes = problem.real * shape.heads * (2 if kernel == KEY_GRAD else 1)
            seen = spare // 16 * 16 // in_bytes
            tile = TILE_ROWS * (-(-shape.heads * fours(problem.width) // 16) * 16 + 8) * max(8, problem.real)
            if seen >= max(keys * stride * LEAST_SEEN, stride) and seen * in_bytes >= tile:
                return keys, capacity, min(seen, max(keys * stride, -(-tile // in_bytes)))
    return 0, 0, 0


def shapes_for(kernel: str, heads: int, width: int) -> tuple[Shape, ...]:
    """Return the shapes that blocks of a pass may have, the fastest first.

    Two heads at a time share the rows of pairs, where threads hold their channels and the query gradients,
    which keep most, leave it at one.

    Args:
        kernel: One of the three passes.
        heads: H.
        width: D.
    """
    paired = heads % 2 == 0 and 2 * fours(width) <= PAIRED_CHANNELS and kernel != QUERY_GRAD
    return (PAIRED_SHAPE, *SMALL_SHAPES) if paired else SMALL_SHAPES


def choose(kernel: str, heads: int, problem: Problem, limit: int) -> Shape | None:
    """Return the first shape whose blocks fit a device, None where there is none.

    Args:
        kernel: One of the three passes.
        heads: H.
        problem: Sizes of the problem.
        limit: Bytes of shared memory that a block may have.
    """
    for rows in (problem.wanted, min(FEWEST_STORED_ROWS, problem.wanted)):
        # all rows in a smaller block, rather than rows in turns
        for shape in shapes_for(kernel, heads, problem.width):
            if fit(kernel, shape, problem, limit)[1] >= rows:
                return shape
    return None
