// Layer norm of single rows, and its gradient.
#pragma once

#include <cmath>

#include "product_tile.h"

namespace swin3d {
namespace {

// Sum over c of term(c), which is called with vectors of neighbouring c, and singly for those left over.
template <class T, class Vector, class Single> inline T sum_of(int64_t C, const Vector& vector, const Single& single) {
    Wide<T> total{};
    int64_t c = 0;
    for (; c + kWidth<T> <= C; c += kWidth<T>) total += vector(c);
    T sum = 0;
    for (int64_t i = 0; i < kWidth<T>; ++i) sum += total[i];
    for (; c < C; ++c) sum += single(c);
    return sum;
}

template <class T> inline Wide<T> load(const T* from) {
    return *reinterpret_cast<const typename WideOf<T>::unaligned*>(from);
}

// Mean of a row, and one over the root of its variance (of the population) plus eps.
template <class T> struct RowMoments {
    T mean, scale;

    RowMoments() = default;
    RowMoments(const T* row, int64_t C, T eps) {
        mean = sum_of<T>(C, [&](int64_t c) { return load(row + c); }, [&](int64_t c) { return row[c]; }) / T(C);
        const auto square = [](auto value) { return value * value; };
        const T squares = sum_of<T>(C, [&](int64_t c) { return square(load(row + c) - mean); },
                                    [&](int64_t c) { return square(row[c] - mean); });
        scale = 1 / std::sqrt(squares / T(C) + eps);
    }
};

template <class T>
inline void normalise(const T* row, RowMoments<T> of, const T* gamma, const T* beta, int64_t C, T* out) {
    for (int64_t c = 0; c < C; ++c) out[c] = (row[c] - of.mean) * of.scale * gamma[c] + beta[c];
}

// From the gradient of the normalised row that of the row, added to grad_row, and what it adds to those of gamma, beta.
template <class T>
inline void add_norm_gradients(const T* row, RowMoments<T> of, const T* gamma, const T* grad, int64_t C, T* grad_row,
                               T* grad_gamma, T* grad_beta) {
    const T inner = sum_of<T>(C, [&](int64_t c) { return load(grad + c) * load(gamma + c); },
                              [&](int64_t c) { return grad[c] * gamma[c]; }) / T(C);
    const T along = sum_of<T>(
        C, [&](int64_t c) { return load(grad + c) * load(gamma + c) * ((load(row + c) - of.mean) * of.scale); },
        [&](int64_t c) { return grad[c] * gamma[c] * ((row[c] - of.mean) * of.scale); }) / T(C);
    for (int64_t c = 0; c < C; ++c) {
        const T place = (row[c] - of.mean) * of.scale;
        grad_row[c] += of.scale * (grad[c] * gamma[c] - inner - place * along);
        grad_gamma[c] += grad[c] * place;
        grad_beta[c] += grad[c];
    }
}

}  // namespace
}  // namespace swin3d
