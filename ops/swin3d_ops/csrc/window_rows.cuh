// The arguments of the window-attention kernels and the table row of a pair.
//
// Compiled for one problem kind: SWIN3D_ELEMENT (float, double, f16, bf16), SWIN3D_REAL (the type of
// sums), SWIN3D_SIGNAL, SWIN3D_WIDTH (head width) and SWIN3D_AXES (signal columns) are macros.
#pragma once

#include "block_language.cuh"

namespace swin3d {

typedef SWIN3D_ELEMENT Element;
typedef SWIN3D_REAL Real;
typedef SWIN3D_SIGNAL Signal;

constexpr int kWidth = SWIN3D_WIDTH;
constexpr int kAxes = SWIN3D_AXES;
constexpr int kAxesRoom = kAxes > 0 ? kAxes : 1;  // arrays need an element

// What a block takes at a time: lanes at consecutive positions and the positions of all that they attend to.
struct Item {
    int from, to, keys_from, keys_to;
};

// A position is a place in `order`: the voxels of a window have consecutive positions.
struct Problem {
    const Element *q, *k, *v;                 // (N, H, D), voxels q_step, k_step, v_step elements apart
    const Element* grad_out;                  // (N, H, D)
    const Real* out;                          // (N, H, D): the results before they were rounded
    const Real *q_table, *k_table, *v_table;  // (R, H, D)
    const Signal* signals;                    // (N, S)
    const int64 *order, *ptr;                 // (N), (W + 1)
    const int* window;                        // (N): window of each position
    const Signal *low, *high;                 // (W, S): extent of the window's signals
    const int* reach;                         // (W, S): most table rows that one voxel meets
    const int* clamps;                        // (W): whether a difference may lie outside of a table, or is NaN
    const Item* items;                        // what blocks take, one after another
    const int* num_items;
    Real *lse, *delta;                  // (N, H): log-sum-exp; sum over j of p_ij dp_ij
    Element* result;                    // (N, H, D)
    Real* exact;                        // (N, H, D): where elements are of 16 bits, what becomes `out`
    Element *grad_q, *grad_k, *grad_v;  // (N, H, D), voxels grad_step elements apart
    Real *partial0, *partial1;          // (G, H, R, D): table gradients of each block
    double scale;
    int64 q_step, k_step, v_step, grad_step;
    int heads, rows;
    int keys, capacity, seen;                 // of a turn; stored rows of a lane; projections of the keys
    int first[kAxesRoom], size[kAxesRoom];    // table rows L of each axis
    Signal half[kAxesRoom], last[kAxesRoom];  // L / 2, L - 1
};

// clamp(floor(difference + L / 2), 0, L - 1) plus floor_shift; a NaN becomes row 0.
SWIN3D_INLINE int shifted_row(Signal difference, Signal half, Signal last) {
    return shifted_floor(at_most(at_least(difference + half, Signal(0)), last));
}
// The same of a difference known to lie inside of the table.
SWIN3D_INLINE int inner_shifted_row(Signal difference, Signal half) { return shifted_floor(difference + half); }
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

}  // namespace swin3d
