// What a block of the window attention keeps: per lane, for all threads, and in shared memory.
#pragma once

#include "window_rows.cuh"

namespace swin3d {

enum Pass { kForward, kQueryGrad, kKeyGrad };

constexpr int kFloorShift = floor_shift(Signal(0));

constexpr int kLanes = SWIN3D_LANES;  // lanes of a block, threads of a block
constexpr int kTile = 16;             // voxels of the other side at a time
constexpr int kSpan = kLanes;         // voxels of a window in one turn; at least kLanes
constexpr int kParts = kLanes / kTile;
constexpr int kAxisStride = fours(kAxesRoom), kWidthStride = fours(kWidth);  // of the tile's arrays

struct Lane {
    int start, stop;  // positions of its window; equal where the lane has no voxel
    int64 row;        // voxel * H + head
    Signal signal[kAxesRoom];
    Real most, total, delta;
    Real sum0[kWidth], sum1[kWidth];
};

// What all threads of a block agree on.
struct Frame {
    int first_start, first_stop, last_start, last_stop;  // windows of its first and of its last lane
    int longest;                                         // voxels of its largest window
    int reach[kAxesRoom], offset[kAxesRoom + 1];         // stored rows of each axis
    int least[kAxesRoom], most[kAxesRoom];  // first rows of lanes: the negative of the least, and the most
    int met[kAxesRoom + 1];                 // table rows that lanes meet, summed over the axes before
};

struct Memory {
    Signal* tile_signal;             // (tile, axis)
    Real *stored0, *stored1;         // (stored row, lane): projections, then sums by table row
    Real *pair0, *pair1;             // (voxel of the turn, lane): logit and dp, then what is summed
    Real *lane0, *lane1;             // (d, lane): the lane's vectors
    Real *tile0, *tile1;             // (tile, d)
    Real *seen0, *seen1;             // (tile, stored row): projections of the tile
    Real *tile_lse, *tile_delta;     // (tile)
    int *lane_shift, *tile_shift;    // (axis, lane), (tile, axis)
    Frame* frame;
    int seen_stride;
};

template <class T> SWIN3D_INLINE T* take(char*& at, int count) {
    T* taken = reinterpret_cast<T*>(at);
    at += (sizeof(T) * count + 15) / 16 * 16;
    return taken;
}

template <int kPass> SWIN3D_INLINE Memory divide(int capacity) {
    char* at = shared_memory();
    Memory m;
    m.seen_stride = capacity | 1;  // odd: the voxels of a tile lie in different banks
    m.tile_signal = take<Signal>(at, kTile * kAxisStride);
    m.stored0 = take<Real>(at, capacity * kLanes);
    m.stored1 = take<Real>(at, kPass == kQueryGrad ? capacity * kLanes : 0);
    m.pair0 = take<Real>(at, kSpan * kLanes);
    m.pair1 = take<Real>(at, kPass == kForward ? 0 : kSpan * kLanes);
    m.lane0 = take<Real>(at, kWidth * kLanes);
    m.lane1 = take<Real>(at, kPass == kForward ? 0 : kWidth * kLanes);
    m.tile0 = take<Real>(at, kTile * kWidthStride);
    m.tile1 = take<Real>(at, kPass == kForward ? 0 : kTile * kWidthStride);
    m.seen0 = take<Real>(at, kTile * m.seen_stride);
    m.seen1 = take<Real>(at, kPass == kKeyGrad ? kTile * m.seen_stride : 0);
    m.tile_lse = take<Real>(at, kPass == kKeyGrad ? kTile : 0);
    m.tile_delta = take<Real>(at, kPass == kKeyGrad ? kTile : 0);
    m.lane_shift = take<int>(at, kAxes * kLanes);
    m.tile_shift = take<int>(at, kTile * kAxisStride);
    m.frame = take<Frame>(at, 1);
    return m;
}

// Positions of turn `span` that lanes of the block need: two ranges, or one where they touch. All
// windows between the first lane's and the last lane's lie in the block, so turn 0 covers them.
SWIN3D_INLINE void needed(const Frame& f, int span, int part, int& low, int& high) {
    const int first = f.first_start + span * kSpan, first_end = smaller(f.first_stop, first + kSpan);
    const int last = f.last_start + span * kSpan, last_end = smaller(f.last_stop, last + kSpan);
    const bool several = f.first_start != f.last_start;
    const bool joined = several && span == 0 && first_end == f.first_stop;
    if (part == 0) {
        low = first;
        high = joined ? last_end : first_end;
    } else {
        low = span == 0 ? f.first_stop : last;
        high = several && !joined ? last_end : low;
    }
}

}  // namespace swin3d
