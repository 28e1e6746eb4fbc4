// The softmax of lanes over the keys of a turn, turn by turn; the threads of a lane share its keys.
#pragma once

#include "attention_sides.cuh"

namespace swin3d {

// Keys of the turn [from, to) that a lane attends to.
template <int kPass>
SWIN3D_INLINE void keys_of(const Memory<kPass>& m, int lane, int from, int to, int& begin, int& end) {
    begin = larger(from, m.lane_start[lane]) - from;
    end = smaller(to, m.lane_stop[lane]) - from;
}

struct Softmax : Sides<kForward> {
    using Sides<kForward>::Sides;

    // Logits become weights relative to the largest logit so far; earlier sums shrink when it grows.
    SWIN3D_INLINE void weigh(int from, int to) {
        PHASE(t) {
            const int lane = t % kLanes, group = t / kLanes;
            int begin, end;
            keys_of(m, lane, from, to, begin, end);
            Real most[kHeads];
#pragma unroll
            for (int h = 0; h < kHeads; ++h) most[h] = -infinity();
#pragma unroll 1
            for (int key = begin + group; key < end; key += kGroups) {
                const Cell<kHeads> logit = m.pair[key * kLanes + lane];
#pragma unroll
                for (int h = 0; h < kHeads; ++h) most[h] = larger(most[h], logit.at[h]);
            }
#pragma unroll
            for (int h = 0; h < kHeads; ++h) m.group_most[h * kThreads + t] = most[h];
        }
        SYNC;
        PHASE(t) {
            const int lane = t % kLanes, group = t / kLanes;
            int begin, end;
            keys_of(m, lane, from, to, begin, end);
            Real base[kHeads];
#pragma unroll
            for (int h = 0; h < kHeads; ++h) base[h] = raise(sums[t], h, lane, group);
#pragma unroll 1
            for (int key = begin + group; key < end; key += kGroups) {
                Cell<kHeads> weight = m.pair[key * kLanes + lane];
#pragma unroll
                for (int h = 0; h < kHeads; ++h) {
                    weight.at[h] = exponential(weight.at[h] - base[h]);
                    sums[t].total[h] += weight.at[h];
                }
                m.pair[key * kLanes + lane] = weight;
            }
        }
        SYNC;
        shrink_rows();
    }

    // Return what weights of a head are relative to from now on.
    SWIN3D_INLINE Real raise(Sums<kForward>& own, int h, int lane, int group) const {
        Real most = own.most[h];
#pragma unroll
        for (int g = 0; g < kGroups; ++g) most = larger(most, m.group_most[h * kThreads + g * kLanes + lane]);
        // Where all logits so far are minus infinity, their weights are 0 and not yet NaN.
        const Real base = most == -infinity() ? 0 : most;
        const Real shrink = exponential(own.most[h] - base);
        own.most[h] = most;
        own.total[h] *= shrink;
        if (group == 0) m.shrink[h * kLanes + lane] = shrink;
#pragma unroll
        for (int n = 0; n < C::Vectors::kOwn; ++n) {
            if (C::Vectors::job(group, n) / kHeadFours != h) continue;
#pragma unroll
            for (int i = 0; i < 4; ++i) own.vectors[n][i] *= shrink;
        }
        return base;
    }

    // What tiles of rows have summed so far shrinks by lanes.
    SWIN3D_INLINE void shrink_rows() {
        PHASE(t) {
            const int place = t % kWarp, warp = t / kWarp;
            const Real* const shrink = m.shrink + warp % kRowJobs * kTileRows;
#pragma unroll
            for (int h = 0; h < kHeads; ++h) {
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    const Real factor = shrink[h * kLanes + result_row(place, i)];
#pragma unroll
                    for (int d = 0; d < kDepths; ++d) sums[t].rows[h][d][i] *= factor;
                }
            }
        }
    }
};

}  // namespace swin3d
