// Gradients of few rows: threads divide the columns of the weights instead of the rows.
//
// Few rows are few segments, and each would have sums of its own for weights that are larger than the rows. Here a part
// of the columns meets all rows, so that nobody else writes what it sums for the weights; what it sums for the
// normalised rows is added in the order of parts. Their number does not depend on the threads, nor do the bits.
#pragma once

#include <vector>

#include "row_tile.h"

namespace swin3d {
namespace {

template <class T> class FewRows {
  public:
    // The hidden columns of `sizes` are divided; gradients of `up_count` columns arrive, which are kept in rows of
    // `up_width`.
    FewRows(const Rows<T>& rows, const Sizes<T>& sizes, int64_t up_count, int64_t up_width, int threads)
        : rows_(rows), sizes_(sizes), up_count_(up_count), up_width_(up_width), tiles_(sizes.tiles(rows.N)),
          parts_(std::max<int64_t>(1, sizes.hidden.count / kPartColumns)), area_(tiles_ * sizes.rows * sizes.width) {
        if (!chosen()) return;
        normed_.zeros(area_);
        upstream_.zeros(tiles_ * sizes.rows * up_width);
        sums_.zeros(area_ * (threads + 1));
        tile_.reserve(tiles_);
        for (int64_t t = 0; t < tiles_; ++t) {
            tile_.emplace_back(rows_, sizes.width, normed_.get() + t * sizes.rows * sizes.width);
        }
    }

    // Whether there are more parts of the columns than segments of the rows, which are few.
    bool chosen() const { return sizes_.segments(rows_.N) < kFewSegments && sizes_.segments(rows_.N) < parts_; }

    // Call body(tile, part, chunk, upstream, sums), which adds to `sums` the gradients of the tile's normalised rows
    // by a part of the columns; then add those of the rows to `residual_grad`, or to 0 where it is null. All threads
    // of a parallel region come here.
    template <class Body>
    void run(const T* grad_out, const Body& body, const T* residual_grad, T* grad_x, T* grad_gamma, T* grad_beta) {
#pragma omp for schedule(dynamic, 1)
        for (int64_t t = 0; t < tiles_; ++t) {
            tile_[t].fill(low(t), std::min(rows_.N, low(t + 1)));
            tile_[t].gather(grad_out, up_count_, upstream(t), up_width_);
        }
        const Columns<T>& columns = sizes_.hidden;
        T *total = sums_.get(), *own = total + area_ * (1 + this_thread());
#pragma omp for ordered schedule(static, 1)
        for (int64_t part = 0; part < parts_; ++part) {
            const Chunk<T> chunk(columns, columns.panels * part / parts_, columns.panels * (part + 1) / parts_);
            for (int64_t t = 0; t < tiles_; ++t) body(tile_[t], part, chunk, upstream(t), own + low(t) * sizes_.width);
#pragma omp ordered
            for (int64_t i = 0; i < area_; ++i) total[i] += own[i];
            std::fill(own, own + area_, T(0));
        }
#pragma omp single
        {
            const int64_t floats = rows_.N * rows_.C;
            if (residual_grad != nullptr) {
                std::copy(residual_grad, residual_grad + floats, grad_x);
            } else {
                std::fill(grad_x, grad_x + floats, T(0));
            }
            for (int64_t t = 0; t < tiles_; ++t) {
                tile_[t].add_gradients(total + low(t) * sizes_.width, grad_x, grad_gamma, grad_beta);
            }
        }
    }

  private:
    int64_t low(int64_t t) const { return t * sizes_.rows; }
    T* upstream(int64_t t) const { return upstream_.get() + low(t) * up_width_; }

    static constexpr int64_t kFewSegments = 4;
    static constexpr int64_t kPartColumns = 96;  // with what is left over, at most kChunkColumns
    Rows<T> rows_;
    Sizes<T> sizes_;
    int64_t up_count_, up_width_, tiles_, parts_, area_;
    std::vector<Tile<T>> tile_;
    Buffer<T> normed_, upstream_, sums_;  // (row, width), (row, up_width), (total and threads, row, width)
};

}  // namespace
}  // namespace swin3d
