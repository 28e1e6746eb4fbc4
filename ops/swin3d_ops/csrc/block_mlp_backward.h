// Gradients of a feed-forward branch, which normalise and multiply again: x is all that they need of the forward pass.
#pragma once

#include "block_mlp_forward.h"
#include "few_rows.h"

namespace swin3d {
namespace {

// Arrays of gradients of the parameters, in the order that the kernel gets them.
template <class T> struct BranchGrads {
    T *gamma, *beta, *w1, *b1, *w2, *b2;
    explicit BranchGrads(T* const* a) : gamma(a[0]), beta(a[1]), w1(a[2]), b1(a[3]), w2(a[4]), b2(a[5]) {}
};

template <class T> class Backward {
  public:
    Backward(const Branch<T>& branch, const T* grad_out, T* grad_x, T* const* grads, int threads)
        : branch_(branch), C_(branch.rows.C), sizes_(C_, branch.H), up_(C_, sizes_.hidden), back_(C_, sizes_.hidden),
          down_(branch.H, sizes_.channels), grad_out_(grad_out), grad_x_(grad_x),
          totals_(grads, {C_, C_, branch.H * C_, branch.H, C_ * branch.H, C_}, threads), sums_(grads),
          few_(branch.rows, sizes_, C_, sizes_.width, threads) {
        per_thread_ = sizes_.rows * (3 * sizes_.width + 2 * sizes_.chunk_width);
        scratch_.zeros(per_thread_ * threads);
        std::copy(branch.b1, branch.b1 + branch.H, reinterpret_cast<T*>(bias_.zeros(sizes_.hidden.vectors)));
    }

    void run(int threads) {
        const int64_t N = branch_.rows.N;
#pragma omp parallel num_threads(threads) if (threads > 1)
        {
            up_.fill_transposed(branch_.w1);
            back_.fill(branch_.w2);
            down_.fill(branch_.w1);
            if (few_.chosen()) {
                few_.run(grad_out_, [&](auto&&... of_part) { differentiate_part(of_part...); }, grad_out_, grad_x_,
                         sums_.gamma, sums_.beta);
            } else {
                totals_.run(sizes_.tiles(N), sizes_.segment(N), [&](int64_t t, T* const* arrays) {
                    differentiate(t * sizes_.rows, std::min(N, (t + 1) * sizes_.rows), BranchGrads<T>(arrays));
                });
            }
        }
    }

  private:
    void differentiate_part(const Tile<T>& tile, int64_t part, const Chunk<T>& chunk, const T* upstream, T* sums) {
        T* active = scratch_.get() + per_thread_ * this_thread();
        if (part == 0) add_rows(upstream, sizes_.width, tile.count, C_, sums_.b2);
        differentiate_chunk(tile, chunk, upstream, active, active + sizes_.rows * sizes_.chunk_width, sums, sums_);
    }

    void differentiate(int64_t low, int64_t high, const BranchGrads<T>& grads) {
        const int64_t area = sizes_.rows * sizes_.width;
        T* scratch = scratch_.get() + per_thread_ * this_thread();
        T *upstream = scratch + area, *sums = upstream + area, *active = sums + area;
        T* inner = active + sizes_.rows * sizes_.chunk_width;
        Tile<T> tile(branch_.rows, sizes_.width, scratch);
        tile.fill(low, high);
        tile.gather(grad_out_, C_, upstream, sizes_.width);
        add_rows(upstream, sizes_.width, tile.count, C_, grads.b2);
        std::fill(sums, active, T(0));
        for (int64_t first = 0; first < sizes_.hidden.panels; first += sizes_.chunk_panels) {
            differentiate_chunk(tile, Chunk<T>(sizes_, first), upstream, active, inner, sums, grads);
        }
        std::copy(grad_out_ + low * C_, grad_out_ + high * C_, grad_x_ + low * C_);
        tile.add_gradients(sums, grad_x_, grads.gamma, grads.beta);
    }

    void differentiate_chunk(const Tile<T>& tile, const Chunk<T>& chunk, const T* upstream, T* active, T* inner,
                             T* sums, const BranchGrads<T>& grads) const {
        const int64_t width = sizes_.width, stride = sizes_.chunk_width;
        // `active` becomes the GELU of the hidden columns, `inner` its slope and then the gradient of its argument.
        multiply_rows(tile.normed, width, tile.count, up_.panels(chunk.first, chunk.last),
                      [&](auto vectors, int64_t r, int64_t p, auto& product) {
                          const int64_t column = sizes_.hidden.start(p) - chunk.start;
                          Sums<T, decltype(vectors)::value> slopes;
                          const Wide<T>* bias = bias_.get() + sizes_.hidden.first(p);
                          for (int i = 0; i < kTileRows; ++i) {
                              for (int v = 0; v < vectors; ++v) {
                                  product[i][v] = gelu(product[i][v] + bias[v], slopes[i][v]);
                              }
                          }
                          store<T, decltype(vectors)::value>(product, active + column, stride, r);
                          store<T, decltype(vectors)::value>(slopes, inner + column, stride, r);
                      });
        multiply_rows(upstream, width, tile.count, back_.panels(chunk.first, chunk.last),
                      [&](auto vectors, int64_t r, int64_t p, auto& product) {
                          T* to = inner + sizes_.hidden.start(p) - chunk.start;
                          combine<T, decltype(vectors)::value>(
                              product, to, stride, r, [](Wide<T> grad, Wide<T> slope) { return grad * slope; });
                      });
        add_rows(inner, stride, tile.count, chunk.count, grads.b1 + chunk.start);
        add_outer_products(inner, stride, chunk.count, tile.normed, width, tile.count, sizes_.channels, 0,
                           sizes_.channels.panels, grads.w1 + chunk.start * C_);
        add_outer_products(upstream, width, C_, active, stride, tile.count, sizes_.hidden, chunk.first,
                           chunk.last, grads.w2);
        multiply_rows(inner, stride, tile.count, down_.steps(chunk.start, chunk.count),
                      [&](auto vectors, int64_t r, int64_t p, auto& product) {
                          T* to = sums + sizes_.channels.start(p);
                          combine<T, decltype(vectors)::value>(product, to, width, r,
                                                               [](Wide<T> grad, Wide<T> sum) { return sum + grad; });
                      });
    }

    Branch<T> branch_;
    int64_t C_;
    Sizes<T> sizes_;
    Packed<T> up_, back_, down_;  // W1 and W2 for products of channels, W1 for one of hidden columns
    const T* grad_out_;
    T* grad_x_;
    SegmentSums<T, 6> totals_;
    BranchGrads<T> sums_;  // the arrays that totals_ fills
    FewRows<T> few_;
    int64_t per_thread_;
    Buffer<T> scratch_;  // of each thread: rows normalised, of the weighted gradient, of sums; GELU and inner gradient
    Buffer<Wide<T>> bias_;
};

}  // namespace
}  // namespace swin3d
