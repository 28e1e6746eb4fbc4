// Sums by table row on their way out, by products of tiles: times the rows, and as gradients of the rows.
#pragma once

#include "attention_projections.cuh"

namespace swin3d {

template <int kPass> struct Tables : Projections<kPass> {
    typedef Cells<kPass> C;
    using Projections<kPass>::kQueries, Projections<kPass>::p, Projections<kPass>::m, Projections<kPass>::sums;
    using Projections<kPass>::first_head, Projections<kPass>::entry, Projections<kPass>::axis_of;

    // Weight of a lane at a row of an axis: its stored sum, 0 where it does not meet the row.
    SWIN3D_INLINE Cell<C::kLane> weights(int lane, int a, int row, int begin, int end, int lo) const {
        Cell<C::kLane> cell;
#pragma unroll
        for (int n = 0; n < C::kLane; ++n) cell.at[n] = 0;
        const int stored = row + m.lane_shift[a * kLanes + lane];
        if (static_cast<unsigned>(stored - begin) < static_cast<unsigned>(end - begin)) {
            cell = m.stored[(stored - lo) * kLanes + lane];
        }
        return cell;
    }

    // Add stored sums . table rows: of the value table forward, backward of the lanes' own. Rows come to the
    // block's memory as many tiles at a time as it holds; all threads come here together.
    SWIN3D_INLINE void apply_table(int lo, int hi) {
        const Met& met = m.frame->lanes;
        const int tiles = met.tiles[kAxes], at_once = m.entries.size / (kEntryStride * kTileDepth);
        for (int from = 0; from < tiles; from += at_once) {
            const int to = smaller(from + at_once, tiles);
            load_entries(kPass == kForward ? p.v_table : kQueries ? p.q_table : p.k_table, from, to);
            SYNC;
            apply_tiles(from, to, lo, hi);
            SYNC;
        }
    }

    SWIN3D_INLINE void load_entries(const Real* table, int from, int to) {
        const Met& met = m.frame->lanes;
        PHASE(t) {
#pragma unroll 2
            for (int index = t; index < (to - from) * kTileDepth * kFours; index += kThreads) {
                const int row = index / kFours, c = index % kFours, tile = from + row / kTileDepth;
                const int a = axis_of(met.tiles, tile);
                const int first = met.first[a] + (tile - met.tiles[a]) * kTileDepth;
                const unsigned at = p.first[a] + smaller(first + row % kTileDepth, p.size[a] - 1);
                const Four<Real> four =
                    this->template four_of<Real>(table + (at * p.heads + first_head) * kWidth, c);
                this->write_split(m.entries, row * kEntryStride + 4 * c, four);
            }
        }
    }

    SWIN3D_INLINE void apply_tiles(int from, int to, int lo, int hi) {
        const Met& met = m.frame->lanes;
        PHASE(t) {
            const int place = t % kWarp, warp = t / kWarp, lane = warp % kRowJobs * kTileRows;
#pragma unroll 1
            for (int tile = from + warp / kRowJobs; tile < to; tile += kRowParts) {
                const int a = axis_of(met.tiles, tile);
                const int first = met.first[a] + (tile - met.tiles[a]) * kTileDepth;
                const int begin = larger(lo, m.frame->offset[a]), end = smaller(hi, m.frame->offset[a + 1]);
                if (begin >= end || !m.frame->meets(met, lane / kTileRows, a, first, kTileDepth)) continue;
                LeftTile left[kHeads];
                load_left<kHeads>(place, left, [=](int row, int k) {
                    return weights(lane + row, a, first + k, begin, end, lo);
                });
#pragma unroll
                for (int h = 0; h < kHeads; ++h) {
                    const auto weight = [=](int row, int k) {
                        return Split<Real>::of_finite(weights(lane + row, a, first + k, begin, end, lo).at[h]);
                    };
#pragma unroll
                    for (int d = 0; d < kDepths; ++d) {
                        const auto rows = [=](int k, int column) {
                            const int channel = d * kTileColumns + column;
                            if (kWidthStride % kTileColumns != 0 && channel >= kWidthStride)
                                return Split<Real>::of(0);
                            const int row = (tile - from) * kTileDepth + k;
                            return m.entries[row * kEntryStride + h * kWidthStride + channel];
                        };
                        RightTile right;
                        right.load(place, rows);
                        multiply_tiles(place, left[h], weight, right, rows, sums[t].rows[h][d]);
                    }
                }
            }
        }
    }

    // Load one tile for each value of the cells that `cell(row, k)` gives.
    template <int kCount, class CellOf>
    static SWIN3D_INLINE void load_left(int place, LeftTile (&left)[kCount], CellOf cell) {
        if constexpr (kTensorCores<Real>) {
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const Cell<C::kLane> one = cell(place / 4 + i % 2 * 8, place % 4 + i / 2 * 4);
#pragma unroll
                for (int n = 0; n < kCount; ++n) left[n].at[i] = Split<Real>::of_finite(one.at[n]);
            }
        }
    }

    // Gradient of table row r += sum over lanes of stored[r + shift of the lane] * vector of the lane.
    SWIN3D_INLINE void add_table_gradients(int lo, int hi) {
        const Met& met = m.frame->lanes;
        PHASE(t) {
            const int place = t % kWarp;
#pragma unroll 1
            for (int tile = t / kWarp; tile < met.talls[kAxes]; tile += kWarps) {
                const int a = axis_of(met.talls, tile),
                          first = met.first[a] + (tile - met.talls[a]) * kTileRows;
                const int begin = larger(lo, m.frame->offset[a]), end = smaller(hi, m.frame->offset[a + 1]);
                if (begin >= end) continue;
                Real sum[C::kLane][kDepths][4];
#pragma unroll
                for (int n = 0; n < C::kLane; ++n) {
#pragma unroll
                    for (int d = 0; d < kDepths; ++d)
                        sum[n][d][0] = sum[n][d][1] = sum[n][d][2] = sum[n][d][3] = 0;
                }
#pragma unroll 1
                for (int lane = 0; lane < kLanes; lane += kTileDepth) {
                    if (!m.frame->meets(met, lane / kTileRows, a, first, kTileRows)) continue;
                    LeftTile left[C::kLane];
                    load_left<C::kLane>(place, left, [=](int row, int k) {
                        return weights(lane + k, a, first + row, begin, end, lo);
                    });
#pragma unroll
                    for (int n = 0; n < C::kLane; ++n) {
                        const auto weight = [=](int row, int k) {
                            return Split<Real>::of_finite(
                                weights(lane + k, a, first + row, begin, end, lo).at[n]);
                        };
#pragma unroll
                        for (int d = 0; d < kDepths; ++d) {
                            const auto vector = [=](int k, int column) {
                                const SplitArray<Real>& vectors = n < kHeads ? m.lane0 : m.lane1;
                                return entry(vectors, lane + k, n % kHeads, d * kTileColumns + column);
                            };
                            RightTile right;
                            right.load(place, vector);
                            multiply_tiles(place, left[n], weight, right, vector, sum[n][d]);
                        }
                    }
                }
                const int rows = smaller(kTileRows, met.stop[a] - first);
#pragma unroll
                for (int n = 0; n < C::kLane; ++n) {
                    Real* const to = own_partial(n < kHeads ? p.partial0 : p.partial1, n % kHeads) +
                                     static_cast<int64>(p.first[a] + first) * kWidth;
                    add_results(place, sum[n], rows, to);
                }
            }
        }
    }

    // to[row, channel] += results of tiles.
    static SWIN3D_INLINE void add_results(int place, const Real (&sum)[kDepths][4], int rows, Real* to) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const int row = result_row(place, i);
#pragma unroll
            for (int d = 0; d < kDepths; ++d) {
                const int channel = d * kTileColumns + result_column(place, i);
                if (row < rows && (kWidth % kTileColumns == 0 || channel < kWidth))
                    to[row * kWidth + channel] += sum[d][i];
            }
        }
    }

    SWIN3D_INLINE Real* own_partial(Real* partial, int head) const {
        return partial + (block_x() * p.heads + first_head + head) * p.rows * kWidth;
    }

    // Set the block's own sums of a table gradient to 0; its heads lie side by side.
    SWIN3D_INLINE void clear(Real* partial) const {
        PHASE(t) {
            for (int64 i = t; i < static_cast<int64>(kHeads) * p.rows * kWidth; i += kThreads) {
                own_partial(partial, 0)[i] = 0;
            }
        }
    }
};

}  // namespace swin3d
