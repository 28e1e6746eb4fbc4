// The arguments of the window-attention kernels, the table row of a pair, and the ranges of a window.
//
// Compiled for one problem kind: SWIN3D_ELEMENT (float, double, f16, bf16), SWIN3D_REAL (the type of
// sums), SWIN3D_SIGNAL, SWIN3D_WIDTH (head width), SWIN3D_AXES (signal columns) and SWIN3D_LANES (threads) are macros.
#pragma once

#include "block_language.cuh"

namespace swin3d {

typedef SWIN3D_ELEMENT Element;
typedef SWIN3D_REAL Real;
typedef SWIN3D_SIGNAL Signal;

constexpr int kWidth = SWIN3D_WIDTH;
constexpr int kAxes = SWIN3D_AXES;
constexpr int kAxesRoom = kAxes > 0 ? kAxes : 1;  // arrays need an element
constexpr int kWarp = 32;

// A position is a place in `order`: the voxels of a window have consecutive positions.
struct Problem {
    const Element *q, *k, *v;                 // (N, H, D), voxels q_step, k_step, v_step elements apart
    const Element* grad_out;                  // (N, H, D)
    const Real *q_table, *k_table, *v_table;  // (H, D, R)
    const Signal* signals;                    // (N, S)
    const int64 *order, *ptr;                 // (N), (W + 1)
    int* window;                              // (N): window of each position
    Signal *low, *high;                       // (W, S): extent of the window's signals
    int* reach;                               // (W, S): most table rows that one voxel meets
    Real *lse, *delta;                        // (N, H): log-sum-exp; sum over j of p_ij dp_ij
    Element *out, *grad_q, *grad_k, *grad_v;  // (N, H, D)
    Real *partial0, *partial1;                // (G, H, R, D): table gradients of each block
    double scale;
    int64 q_step, k_step, v_step;
    int voxels, windows, heads, rows, tiles, capacity;
    int first[kAxesRoom], size[kAxesRoom];     // table rows L of each axis
    Signal half[kAxesRoom], last[kAxesRoom];   // L / 2, L - 1
};

// clamp(floor(difference + L / 2), 0, L - 1) plus floor_shift; a NaN becomes row 0.
SWIN3D_INLINE int shifted_row(Signal difference, Signal half, Signal last) {
    return shifted_floor(at_most(at_least(difference + half, Signal(0)), last));
}
SWIN3D_INLINE int table_row(Signal difference, int size) {
    const Signal half = static_cast<Signal>(size) / 2, last = static_cast<Signal>(size - 1);
    return shifted_row(difference, half, last) - floor_shift(Signal(0));
}

// The least row that a voxel meets in its window, as query or as key: rows grow with the difference.
template <bool kQuery> SWIN3D_INLINE int least_row(Signal s, Signal low, Signal high, int size) {
    return table_row(kQuery ? s - high : low - s, size);
}
template <bool kQuery> SWIN3D_INLINE int most_row(Signal s, Signal low, Signal high, int size) {
    return table_row(kQuery ? s - low : high - s, size);
}

// One block of a warp per window: window of its positions, extent of its signals, rows that it needs.
// An axis with a NaN extends to both infinities, so that row 0 is among the rows of every voxel.
SWIN3D_KERNEL(window_ranges, kWarp)(Problem p) {
    struct Part {
        Signal low[kWarp], high[kWarp];
        int reach[kAxesRoom];
    };
    Part* part = reinterpret_cast<Part*>(shared_memory());
    const int w = static_cast<int>(block_x());
    const int start = static_cast<int>(p.ptr[w]), stop = static_cast<int>(p.ptr[w + 1]);
    const Signal infinity = static_cast<Signal>(bits_float(0x7F800000u));
    PHASE(t) {
        for (int i = start + t; i < stop; i += kWarp) p.window[i] = w;
        for (int a = t; a < kAxes; a += kWarp) part->reach[a] = 0;
    }
    for (int a = 0; a < kAxes; ++a) {
        PHASE(t) {
            Signal low = infinity, high = -infinity;
            for (int i = start + t; i < stop; i += kWarp) {
                const Signal s = p.signals[p.order[i] * kAxes + a];
                low = s == s ? smaller(low, s) : -infinity;
                high = s == s ? larger(high, s) : infinity;
                if (s != s) break;
            }
            part->low[t] = low;
            part->high[t] = high;
        }
        SYNC;
        Signal low = infinity, high = -infinity;
        for (int i = 0; i < kWarp; ++i) {
            low = smaller(low, part->low[i]);
            high = larger(high, part->high[i]);
        }
        PHASE(t) {
            if (t == 0) p.low[w * static_cast<int64>(kAxes) + a] = low;
            if (t == 0) p.high[w * static_cast<int64>(kAxes) + a] = high;
            int reach = 0;
            for (int i = start + t; i < stop; i += kWarp) {
                const Signal s = p.signals[p.order[i] * kAxes + a];
                const int size = p.size[a];
                const int query = most_row<true>(s, low, high, size) - least_row<true>(s, low, high, size);
                const int key = most_row<false>(s, low, high, size) - least_row<false>(s, low, high, size);
                reach = larger(reach, larger(query, key) + 1);
            }
            shared_max(&part->reach[a], reach);
        }
        SYNC;
    }
    PHASE(t) {
        for (int a = t; a < kAxes; a += kWarp) p.reach[w * static_cast<int64>(kAxes) + a] = part->reach[a];
    }
}

// Sum the blocks' table gradients in block order: (G, H, R, D) -> (R, H, D).
SWIN3D_KERNEL(sum_partials, 256)(const Real* partial, Real* grad, int blocks, int heads, int rows) {
    PHASE(t) {
        const int64 size = static_cast<int64>(heads) * rows * kWidth, at = block_x() * 256 + t;
        if (at >= size) continue;
        Real sum = 0;
        for (int b = 0; b < blocks; ++b) sum += partial[b * size + at];
        const int64 d = at % kWidth, r = at / kWidth % rows, h = at / kWidth / rows;
        grad[(r * heads + h) * kWidth + d] = sum;
    }
}

}  // namespace swin3d
