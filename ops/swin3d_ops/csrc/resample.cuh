// Maximum and weighted sum over K gathered rows on the GPU, forward and backward.
//
// Backward passes gather too: an inverse index lists, for each row of feats, the entries m * K + k
// that read it, in ascending order, so every sum has one owner and one order.
// Macros: SWIN3D_ELEMENT (of feats), SWIN3D_RESULT (of weights and results, no narrower), SWIN3D_REAL (of sums).
#pragma once

#include "block_language.cuh"

namespace swin3d {

typedef SWIN3D_ELEMENT Element;
typedef SWIN3D_RESULT Result;
typedef SWIN3D_REAL Real;

constexpr int kThreads = 256;
constexpr int kWarp = 32;

struct Rows {
    const Element* feats;              // (N, C)
    const Result *weight, *grad_out;   // (M, K), (M, C)
    const int64* index;                // (M, K)
    const int64 *entry, *start;        // (M K), (N + 1): the inverse index
    int* choice;                       // (M, C): the k that gave the maximum
    Result* out;                       // (M, C)
    Element* grad_feats;               // (N, C)
    Result* grad_weight;               // (M, K)
    int64 sources, results, neighbours, channels;
};

SWIN3D_KERNEL(gather_max, kThreads)(Rows r) {
    PHASE(t) {
        const int64 at = block_x() * kThreads + t;
        if (at >= r.results * r.channels) continue;
        const int64 m = at / r.channels, c = at % r.channels;
        const int64* index = r.index + m * r.neighbours;
        Real best = widen<Real>(r.feats[index[0] * r.channels + c]);
        int chosen = 0;
        for (int k = 1; k < r.neighbours; ++k) {
            const Real value = widen<Real>(r.feats[index[k] * r.channels + c]);
            // A NaN wins, as in torch.max; the first of equals stays.
            const bool better = value > best || (value != value && best == best);
            best = better ? value : best;
            chosen = better ? k : chosen;
        }
        r.out[at] = narrow<Result>(best);
        r.choice[at] = chosen;
    }
}

SWIN3D_KERNEL(gather_max_backward, kThreads)(Rows r) {
    PHASE(t) {
        const int64 at = block_x() * kThreads + t;
        if (at >= r.sources * r.channels) continue;
        const int64 n = at / r.channels, c = at % r.channels;
        Real sum = 0;
        for (int64 i = r.start[n]; i < r.start[n + 1]; ++i) {
            const int64 m = r.entry[i] / r.neighbours, place = m * r.channels + c;
            if (r.choice[place] == r.entry[i] - m * r.neighbours) sum += widen<Real>(r.grad_out[place]);
        }
        r.grad_feats[at] = narrow<Element>(sum);
    }
}

SWIN3D_KERNEL(interpolate, kThreads)(Rows r) {
    PHASE(t) {
        const int64 at = block_x() * kThreads + t;
        if (at >= r.results * r.channels) continue;
        const int64 m = at / r.channels, c = at % r.channels;
        Real sum = 0;
        for (int64 i = m * r.neighbours; i < (m + 1) * r.neighbours; ++i) {
            sum += widen<Real>(r.weight[i]) * widen<Real>(r.feats[r.index[i] * r.channels + c]);
        }
        r.out[at] = narrow<Result>(sum);
    }
}

SWIN3D_KERNEL(interpolate_feats_grad, kThreads)(Rows r) {
    PHASE(t) {
        const int64 at = block_x() * kThreads + t;
        if (at >= r.sources * r.channels) continue;
        const int64 n = at / r.channels, c = at % r.channels;
        Real sum = 0;
        for (int64 i = r.start[n]; i < r.start[n + 1]; ++i) {
            const int64 m = r.entry[i] / r.neighbours;
            sum += widen<Real>(r.weight[r.entry[i]]) * widen<Real>(r.grad_out[m * r.channels + c]);
        }
        r.grad_feats[at] = narrow<Element>(sum);
    }
}

// A warp per weight; its first thread adds the lanes up in order.
SWIN3D_KERNEL(interpolate_weight_grad, kThreads)(Rows r) {
    Real* part = reinterpret_cast<Real*>(shared_memory());
    const int64 first = block_x() * (kThreads / kWarp), entries = r.results * r.neighbours;
    PHASE(t) {
        const int64 i = first + t / kWarp;
        Real sum = 0;
        if (i < entries) {
            const int64 m = i / r.neighbours, n = r.index[i];
            for (int64 c = t % kWarp; c < r.channels; c += kWarp) {
                sum += widen<Real>(r.grad_out[m * r.channels + c]) * widen<Real>(r.feats[n * r.channels + c]);
            }
        }
        part[t] = sum;
    }
    SYNC;
    PHASE(t) {
        const int64 i = first + t / kWarp;
        if (t % kWarp != 0 || i >= entries) continue;
        Real sum = 0;
        for (int n = 0; n < kWarp; ++n) sum += part[t + n];
        r.grad_weight[i] = narrow<Result>(sum);
    }
}

}  // namespace swin3d

#define SWIN3D_KERNELS(X)                             \
    X(gather_max) X(gather_max_backward) X(interpolate) \
    X(interpolate_feats_grad) X(interpolate_weight_grad)
