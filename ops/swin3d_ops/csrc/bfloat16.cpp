// The forward passes of block_mlp and row_linear with matrices, and what they multiply, rounded to bfloat16; the rest
// and all sums are in float32.
#include "bfloat16_target.h"

#include "lanes.h"

#ifdef SWIN3D_BFLOAT16
#include "bfloat16_rows.h"
#include "block_mlp_forward.h"
#include "row_linear.h"

namespace swin3d {
namespace {

class BranchForward {
  public:
    BranchForward(const Branch<float>& branch, float* out, int threads)
        : branch_(branch), sizes_(branch.rows.C, branch.H), up_(branch.rows.C, sizes_.hidden),
          down_(branch.H, sizes_.channels), out_(out) {
        scratch_.zeros(per_thread() * threads);
        std::copy(branch.b1, branch.b1 + branch.H, reinterpret_cast<float*>(bias_.zeros(sizes_.hidden.vectors)));
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
    // Floats of a thread: normalised rows, sums, the rows in pairs and hidden columns in pairs.
    int64_t per_thread() const { return sizes_.rows * (3 * sizes_.width + sizes_.chunk_width); }

    void fill_rows(int64_t low, int64_t high) {
        const int64_t width = sizes_.width;
        float* scratch = scratch_.get() + per_thread() * this_thread();
        float* sums = scratch + sizes_.rows * width;
        Pair* pairs = reinterpret_cast<Pair*>(sums + sizes_.rows * width);
        Pair* hidden = pairs + sizes_.rows * width;
        Tile<float> tile(branch_.rows, width, scratch);
        tile.fill(low, high);
        narrow(scratch, sizes_.rows * width, pairs);
        std::fill(sums, sums + sizes_.rows * width, 0.0f);
        for (int64_t first = 0; first < sizes_.hidden.panels; first += sizes_.chunk_panels) {
            const Chunk<float> chunk(sizes_, first);
            activate(pairs, tile.count, chunk, hidden);
            multiply_pairs(hidden, sizes_.chunk_width / 2, tile.count, down_, chunk.start / 2, (chunk.count + 1) / 2, 0,
                           sizes_.channels.panels, [&](auto vectors, int64_t r, int64_t p, auto& product) {
                               float* to = sums + sizes_.channels.start(p);
                               combine<float, decltype(vectors)::value>(
                                   product, to, width, r,
                                   [](Wide<float> value, Wide<float> sum) { return sum + value; });
                           });
        }
        add_branch(tile, low, high, sums, branch_.b2, out_);
    }

    void activate(const Pair* pairs, int64_t count, const Chunk<float>& chunk, Pair* hidden) const {
        multiply_pairs(pairs, sizes_.width / 2, count, up_, 0, up_.depth(), chunk.first, chunk.last,
                           [&](auto vectors, int64_t r, int64_t p, auto& product) {
                               const Wide<float>* bias = bias_.get() + sizes_.hidden.first(p);
                               const int64_t stride = sizes_.chunk_width / 2;
                               Pair* to = hidden + r * stride + (sizes_.hidden.start(p) - chunk.start) / 2;
                               for (int i = 0; i < kTileRows; ++i, to += stride) {
                                   for (int v = 0; v < vectors; ++v) {
                                       const Wide<float> value = gelu(product[i][v] + bias[v]);
                                       _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + v * 8), narrowed(value));
                                   }
                               }
                           });
    }

    Branch<float> branch_;
    Sizes<float> sizes_;
    PackedPairs up_, down_;
    float* out_;
    Buffer<float> scratch_;
    Buffer<Wide<float>> bias_;
};

class LinearForward {
  public:
    LinearForward(const RowLinear<float>& layer, float* out, int threads)
        : layer_(layer), sizes_(layer.rows.C, layer.D), packed_(layer.rows.C, sizes_.hidden), out_(out) {
        scratch_.zeros(2 * sizes_.rows * sizes_.width * threads);
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
        const int64_t area = sizes_.rows * sizes_.width;
        float* scratch = scratch_.get() + 2 * area * this_thread();
        Pair* pairs = reinterpret_cast<Pair*>(scratch + area);
        Tile<float> tile(layer_.rows, sizes_.width, scratch);
        tile.fill(low, high);
        narrow(scratch, area, pairs);
        start_rows(layer_, tile, low, high, out_);
        multiply_pairs(pairs, sizes_.width / 2, tile.count, packed_, 0, packed_.depth(), 0, sizes_.hidden.panels,
                       [&](auto vectors, int64_t r, int64_t p, auto& product) {
                           for (int i = 0; i < kTileRows && r + i < tile.count; ++i) {
                               write_row<float, decltype(vectors)::value>(layer_, tile, sizes_.hidden, r + i, p,
                                                                          product[i], out_);
                           }
                       });
    }

    RowLinear<float> layer_;
    Sizes<float> sizes_;
    PackedPairs packed_;
    float* out_;
    Buffer<float> scratch_;  // of each thread: normalised rows, and in pairs
};

}  // namespace
}  // namespace swin3d
#endif

// Whether the functions below can run in this build on this processor; elsewhere they are not to be called.
SWIN3D_EXPORT(swin3d_has_bfloat16)() {
#ifdef SWIN3D_BFLOAT16
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512bf16") ? 1 : 0;
#else
    return 0;
#endif
}

#ifdef SWIN3D_BFLOAT16
// As block_mlp_f32.
SWIN3D_EXPORT(block_mlp_bfloat16_f32)
(const float* x, const float* row_weight, const float* gamma, const float* beta, const float* w1, const float* b1,
 const float* w2, const float* b2, double eps, int64_t N, int64_t C, int64_t H, float* out, int threads) {
    try {
        const swin3d::Branch<float> branch{{N, C, x, row_weight, gamma, beta, float(eps)}, H, w1, b1, w2, b2};
        swin3d::BranchForward(branch, out, threads).run(threads);
        return 0;
    } catch (const std::bad_alloc&) {
        return 1;
    }
}

// As row_linear_f32.
SWIN3D_EXPORT(row_linear_bfloat16_f32)
(const float* x, const float* row_weight, const float* gamma, const float* beta, const float* w, const float* b,
 const float* residual, double eps, int64_t N, int64_t C, int64_t D, float* out, int threads) {
    try {
        const swin3d::RowLinear<float> layer{{N, C, x, row_weight, gamma, beta, float(eps)}, D, w, b, residual};
        swin3d::LinearForward(layer, out, threads).run(threads);
        return 0;
    } catch (const std::bad_alloc&) {
        return 1;
    }
}
#endif
