// Both sides of the window attention: lanes are loaded once, the other side tile by tile; results are stored.
#pragma once

#include "attention_block.cuh"

namespace swin3d {

template <int kPass> struct Sides : Block {
    static constexpr bool kQueries = kPass != kKeyGrad;  // lanes are queries

    SWIN3D_INLINE Sides(const Problem& problem, PerThread<Lane>& lanes)
        : Block{problem, block_y(), divide<kPass>(problem.capacity), lanes} {}

    SWIN3D_INLINE const Real* lane_table() const { return table_of(kQueries ? p.q_table : p.k_table); }
    SWIN3D_INLINE const Real* tile_table() const { return table_of(kQueries ? p.k_table : p.q_table); }

    SWIN3D_INLINE void load_lanes(int64 tile) {
        const int from = static_cast<int>(tile * kLanes), to = smaller(from + kLanes, p.voxels);
        const Real scale = static_cast<Real>(p.scale);
        Frame& f = *m.frame;
        PHASE(t) {
            if (t == 0) f.longest = 0;
            for (int a = t; a < kAxes; a += kLanes) f.reach[a] = 0, f.least[a] = -p.size[a], f.most[a] = 0;
        }
        SYNC;
        PHASE(t) {
            Lane& me = lanes[t];
            const int position = from + t;
            const bool real = position < to;
            const int w = p.window[real ? position : from];
            const int64 token = p.order[real ? position : from], at = (token * p.heads + head) * kWidth;
            const Element* const q = p.q + token * p.q_step + head * kWidth;
            const Element* const k = p.k + token * p.k_step + head * kWidth;
            const Element* const v = p.v + token * p.v_step + head * kWidth;
            me.row = token * p.heads + head;
            me.start = static_cast<int>(p.ptr[w]);
            me.stop = real ? static_cast<int>(p.ptr[w + 1]) : me.start;
            me.most = -static_cast<Real>(bits_float(0x7F800000u));
            me.total = me.delta = 0;
            shared_max(&f.longest, me.stop - me.start);
            if (position == from) f.first_start = me.start, f.first_stop = me.stop;
            if (position == to - 1) f.last_start = me.start, f.last_stop = me.stop;
#pragma unroll
            for (int d = 0; d < kWidth; ++d) {
                const Real mine = widen<Real>(kQueries ? q[d] : k[d]) * (kQueries ? scale : 1);
                m.lane0[d * kLanes + t] = real ? mine : 0;
                if (kPass == kQueryGrad) m.lane1[d * kLanes + t] = real ? widen<Real>(p.grad_out[at + d]) : 0;
                if (kPass == kKeyGrad) m.lane1[d * kLanes + t] = real ? widen<Real>(v[d]) : 0;
                me.sum0[d] = me.sum1[d] = 0;
            }
#pragma unroll
            for (int a = 0; a < kAxes; ++a) {
                const int64 range = w * static_cast<int64>(kAxes) + a;
                me.signal[a] = p.signals[token * kAxes + a];
                const int least =
                    least_row<kQueries>(me.signal[a], p.low[range], p.high[range], p.size[a]);
                m.lane_shift[a * kLanes + t] = -least;
                shared_max(&f.reach[a], p.reach[range]);
                shared_max(&f.least[a], -least);
                shared_max(&f.most[a], least);
            }
        }
        SYNC;
        PHASE(t) {
            int offset = 0, met = 0;
            for (int a = 0; a < kAxes; ++a) {
                m.lane_shift[a * kLanes + t] += offset;
                if (t == 0) f.offset[a] = offset, f.met[a] = met;
                offset += f.reach[a];
                met += smaller(p.size[a], f.most[a] + f.reach[a]) + f.least[a];
            }
            if (t == 0) f.offset[kAxes] = offset, f.met[kAxes] = met;
        }
        SYNC;
    }

    // Load a tile of the other side; `logits` asks for what the logits need, else for what is summed.
    template <bool kLogits> SWIN3D_INLINE void load_tile(int from, int to, int lo, int hi) {
        PHASE(t) {
            const int j = t % kTile, part = t / kTile;
            if (from + j >= to) continue;
            const int64 token = p.order[from + j], row = token * p.heads + head;
            const int64 window = p.window[from + j];
            for (int a = part; a < kAxes; a += kParts) {
                const Signal s = p.signals[token * kAxes + a];
                const Signal low = p.low[window * kAxes + a], high = p.high[window * kAxes + a];
                m.tile_signal[j * kAxisStride + a] = s;
                if (kLogits) {
                    m.tile_shift[j * kAxisStride + a] =
                        m.frame->offset[a] - least_row<!kQueries>(s, low, high, p.size[a]);
                }
            }
            for (int d = part; d < kWidth; d += kParts) {
                const int at = head * kWidth + d, place = j * kWidthStride + d;
                const Element* const k = p.k + token * p.k_step + at;
                const Element* const v = p.v + token * p.v_step + at;
                if (kPass == kForward) m.tile0[place] = widen<Real>(kLogits ? *k : *v);
                if (kPass == kQueryGrad) m.tile0[place] = widen<Real>(*k);
                if (kPass == kQueryGrad && kLogits) m.tile1[place] = widen<Real>(*v);
                if (kPass == kKeyGrad) {
                    m.tile0[place] = widen<Real>(p.q[token * p.q_step + at]) * static_cast<Real>(p.scale);
                    m.tile1[place] = widen<Real>(p.grad_out[row * kWidth + d]);
                }
            }
            if (kPass == kKeyGrad && kLogits && part == 0) {
                m.tile_lse[j] = p.lse[row];
                m.tile_delta[j] = p.delta[row];
            }
        }
        SYNC;
        if constexpr (kLogits) {
            PHASE(t) {
                const int j = t % kTile, part = t / kTile;
                if (from + j < to) project_tile(j, part, lo, hi);
            }
            SYNC;
        }
    }

    SWIN3D_INLINE void project_tile(int j, int part, int lo, int hi) const {
        const int* shift = m.tile_shift + j * kAxisStride;
        Real x[kWidthStride];
        read_fours(m.tile0 + j * kWidthStride, x);
        project(x, tile_table(), shift, 1, lo, hi, part, kParts, m.seen0 + j * m.seen_stride, 1);
        if constexpr (kPass == kKeyGrad) {
            read_fours(m.tile1 + j * kWidthStride, x);
            project(x, table_of(p.v_table), shift, 1, lo, hi, part, kParts, m.seen1 + j * m.seen_stride, 1);
        }
    }

    // Table row of a pair plus floor_shift.
    SWIN3D_INLINE int row_of(const Lane& me, Signal other, int a) const {
        return shifted_row(kQueries ? me.signal[a] - other : other - me.signal[a], p.half[a], p.last[a]);
    }

    SWIN3D_INLINE void store_lanes() {
        PHASE(t) {
            const Lane& me = lanes[t];
            if (me.start == me.stop) continue;
            if (kPass == kForward) p.lse[me.row] = me.most + logarithm(me.total);
            if (kPass == kQueryGrad) p.delta[me.row] = me.delta;
#pragma unroll
            for (int d = 0; d < kWidth; ++d) {
                const int64 at = me.row * kWidth + d;
                if (kPass == kForward) p.out[at] = narrow<Element>(me.sum0[d] / me.total);
                if (kPass == kQueryGrad) {
                    p.grad_q[at] = narrow<Element>(me.sum0[d] * static_cast<Real>(p.scale));
                }
                if (kPass == kKeyGrad) p.grad_k[at] = narrow<Element>(me.sum0[d]);
                if (kPass == kKeyGrad) p.grad_v[at] = narrow<Element>(me.sum1[d]);
            }
        }
    }
};

}  // namespace swin3d
