// Gradients of a feed-forward branch, which normalise and multiply again: x is all that they need of the forward pass.
#pragma once

#include <array>

#include "block_mlp_tile.h"

namespace swin3d {
namespace {

constexpr int64_t kLeastSegment = 4, kMostSegment = 16;  // tiles
constexpr int64_t kSegments = 8;

// Arrays of gradients of the parameters.
template <class T> struct ParameterGrads {
    T *gamma, *beta, *w1, *b1, *w2, *b2;

    static std::array<int64_t, 6> sizes(int64_t C, int64_t H) { return {C, C, H * C, H, C * H, C}; }
    // Call body(array, size) with each of them.
    template <class Body> void each(int64_t C, int64_t H, const Body& body) const {
        T* const arrays[] = {gamma, beta, w1, b1, w2, b2};
        for (int i = 0; i < 6; ++i) body(arrays[i], sizes(C, H)[i]);
    }
};

template <class T> class Backward {
  public:
    Backward(const Branch<T>& branch, const T* grad_out, T* grad_x, const ParameterGrads<T>& grads, int threads)
        : branch_(branch), sizes_(branch.C, branch.H), up_(branch.C, sizes_.hidden), back_(branch.C, sizes_.hidden),
          down_(branch.H, sizes_.channels), grad_out_(grad_out), grad_x_(grad_x), grads_(grads) {
        per_thread_ = sizes_.rows * (3 * sizes_.width + 2 * sizes_.chunk_width);
        scratch_.zeros(per_thread_ * threads);
        grads_.each(branch.C, branch.H, [&](T*, int64_t size) { num_grads_ += size; });
        partial_.resize(num_grads_ * threads);
        std::copy(branch.b1, branch.b1 + branch.H, reinterpret_cast<T*>(bias_.zeros(sizes_.hidden.vectors)));
    }

    void run(int threads) {
        const int64_t tiles = (branch_.N + sizes_.rows - 1) / sizes_.rows;
        const int64_t step = std::min(kMostSegment, std::max(kLeastSegment, tiles / kSegments));
        grads_.each(branch_.C, branch_.H, [](T* total, int64_t size) { std::fill(total, total + size, T(0)); });
#pragma omp parallel num_threads(threads) if (threads > 1)
        {
            up_.fill_transposed(branch_.w1);
            back_.fill(branch_.w2);
            down_.fill(branch_.w1);
            T* partial = partial_.get() + num_grads_ * this_thread();
#pragma omp for ordered schedule(static, 1)
            for (int64_t first = 0; first < tiles; first += step) {
                std::fill(partial, partial + num_grads_, T(0));
                for (int64_t t = first; t < std::min(tiles, first + step); ++t) {
                    differentiate(t * sizes_.rows, std::min(branch_.N, (t + 1) * sizes_.rows), arrays_in(partial));
                }
#pragma omp ordered
                add(partial);
            }
        }
    }

  private:
    ParameterGrads<T> arrays_in(T* partial) const {
        T* arrays[6];
        for (int i = 0; i < 6; ++i) {
            arrays[i] = partial;
            partial += ParameterGrads<T>::sizes(branch_.C, branch_.H)[i];
        }
        return {arrays[0], arrays[1], arrays[2], arrays[3], arrays[4], arrays[5]};
    }

    void add(const T* partial) const {
        grads_.each(branch_.C, branch_.H, [&](T* total, int64_t size) {
            for (int64_t i = 0; i < size; ++i) total[i] += partial[i];
            partial += size;
        });
    }

    void differentiate(int64_t low, int64_t high, const ParameterGrads<T>& grads) {
        const int64_t C = branch_.C, area = sizes_.rows * sizes_.width;
        T* scratch = scratch_.get() + per_thread_ * this_thread();
        T *upstream = scratch + area, *sums = upstream + area, *active = sums + area;
        T* inner = active + sizes_.rows * sizes_.chunk_width;
        Tile<T> tile(branch_, sizes_, scratch);
        tile.fill(low, high);
        for (int64_t i = 0; i < tile.count; ++i) {
            const T weight = tile.weight(i), *from = grad_out_ + tile.rows[i] * C;
            for (int64_t c = 0; c < C; ++c) upstream[i * sizes_.width + c] = weight * from[c];
            for (int64_t c = 0; c < C; ++c) grads.b2[c] += upstream[i * sizes_.width + c];
        }
        std::fill(sums, active, T(0));
        for (int64_t first = 0; first < sizes_.hidden.panels; first += sizes_.chunk_panels) {
            differentiate_chunk(tile, Chunk<T>(sizes_, first), upstream, active, inner, sums, grads);
        }
        std::copy(grad_out_ + low * C, grad_out_ + high * C, grad_x_ + low * C);
        for (int64_t i = 0; i < tile.count; ++i) {
            add_norm_gradients(tile.row(i), tile.moments[i], branch_.gamma, sums + i * sizes_.width, C,
                               grad_x_ + tile.rows[i] * C, grads.gamma, grads.beta);
        }
    }

    void differentiate_chunk(const Tile<T>& tile, const Chunk<T>& chunk, const T* upstream, T* active, T* inner,
                             T* sums, const ParameterGrads<T>& grads) const {
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
                          combine<T, decltype(vectors)::value>(product, to, stride, r,
                                                               [](Wide<T> grad, Wide<T> slope) { return grad * slope; });
                      });
        for (int64_t i = 0; i < tile.count; ++i) {
            for (int64_t h = 0; h < chunk.count; ++h) grads.b1[chunk.start + h] += inner[i * stride + h];
        }
        add_outer_products(inner, stride, chunk.count, tile.normed, width, tile.count, sizes_.channels, 0,
                           sizes_.channels.panels, grads.w1 + chunk.start * branch_.C);
        add_outer_products(upstream, width, branch_.C, active, stride, tile.count, sizes_.hidden, chunk.first,
                           chunk.last, grads.w2);
        multiply_rows(inner, stride, tile.count, down_.steps(chunk.start, chunk.count),
                      [&](auto vectors, int64_t r, int64_t p, auto& product) {
                          T* to = sums + sizes_.channels.start(p);
                          combine<T, decltype(vectors)::value>(product, to, width, r,
                                                               [](Wide<T> grad, Wide<T> sum) { return sum + grad; });
                      });
    }

    Branch<T> branch_;
    Sizes<T> sizes_;
    Packed<T> up_, back_, down_;  // W1 and W2 for products of channels, W1 for one of hidden columns
    const T* grad_out_;
    T* grad_x_;
    ParameterGrads<T> grads_;
    int64_t num_grads_ = 0, per_thread_;
    Buffer<T> scratch_;  // of each thread: rows normalised, of the weighted gradient, of sums; GELU and inner gradient
    Buffer<T> partial_;  // of each thread: gradients of the parameters from a segment
    Buffer<Wide<T>> bias_;
};

}  // namespace
}  // namespace swin3d
