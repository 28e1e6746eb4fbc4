// Neighbour search of sparse convolution on the GPU: a hash table of voxels, and all offsets in one launch.
//
// The table holds rows, one for each distinct voxel: of equal ones the lowest. Where a voxel comes to lie depends
// on the order of threads; what is found does not. Pairs are counted by blocks of targets under an offset and
// listed by offset and target.
// Macro: SWIN3D_COORD, int or int64.
#pragma once

#include "block_language.cuh"

namespace swin3d {

typedef SWIN3D_COORD Coord;
typedef unsigned long long Hash;

constexpr int kThreads = 256;
constexpr int kNone = -1;

struct Search {
    const Coord *coords, *query;  // (N, 4), (M, 4), in fours
    int* slot;                    // (slots), a power of two: rows of coords, or none
    int* distinct;                // not 0 until two voxels are equal
    int* rows;                    // (K, M)
    int* count;                   // (K, blocks): pairs of kThreads targets
    const int64* end;             // (K, blocks): pairs up to there
    int *source, *target;         // (P)
    int64 sources, targets, slots, blocks;
    int64 edge, first;            // of the kernel; lowest offset along an axis
};

struct Voxel {
    int64 at[4];
    bool exists;  // false beyond the numbers of 64 bits
};

SWIN3D_INLINE Voxel read_voxel(const Coord* coords, int64 row) {
    Coord four[4];
    read_fours(coords + 4 * row, four);
    return {{four[0], four[1], four[2], four[3]}, true};
}

SWIN3D_INLINE bool are_equal(const Voxel& a, const Voxel& b) {
    return a.at[0] == b.at[0] && a.at[1] == b.at[1] && a.at[2] == b.at[2] && a.at[3] == b.at[3];
}

SWIN3D_INLINE void move(Voxel& voxel, int axis, int64 by) {
    const int64 moved = static_cast<int64>(static_cast<Hash>(voxel.at[axis]) + static_cast<Hash>(by));
    voxel.exists = voxel.exists && (by < 0) == (moved < voxel.at[axis]);
    voxel.at[axis] = moved;
}

SWIN3D_INLINE int64 first_slot(const Search& s, const Voxel& voxel) {
    Hash hash = 0;
    for (int a = 0; a < 4; ++a) {
        hash = (hash ^ static_cast<Hash>(voxel.at[a])) * 0x9E3779B97F4A7C15ULL;
        hash ^= hash >> 29;
    }
    hash *= 0xBF58476D1CE4E5B9ULL;
    return static_cast<int64>((hash ^ hash >> 32) & static_cast<Hash>(s.slots - 1));
}

SWIN3D_KERNEL(insert_voxels, kThreads)(Search s) {
    PHASE(t) {
        const int64 i = block_x() * kThreads + t;
        if (i >= s.sources) continue;
        const Voxel own = read_voxel(s.coords, i);
        const int row = static_cast<int>(i);
        for (int64 place = first_slot(s, own);; place = (place + 1) & (s.slots - 1)) {
            const int other = exchange_where(s.slot + place, kNone, row);
            if (other == kNone) break;
            if (!are_equal(own, read_voxel(s.coords, other))) continue;
            lower(s.slot + place, row);
            *s.distinct = 0;
            break;
        }
    }
}

SWIN3D_INLINE int row_of(const Search& s, const Voxel& wanted) {
    if (!wanted.exists) return kNone;
    for (int64 place = first_slot(s, wanted);; place = (place + 1) & (s.slots - 1)) {
        const int row = s.slot[place];
        if (row == kNone || are_equal(wanted, read_voxel(s.coords, row))) return row;
    }
}

// The offset of a block and the first of its targets; 32 bits, in which division is several times faster.
struct Place {
    int offset;
    int64 start;

    SWIN3D_INLINE explicit Place(const Search& s) {
        const int block = static_cast<int>(block_x()), blocks = static_cast<int>(s.blocks);
        offset = block / blocks;
        start = static_cast<int64>(block % blocks) * kThreads;
    }
};

// Sums of a block's numbers from the first thread to each.
SWIN3D_INLINE void sum_up(int* numbers) {
    for (int step = 1; step < kThreads; step *= 2) {
        PerThread<int> sum;
        PHASE(t) sum[t] = numbers[t] + (t >= step ? numbers[t - step] : 0);
        SYNC;
        PHASE(t) numbers[t] = sum[t];
        SYNC;
    }
}

SWIN3D_KERNEL(find_neighbors, kThreads)(Search s) {
    int* found = reinterpret_cast<int*>(shared_memory());  // (kThreads)
    const Place place(s);
    const int edge = static_cast<int>(s.edge), column = place.offset / edge;
    const int steps[3] = {column / edge, column % edge, place.offset % edge};
    PHASE(t) {
        const int64 target = place.start + t;
        found[t] = 0;
        if (target >= s.targets) continue;
        Voxel wanted = read_voxel(s.query, target);
        for (int a = 0; a < 3; ++a) move(wanted, a + 1, s.first + steps[a]);
        const int row = row_of(s, wanted);
        s.rows[place.offset * s.targets + target] = row;
        found[t] = row != kNone;
    }
    SYNC;
    sum_up(found);
    PHASE(t) {
        if (t == kThreads - 1) s.count[block_x()] = found[t];
    }
}

SWIN3D_KERNEL(list_pairs, kThreads)(Search s) {
    int* found = reinterpret_cast<int*>(shared_memory());  // (kThreads)
    const Place place(s);
    PerThread<int> row;
    PHASE(t) {
        const int64 target = place.start + t;
        row[t] = target < s.targets ? s.rows[place.offset * s.targets + target] : kNone;
        found[t] = row[t] != kNone;
    }
    SYNC;
    sum_up(found);
    PHASE(t) {
        if (row[t] == kNone) continue;
        const int64 pair = s.end[block_x()] - found[kThreads - 1] + found[t] - 1;
        s.source[pair] = row[t];
        s.target[pair] = static_cast<int>(place.start + t);
    }
}

}  // namespace swin3d

#define SWIN3D_KERNELS(X) X(insert_voxels) X(find_neighbors) X(list_pairs)
