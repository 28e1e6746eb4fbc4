// Forward pass of a feed-forward branch.
#pragma once

#include "gelu.h"
#include "row_tile.h"

namespace swin3d {
namespace {

template <class T> struct Branch {
    Rows<T> rows;
    int64_t H;
    const T *w1, *b1, *w2, *b2;  // (H, C), (H,), (C, H), (C,)
};

// out = x + weight (sum + b2) for the rows of a tile, which covers [low, high); x elsewhere.
template <class T>
inline void add_branch(const Tile<T>& tile, int64_t low, int64_t high, const T* sums, const T* b2, T* out) {
    const int64_t C = tile.from.C;
    std::copy(tile.from.x + low * C, tile.from.x + high * C, out + low * C);
    for (int64_t i = 0; i < tile.count; ++i) {
        const T weight = tile.weight(i), *sum = sums + i * tile.width;
        T* to = out + tile.rows[i] * C;
        for (int64_t c = 0; c < C; ++c) to[c] += weight * (sum[c] + b2[c]);
    }
}

template <class T> class Forward {
  public:
    Forward(const Branch<T>& branch, T* out, int threads)
        : branch_(branch), sizes_(branch.rows.C, branch.H), up_(branch.rows.C, sizes_.hidden),
          down_(branch.H, sizes_.channels), out_(out) {
        per_thread_ = sizes_.rows * (2 * sizes_.width + sizes_.chunk_width);
        scratch_.zeros(per_thread_ * threads);
        std::copy(branch.b1, branch.b1 + branch.H, reinterpret_cast<T*>(bias_.zeros(sizes_.hidden.vectors)));
    }

    void run(int threads) {
        const int64_t N = branch_.rows.N, tiles = sizes_.tiles(N);
#pragma omp parallel num_threads(threads) if (threads > 1)
        {
            up_.fill_transposed(branch_.w1);
            down_.fill_transposed(branch_.w2);
#pragma omp for schedule(dynamic, 1)
            for (int64_t t = 0; t < tiles; ++t) fill_rows(t * sizes_.rows, std::min(N, (t + 1) * sizes_.rows));
        }
    }

  private:
    void fill_rows(int64_t low, int64_t high) {
        const int64_t width = sizes_.width;
        T* scratch = scratch_.get() + per_thread_ * this_thread();
        T *sums = scratch + sizes_.rows * width, *hidden = sums + sizes_.rows * width;
        Tile<T> tile(branch_.rows, width, scratch);
        tile.fill(low, high);
        std::fill(sums, hidden, T(0));
        for (int64_t first = 0; first < sizes_.hidden.panels; first += sizes_.chunk_panels) {
            const Chunk<T> chunk(sizes_, first);
            activate(tile, chunk, hidden);
            multiply_rows(hidden, sizes_.chunk_width, tile.count, down_.steps(chunk.start, chunk.count),
                          [&](auto vectors, int64_t r, int64_t p, auto& product) {
                              T* to = sums + sizes_.channels.start(p);
                              combine<T, decltype(vectors)::value>(
                                  product, to, width, r, [](Wide<T> value, Wide<T> sum) { return sum + value; });
                          });
        }
        add_branch(tile, low, high, sums, branch_.b2, out_);
    }

    void activate(const Tile<T>& tile, const Chunk<T>& chunk, T* hidden) const {
        multiply_rows(tile.normed, sizes_.width, tile.count, up_.panels(chunk.first, chunk.last),
                      [&](auto vectors, int64_t r, int64_t p, auto& product) {
                          const Wide<T>* bias = bias_.get() + sizes_.hidden.first(p);
                          for (int i = 0; i < kTileRows; ++i) {
                              for (int v = 0; v < vectors; ++v) product[i][v] = gelu(product[i][v] + bias[v]);
                          }
                          T* to = hidden + sizes_.hidden.start(p) - chunk.start;
                          store<T, decltype(vectors)::value>(product, to, sizes_.chunk_width, r);
                      });
    }

    Branch<T> branch_;
    Sizes<T> sizes_;
    Packed<T> up_, down_;
    T* out_;
    int64_t per_thread_;
    Buffer<T> scratch_;         // of each thread: normalised rows, sums, hidden columns
    Buffer<Wide<T>> bias_;
};

}  // namespace
}  // namespace swin3d
