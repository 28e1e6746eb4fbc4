// Products of a tile of rows, which lie side by side in a thread's cache, with a packed matrix; and sums of
// outer products over the rows.
#pragma once

#include "product_tile.h"

namespace swin3d {
namespace {

// Lay out panel p of the transpose of a matrix (D, C) as pack_panels does.
template <class T>
void pack_transposed_panel(const T* matrix, int64_t C, const Columns<T>& columns, int64_t p, Wide<T>* packed) {
    constexpr int64_t kBlock = 16;  // channels whose vectors stay in the cache while the columns pass by
    const int64_t step = columns.in_panel(p) * kWidth<T>;
    T* to = reinterpret_cast<T*>(packed + columns.first(p) * C);
    const T* from = matrix + columns.start(p) * C;
    for (int64_t low = 0; low < C; low += kBlock) {
        const int64_t high = std::min(C, low + kBlock);
        for (int64_t d = 0; d < columns.present(p); ++d) {
            for (int64_t c = low; c < high; ++c) to[c * step + d] = from[d * C + c];
        }
    }
}

// Panels [first, last) of a packed matrix of `depth` rows, of which `steps` from `start` on take part.
template <class T> struct Panels {
    const Wide<T>* packed;
    const Columns<T>& columns;
    int64_t depth, start, steps, first, last;
};

// Call body(vectors, r, p, sums) with the products of rows r .. r + kTileRows and panel p. `rows` has room for whole
// tiles of rows; the sums of those beyond `count` mean nothing.
template <class T, class Body>
inline void multiply_rows(const T* rows, int64_t stride, int64_t count, const Panels<T>& panels, const Body& body) {
    for (int64_t p = panels.first; p < panels.last; ++p) {
        with_constant(panels.columns.in_panel(p), [&](auto vectors) {
            constexpr int kN = decltype(vectors)::value;
            const Wide<T>* factors = panels.packed + panels.columns.first(p) * panels.depth + panels.start * kN;
            for (int64_t r = 0; r < count; r += kTileRows) {
                const T* tile[kTileRows];
                for (int i = 0; i < kTileRows; ++i) tile[i] = rows + (r + i) * stride;
                Sums<T, kN> sums;
                multiply_tile<T, kN>(tile, 1, factors, kN, panels.steps, sums);
                body(vectors, r, p, sums);
            }
        });
    }
}

// total[m, d] += sum over `count` rows of left[row, m] right[row, d], for `width` columns m and the columns of panels
// [first, last), whose vectors are the first ones of the rows of `right`.
template <class T>
inline void add_outer_products(const T* left, int64_t left_stride, int64_t width, const T* right, int64_t right_stride,
                               int64_t count, const Columns<T>& columns, int64_t first, int64_t last, T* total) {
    for (int64_t p = first; p < last; ++p) {
        with_constant(columns.in_panel(p), [&](auto vectors) {
            constexpr int kN = decltype(vectors)::value;
            const Wide<T>* factors = reinterpret_cast<const Wide<T>*>(right) + columns.first(p) - columns.first(first);
            for (int64_t m = 0; m < width; m += kTileRows) {
                const T* tile[kTileRows];
                for (int i = 0; i < kTileRows; ++i) tile[i] = left + std::min(m + i, width - 1);
                Sums<T, kN> sums;
                multiply_tile<T, kN>(tile, left_stride, factors, right_stride / kWidth<T>, count, sums);
                for (int i = 0; i < kTileRows && m + i < width; ++i) {
                    add_row<T, kN>(sums[i], total + (m + i) * columns.count + columns.start(p), columns.present(p));
                }
            }
        });
    }
}

}  // namespace
}  // namespace swin3d
