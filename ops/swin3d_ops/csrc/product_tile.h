// The register tile of a product of gathered rows: a few rows times a few vectors of columns, over steps.
#pragma once

#include <algorithm>
#include <type_traits>

#include "lanes.h"

namespace swin3d {
namespace {

// A tile holds kTileRows x kTileVectors vectors of sums beside the factors of a step.
#ifdef __AVX512F__
constexpr int kVectorBytes = 64, kTileRows = 8, kTileVectors = 3;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32, kTileRows = 6, kTileVectors = 2;
#else
constexpr int kVectorBytes = 16, kTileRows = 4, kTileVectors = 2;
#endif

template <class T> struct WideOf {
    typedef T type __attribute__((vector_size(kVectorBytes)));
    typedef T unaligned __attribute__((vector_size(kVectorBytes), aligned(sizeof(T)), may_alias));
};
template <class T> using Wide = typename WideOf<T>::type;
template <class T> constexpr int64_t kWidth = kVectorBytes / static_cast<int64_t>(sizeof(T));
template <class T, int kN> using Sums = Wide<T>[kTileRows][kN];

// D columns as vectors, the last one padded, and the vectors as panels of at most kTileVectors.
template <class T> struct Columns {
    int64_t count, vectors, panels;
    explicit Columns(int64_t D)
        : count(D), vectors((D + kWidth<T> - 1) / kWidth<T>), panels((vectors + kTileVectors - 1) / kTileVectors) {}
    int64_t first(int64_t panel) const { return vectors * panel / panels; }
    int64_t in_panel(int64_t panel) const { return first(panel + 1) - first(panel); }
    int64_t start(int64_t panel) const { return first(panel) * kWidth<T>; }
    int64_t present(int64_t panel) const { return std::min(in_panel(panel) * kWidth<T>, count - start(panel)); }
};

// Lay out panel p of a matrix (C, D), the vectors of a panel following each other by channel, so that a tile reads
// them in one run. `packed` holds C * columns.vectors vectors, panel after panel, zero where columns are missing.
template <class T>
void pack_panel(const T* matrix, int64_t C, const Columns<T>& columns, int64_t p, Wide<T>* packed) {
    T* to = reinterpret_cast<T*>(packed + columns.first(p) * C);
    for (int64_t c = 0; c < C; ++c, to += columns.in_panel(p) * kWidth<T>) {
        const T* from = matrix + c * columns.count + columns.start(p);
        std::copy(from, from + columns.present(p), to);
    }
}
template <class T> void pack_panels(const T* matrix, int64_t C, const Columns<T>& columns, Wide<T>* packed) {
    for (int64_t p = 0; p < columns.panels; ++p) pack_panel(matrix, C, columns, p, packed);
}

// Call `body` with the number of vectors of a panel as a constant.
template <class Body> inline void with_constant(int64_t vectors, const Body& body) {
    static_assert(kTileVectors == 2 || kTileVectors == 3, "the cases below");
    if (vectors == 1) return body(std::integral_constant<int, 1>());
    if (vectors == 2) return body(std::integral_constant<int, 2>());
    if constexpr (kTileVectors == 3) return body(std::integral_constant<int, 3>());
}

// sums[r] = sum over steps s of rows[r][s * row_step] * factors[s * factor_step ...].
template <class T, int kN>
inline void multiply_tile(const T* const* rows, int64_t row_step, const Wide<T>* factors, int64_t factor_step,
                          int64_t steps, Sums<T, kN>& sums) {
    Sums<T, kN> total = {};  // a copy of its own, which stays in registers
    for (int64_t s = 0; s < steps; ++s) {
        Wide<T> factor[kN];
#pragma GCC unroll 4
        for (int v = 0; v < kN; ++v) factor[v] = factors[s * factor_step + v];
#pragma GCC unroll 8
        for (int r = 0; r < kTileRows; ++r) {
            const T value = rows[r][s * row_step];
#pragma GCC unroll 4
            for (int v = 0; v < kN; ++v) total[r][v] += value * factor[v];
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kN; ++v) sums[r][v] = total[r][v];
    }
}

// Add a row of sums to a row in memory of which the first `present` columns exist.
template <class T, int kN> inline void add_row(const Wide<T> (&sum)[kN], T* row, int64_t present) {
    typedef typename WideOf<T>::unaligned Unaligned;
    if (present == kN * kWidth<T>) {
        for (int v = 0; v < kN; ++v) {
            Unaligned* to = reinterpret_cast<Unaligned*>(row + v * kWidth<T>);
            *to = *to + sum[v];
        }
        return;
    }
    for (int64_t d = 0; d < present; ++d) row[d] += sum[d / kWidth<T>][d % kWidth<T>];
}

}  // namespace
}  // namespace swin3d
