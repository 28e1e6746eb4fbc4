// Sparse convolution on the GPU: out_m = sum over pairs (k, n) of m of feats_n W_k, and its weight gradient.
//
// A block owns kTile output rows and kColumns channels, whose sums stay in its shared memory. Pairs come
// ordered by offset and output row, so those of the tile follow each other under an offset: the block finds
// them by bisection and multiplies up to kPairs gathered rows at a time, which leaves no product to rows that
// are not there. A run of pairs ends before one whose output row it has, so any map is right. The gradient of
// feats is the convolution over the exchanged pairs with the matrices transposed.
// Macros: SWIN3D_ELEMENT (feats, weight, outputs), SWIN3D_REAL (sums), SWIN3D_DEPTH (input channels at a time),
// SWIN3D_WIDE (eights of output channels), SWIN3D_MATRIX (1 for products of 16-bit numbers by tensor cores).
#pragma once

#include "sparse_conv_problem.cuh"
#include "sparse_conv_weight.cuh"

namespace swin3d {

// The first pair of an offset whose target is not below a row.
SWIN3D_INLINE int64 first_pair(const Convolution& c, int64 offset, int64 row) {
    int64 low = c.ptr[offset], high = c.ptr[offset + 1];
    while (low < high) {
        const int64 middle = (low + high) / 2;
        if (c.target[middle] < row) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct ConvolutionMemory {
    Real* sums;                   // (kTile, kSumLength)
    Product::Stored *left, *right;
    int64 *first, *last;          // (kOffsets): pairs of the tile under as many offsets
    int *source, *target;         // (kPairs), targets from the tile's first row
    int *missing, *used;          // kPairs less the pairs of a run; offsets with pairs end here

    SWIN3D_INLINE explicit ConvolutionMemory(char* memory) {
        sums = reinterpret_cast<Real*>(memory);
        left = reinterpret_cast<Product::Stored*>(sums + kTile * kSumLength);
        right = left + kPairs * kLeftLength;
        first = reinterpret_cast<int64*>(right + kDepth * kRightLength);
        last = first + kOffsets;
        source = reinterpret_cast<int*>(last + kOffsets);
        target = source + kPairs;
        missing = target + kPairs;
        used = missing + 1;
    }
};

SWIN3D_INLINE void read_operands(const Convolution& c, const ConvolutionMemory& m, int t, int count, int64 offset,
                                 int channel, int column, bool with_matrix) {
    const int channels = static_cast<int>(c.channels), left = channels - channel;
    const Element* feats = c.feats + channel;
    bring<kDepth, kThreads, Element>(t, m.left, kLeftLength, count, count, left, c.fours, [&](int r) {
        return feats + static_cast<int64>(m.source[r]) * channels;
    });
    if (!with_matrix) return;
    const Element* weight = c.weight + offset * c.offset_step + channel * c.channel_step + column;
    const int step = static_cast<int>(c.channel_step);
    bring<kColumns, kThreads, Element>(t, m.right, kRightLength, smaller(left, kDepth), kDepth, c.columns - column,
                                       c.fours, [&](int r) { return weight + static_cast<int64>(r) * step; });
}

// Adds what a lane has of a warp's product, whose first row is `row`, to the sums of the output rows.
SWIN3D_INLINE void add_to_rows(const ConvolutionMemory& m, int row, int count, int lane, const Product::Sums& product) {
    constexpr int kRun = Product::kTogether;
    struct alignas(kRun * sizeof(Real)) Run {
        Real at[kRun];
    };
#pragma unroll
    for (int own = 0; own < Product::kOwnRows; ++own) {
        const int r = row + Product::row(lane, own);
        if (r >= count) continue;
        Real* sums = m.sums + m.target[r] * kSumLength;
#pragma unroll
        for (int n = 0; n < Product::kOwnColumns; n += kRun) {
            Run& place = *reinterpret_cast<Run*>(sums + Product::column(lane, n));
            Run changed = place;
#pragma unroll
            for (int i = 0; i < kRun; ++i) changed.at[i] += product.at[Product::place(own, n + i)];
            place = changed;
        }
    }
}

// Multiplies the pairs [low, last) of an offset up to a repeated target; returns how many those are.
SWIN3D_INLINE int run_of_pairs(const Convolution& c, const ConvolutionMemory& m, int64 offset, int64 low, int64 last,
                               int64 start, int column, PerThread<Product::Sums>& sums, int64& loaded) {
    PHASE(t) {
        const int64 pair = low + t;
        if (t < kPairs && pair <= last) {
            const bool beyond = pair == last;
            if (beyond || (t > 0 && c.target[pair] == c.target[pair - 1])) shared_max(m.missing, kPairs - t);
            if (!beyond) m.source[t] = c.source[pair], m.target[t] = static_cast<int>(c.target[pair] - start);
        }
    }
    SYNC;
    const int count = kPairs - *m.missing;
    for (int channel = 0; channel < c.channels; channel += kDepth) {
        const bool with_matrix = loaded != offset || c.channels > kDepth;
        PHASE(t) read_operands(c, m, t, count, offset, channel, column, with_matrix);
        loaded = offset;
        SYNC;
        PHASE(t) {
            const int lane = t % kWarp, row = t / kWarp * kWarpRows;
            if (channel == 0) sums[t] = Product::Sums{};
            if (row < count) {
                Product::add(sums[t], m.left + row * kLeftLength, kLeftLength, m.right, kRightLength, kDepth, lane);
            }
            if (channel + kDepth < c.channels) continue;
            add_to_rows(m, row, count, lane, sums[t]);
            if (t == 0) *m.missing = 0;
        }
        SYNC;
    }
    return count;
}

SWIN3D_SHARED_KERNEL(convolve, kThreads, kBlocks)(Convolution c) {
    const ConvolutionMemory m(shared_memory());
    const int64 start = block_x() * kTile, stop = smaller(start + kTile, c.targets);
    const int column = block_y() * kColumns;
    PerThread<Product::Sums> sums;
    int64 loaded = -1;
    PHASE(t) {
        for (int i = t; i < kTile * kSumLength; i += kThreads) m.sums[i] = 0;
        if (t == 0) *m.missing = 0, *m.used = 0;
    }
    for (int64 base = 0; base < c.offsets; base += kOffsets) {
        SYNC;
        PHASE(t) {  // a thread for each end
            const int64 offset = base + t % kOffsets;
            if (offset < c.offsets) m.first[t] = first_pair(c, offset, t < kOffsets ? start : stop);
        }
        SYNC;
        PHASE(t) {
            if (t < kOffsets && base + t < c.offsets && m.first[t] < m.last[t]) shared_max(m.used, t + 1);
        }
        SYNC;
        const int used = *m.used;
        for (int i = 0; i < used; ++i) {
            const int64 last = m.last[i];
            for (int64 low = m.first[i]; low < last;) {
                low += run_of_pairs(c, m, base + i, low, last, start, column, sums, loaded);
            }
        }
        SYNC;
        PHASE(t) {
            if (t == 0) *m.used = 0;
        }
    }
    SYNC;
    PHASE(t) {
        for (int i = t; i < kTile * kColumns; i += kThreads) {
            const int64 row = start + i / kColumns, own = column + i % kColumns;
            const Real sum = m.sums[i / kColumns * kSumLength + i % kColumns];
            if (row < stop && own < c.columns) c.out[row * c.columns + own] = narrow<Element>(sum);
        }
    }
}

}  // namespace swin3d

#define SWIN3D_KERNELS(X) X(convolve) X(weight_partials) X(sum_pieces)
