// What the passes of layers that act on rows share: their arrays, tiles of rows, chunks of columns, packed matrices.
#pragma once

#include "layer_norm.h"
#include "row_product.h"
#include "segment_sums.h"

namespace swin3d {
namespace {

constexpr int64_t kTileFloats = 16384;  // of the rows of a tile, which are at least kLeastRows
constexpr int64_t kLeastRows = 96, kMostRows = 144;
constexpr int64_t kSegmentRows = 288, kMostTiles = 16, kSegments = 8;  // at least; at most; in a small problem
constexpr int64_t kChunkColumns = 192;  // hidden columns that a tile has at a time

// Rows that layers act on, each normalised before and weighted behind them.
template <class T> struct Rows {
    int64_t N, C;
    const T *x, *weight;        // (N, C), (N,) or null: 1 everywhere
    const T *gamma, *beta;      // (C,), or null: not normalised
    T eps;
};

template <class T> struct Sizes {
    Columns<T> channels, hidden;
    int64_t rows, width, chunk_panels, chunk_width;  // of a tile: rows, and their strides of channels and of a chunk

    Sizes(int64_t C, int64_t H) : channels(C), hidden(H) {
        rows = std::min(kMostRows, std::max(kLeastRows, kTileFloats / C)) / kTileRows * kTileRows;
        width = channels.vectors * kWidth<T>;
        chunk_panels = kChunkColumns / (kTileVectors * kWidth<T>);
        chunk_width = kChunkColumns;
    }
    int64_t tiles(int64_t N) const { return (N + rows - 1) / rows; }

    // Tiles of a segment whose gradients are summed apart: its rows outweigh the sums; and how many segments there are.
    int64_t segment(int64_t N) const {
        return std::min(kMostTiles, std::max((kSegmentRows + rows - 1) / rows, tiles(N) / kSegments));
    }
    int64_t segments(int64_t N) const { return (tiles(N) + segment(N) - 1) / segment(N); }
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

// Columns of a tile that are computed together: panels [first, last).
template <class T> struct Chunk {
    int64_t first, last, start, count;
    Chunk(const Columns<T>& columns, int64_t first, int64_t last)
        : first(first), last(std::min(last, columns.panels)), start(columns.start(first)) {
        count = columns.start(this->last - 1) + columns.present(this->last - 1) - start;
    }
    Chunk(const Sizes<T>& sizes, int64_t first) : Chunk(sizes.hidden, first, first + sizes.chunk_panels) {}
};

// The rows of a tile that take part, normalised.
template <class T> struct Tile {
    const Rows<T>& from;
    int64_t width;  // stride of the normalised rows
    T* normed;
    int64_t count = 0;
    int64_t rows[kMostRows];
    RowMoments<T> moments[kMostRows];

    Tile(const Rows<T>& from, int64_t width, T* normed) : from(from), width(width), normed(normed) {}

    // Take rows [low, high) but for those of weight 0.
    void fill(int64_t low, int64_t high) {
        count = 0;
        for (int64_t n = low; n < high; ++n) {
            if (from.weight != nullptr && from.weight[n] == 0) continue;
            const T* row = from.x + n * from.C;
            T* to = normed + count * width;
            if (from.gamma == nullptr) {
                std::copy(row, row + from.C, to);
            } else {
                moments[count] = RowMoments<T>(row, from.C, from.eps);
                normalise(row, moments[count], from.gamma, from.beta, from.C, to);
            }
            rows[count++] = n;
        }
    }
    T weight(int64_t i) const { return from.weight == nullptr ? T(1) : from.weight[rows[i]]; }
    const T* row(int64_t i) const { return from.x + rows[i] * from.C; }

    // Copy the rows of `all` (N, D) that take part, weighted.
    void gather(const T* all, int64_t D, T* to, int64_t stride) const {
        for (int64_t i = 0; i < count; ++i) {
            const T factor = weight(i), *row = all + rows[i] * D;
            for (int64_t d = 0; d < D; ++d) to[i * stride + d] = factor * row[d];
        }
    }

    // From gradients of the normalised rows those of the rows, added to grad_x, and of gamma and beta.
    void add_gradients(const T* grad, T* grad_x, T* grad_gamma, T* grad_beta) const {
        for (int64_t i = 0; i < count; ++i) {
            T* to = grad_x + rows[i] * from.C;
            if (from.gamma == nullptr) {
                for (int64_t c = 0; c < from.C; ++c) to[c] += grad[i * width + c];
            } else {
                add_norm_gradients(row(i), moments[i], from.gamma, grad + i * width, from.C, to, grad_gamma, grad_beta);
            }
        }
    }
};

// Add to `total` (width,) the sum of `count` rows.
template <class T> inline void add_rows(const T* rows, int64_t stride, int64_t count, int64_t width, T* total) {
    for (int64_t i = 0; i < count; ++i) {
        for (int64_t d = 0; d < width; ++d) total[d] += rows[i * stride + d];
    }
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
