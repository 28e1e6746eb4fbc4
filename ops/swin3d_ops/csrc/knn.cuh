// Exact k nearest neighbours on the GPU by a tree of boxes: a thread per query.
//
// A query looks at the leaf at its own place on the curve, then at the subtrees beside it, from the smallest to
// the largest, and passes over boxes that hold nothing nearer than what it has found. Squared distances are
// (dx dx + dy dy) + dz dz without contraction (compiled with -fmad=false), equal ones ordered by row: the result
// of a full sort. The distance to a box is rounded by the same steps, so that no source in it comes out nearer.
// Macros: SWIN3D_REAL, and SWIN3D_NEIGHBOURS, k where the list of a query is kept in registers, else 0.
#pragma once

#include "knn_tree.cuh"

namespace swin3d {

typedef unsigned long long Masks;  // kFan bits a level

constexpr int kNeighbours = SWIN3D_NEIGHBOURS;
constexpr int kLanes = 32;  // queries of a block: so few that a small level still fills all multiprocessors

template <class Row> SWIN3D_INLINE bool before(Real d, Row row, Real other, Row other_row) {
    return d < other || (d == other && row < other_row);
}

// The nearest so far, ascending: in registers for a small k that is known, ...
template <int kCount> struct Nearest {
    Real squared[kCount];
    int row[kCount];

    SWIN3D_INLINE explicit Nearest(const Clouds&, int64) {
#pragma unroll
        for (int n = 0; n < kCount; ++n) squared[n] = bits_float(0x7F800000u), row[n] = kNoRow;
    }
    SWIN3D_INLINE bool admits(Real d, int r) const {
        return before(d, r, squared[kCount - 1], row[kCount - 1]);
    }
    SWIN3D_INLINE void insert(Real d, int r) {
#pragma unroll
        for (int n = kCount - 1; n >= 0; --n) {
            const bool here = before(d, r, squared[n], row[n]);
            const bool above = n > 0 && before(d, r, squared[n > 0 ? n - 1 : 0], row[n > 0 ? n - 1 : 0]);
            squared[n] = above ? squared[n > 0 ? n - 1 : 0] : here ? d : squared[n];
            row[n] = above ? row[n > 0 ? n - 1 : 0] : here ? r : row[n];
        }
    }
    SWIN3D_INLINE void write(const Clouds& c, int64 query, int64 any_row) const {
        Real last = bits_float(0x7F800000u);
        int64 last_row = any_row;
#pragma unroll
        for (int n = 0; n < kCount; ++n) {
            if (row[n] != kNoRow) last = square_root(squared[n]), last_row = row[n];
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
        for (int64 n = 0; n < count; ++n) squared[n] = bits_float(0x7F800000u), row[n] = kNoRow;
    }
    SWIN3D_INLINE bool admits(Real d, int64 r) const { return before(d, r, squared[count - 1], row[count - 1]); }
    SWIN3D_INLINE void insert(Real d, int64 r) {
        int64 n = count - 1;
        for (; n > 0 && before(d, r, squared[n - 1], row[n - 1]); --n) {
            squared[n] = squared[n - 1];
            row[n] = row[n - 1];
        }
        squared[n] = d;
        row[n] = r;
    }
    SWIN3D_INLINE void write(const Clouds&, int64, int64 any_row) {
        Real last = bits_float(0x7F800000u);
        int64 last_row = any_row;
        for (int64 n = 0; n < count; ++n) {
            if (row[n] != kNoRow) last = square_root(squared[n]), last_row = row[n];
            squared[n] = last;
            row[n] = last_row;
        }
    }
};

SWIN3D_INLINE Real squared_length(Real dx, Real dy, Real dz) { return (dx * dx + dy * dy) + dz * dz; }

SWIN3D_INLINE Real gap(Real at, Real low, Real high) {
    return at < low ? low - at : at > high ? at - high : static_cast<Real>(0);
}

template <class List>
SWIN3D_INLINE bool is_in_reach(const Real* query, const Box& box, const List& nearest) {
    const Real d = squared_length(gap(query[0], box.low[0], box.high[0]), gap(query[1], box.low[1], box.high[1]),
                                  gap(query[2], box.low[2], box.high[2]));
    return nearest.admits(d, box.row);
}

// The first place in [from, to) whose key is not below `key`, or `to`.
SWIN3D_INLINE int64 first_not_below(const int64* keys, int64 from, int64 to, int64 key) {
    while (from < to) {
        const int64 middle = (from + to) / 2;
        if (keys[middle] < key) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

// The sources [first, last) of a batch item, and the nodes above them.
struct Range {
    int first, last;

    SWIN3D_INLINE int first_node(int level) const { return first >> (kFanBits * level); }
    SWIN3D_INLINE int last_node(int level) const { return (last - 1) >> (kFanBits * level); }
};

template <class List>
SWIN3D_INLINE bool is_admitted(const Real* query, const Point& p, const List& nearest, Real* squared) {
    *squared = squared_length(query[0] - p.at[0], query[1] - p.at[1], query[2] - p.at[2]);
    return nearest.admits(*squared, p.row);
}

// Most sources are too far: all are tried side by side, then threads insert theirs one by one, each its own.
template <class List>
SWIN3D_INLINE void offer_leaf(const Clouds& c, const Real* query, Range range, int leaf, List& nearest) {
    const int first = leaf * kFan, last = range.last - 1;
    unsigned near = 0;
    Real squared;
#pragma unroll
    for (int n = 0; n < kFan; ++n) {
        const bool is_of_item = first + n >= range.first && first + n <= last;
        const Point p = c.point[smaller(first + n, last)];
        if (is_admitted(query, p, nearest, &squared) && is_of_item) near |= 1u << n;
    }
    for (; near != 0; near &= near - 1) {
        const Point p = c.point[first + lowest_bit(near)];
        if (is_admitted(query, p, nearest, &squared)) nearest.insert(squared, p.row);
    }
}

// Which of the nodes [first, first + kFan) of a level are in reach, as bits; all are tried side by side.
template <class List>
SWIN3D_INLINE unsigned nodes_in_reach(const Clouds& c, const Real* query, Range range, int level, int first,
                                      const List& nearest) {
    const Box* box = c.box + c.first_box[level];
    const int last = range.last_node(level);
    unsigned near = 0;
#pragma unroll
    for (int n = 0; n < kFan; ++n) {
        const bool is_of_item = first + n >= range.first_node(level) && first + n <= last;
        if (is_in_reach(query, box[smaller(first + n, last)], nearest) && is_of_item) near |= 1u << n;
    }
    return near;
}

// Offers the sources below the siblings of a node, leaf after leaf.
template <class List>
SWIN3D_INLINE void offer_siblings(const Clouds& c, const Real* query, Range range, int own_level, int own,
                                  List& nearest) {
    int level = own_level, first = own / kFan * kFan;
    Masks waiting = 0;  // nodes in reach that are still to be seen, of the levels above this one
    unsigned here = nodes_in_reach(c, query, range, level, first, nearest) & ~(1u << own % kFan);
    while (true) {
        if (here == 0) {
            if (level == own_level) return;
            here = static_cast<unsigned>(waiting >> (kFan * level)) & ((1u << kFan) - 1);
            ++level;
            first = first / kFan / kFan * kFan;
            continue;
        }
        const int node = first + lowest_bit(here);
        here &= here - 1;
        // What has been found since may be nearer.
        if (!is_in_reach(query, c.box[c.first_box[level] + node], nearest)) continue;
        if (level == 1) {
            offer_leaf(c, query, range, node, nearest);
            continue;
        }
        --level;
        const Masks place = static_cast<Masks>((1u << kFan) - 1) << (kFan * level);
        waiting = (waiting & ~place) | static_cast<Masks>(here) << (kFan * level);
        first = node * kFan;
        here = nodes_in_reach(c, query, range, level, first, nearest);
    }
}

template <class List>
SWIN3D_INLINE void offer_item(const Clouds& c, const Real* query, int64 item, Range range, List& nearest) {
    const int64 place = first_not_below(c.key, range.first, range.last, key_of(c, item, query));
    int node = smaller(static_cast<int>(place), range.last - 1) / kFan;
    offer_leaf(c, query, range, node, nearest);
    for (int level = 1; level <= c.top; ++level, node /= kFan) {
        offer_siblings(c, query, range, level, node, nearest);
    }
}

template <class List> SWIN3D_INLINE void search(const Clouds& c, int64 m, List nearest) {
    const int64 item = item_of(c.query_ptr, c.items, m);
    const int64 first = c.source_ptr[item], last = c.source_ptr[item + 1];
    const Real query[3] = {c.query[3 * m], c.query[3 * m + 1], c.query[3 * m + 2]};
    const Range range = {static_cast<int>(first), static_cast<int>(last)};
    const bool is_number = query[0] == query[0] && query[1] == query[1] && query[2] == query[2];
    if (first < last && is_number) offer_item(c, query, item, range, nearest);  // nothing is near to a NaN
    nearest.write(c, m, first < last ? first : 0);
}

SWIN3D_KERNEL(knn_search, kLanes)(Clouds c) {
    PHASE(t) {
        const int64 m = block_x() * kLanes + t;
        if (m >= c.queries) continue;
        search(c, m, Nearest<kNeighbours>(c, m));
    }
}

}  // namespace swin3d

#define SWIN3D_KERNELS(X) X(knn_frame) X(knn_keys) X(knn_boxes) X(knn_search)
