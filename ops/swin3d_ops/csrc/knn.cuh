// Exact k nearest neighbours on the GPU by a uniform grid per batch item: a thread per query.
//
// Sources are sorted by cell; a query visits shells of cells around its own until the k-th distance
// is strictly below the distance to all unvisited cells. Cells at the border of the grid reach to
// infinity, so outliers and far queries are in no cell's way; a query that has not finished after a
// few shells reads all sources of its item. Squared distances are (dx dx + dy dy) + dz dz without
// contraction (compiled with -fmad=false), equal ones ordered by row: the result of a full sort.
// Macros: SWIN3D_REAL, and SWIN3D_NEIGHBOURS, k where the list of a query is kept in registers, else 0.
#pragma once

#include "block_language.cuh"

namespace swin3d {

typedef SWIN3D_REAL Real;

constexpr int kThreads = 128;
constexpr int kNeighbours = SWIN3D_NEIGHBOURS;
constexpr int kMostShells = 8;
constexpr double kSlack = 1e-5;  // relative, of a bound, against the rounding of squared distances

struct Clouds {
    const Real *query, *source;           // (M, 3), (N, 3); the search takes the sources sorted by cell
    const int64 *query_ptr, *source_ptr;  // (B + 1)
    const double *low, *edge;             // (B, 3), (B): corner of an item's grid, edge of a cell
    const int *cells;                     // (B, 3)
    const int64* first_cell;              // (B)
    int64* cell;                          // (N): cell of each source
    const int64 *row, *start;             // (N), (cells + 1): rows of the sorted sources, bounds of cells
    int64* index;                         // (M, k)
    Real* distance;                       // (M, k)
    int64 queries, sources, items, neighbours;
};

// The grid of one batch item.
struct Grid {
    double low[3], edge;
    int cells[3];
    int64 first_cell, first_source, last_source;

    SWIN3D_INLINE Grid(const Clouds& c, int64 item) {
        for (int a = 0; a < 3; ++a) {
            low[a] = c.low[3 * item + a];
            cells[a] = c.cells[3 * item + a];
        }
        edge = c.edge[item];
        first_cell = c.first_cell[item];
        first_source = c.source_ptr[item];
        last_source = c.source_ptr[item + 1];
    }
    SWIN3D_INLINE int place(Real value, int axis) const {
        const double x = (static_cast<double>(value) - low[axis]) / edge;
        if (!(x > 0)) return 0;
        const double last = cells[axis] - 1;
        return static_cast<int>(x < last ? x : last);
    }
    SWIN3D_INLINE int64 line(int x, int y) const {
        return first_cell + (static_cast<int64>(x) * cells[1] + y) * cells[2];
    }
    // Distance along an axis to the cells of one place; those at the border are unbounded.
    SWIN3D_INLINE double distance_to(Real value, int axis, int place) const {
        const double x = static_cast<double>(value) - low[axis];
        const double left = place * edge, right = (place + 1) * edge;
        if (place > 0 && x < left) return left - x;
        if (place < cells[axis] - 1 && x > right) return x - right;
        return 0;
    }
    // Distance to all cells outside the box [from, to]; infinite where there are none.
    SWIN3D_INLINE double distance_beyond(const Real* query, const int* from, const int* to) const {
        double bound = bits_float(0x7F800000u);
        for (int a = 0; a < 3; ++a) {
            const double x = static_cast<double>(query[a]) - low[a];
            if (from[a] > 0) bound = smaller(bound, x - from[a] * edge);
            if (to[a] < cells[a] - 1) bound = smaller(bound, (to[a] + 1) * edge - x);
        }
        return bound;
    }
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

template <class Row> SWIN3D_INLINE bool before(Real d, Row row, Real other, Row other_row) {
    return d < other || (d == other && row < other_row);
}

// The nearest so far, ascending: in registers for a small k that is known, ...
template <int kCount> struct Nearest {
    Real squared[kCount];
    int row[kCount];

    SWIN3D_INLINE explicit Nearest(const Clouds&, int64) { clear(); }
    SWIN3D_INLINE void clear() {
#pragma unroll
        for (int n = 0; n < kCount; ++n) squared[n] = bits_float(0x7F800000u), row[n] = 0x7FFFFFFF;
    }
    SWIN3D_INLINE Real worst() const { return squared[kCount - 1]; }
    SWIN3D_INLINE void offer(Real d, int64 r) {
        const int own = static_cast<int>(r);
        if (!before(d, own, squared[kCount - 1], row[kCount - 1])) return;
#pragma unroll
        for (int n = kCount - 1; n >= 0; --n) {
            const bool here = before(d, own, squared[n], row[n]);
            const bool above = n > 0 && before(d, own, squared[n > 0 ? n - 1 : 0], row[n > 0 ? n - 1 : 0]);
            squared[n] = above ? squared[n > 0 ? n - 1 : 0] : here ? d : squared[n];
            row[n] = above ? row[n > 0 ? n - 1 : 0] : here ? own : row[n];
        }
    }
    SWIN3D_INLINE void write(const Clouds& c, int64 query, int64 found) const {
        Real last = 0;
        int last_row = 0;
#pragma unroll
        for (int n = 0; n < kCount; ++n) {
            if (n < found) last = square_root(squared[n]), last_row = row[n];
            c.distance[query * kCount + n] = last;
            c.index[query * kCount + n] = last_row;
        }
    }
};

// ... else in the place of the result.
template <> struct Nearest<0> {
    Real* squared;
    int64* row;
    int64 count;

    SWIN3D_INLINE explicit Nearest(const Clouds& c, int64 query)
        : squared(c.distance + query * c.neighbours), row(c.index + query * c.neighbours), count(c.neighbours) {
        clear();
    }
    SWIN3D_INLINE void clear() {
        for (int64 n = 0; n < count; ++n) squared[n] = bits_float(0x7F800000u), row[n] = 0x7FFFFFFFFFFFFFFF;
    }
    SWIN3D_INLINE Real worst() const { return squared[count - 1]; }
    SWIN3D_INLINE void offer(Real d, int64 r) {
        if (!before(d, r, squared[count - 1], row[count - 1])) return;
        int64 n = count - 1;
        for (; n > 0 && before(d, r, squared[n - 1], row[n - 1]); --n) {
            squared[n] = squared[n - 1];
            row[n] = row[n - 1];
        }
        squared[n] = d;
        row[n] = r;
    }
    SWIN3D_INLINE void write(const Clouds&, int64, int64 found) {
        for (int64 n = 0; n < count; ++n) {
            squared[n] = n < found ? square_root(squared[n]) : squared[n - 1];
            row[n] = n < found ? row[n] : row[n - 1];
        }
    }
};

SWIN3D_INLINE bool out_of_reach(double bound_squared, Real worst) {
    return bound_squared * (1 - kSlack) > static_cast<double>(worst);
}

template <class List>
SWIN3D_INLINE void scan(const Clouds& c, const Real* query, int64 from, int64 to, List& nearest) {
    for (int64 i = from; i < to; ++i) {
        const Real dx = query[0] - c.source[3 * i], dy = query[1] - c.source[3 * i + 1];
        const Real dz = query[2] - c.source[3 * i + 2];
        nearest.offer((dx * dx + dy * dy) + dz * dz, c.row[i]);
    }
}

template <class List>
SWIN3D_INLINE void visit_shell(const Clouds& c, const Grid& grid, const Real* query, const int* centre,
                               const int* from, const int* to, int shell, List& nearest) {
    for (int x = from[0]; x <= to[0]; ++x) {
        const double dx = grid.distance_to(query[0], 0, x);
        if (out_of_reach(dx * dx, nearest.worst())) continue;
        const bool x_face = x == centre[0] - shell || x == centre[0] + shell;
        for (int y = from[1]; y <= to[1]; ++y) {
            const double dy = grid.distance_to(query[1], 1, y);
            if (out_of_reach(dx * dx + dy * dy, nearest.worst())) continue;
            const int64 line = grid.line(x, y);
            if (x_face || y == centre[1] - shell || y == centre[1] + shell) {
                scan(c, query, c.start[line + from[2]], c.start[line + to[2] + 1], nearest);
                continue;
            }
            for (int side = -1; side <= 1; side += 2) {
                const int z = centre[2] + side * shell;
                if (z < 0 || z >= grid.cells[2]) continue;
                const double dz = grid.distance_to(query[2], 2, z);
                if (out_of_reach(dx * dx + dy * dy + dz * dz, nearest.worst())) continue;
                scan(c, query, c.start[line + z], c.start[line + z + 1], nearest);
            }
        }
    }
}

template <class List> SWIN3D_INLINE void search(const Clouds& c, int64 m, List nearest) {
    const Grid grid(c, item_of(c.query_ptr, c.items, m));
    const Real query[3] = {c.query[3 * m], c.query[3 * m + 1], c.query[3 * m + 2]};
    int centre[3], from[3], to[3];
    for (int a = 0; a < 3; ++a) centre[a] = grid.place(query[a], a);
    for (int shell = 0;; ++shell) {
        if (shell > kMostShells) {
            nearest.clear();
            scan(c, query, grid.first_source, grid.last_source, nearest);
            break;
        }
        for (int a = 0; a < 3; ++a) {
            from[a] = larger(centre[a] - shell, 0);
            to[a] = smaller(centre[a] + shell, grid.cells[a] - 1);
        }
        visit_shell(c, grid, query, centre, from, to, shell, nearest);
        const double bound = grid.distance_beyond(query, from, to);
        if (bound > 0 && out_of_reach(bound * bound, nearest.worst())) break;
        const bool all = from[0] + from[1] + from[2] == 0 && to[0] == grid.cells[0] - 1 &&
                         to[1] == grid.cells[1] - 1 && to[2] == grid.cells[2] - 1;
        if (all) break;
    }
    nearest.write(c, m, grid.last_source - grid.first_source);
}

SWIN3D_KERNEL(knn_cells, kThreads)(Clouds c) {
    PHASE(t) {
        const int64 i = block_x() * kThreads + t;
        if (i >= c.sources) continue;
        const Grid grid(c, item_of(c.source_ptr, c.items, i));
        const Real* source = c.source + 3 * i;
        c.cell[i] = grid.line(grid.place(source[0], 0), grid.place(source[1], 1)) + grid.place(source[2], 2);
    }
}

SWIN3D_KERNEL(knn_search, kThreads)(Clouds c) {
    PHASE(t) {
        const int64 m = block_x() * kThreads + t;
        if (m >= c.queries) continue;
        search(c, m, Nearest<kNeighbours>(c, m));
    }
}

}  // namespace swin3d

#define SWIN3D_KERNELS(X) X(knn_cells) X(knn_search)
