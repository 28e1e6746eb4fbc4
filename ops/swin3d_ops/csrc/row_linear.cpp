// A linear layer of rows, normalised before and weighted and added to others behind it: out = r + s (W LN(x) + b).
//
// The normalised rows of a tile stay in a thread's cache; the gradient normalises again. Rows of weight s = 0 take no
// part. No bit depends on the number of threads.
#include "few_rows.h"
#include "row_linear.h"

namespace swin3d {
namespace {

template <class T> class LinearForward {
  public:
    LinearForward(const RowLinear<T>& layer, T* out, int threads)
        : layer_(layer), sizes_(layer.rows.C, layer.D), packed_(layer.rows.C, sizes_.hidden), out_(out) {
        scratch_.zeros(sizes_.rows * sizes_.width * threads);
    }

    void run(int threads) {
        const int64_t N = layer_.rows.N;
#pragma omp parallel num_threads(threads) if (threads > 1)
        {
            packed_.fill_transposed(layer_.w);
#pragma omp for schedule(dynamic, 1)
            for (int64_t t = 0; t < sizes_.tiles(N); ++t) fill(t * sizes_.rows, std::min(N, (t + 1) * sizes_.rows));
        }
    }

  private:
    void fill(int64_t low, int64_t high) {
        Tile<T> tile(layer_.rows, sizes_.width, scratch_.get() + sizes_.rows * sizes_.width * this_thread());
        tile.fill(low, high);
        start_rows(layer_, tile, low, high, out_);
        multiply_rows(tile.normed, sizes_.width, tile.count, packed_.panels(0, sizes_.hidden.panels),
                      [&](auto vectors, int64_t r, int64_t p, auto& product) {
                          for (int i = 0; i < kTileRows && r + i < tile.count; ++i) {
                              write_row<T, decltype(vectors)::value>(layer_, tile, sizes_.hidden, r + i, p, product[i],
                                                                     out_);
                          }
                      });
    }

    RowLinear<T> layer_;
    Sizes<T> sizes_;
    Packed<T> packed_;
    T* out_;
    Buffer<T> scratch_;  // of each thread: normalised rows
};

template <class T> class LinearBackward {
  public:
    LinearBackward(const RowLinear<T>& layer, const T* grad_out, T* grad_x, T* const* grads, int threads)
        : layer_(layer), C_(layer.rows.C), D_(layer.D), sizes_(C_, D_), packed_(D_, sizes_.channels),
          out_width_(sizes_.hidden.vectors * kWidth<T>), grad_out_(grad_out), grad_x_(grad_x),
          totals_(grads, {C_, C_, D_ * C_, D_}, threads), grads_(grads),
          few_(layer.rows, sizes_, D_, out_width_, threads) {
        per_thread_ = sizes_.rows * (2 * sizes_.width + out_width_);
        scratch_.zeros(per_thread_ * threads);
    }

    void run(int threads) {
        const int64_t N = layer_.rows.N;
#pragma omp parallel num_threads(threads) if (threads > 1)
        {
            packed_.fill(layer_.w);
            if (few_.chosen()) {
                few_.run(grad_out_, [&](auto&&... of_part) { differentiate_part(of_part...); }, nullptr, grad_x_,
                         grads_[0], grads_[1]);
            } else {
                totals_.run(sizes_.tiles(N), sizes_.segment(N), [&](int64_t t, T* const* arrays) {
                    differentiate(t * sizes_.rows, std::min(N, (t + 1) * sizes_.rows), arrays);
                });
            }
        }
    }

  private:
    void differentiate_part(const Tile<T>& tile, int64_t, const Chunk<T>& chunk, const T* upstream, T* sums) {
        const T* of_part = upstream + chunk.start;
        add_rows(of_part, out_width_, tile.count, chunk.count, grads_[3] + chunk.start);
        add_outer_products(of_part, out_width_, chunk.count, tile.normed, sizes_.width, tile.count, sizes_.channels, 0,
                           sizes_.channels.panels, grads_[2] + chunk.start * C_);
        multiply_rows(of_part, out_width_, tile.count, packed_.steps(chunk.start, chunk.count),
                      [&](auto vectors, int64_t r, int64_t p, auto& product) {
                          store<T, decltype(vectors)::value>(product, sums + sizes_.channels.start(p), sizes_.width, r);
                      });
    }

    // `arrays` are the sums of the gradients of gamma, beta, w and b.
    void differentiate(int64_t low, int64_t high, T* const* arrays) {
        const int64_t area = sizes_.rows * sizes_.width;
        T *scratch = scratch_.get() + per_thread_ * this_thread(), *grads = scratch + area, *upstream = grads + area;
        Tile<T> tile(layer_.rows, sizes_.width, scratch);
        tile.fill(low, high);
        tile.gather(grad_out_, D_, upstream, out_width_);
        add_rows(upstream, out_width_, tile.count, D_, arrays[3]);
        add_outer_products(upstream, out_width_, D_, tile.normed, sizes_.width, tile.count, sizes_.channels, 0,
                           sizes_.channels.panels, arrays[2]);
        multiply_rows(upstream, out_width_, tile.count, packed_.panels(0, sizes_.channels.panels),
                      [&](auto vectors, int64_t r, int64_t p, auto& product) {
                          T* to = grads + sizes_.channels.start(p);
                          store<T, decltype(vectors)::value>(product, to, sizes_.width, r);
                      });
        std::fill(grad_x_ + low * C_, grad_x_ + high * C_, T(0));
        tile.add_gradients(grads, grad_x_, arrays[0], arrays[1]);
    }

    RowLinear<T> layer_;
    int64_t C_, D_;
    Sizes<T> sizes_;
    Packed<T> packed_;
    int64_t out_width_, per_thread_;
    const T* grad_out_;
    T* grad_x_;
    SegmentSums<T, 4> totals_;
    T* const* grads_;  // the arrays that totals_ fills
    FewRows<T> few_;
    Buffer<T> scratch_;  // of each thread: rows normalised and their gradients, rows of the weighted gradient
};

}  // namespace
}  // namespace swin3d

// N rows of C channels to D columns; row_weight, residual, and gamma with beta may be null. Both return 0, or 1 when
// memory ran out. `grads` are the arrays of gamma, beta, w and b; that of the residual is grad_out.
#define SWIN3D_ROW_LINEAR(NAME, T)                                                                              \
    SWIN3D_EXPORT(row_linear_##NAME)                                                                            \
    (const T* x, const T* row_weight, const T* gamma, const T* beta, const T* w, const T* b, const T* residual, \
     double eps, int64_t N, int64_t C, int64_t D, T* out, int threads) {                                        \
        try {                                                                                                   \
            const swin3d::RowLinear<T> layer{{N, C, x, row_weight, gamma, beta, T(eps)}, D, w, b, residual};    \
            swin3d::LinearForward<T>(layer, out, threads).run(threads);                                         \
            return 0;                                                                                           \
        } catch (const std::bad_alloc&) {                                                                       \
            return 1;                                                                                           \
        }                                                                                                       \
    }                                                                                                           \
    SWIN3D_EXPORT(row_linear_backward_##NAME)                                                                   \
    (const T* x, const T* row_weight, const T* gamma, const T* beta, const T* w, const T* b, const T* grad_out, \
     double eps, int64_t N, int64_t C, int64_t D, T* grad_x, T* const* grads, int threads) {                    \
        try {                                                                                                   \
            const swin3d::RowLinear<T> layer{{N, C, x, row_weight, gamma, beta, T(eps)}, D, w, b, nullptr};     \
            swin3d::LinearBackward<T>(layer, grad_out, grad_x, grads, threads).run(threads);                    \
            return 0;                                                                                           \
        } catch (const std::bad_alloc&) {                                                                       \
            return 1;                                                                                           \
        }                                                                                                       \
    }

SWIN3D_ROW_LINEAR(f32, float)
SWIN3D_ROW_LINEAR(f64, double)
