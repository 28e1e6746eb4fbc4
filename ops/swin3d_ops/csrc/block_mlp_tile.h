// What the two passes of a feed-forward branch share: its arrays, tiles of rows, chunks of hidden columns, matrices.
#pragma once

#ifdef _OPENMP
#include <omp.h>
#endif

#include "gelu.h"
#include "layer_norm.h"
#include "row_product.h"

namespace swin3d {
namespace {

constexpr int64_t kTileFloats = 16384;  // of the rows of a tile, which are at least kLeastRows
constexpr int64_t kLeastRows = 96, kMostRows = 144;
constexpr int64_t kChunkColumns = 192;  // hidden columns that a tile has at a time

template <class T> struct Branch {
    int64_t N, C, H;
    const T *x, *row_weight;  // (N, C), (N,) or null: 1 everywhere
    const T *gamma, *beta, *w1, *b1, *w2, *b2;  // (C,), (C,), (H, C), (H,), (C, H), (C,)
    T eps;
};

template <class T> struct Sizes {
    Columns<T> channels, hidden;
    int64_t rows, width, chunk_panels, chunk_width;  // of a tile: rows, and their strides

    Sizes(int64_t C, int64_t H) : channels(C), hidden(H) {
        rows = std::min(kMostRows, std::max(kLeastRows, kTileFloats / std::max<int64_t>(C, 1))) / kTileRows * kTileRows;
        width = channels.vectors * kWidth<T>;
        chunk_panels = kChunkColumns / (kTileVectors * kWidth<T>);
        chunk_width = kChunkColumns;
    }
};

// A matrix laid out for products of rows, by all threads of the parallel region that a call is made in.
template <class T> class Packed {
  public:
    Packed(int64_t C, const Columns<T>& columns) : C_(C), columns_(columns) {
        const bool padded = columns.vectors * kWidth<T> > columns.count;
        padded ? packed_.zeros(C * columns.vectors) : packed_.resize(C * columns.vectors);
    }

    void fill_transposed(const T* matrix) {
#pragma omp for schedule(static)
        for (int64_t p = 0; p < columns_.panels; ++p) pack_transposed_panel(matrix, C_, columns_, p, packed_.get());
    }
    void fill(const T* matrix) {
#pragma omp for schedule(static)
        for (int64_t p = 0; p < columns_.panels; ++p) pack_panel(matrix, C_, columns_, p, packed_.get());
    }
    Panels<T> panels(int64_t first, int64_t last) const { return {packed_.get(), columns_, C_, 0, C_, first, last}; }
    Panels<T> steps(int64_t start, int64_t count) const {
        return {packed_.get(), columns_, C_, start, count, 0, columns_.panels};
    }

  private:
    int64_t C_;
    Columns<T> columns_;
    Buffer<Wide<T>> packed_;  // (panel, channel, vector)
};

// Columns of a tile that are computed together: panels [first, last) of the hidden ones.
template <class T> struct Chunk {
    int64_t first, last, start, count;
    Chunk(const Sizes<T>& sizes, int64_t first)
        : first(first), last(std::min(first + sizes.chunk_panels, sizes.hidden.panels)),
          start(sizes.hidden.start(first)) {
        count = sizes.hidden.start(last - 1) + sizes.hidden.present(last - 1) - start;
    }
};

// The rows of a tile that take part, normalised.
template <class T> struct Tile {
    const Branch<T>& branch;
    const Sizes<T>& sizes;
    T* normed;  // (rows, width)
    int64_t count = 0;
    int64_t rows[kMostRows];
    RowMoments<T> moments[kMostRows];

    Tile(const Branch<T>& branch, const Sizes<T>& sizes, T* normed) : branch(branch), sizes(sizes), normed(normed) {}

    // Normalise those of rows [low, high) that take part.
    void fill(int64_t low, int64_t high) {
        count = 0;
        for (int64_t n = low; n < high; ++n) {
            if (branch.row_weight != nullptr && branch.row_weight[n] == 0) continue;
            const T* row = branch.x + n * branch.C;
            rows[count] = n;
            moments[count] = RowMoments<T>(row, branch.C, branch.eps);
            normalise(row, moments[count], branch.gamma, branch.beta, branch.C, normed + count * sizes.width);
            ++count;
        }
    }
    T weight(int64_t i) const { return branch.row_weight == nullptr ? T(1) : branch.row_weight[rows[i]]; }
    const T* row(int64_t i) const { return branch.x + rows[i] * branch.C; }
};

inline int this_thread() {
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

// Write sums of rows r .. to a panel of `out`.
template <class T, int kN> inline void store(const Sums<T, kN>& sums, T* out, int64_t stride, int64_t r) {
    for (int i = 0; i < kTileRows; ++i) {
        Wide<T>* to = reinterpret_cast<Wide<T>*>(out + (r + i) * stride);
        for (int v = 0; v < kN; ++v) to[v] = sums[i][v];
    }
}

// Replace what is there by of(sum, what is there).
template <class T, int kN, class Of>
inline void combine(const Sums<T, kN>& sums, T* out, int64_t stride, int64_t r, const Of& of) {
    for (int i = 0; i < kTileRows; ++i) {
        Wide<T>* to = reinterpret_cast<Wide<T>*>(out + (r + i) * stride);
        for (int v = 0; v < kN; ++v) to[v] = of(sums[i][v], to[v]);
    }
}

}  // namespace
}  // namespace swin3d
