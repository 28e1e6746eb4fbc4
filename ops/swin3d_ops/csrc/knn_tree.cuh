// A tree of boxes over the sources of all batch items, for the search of nearest neighbours on the GPU.
//
// Sources are sorted by batch item and place on a Z-order curve; a node of the tree is the box around eight
// successive nodes of the level below, those of level 0 being the sources. The curve runs through a cube about
// the bulk of the sources; what lies outside is laid on its faces. Order and cube decide how fast a search is,
// never what it finds. Nothing here is known to the host but the numbers of rows, so that nobody waits.
// Macro: SWIN3D_REAL.
#pragma once

#include "block_language.cuh"

namespace swin3d {

typedef SWIN3D_REAL Real;

constexpr int kThreads = 128;
constexpr int kFanBits = 3;
constexpr int kFan = 1 << kFanBits;                 // children of a node
constexpr int kGroup = kFan * kFan * kFan;          // nodes that a block of knn_boxes joins, through three levels
constexpr int kMostLevels = 8;                      // of 2^27 sources
constexpr int kSamples = 256;                       // sources that stand for all when the cube is laid
constexpr int kTails = 128;                         // a share of 1 / kTails at each end of an axis is no bulk
constexpr int kNoRow = 0x7FFFFFFF;

struct alignas(16) Point {
    Real at[3];
    int row;
};

// No source in a box is nearer than its faces, and none of them has a lower row.
struct alignas(16) Box {
    Real low[3];
    int row;
    Real high[3];
    int unused;
};

struct Clouds {
    const Real *query, *source;           // (M, 3), (N, 3)
    const int64 *query_ptr, *source_ptr;  // (B + 1)
    double* frame;                        // (4): corner of the cube, places a unit of length
    int64* key;                           // (N): places of the sources on the curve; sorted for boxes and search
    const int64* row;                     // (N): row of each sorted key
    Point* point;                         // (N): the sources in the order of their keys
    Box* box;                             // all nodes, level after level
    int64* index;                         // (M, k)
    Real* distance;                       // (M, k)
    int64 queries, sources, items, neighbours;
    int64 place_bits;                     // of a place along an axis
    int64 top;                            // highest level
    int64 first_box[kMostLevels + 1];     // of each level, from 1
};

SWIN3D_INLINE int64 item_of(const int64* ptr, int64 items, int64 row) {
    int64 low = 0, high = items - 1;
    while (low < high) {
        const int64 middle = (low + high) / 2;
        if (ptr[middle + 1] <= row) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// Two zero bits between any two of the lowest 21.
SWIN3D_INLINE int64 spread_bits(int64 x) {
    x = (x | x << 32) & 0x1F00000000FFFFLL;
    x = (x | x << 16) & 0x1F0000FF0000FFLL;
    x = (x | x << 8) & 0x100F00F00F00F00FLL;
    x = (x | x << 4) & 0x10C30C30C30C30C3LL;
    return (x | x << 2) & 0x1249249249249249LL;
}

SWIN3D_INLINE int64 key_of(const Clouds& c, int64 item, const Real* at) {
    const double last = static_cast<double>((1LL << c.place_bits) - 1);
    int64 key = item << (3 * c.place_bits);
    for (int a = 0; a < 3; ++a) {
        const double x = (static_cast<double>(at[a]) - c.frame[a]) * c.frame[3];
        const int64 place = x > 0 ? static_cast<int64>(x < last ? x : last) : 0;  // a NaN becomes 0
        key |= spread_bits(place) << (2 - a);
    }
    return key;
}

// One block: the cube about the middle of the sample, twice as long as the longest extent of the bulk.
SWIN3D_KERNEL(knn_frame, kSamples)(Clouds c) {
    Real* sample = reinterpret_cast<Real*>(shared_memory());  // (3, kSamples)
    Real* bulk = sample + 3 * kSamples;                       // (2, 3)
    const int64 step = (c.sources + kSamples - 1) / kSamples;
    const int count = static_cast<int>((c.sources + step - 1) / step), cut = count / kTails;
    PHASE(t) {
        for (int a = 0; a < 3 && t < count; ++a) sample[a * kSamples + t] = c.source[3 * t * step + a];
        if (t < 6) bulk[t] = 0;  // stays where NaN have no rank
    }
    SYNC;
    PHASE(t) {
        for (int a = 0; a < 3 && t < count; ++a) {
            const Real* other = sample + a * kSamples;
            const Real own = other[t];
            int rank = 0;
            for (int j = 0; j < count; ++j) rank += other[j] < own || (other[j] == own && j < t);
            if (rank == cut) bulk[a] = own;
            if (rank == count - 1 - cut) bulk[3 + a] = own;
        }
    }
    SYNC;
    PHASE(t) {
        if (t != 0) continue;
        double longest = 0;
        for (int a = 0; a < 3; ++a) {
            longest = larger(longest, static_cast<double>(bulk[3 + a]) - static_cast<double>(bulk[a]));
        }
        for (int a = 0; a < 3; ++a) {
            c.frame[a] = static_cast<double>(bulk[a]) / 2 + static_cast<double>(bulk[3 + a]) / 2 - longest;
        }
        c.frame[3] = longest > 0 ? static_cast<double>(1LL << c.place_bits) / 2 / longest : 0;
    }
}

SWIN3D_KERNEL(knn_keys, kThreads)(Clouds c) {
    PHASE(t) {
        const int64 i = block_x() * kThreads + t;
        if (i >= c.sources) continue;
        c.key[i] = key_of(c, item_of(c.source_ptr, c.items, i), c.source + 3 * i);
    }
}

SWIN3D_INLINE Box around(const Box* children, int count) {
    Box box = children[0];
    for (int n = 1; n < count; ++n) {
        for (int a = 0; a < 3; ++a) {
            box.low[a] = smaller(box.low[a], children[n].low[a]);
            box.high[a] = larger(box.high[a], children[n].high[a]);
        }
        box.row = smaller(box.row, children[n].row);
    }
    return box;
}

SWIN3D_INLINE Box read_node(const Clouds& c, int level, int64 node) {
    if (level > 0) return c.box[c.first_box[level] + node];
    Box box;
    Point point;
    point.row = static_cast<int>(c.row[node]);
    for (int a = 0; a < 3; ++a) {
        point.at[a] = box.low[a] = box.high[a] = c.source[3 * static_cast<int64>(point.row) + a];
    }
    box.row = point.row;
    box.unused = 0;
    c.point[node] = point;
    return box;
}

// Joins kGroup nodes of a level by block and writes the three levels above, as far as there are any. Those of
// level 0 are the sources, which it also puts in their order.
SWIN3D_KERNEL(knn_boxes, kGroup)(Clouds c, int level) {
    Box* nodes = reinterpret_cast<Box*>(shared_memory());  // (kGroup): each level takes the place of the last
    int64 start = block_x() * kGroup, rows = c.sources;
    for (int below = 0; below < level; ++below) rows = (rows + kFan - 1) / kFan;
    int count = static_cast<int>(smaller<int64>(kGroup, rows - start));
    PHASE(t) {
        if (t < count) nodes[t] = read_node(c, level, start + t);
    }
    SYNC;
    for (int above = level + 1; above <= level + 3 && above <= c.top; ++above) {
        const int children = count;
        count = (count + kFan - 1) / kFan;
        start /= kFan;
        PerThread<Box> joined;
        PHASE(t) {
            if (t < count) joined[t] = around(nodes + t * kFan, smaller(kFan, children - t * kFan));
        }
        SYNC;
        PHASE(t) {
            if (t < count) c.box[c.first_box[above] + start + t] = nodes[t] = joined[t];
        }
        SYNC;
    }
}

}  // namespace swin3d
