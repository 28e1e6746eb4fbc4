// The softmax of a lane over its pairs, turn by turn, and its gradient.
#pragma once

#include "attention_memory.cuh"

namespace swin3d {

// Softmax so far: weights relative to the largest logit, earlier sums shrunk when it grows.
SWIN3D_INLINE void weigh_forward(Lane& me, int count, Real* logit) {
    Real most = me.most;
    for (int n = 0; n < count; ++n) most = larger(most, logit[n * kLanes]);
    // Where all logits so far are minus infinity, their weights are 0 and not yet NaN.
    const Real base = most == -static_cast<Real>(bits_float(0x7F800000u)) ? 0 : most;
    const Real shrink = exponential(me.most - base);
    me.most = most;
    me.total *= shrink;
#pragma unroll
    for (int d = 0; d < kWidth; ++d) me.sum0[d] *= shrink;
    for (int n = 0; n < count; ++n) {
        const Real weight = exponential(logit[n * kLanes] - base);
        logit[n * kLanes] = weight;
        me.total += weight;
    }
}

// Logit and dp become the gradient of the logit, weight (dp - delta), and the weight.
SWIN3D_INLINE void weigh_query_grad(Lane& me, Real lse, int count, Real* pair0, Real* pair1,
                                    bool delta_only, bool one_turn) {
    for (int n = 0; n < count; ++n) {
        const Real weight = exponential(pair0[n * kLanes] - lse);
        pair0[n * kLanes] = weight;
        if (delta_only || one_turn) me.delta += weight * pair1[n * kLanes];
    }
    if (delta_only) return;
    for (int n = 0; n < count; ++n) {
        const Real weight = pair0[n * kLanes];
        pair0[n * kLanes] = weight * (pair1[n * kLanes] - me.delta);
        pair1[n * kLanes] = weight;
    }
}

}  // namespace swin3d
