// A block of the window attention in any pass: its voxels, and its traffic with the tables.
#pragma once

#include "attention_memory.cuh"

namespace swin3d {

struct Block {
    const Problem& p;
    const int head;
    const Memory m;
    PerThread<Lane>& lanes;

    SWIN3D_INLINE const Real* table_of(const Real* tables) const {
        return tables + static_cast<int64>(head) * kWidth * p.rows;
    }

    SWIN3D_INLINE void bounds(const Lane& me, int span, int from, int to, int& begin, int& end) const {
        const int first = me.start + span * kSpan;
        begin = larger(from, first);
        end = smaller(to, smaller(me.stop, first + kSpan));
    }

    // to[i - lo] = x . table row of the stored row i, for every `step`-th i of [lo, hi). A voxel may
    // meet fewer rows than its axis stores; what lies beyond the axis repeats its last row, unread.
    SWIN3D_INLINE void project(const Real* x, const Real* table, const int* shift, int shift_stride, int lo,
                               int hi, int part, int step, Real* to, int to_stride) const {
#pragma unroll 1
        for (int a = 0; a < kAxes; ++a) {
            const int own = shift[a * shift_stride], last = p.size[a] - 1;
            const int begin = larger(lo, m.frame->offset[a]), end = smaller(hi, m.frame->offset[a + 1]);
#pragma unroll 2
            for (int i = begin + part; i < end; i += step) {
                const Real* column = table + p.first[a] + smaller(i - own, last);
                Real sum = 0;
#pragma unroll
                for (int d = 0; d < kWidth; ++d) sum += x[d] * column[static_cast<int64>(d) * p.rows];
                to[(i - lo) * to_stride] = sum;
            }
        }
    }

    // sum0 += stored sums . table rows.
    SWIN3D_INLINE void apply_table(const Real* table, Lane& me, int t, int lo, int hi) const {
#pragma unroll 1
        for (int a = 0; a < kAxes; ++a) {
            const int own = m.lane_shift[a * kLanes + t], last = p.size[a] - 1;
            const int begin = larger(lo, m.frame->offset[a]), end = smaller(hi, m.frame->offset[a + 1]);
#pragma unroll 2
            for (int i = begin; i < end; ++i) {
                const Real* column = table + p.first[a] + smaller(i - own, last);
                const Real sum = m.stored0[(i - lo) * kLanes + t];
#pragma unroll
                for (int d = 0; d < kWidth; ++d) me.sum0[d] += sum * column[static_cast<int64>(d) * p.rows];
            }
        }
    }

    // Gradient of table row r += sum over lanes of stored[r + shift of the lane] * vector of the lane.
    // Threads own the rows that some lane meets, and walk the lanes each from its own, which spares the banks.
    SWIN3D_INLINE void add_table_gradient(const Real* stored, const Real* vectors, Real* partial, int lo,
                                          int hi) const {
        constexpr int kRows = kWidth <= 16 ? 2 : 1;  // table rows of a thread at a time
        const Frame& f = *m.frame;
        Real* own = partial + (block_x() * p.heads + head) * p.rows * kWidth;
        PHASE(t) {
#pragma unroll 1
            for (int number = t; number < f.met[kAxes]; number += kLanes * kRows) {
                const int* shift[kRows];
                const Real* column[kRows];
                int row[kRows], place[kRows];
                unsigned count[kRows];
                Real sum[kRows][kWidth];
#pragma unroll
                for (int n = 0; n < kRows; ++n) {
                    int axis = 0;
                    while (axis + 1 < kAxes && f.met[axis + 1] <= number + n * kLanes) ++axis;
                    const int begin = larger(lo, f.offset[axis]), end = smaller(hi, f.offset[axis + 1]);
                    const bool real = number + n * kLanes < f.met[kAxes] && begin < end;
                    const int local = number + n * kLanes - f.met[axis] - f.least[axis];
                    count[n] = real ? end - begin : 0;
                    column[n] = stored + (begin - lo) * kLanes;
                    shift[n] = m.lane_shift + axis * kLanes;
                    place[n] = local - begin;
                    row[n] = p.first[axis] + local;
#pragma unroll
                    for (int d = 0; d < kWidth; ++d) sum[n][d] = 0;
                }
#pragma unroll 2
                for (int step = 0; step < kLanes; ++step) {
                    const int lane = (t + step) % kLanes;
                    Real x[kWidth];
#pragma unroll
                    for (int d = 0; d < kWidth; ++d) x[d] = vectors[d * kLanes + lane];
#pragma unroll
                    for (int n = 0; n < kRows; ++n) {
                        const unsigned at = place[n] + shift[n][lane];
                        const Real weight = at < count[n] ? column[n][at * kLanes + lane] : Real(0);
#pragma unroll
                        for (int d = 0; d < kWidth; ++d) sum[n][d] += weight * x[d];
                    }
                }
#pragma unroll
                for (int n = 0; n < kRows; ++n) {
                    if (count[n] == 0) continue;
#pragma unroll
                    for (int d = 0; d < kWidth; ++d) own[row[n] * kWidth + d] += sum[n][d];
                }
            }
        }
    }

    // Set the block's own sums of a table gradient to 0.
    SWIN3D_INLINE void clear(Real* partial) const {
        Real* own = partial + (block_x() * p.heads + head) * p.rows * kWidth;
        PHASE(t) {
            for (int row = t; row < p.rows; row += kLanes) {
                for (int d = 0; d < kWidth; ++d) own[static_cast<int64>(row) * kWidth + d] = 0;
            }
        }
    }
};

}  // namespace swin3d
