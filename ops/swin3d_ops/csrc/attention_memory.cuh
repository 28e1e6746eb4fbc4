// What a block of the window attention keeps: for each thread, for all threads, and in shared memory.
//
// A block takes kHeads heads of kLanes lanes, and kGroups threads serve a lane. Of a pair, of a stored row
// and of a key's row it keeps a cell: one value for each head, of the logit, then of its slope.
#pragma once

#include "warp_tiles.cuh"

namespace swin3d {

enum Pass { kForward, kQueryGrad, kKeyGrad };

constexpr int kFloorShift = floor_shift(Signal(0));

constexpr int kLanes = SWIN3D_LANES, kGroups = SWIN3D_GROUPS, kHeads = SWIN3D_HEADS;
constexpr int kThreads = kLanes * kGroups, kWarps = kThreads / kWarp;
constexpr int kBlocks = SWIN3D_BLOCKS;  // that share a multiprocessor and its registers

constexpr int kAxisStride = fours(kAxesRoom);
constexpr int kWidthStride = fours(kWidth), kChannels = kHeads * kWidthStride;  // of a voxel, by head
constexpr int kFours = kChannels / 4, kHeadFours = kWidthStride / 4;
constexpr int kVector = kChannels + 4;  // four more, so that the vectors of eight voxels lie in different banks
constexpr int kDepths = (kWidth + kTileDepth - 1) / kTileDepth;  // tiles that the channels of a head fill

// Threads of a lane share fours of channels: group g takes four g % step, and of its terms every parts-th.
template <int kJobs> struct Share {
    static constexpr int kStep = kJobs < kGroups ? kJobs : kGroups;
    static constexpr int kParts = kGroups / kStep;            // threads that share the terms of a four
    static constexpr int kOwn = (kJobs + kStep - 1) / kStep;  // fours of a thread
    static SWIN3D_INLINE int job(int group, int n) { return group % kStep + n * kStep; }
    static SWIN3D_INLINE int part(int group) { return group / kStep; }
    static SWIN3D_INLINE bool is_real(int group, int n) {
        return part(group) < kParts && job(group, n) < kJobs;
    }
    // Where the sum of a job's part is kept among those of a lane.
    static SWIN3D_INLINE int place(int job, int part) {
        return job / kStep * kGroups + part * kStep + job % kStep;
    }
};

template <int kPass> struct Cells {
    static constexpr int kLane = kPass == kQueryGrad ? 2 * kHeads : kHeads;
    static constexpr int kKey = kPass == kKeyGrad ? 2 * kHeads : kHeads;
    static constexpr int kPair = kPass == kForward ? kHeads : 2 * kHeads;
    typedef Share<(kPass == kKeyGrad ? 2 : 1) * kFours> Vectors;  // sums over pairs of the other side's vectors
};

// Warps share sums over stored rows of table rows: of 16 lanes, and of every parts-th tile of rows.
constexpr int kRowJobs = kLanes / kTileRows, kRowParts = kWarps / kRowJobs;
static_assert(kRowParts >= 1 && kWarps % kRowJobs == 0, "an even number of groups");
constexpr int kEntryStride =
    (kChannels + 31) / 16 * 16 - 8;  // of table rows: those of a tile in different banks

template <int kCount> struct alignas(sizeof(Real) * kCount < 16 ? sizeof(Real) * kCount : 16) Cell {
    Real at[kCount];
};

// Bytes to a cell. They wrap around as differences of places do, so that a shifted row counts from a place that
// has taken the shift away: place of a pair's cell = its shifted row in bytes + place of shifted row 0.
template <class T> SWIN3D_INLINE unsigned bytes_of(int cells) {
    return static_cast<unsigned>(cells) * static_cast<unsigned>(sizeof(T));
}
template <class T> SWIN3D_INLINE T& cell_at(T* first, unsigned bytes) {
    return *reinterpret_cast<T*>(reinterpret_cast<char*>(first) + bytes);
}

// Sums that a thread carries from turn to turn.
template <int kPass> struct Sums {
    Real vectors[Cells<kPass>::Vectors::kOwn][4];
    Real rows[kHeads][kDepths][4];     // results of tiles: lanes by channels
    Real most[kHeads], total[kHeads];  // of the lane's logits so far; of the weights of the thread's own keys
};

constexpr int kSlices = 4;  // of 16 voxels, at most, on either side
static_assert(kLanes <= kSlices * kTileRows, "as many lanes as slices hold");

// Table rows that voxels of one side meet, axis by axis.
struct Met {
    int least[kSlices][kAxesRoom],
        most[kSlices][kAxesRoom];                    // first rows: the negative of the least, and the most
    int first[kAxesRoom], stop[kAxesRoom];           // rows of an axis
    int tiles[kAxesRoom + 1], talls[kAxesRoom + 1];  // tiles of 8 rows, and of 16, of the axes before
};

// What all threads of a block agree on.
struct Frame {
    int reach[kAxesRoom], offset[kAxesRoom + 1];  // stored rows of each axis
    int clamps;                                   // whether a difference of signals may lie outside of a table
    int wild;                                     // whether a vector is not finite
    Met lanes, keys;

    // Whether voxels of a slice meet some of `count` rows of an axis from `row` on.
    SWIN3D_INLINE bool meets(const Met& met, int slice, int a, int row, int count) const {
        return row + count > -met.least[slice][a] && row < met.most[slice][a] + reach[a];
    }
};

template <int kPass> struct Memory {
    typedef Cells<kPass> C;
    Cell<C::kLane>* stored;                   // (stored row, lane): projections, then sums by table row
    Cell<C::kKey>* seen;                      // (key, stored row): projections
    Cell<C::kPair>* pair;                     // (key, lane): logit and dp, then what is summed
    SplitArray<Real> lane0, lane1;            // (lane, kVector)
    Real *key0, *key1;                        // (key, kVector)
    SplitArray<Real> key_split0, key_split1;  // the same for products of tiles
    SplitArray<Real> entries;                 // (table row, kEntryStride), in the place of `seen`
    Real *lse, *delta;                        // (query, head)
    Real *group_most, *shrink;         // (head, group, lane); (head, lane), of sums when the largest grows
    Signal *lane_signal, *key_signal;  // (axis, lane), (key, axis)
    int *lane_shift, *key_shift;       // (axis, lane), (key, axis): stored row less table row
    unsigned* key_place;               // (key, axis): bytes from `seen` to the cell of shifted row 0
    int *lane_token, *lane_start, *lane_stop;  // voxel; positions of its window, none where there is no voxel
    Four<Real>* vector_parts;                  // (part, lane), in the place of what is a turn's alone
    Real *row_parts, *total_parts;             // (part, lane, kVector), (head, group, lane), likewise
    Frame* frame;
};

template <class T> SWIN3D_INLINE T* take(char*& at, int count) {
    T* taken = reinterpret_cast<T*>(at);
    at += (sizeof(T) * count + 15) / 16 * 16;
    return taken;
}

// Where a number needs no splitting, `whole` serves as it is.
SWIN3D_INLINE SplitArray<Real> take_split(char*& at, int count, Real* whole = nullptr) {
    constexpr int kPlanes = SplitArray<Real>::kPlanes;
    return {kPlanes == 1 && whole ? whole : take<Real>(at, kPlanes * count), count};
}

// Rows of a table, in whole tiles, that some bytes hold.
SWIN3D_INLINE int entries_in(int bytes) {
    constexpr int kTileBytes = kTileDepth * kEntryStride * SplitArray<Real>::kPlanes * sizeof(Real);
    return bytes / kTileBytes * kTileDepth;
}

template <int kPass> SWIN3D_INLINE Memory<kPass> divide(const Problem& p) {
    typedef Cells<kPass> C;
    const int keys = p.keys;
    char* at = shared_memory();
    char* parts = at;
    Memory<kPass> m;
    m.stored = take<Cell<C::kLane>>(at, p.capacity * kLanes);
    m.seen = take<Cell<C::kKey>>(at, p.seen);
    m.entries = {reinterpret_cast<Real*>(m.seen), entries_in(sizeof(Cell<C::kKey>) * p.seen) * kEntryStride};
    m.pair = take<Cell<C::kPair>>(at, keys * kLanes);
    m.key0 = take<Real>(at, keys * kVector);
    m.key1 = take<Real>(at, keys * kVector);
    m.key_split0 = take_split(at, keys * kVector, m.key0);
    m.key_split1 = take_split(at, kPass == kKeyGrad ? keys * kVector : 0, m.key1);
    m.key_signal = take<Signal>(at, keys * kAxisStride);
    m.key_shift = take<int>(at, keys * kAxisStride);
    m.key_place = take<unsigned>(at, keys * kAxisStride);
    // the sums of an item's threads meet when nothing of a turn is needed any more
    m.vector_parts = take<Four<Real>>(parts, C::Vectors::kOwn * kThreads);
    m.row_parts = take<Real>(parts, kRowParts * kLanes * kVector);
    m.total_parts = take<Real>(parts, kPass == kForward ? kHeads * kThreads : 0);
    at = larger(at, parts);
    m.lane0 = take_split(at, kLanes * kVector);
    m.lane1 = take_split(at, kPass == kForward ? 0 : kLanes * kVector);
    const int queries = kPass == kForward ? 0 : kPass == kQueryGrad ? kLanes : keys;
    m.lse = take<Real>(at, queries * kHeads);
    m.delta = take<Real>(at, queries * kHeads);
    m.group_most = take<Real>(at, kPass == kForward ? kHeads * kThreads : 0);
    m.shrink = take<Real>(at, kPass == kForward ? kHeads * kLanes : 0);
    m.lane_signal = take<Signal>(at, kAxes * kLanes);
    m.lane_shift = take<int>(at, kAxes * kLanes);
    m.lane_token = take<int>(at, kLanes);
    m.lane_start = take<int>(at, kLanes);
    m.lane_stop = take<int>(at, kLanes);
    m.frame = take<Frame>(at, 1);
    return m;
}

}  // namespace swin3d
