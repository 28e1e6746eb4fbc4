// The weight gradient of a sparse convolution: sums over pieces of an offset's pairs, then the sum of those in order.
#pragma once

#include "sparse_conv_problem.cuh"

namespace swin3d {

// Pieces are numbered through: those of offset k from ptr[k] / piece + k, which leaves some numbers unused.
SWIN3D_INLINE int64 first_piece(const Convolution& c, int64 offset) { return c.ptr[offset] / c.piece + offset; }

SWIN3D_INLINE int64 offset_of_piece(const Convolution& c, int64 number) {
    int64 low = 0, high = c.offsets - 1;
    while (low < high) {
        const int64 middle = (low + high + 1) / 2;
        if (first_piece(c, middle) <= number) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

struct TurnedMemory {
    TurnedProduct::Stored *left, *right;
    int *source, *target;  // (kTurnedPairs)

    SWIN3D_INLINE explicit TurnedMemory(char* memory) {
        left = reinterpret_cast<TurnedProduct::Stored*>(memory);
        right = left + kTurnedPairs * kTurnedLength;
        source = reinterpret_cast<int*>(right + kTurnedPairs * kTurnedRight);
        target = source + kTurnedPairs;
    }
};

SWIN3D_INLINE void read_pairs(const Convolution& c, const TurnedMemory& m, int t, int count, int channel, int column) {
    const int channels = static_cast<int>(c.channels), columns = static_cast<int>(c.columns);
    const Element *feats = c.feats + channel, *grads = c.grad_out + column;
    bring<kTurnedRows, kTurnedThreads, Element>(
        t, m.left, kTurnedLength, count, kTurnedPairs, channels - channel, c.fours,
        [&](int p) { return feats + static_cast<int64>(m.source[p]) * channels; });
    bring<kColumns, kTurnedThreads, Element>(
        t, m.right, kTurnedRight, count, kTurnedPairs, columns - column, c.fours,
        [&](int p) { return grads + static_cast<int64>(m.target[p]) * columns; });
}

SWIN3D_SHARED_KERNEL(weight_partials, kTurnedThreads, kTurnedBlocks)(Convolution c) {
    const TurnedMemory m(shared_memory());
    const int64 offset = offset_of_piece(c, block_x());
    const int64 first = c.ptr[offset] + (block_x() - first_piece(c, offset)) * c.piece;
    const int64 last = smaller(first + c.piece, c.ptr[offset + 1]);
    const int row_tiles = static_cast<int>((c.channels + kTurnedRows - 1) / kTurnedRows);
    const int channel = block_y() % row_tiles * kTurnedRows, column = block_y() / row_tiles * kColumns;
    PerThread<TurnedProduct::Sums> sums;
    PHASE(t) sums[t] = TurnedProduct::Sums{};
    for (int64 low = first; low < last; low += kTurnedPairs) {
        const int count = static_cast<int>(smaller<int64>(kTurnedPairs, last - low));
        PHASE(t) {
            for (int p = t; p < count; p += kTurnedThreads) m.source[p] = c.source[low + p], m.target[p] = c.target[low + p];
        }
        SYNC;
        PHASE(t) read_pairs(c, m, t, count, channel, column);
        SYNC;
        PHASE(t) {
            TurnedProduct::add(sums[t], m.left + t / kWarp * kWarpRows, kTurnedLength, m.right, kTurnedRight,
                               kTurnedPairs, t % kWarp);
        }
    }
    if (first >= last) return;
    Real* partial = c.partial + block_x() * c.channels * c.columns;
    PHASE(t) {
#pragma unroll
        for (int own = 0; own < TurnedProduct::kOwnRows; ++own) {
            const int64 row = channel + t / kWarp * kWarpRows + TurnedProduct::row(t % kWarp, own);
            if (row >= c.channels) continue;
#pragma unroll
            for (int n = 0; n < TurnedProduct::kOwnColumns; ++n) {
                const int64 place = column + TurnedProduct::column(t % kWarp, n);
                if (place < c.columns) partial[row * c.columns + place] = sums[t].at[TurnedProduct::place(own, n)];
            }
        }
    }
}

SWIN3D_KERNEL(sum_pieces, kSumThreads)(Convolution c) {
    const int64 size = c.channels * c.columns;
    PHASE(t) {
        const int64 at = block_x() * kSumThreads + t;
        if (at >= c.offsets * size) continue;
        const int64 offset = at / size, pairs = c.ptr[offset + 1] - c.ptr[offset];
        const Real* partial = c.partial + first_piece(c, offset) * size + at % size;
        Real sum = 0;
        for (int64 n = 0; n * c.piece < pairs; ++n) sum += partial[n * size];
        c.grad_weight[at] = sum;
    }
}

}  // namespace swin3d
