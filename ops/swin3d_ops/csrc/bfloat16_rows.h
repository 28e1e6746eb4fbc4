// Products of rows as in row_product.h, of numbers rounded to bfloat16 with sums in float32 (AVX512-BF16). A register
// holds pairs of steps: 16 columns times two neighbouring rows of a matrix. For files that target the instructions.
#pragma once

#include "row_tile.h"

namespace swin3d {
namespace {

typedef uint32_t Pair;  // two bfloat16, of steps 2 s (low half) and 2 s + 1

inline __m256i narrowed(Wide<float> values) { return (__m256i)_mm512_cvtneps_pbh((__m512)values); }

// Round `count` floats, a multiple of 16, to bfloat16.
inline void narrow(const float* from, int64_t count, Pair* to) {
    for (int64_t i = 0; i < count; i += 16) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i / 2), narrowed(load(from + i)));
    }
}

// The transpose of a matrix (D, C) laid out panel by panel in pairs of channels, zero where there are none.
class PackedPairs {
  public:
    PackedPairs(int64_t C, const Columns<float>& columns) : C_(C), columns_(columns) {
        packed_.zeros(depth() * columns.vectors * 16);
    }
    int64_t depth() const { return (C_ + 1) / 2; }
    const Columns<float>& columns() const { return columns_; }
    const Pair* panel(int64_t p) const { return packed_.get() + columns_.first(p) * depth() * 16; }

    void fill_transposed(const float* matrix) {
#pragma omp for schedule(static)
        for (int64_t p = 0; p < columns_.panels; ++p) {
            Pair* to = packed_.get() + columns_.first(p) * depth() * 16;
            const int64_t step = columns_.in_panel(p) * 16;
            for (int64_t low = 0; low < C_; low += 32) {  // channels whose vectors stay in the cache
                const int64_t count = std::min<int64_t>(32, C_ - low);
                for (int64_t d = 0; d < columns_.present(p); ++d) {
                    alignas(64) float row[32] = {};
                    Pair pairs[16];
                    std::copy_n(matrix + (columns_.start(p) + d) * C_ + low, count, row);
                    narrow(row, 32, pairs);
                    for (int64_t s = 0; s < (count + 1) / 2; ++s) to[(low / 2 + s) * step + d] = pairs[s];
                }
            }
        }
    }

  private:
    int64_t C_;
    Columns<float> columns_;
    Buffer<Pair> packed_;  // (panel, pair of channels, vector)
};

// Call body(vectors, r, p, sums) with the products of rows r .. r + kTileRows, pairs side by side, and panel p of the
// pairs `start` .. `start + steps` of a matrix.
template <class Body>
inline void multiply_pairs(const Pair* rows, int64_t stride, int64_t count, const PackedPairs& matrix, int64_t start,
                           int64_t steps, int64_t first, int64_t last, const Body& body) {
    for (int64_t p = first; p < last; ++p) {
        with_constant(matrix.columns().in_panel(p), [&](auto vectors) {
            constexpr int kN = decltype(vectors)::value;
            const Pair* factors = matrix.panel(p) + start * kN * 16;
            for (int64_t r = 0; r < count; r += kTileRows) {
                const Pair* tile = rows + r * stride;
                __m512 total[kTileRows][kN] = {};
                for (int64_t s = 0; s < steps; ++s) {
                    __m512i factor[kN];
#pragma GCC unroll 4
                    for (int v = 0; v < kN; ++v) factor[v] = _mm512_load_si512(factors + (s * kN + v) * 16);
#pragma GCC unroll 8
                    for (int i = 0; i < kTileRows; ++i) {
                        const __m512i value = _mm512_set1_epi32(static_cast<int>(tile[i * stride + s]));
#pragma GCC unroll 4
                        for (int v = 0; v < kN; ++v) {
                            total[i][v] = _mm512_dpbf16_ps(total[i][v], (__m512bh)value, (__m512bh)factor[v]);
                        }
                    }
                }
                Sums<float, kN> sums;
#pragma GCC unroll 8
                for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 4
                    for (int v = 0; v < kN; ++v) sums[i][v] = (Wide<float>)total[i][v];
                }
                body(vectors, r, p, sums);
            }
        });
    }
}

}  // namespace
}  // namespace swin3d
