// Window attention with contextual relative signal encoding on the GPU: forward and both backward passes.
//
// A block takes 64 (or 32) consecutive positions of one head, whatever windows they belong to; each is a lane.
// Lanes are queries in the forward pass and in the pass of the query gradients, keys in the pass of
// the key gradients. The other side comes by in tiles of 16. Both sides keep their projections on the
// table rows that they meet, and only on these: stored row = table row + shift, where the shift is
// the lane's own. Pairs look the projections up; sums over pairs by table row go to columns of a lane,
// in the place of its projections, and meet the tables and the table gradients once per turn.
// Stored rows beyond the capacity, and voxels beyond kSpan of a window, are taken in turns.
#include "attention_sides.cuh"
#include "attention_softmax.cuh"

namespace swin3d {

template <int kPass> struct Attention : Sides<kPass> {
    using Base = Sides<kPass>;
    using Base::Base, Base::kQueries, Base::p, Base::m, Base::lanes, Base::lane_table, Base::table_of;
    using Base::add_table_gradient, Base::apply_table, Base::bounds, Base::clear, Base::project, Base::row_of;
    using Base::load_lanes, Base::store_lanes;

    SWIN3D_INLINE void run() {
        if constexpr (kPass != kForward) clear(p.partial0);
        if constexpr (kPass == kQueryGrad) clear(p.partial1);
        for (int64 tile = block_x(); tile < p.tiles; tile += blocks_x()) {
            load_lanes(tile);
            const int turns = (m.frame->longest + kSpan - 1) / kSpan;
            // A lane's delta is a sum over all pairs; with several turns it takes a sweep of its own.
            for (int sweep = kPass == kQueryGrad && turns > 1 ? 0 : 1; sweep < 2; ++sweep) {
                for (int span = 0; span < turns; ++span) {
                    look_up(span);
                    weigh(span, sweep == 0, turns == 1);
                    if (sweep == 1) add_up(span);
                }
            }
            store_lanes();
            SYNC;
        }
    }

    // Logits of all pairs of a turn, and in the backward passes dp = grad_out_i . (v_j + tables).
    SWIN3D_INLINE void look_up(int span) {
        const int total = m.frame->offset[kAxes];
        for (int lo = 0; lo == 0 || lo < total; lo += p.capacity) {
            const int hi = smaller(total, lo + p.capacity);
            PHASE(t) {
                Real x[kWidth];
                const int* shift = m.lane_shift + t;
                for (int d = 0; d < kWidth; ++d) x[d] = m.lane0[d * kLanes + t];
                project(x, lane_table(), shift, kLanes, lo, hi, 0, 1, m.stored0 + t, kLanes);
                if constexpr (kPass == kQueryGrad) {
                    for (int d = 0; d < kWidth; ++d) x[d] = m.lane1[d * kLanes + t];
                    project(x, table_of(p.v_table), shift, kLanes, lo, hi, 0, 1, m.stored1 + t, kLanes);
                }
            }
            for (int part = 0; part < 2; ++part) {
                int low, high;
                needed(*m.frame, span, part, low, high);
                for (int from = low; from < high; from += kTile) {
                    const int to = smaller(from + kTile, high);
                    this->template load_tile<true>(from, to, lo, hi);
                    if (lo == 0 && hi == total) {
                        look_up_tile<true>(span, from, to, lo, hi, true);
                    } else {
                        look_up_tile<false>(span, from, to, lo, hi, hi == total);
                    }
                    SYNC;
                }
            }
        }
    }

    // `kAll` says that all stored rows are there.
    template <bool kAll>
    SWIN3D_INLINE void look_up_tile(int span, int from, int to, int lo, int hi, bool last) {
        PHASE(t) {
            const Lane& me = lanes[t];
            int begin, end;
            bounds(me, span, from, to, begin, end);
            if (begin >= end) continue;
            Real x0[kWidth], x1[kWidth];
            int shift[kAxesRoom];
#pragma unroll
            for (int d = 0; d < kWidth; ++d) {
                x0[d] = m.lane0[d * kLanes + t];
                x1[d] = kPass == kForward ? 0 : m.lane1[d * kLanes + t];
            }
#pragma unroll
            for (int a = 0; a < kAxes; ++a) shift[a] = m.lane_shift[a * kLanes + t] - lo - kFloorShift;
            const unsigned count = hi - lo;
#pragma unroll 1
            for (int position = begin; position < end; ++position) {
                const int j = position - from, slot = (position - me.start - span * kSpan) * kLanes + t;
                Real logit = kAll || lo == 0 ? 0 : m.pair0[slot];
                Real slope = kAll || lo == 0 || kPass == kForward ? 0 : m.pair1[slot];
                if (kAll || lo == 0) {
                    Real y[kWidthStride];
                    read_fours(m.tile0 + j * kWidthStride, y);
#pragma unroll
                    for (int d = 0; d < kWidth; ++d) logit += x0[d] * y[d];
                    if (kPass != kForward) read_fours(m.tile1 + j * kWidthStride, y);
#pragma unroll
                    for (int d = 0; d < kWidth; ++d) slope += kPass == kForward ? 0 : x1[d] * y[d];
                }
                Signal signal[kAxisStride];
                int tile_shift[kAxisStride];
                read_fours(m.tile_signal + j * kAxisStride, signal);
                read_fours(m.tile_shift + j * kAxisStride, tile_shift);
#pragma unroll
                for (int a = 0; a < kAxes; ++a) {
                    const int row = row_of(me, signal[a], a);
                    const unsigned mine = row + shift[a], other = row + tile_shift[a] - (lo + kFloorShift);
                    if (kAll || mine < count) {
                        logit += m.stored0[mine * kLanes + t];
                        if (kPass == kQueryGrad) slope += m.stored1[mine * kLanes + t];
                    }
                    if (kAll || other < count) {
                        logit += m.seen0[j * m.seen_stride + other];
                        if (kPass == kKeyGrad) slope += m.seen1[j * m.seen_stride + other];
                    }
                }
                if (kPass == kKeyGrad && last) {
                    const Real weight = exponential(logit - m.tile_lse[j]);
                    logit = weight * (slope - m.tile_delta[j]);
                    slope = weight;
                }
                m.pair0[slot] = logit;
                if (kPass != kForward) m.pair1[slot] = slope;
            }
        }
    }

    // Turn the logits of a turn into what is summed.
    SWIN3D_INLINE void weigh(int span, bool delta_only, bool one_turn) {
        PHASE(t) {
            Lane& me = lanes[t];
            const int count = smaller(me.stop - me.start - span * kSpan, kSpan);
            if (count > 0 && kPass == kForward) weigh_forward(me, count, m.pair0 + t);
            if (count > 0 && kPass == kQueryGrad) {
                weigh_query_grad(me, p.lse[me.row], count, m.pair0 + t, m.pair1 + t, delta_only, one_turn);
            }
        }
    }

    // Sum over the pairs of a turn: vectors of the other side directly, table rows by way of columns.
    SWIN3D_INLINE void add_up(int span) {
        const int total = m.frame->offset[kAxes];
        for (int lo = 0; lo == 0 || lo < total; lo += p.capacity) {
            const int hi = smaller(total, lo + p.capacity);
            PHASE(t) {
                for (int i = 0; i < hi - lo; ++i) {
                    m.stored0[i * kLanes + t] = 0;
                    if (kPass == kQueryGrad) m.stored1[i * kLanes + t] = 0;
                }
            }
            for (int part = 0; part < 2; ++part) {
                int low, high;
                needed(*m.frame, span, part, low, high);
                for (int from = low; from < high; from += kTile) {
                    const int to = smaller(from + kTile, high);
                    this->template load_tile<false>(from, to, lo, hi);
                    if (lo == 0 && hi == total) {
                        add_up_tile<true>(span, from, to, lo, hi);
                    } else {
                        add_up_tile<false>(span, from, to, lo, hi);
                    }
                    SYNC;
                }
            }
            // forward the sums are of the value table, backward of the lane's own
            const Real* const table = kPass == kForward ? table_of(p.v_table) : lane_table();
            PHASE(t) { apply_table(table, lanes[t], t, lo, hi); }
            if constexpr (kPass != kForward) {
                SYNC;
                add_table_gradient(m.stored0, m.lane0, p.partial0, lo, hi);
                if constexpr (kPass == kQueryGrad) add_table_gradient(m.stored1, m.lane1, p.partial1, lo, hi);
                SYNC;
            }
        }
    }

    template <bool kAll> SWIN3D_INLINE void add_up_tile(int span, int from, int to, int lo, int hi) {
        PHASE(t) {
            Lane& me = lanes[t];
            int begin, end;
            bounds(me, span, from, to, begin, end);
            int shift[kAxesRoom];
#pragma unroll
            for (int a = 0; a < kAxes; ++a) shift[a] = m.lane_shift[a * kLanes + t] - lo - kFloorShift;
            const unsigned count = hi - lo;
#pragma unroll 1
            for (int position = begin; position < end; ++position) {
                const int j = position - from, slot = (position - me.start - span * kSpan) * kLanes + t;
                const Real pair0 = m.pair0[slot], pair1 = kPass == kForward ? 0 : m.pair1[slot];
                if (kAll || lo == 0) {
                    Real y[kWidthStride];
                    read_fours(m.tile0 + j * kWidthStride, y);
#pragma unroll
                    for (int d = 0; d < kWidth; ++d) me.sum0[d] += pair0 * y[d];
                    if constexpr (kPass == kKeyGrad) {
                        read_fours(m.tile1 + j * kWidthStride, y);
#pragma unroll
                        for (int d = 0; d < kWidth; ++d) me.sum1[d] += pair1 * y[d];
                    }
                }
                Signal signal[kAxisStride];
                read_fours(m.tile_signal + j * kAxisStride, signal);
                // Rows of different axes never coincide: all are read before one is written.
                unsigned place[kAxesRoom];
                Real sum0[kAxesRoom], sum1[kAxesRoom];
#pragma unroll
                for (int a = 0; a < kAxes; ++a) {
                    place[a] = row_of(me, signal[a], a) + shift[a];
                    if (!kAll && place[a] >= count) continue;
                    sum0[a] = m.stored0[place[a] * kLanes + t] + pair0;
                    if (kPass == kQueryGrad) sum1[a] = m.stored1[place[a] * kLanes + t] + pair1;
                }
#pragma unroll
                for (int a = 0; a < kAxes; ++a) {
                    if (!kAll && place[a] >= count) continue;
                    m.stored0[place[a] * kLanes + t] = sum0[a];
                    if (kPass == kQueryGrad) m.stored1[place[a] * kLanes + t] = sum1[a];
                }
            }
        }
    }

};

template <int kPass> SWIN3D_INLINE void attend(const Problem& p) {
    PerThread<Lane> lanes;
    Attention<kPass>(p, lanes).run();
}

SWIN3D_KERNEL(attend_forward, kLanes)(Problem p) { attend<kForward>(p); }
SWIN3D_KERNEL(attend_query_grad, kLanes)(Problem p) { attend<kQueryGrad>(p); }
SWIN3D_KERNEL(attend_key_grad, kLanes)(Problem p) { attend<kKeyGrad>(p); }

}  // namespace swin3d

#define SWIN3D_KERNELS(X) \
    X(window_ranges) X(sum_partials) X(attend_forward) X(attend_query_grad) X(attend_key_grad)
