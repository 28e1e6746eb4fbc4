// Projections of a block's voxels on the table rows that they meet, by products of tiles.
#pragma once

#include "attention_memory.cuh"

namespace swin3d {

template <int kPass> struct Projections {
    typedef Cells<kPass> C;
    static constexpr bool kQueries = kPass != kKeyGrad;  // lanes are queries
    const Problem& p;
    const int first_head;
    const Memory<kPass> m;
    PerThread<Sums<kPass>>& sums;

    // Channel of a head in a row of an axis of a table; 0 beyond the width, the last row beyond the axis.
    SWIN3D_INLINE Split<Real> entry(const Real* table, int a, int row, int head, int channel) const {
        const unsigned at = p.first[a] + smaller(row, p.size[a] - 1);
        if (kWidth % kTileDepth != 0 && channel >= kWidth) return Split<Real>::of(0);
        return Split<Real>::of(table[(at * p.heads + first_head + head) * kWidth + channel]);
    }
    // Channel of a head in the vector of a voxel; 0 beyond the width.
    static SWIN3D_INLINE Split<Real> entry(const SplitArray<Real>& vectors, int voxel, int head, int channel) {
        if (kWidth % kTileDepth != 0 && channel >= kWidth) return Split<Real>::of(0);
        return vectors[voxel * kVector + head * kWidthStride + channel];
    }

    // Channels 4 c .. 4 c + 3 of the block's heads, which lie side by side; zeros where a width is filled up to fours.
    template <class Number> static SWIN3D_INLINE Four<Real> four_of(const Number* heads, int c) {
        Four<Real> four;
        if constexpr (kWidth % 4 == 0) {
            struct alignas(sizeof(Number) < 4 ? 8 : 16) Numbers {
                Number at[4];
            };
            const Numbers numbers = *reinterpret_cast<const Numbers*>(heads + 4 * c);
#pragma unroll
            for (int i = 0; i < 4; ++i) four.at[i] = widen<Real>(numbers.at[i]);
        } else {
            const int head = c / kHeadFours, d = c % kHeadFours * 4;
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                four.at[i] = d + i < kWidth ? widen<Real>(heads[head * kWidth + d + i]) : Real(0);
            }
        }
        return four;
    }
    static SWIN3D_INLINE void write_split(SplitArray<Real> to, int place, const Four<Real>& from) {
        Four<Real> high, low;
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const Split<Real> split = Split<Real>::of(from.at[i]);
            high.at[i] = split.high, low.at[i] = split.rest();
        }
        *reinterpret_cast<Four<Real>*>(to.high + place) = high;
        if (SplitArray<Real>::kPlanes == 2) *reinterpret_cast<Four<Real>*>(to.high + to.size + place) = low;
    }

    // Axis of a tile of rows.
    static SWIN3D_INLINE int axis_of(const int* tiles, int tile) {
        int a = 0;
        while (a + 1 < kAxes && tiles[a + 1] <= tile) ++a;
        return a;
    }

    // Call `store(voxel, stored row, cell)` with the products of `count` voxels' vectors with the rows of one
    // or two tables that they meet, by table and head, for stored rows of [lo, hi), which count from lo.
    template <int kTables, class Shift, class Store>
    SWIN3D_INLINE void project(const Met& met, int count, SplitArray<Real> vectors0, const Real* table0,
                               SplitArray<Real> vectors1, const Real* table1, int lo, int hi, Shift shift,
                               Store store) const {
        if (m.frame->wild) {
            project_wild<kTables>(met, count, vectors0, table0, vectors1, table1, lo, hi, shift, store);
            return;
        }
        PHASE(t) {
            const int place = t % kWarp;
#pragma unroll 1
            for (int tile = t / kWarp; tile < met.tiles[kAxes]; tile += kWarps) {
                const int a = axis_of(met.tiles, tile);
                const int first = met.first[a] + (tile - met.tiles[a]) * kTileColumns;
                const int begin = larger(lo, m.frame->offset[a]), end = smaller(hi, m.frame->offset[a + 1]);
                const int columns = met.stop[a] - first;
                if (begin >= end) continue;
                const auto rows = [&](int n, int head, int depth) {
                    return [=](int k, int column) {
                        return entry(n ? table1 : table0, a, first + column, head, depth * kTileDepth + k);
                    };
                };
                RightTile right[kTables * kHeads][kDepths];
#pragma unroll
                for (int n = 0; n < kTables * kHeads; ++n) {
#pragma unroll
                    for (int d = 0; d < kDepths; ++d) right[n][d].load(place, rows(n / kHeads, n % kHeads, d));
                }
#pragma unroll 1
                for (int voxel = 0; voxel < count; voxel += kTileRows) {
                    if (!m.frame->meets(met, voxel / kTileRows, a, first, kTileColumns)) continue;
                    Real value[kTables * kHeads][4];
#pragma unroll
                    for (int n = 0; n < kTables * kHeads; ++n) {
                        value[n][0] = value[n][1] = value[n][2] = value[n][3] = 0;
                        const SplitArray<Real> vectors = n < kHeads ? vectors0 : vectors1;
#pragma unroll
                        for (int d = 0; d < kDepths; ++d) {
                            const auto element = [=](int row, int k) {
                                return entry(vectors, voxel + row, n % kHeads, d * kTileDepth + k);
                            };
                            LeftTile left;
                            left.load(place, element);
                            multiply_tiles(place, left, element, right[n][d], rows(n / kHeads, n % kHeads, d),
                                           value[n]);
                        }
                    }
#pragma unroll
                    for (int i = 0; i < 4; ++i) {
                        const int who = voxel + result_row(place, i), column = result_column(place, i);
                        const int stored = first + column + shift(who, a);
                        const bool real =
                            column < columns && who < count &&
                            static_cast<unsigned>(stored - begin) < static_cast<unsigned>(end - begin);
                        Cell<kTables * kHeads> cell;
#pragma unroll
                        for (int n = 0; n < kTables * kHeads; ++n) cell.at[n] = value[n][i];
                        if (real) store(who, stored - lo, cell);
                    }
                }
            }
        }
    }

    // The same where a vector is not finite, of which products of tiles would make NaN: number by number.
    template <int kTables, class Shift, class Store>
    SWIN3D_INLINE void project_wild(const Met& met, int count, SplitArray<Real> vectors0, const Real* table0,
                                    SplitArray<Real> vectors1, const Real* table1, int lo, int hi, Shift shift,
                                    Store store) const {
        PHASE(t) {
#pragma unroll 1
            for (int index = t; index < met.tiles[kAxes] * kTileColumns * count; index += kThreads) {
                const int who = index % count, column = index / count;
                const int a = axis_of(met.tiles, column / kTileColumns);
                const int row = met.first[a] + column - met.tiles[a] * kTileColumns;
                const int stored = row + shift(who, a);
                const int begin = larger(lo, m.frame->offset[a]), end = smaller(hi, m.frame->offset[a + 1]);
                if (row >= met.stop[a] || stored < begin || stored >= end) continue;
                Cell<kTables * kHeads> cell;
#pragma unroll
                for (int n = 0; n < kTables * kHeads; ++n) {
                    Real sum = 0;
                    for (int d = 0; d < kWidth; ++d) {
                        sum += entry(n < kHeads ? vectors0 : vectors1, who, n % kHeads, d).whole() *
                               entry(n < kHeads ? table0 : table1, a, row, n % kHeads, d).whole();
                    }
                    cell.at[n] = sum;
                }
                store(who, stored - lo, cell);
            }
        }
    }

    SWIN3D_INLINE void project_lanes(int lo, int hi) {
        project<kPass == kQueryGrad ? 2 : 1>(
            m.frame->lanes, kLanes, m.lane0, kQueries ? p.q_table : p.k_table, m.lane1, p.v_table, lo, hi,
            [&](int lane, int a) { return m.lane_shift[a * kLanes + lane]; },
            [&](int lane, int row, const Cell<C::kLane>& cell) { m.stored[row * kLanes + lane] = cell; });
    }

    // Those of the keys of a turn, of which there are `count`, each with room for `stride` rows.
    SWIN3D_INLINE void project_keys(int count, int stride, int lo, int hi) {
        project<kPass == kKeyGrad ? 2 : 1>(
            m.frame->keys, count, m.key_split0, kQueries ? p.k_table : p.q_table, m.key_split1, p.v_table, lo,
            hi, [&](int key, int a) { return m.key_shift[key * kAxisStride + a]; },
            [&](int key, int row, const Cell<C::kKey>& cell) { m.seen[key * stride + row] = cell; });
    }
};

}  // namespace swin3d
