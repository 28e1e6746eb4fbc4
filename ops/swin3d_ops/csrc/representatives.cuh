// The voxel that represents each coarse voxel: of its members, the one nearest to their mean. A thread per coarse
// voxel.
//
// Sums run through the members in the order of their rows, in double and without contraction (compiled with
// -fmad=false), so that a GPU chooses what the CPU chooses.
// Macros: SWIN3D_REAL, and SWIN3D_COLUMNS, the columns of the rows.
#pragma once

#include "block_language.cuh"

namespace swin3d {

typedef SWIN3D_REAL Real;

constexpr int kThreads = 128;
constexpr int kColumns = SWIN3D_COLUMNS;

struct Members {
    const Real* rows;      // (N, F) of the finest voxels
    const int64* before;   // finest voxel that represents each voxel of the level before; null where that is the finest
    const int64* member;   // voxels of the level before, counted from `first`, sorted by coarse voxel
    const int64* bounds;   // (M + 1): coarse voxel m has the places [bounds[m], bounds[m + 1]) of `member`
    int64* chosen;         // (M): finest voxel that represents each coarse voxel
    int64 groups, first;
    double within;         // times the least squared distance: the members that tie with the nearest
};

SWIN3D_INLINE int64 finest_row(const Members& p, int64 place) {
    const int64 member = p.member[place] - p.first;
    return p.before ? p.before[member] : member;
}

SWIN3D_INLINE double squared_distance(const Members& p, int64 row, const double* mean) {
    double sum = 0;
    for (int c = 0; c < kColumns; ++c) {
        const double difference = static_cast<double>(p.rows[row * kColumns + c]) - mean[c];
        sum += difference * difference;
    }
    return sum;
}

SWIN3D_KERNEL(nearest_rows, kThreads)(Members p) {
    PHASE(t) {
        const int64 group = block_x() * kThreads + t;
        if (group >= p.groups) continue;
        const int64 start = p.bounds[group], stop = p.bounds[group + 1];
        double mean[kColumns] = {};
        for (int64 i = start; i < stop; ++i) {
            const int64 row = finest_row(p, i);
            for (int c = 0; c < kColumns; ++c) mean[c] += static_cast<double>(p.rows[row * kColumns + c]);
        }
        for (int c = 0; c < kColumns; ++c) mean[c] /= static_cast<double>(stop - start);
        double least = bits_float(0x7F800000u);
        for (int64 i = start; i < stop; ++i) {
            least = smaller(least, squared_distance(p, finest_row(p, i), mean));
        }
        int64 nearest = start;
        while (nearest + 1 < stop && !(squared_distance(p, finest_row(p, nearest), mean) <= least * p.within)) {
            ++nearest;
        }
        p.chosen[group] = finest_row(p, nearest);
    }
}

}  // namespace swin3d

#define SWIN3D_KERNELS(X) X(nearest_rows)
