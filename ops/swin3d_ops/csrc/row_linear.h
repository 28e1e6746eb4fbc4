// A linear layer of rows, and how its products become its result.
#pragma once

#include "row_tile.h"

namespace swin3d {
namespace {

template <class T> struct RowLinear {
    Rows<T> rows;
    int64_t D;
    const T *w, *b, *residual;  // (D, C), (D,), (N, D) or null: 0
};

// out = residual, or 0, for rows [low, high) that write_row does not write itself.
template <class T>
inline void start_rows(const RowLinear<T>& layer, const Tile<T>& tile, int64_t low, int64_t high, T* out) {
    const int64_t D = layer.D;
    if (layer.residual != nullptr) {
        std::copy(layer.residual + low * D, layer.residual + high * D, out + low * D);
    } else if (tile.count < high - low) {
        std::fill(out + low * D, out + high * D, T(0));
    }
}

// The columns of panel p of row i of a tile, from their products.
template <class T, int kN>
inline void write_row(const RowLinear<T>& layer, const Tile<T>& tile, const Columns<T>& columns, int64_t i, int64_t p,
                      const Wide<T>* sums, T* out) {
    const int64_t start = columns.start(p), present = columns.present(p);
    const T weight = tile.weight(i), *bias = layer.b + start;
    T* to = out + tile.rows[i] * layer.D + start;
    const bool adds = layer.residual != nullptr;
    if (present == kN * kWidth<T>) {
        for (int v = 0; v < kN; ++v) {
            typename WideOf<T>::unaligned* at =
                reinterpret_cast<typename WideOf<T>::unaligned*>(to + v * kWidth<T>);
            const Wide<T> value = weight * (sums[v] + load(bias + v * kWidth<T>));
            *at = adds ? *at + value : value;
        }
        return;
    }
    for (int64_t d = 0; d < present; ++d) {
        const T value = weight * (sums[d / kWidth<T>][d % kWidth<T>] + bias[d]);
        to[d] = adds ? to[d] + value : value;
    }
}

}  // namespace
}  // namespace swin3d
