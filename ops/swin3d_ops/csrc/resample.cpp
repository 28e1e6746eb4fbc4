// Maximum, weighted sum, and maximum of a product with a matrix, over K gathered rows, forward and backward.
//
// Backward passes add into the rows of feats; threads own blocks of channels and walk the index in
// order, so no two of them meet and the sums have one order.
#include <algorithm>

#include "product_tile.h"

namespace swin3d {
namespace {

constexpr int64_t kChannelBlock = 16;
constexpr int64_t kRowsAhead = 4;  // results whose rows are on their way to the cache

// Ask for `count` channels, from `low` on, of the K rows of result m, if there is such a result.
template <class T>
inline void prefetch_rows(const T* feats, const int64_t* index, int64_t m, int64_t M, int64_t K, int64_t C,
                          int64_t low, int64_t count) {
    constexpr int64_t kLine = 64 / sizeof(T);
    for (int64_t k = 0; k < K && m < M; ++k) {
        for (int64_t c = 0; c < count; c += kLine) __builtin_prefetch(feats + index[m * K + k] * C + low + c);
    }
}

// Whether a value takes the place of the best so far: a NaN does, as in torch.max, and the first of equals stays.
template <class V> inline auto wins(V value, V best) {
    return (value > best) | ((value != value) & (best == best));
}

// Channels of one lane vector of a maximum, and which row it came from, kept in registers over the K rows.
template <class T>
inline void lanes_max(const T* feats, const int64_t* index, int64_t K, int64_t C, T* out, int32_t* choice) {
    typedef Lanes<T> V;
    typedef typename LanesOf<T>::integer I;
    typedef V Unaligned __attribute__((aligned(sizeof(T))));
    V best = *reinterpret_cast<const Unaligned*>(feats + index[0] * C);
    I chosen = I{};
    for (int64_t k = 1; k < K; ++k) {
        const V row = *reinterpret_cast<const Unaligned*>(feats + index[k] * C);
        const I better = wins(row, best);
        best = better ? row : best;
        chosen = better ? I{} + static_cast<int>(k) : chosen;
    }
    for (int c = 0; c < kLanes; ++c) out[c] = best[c], choice[c] = static_cast<int32_t>(chosen[c]);
}

template <class T>
inline void one_max(const T* feats, const int64_t* index, int64_t K, int64_t C, T* out, int32_t* choice) {
    T best = feats[index[0] * C];
    *choice = 0;
    for (int64_t k = 1; k < K; ++k) {
        const T value = feats[index[k] * C];
        if (!wins(value, best)) continue;
        best = value;
        *choice = static_cast<int32_t>(k);
    }
    *out = best;
}

template <class T>
void gather_max(const T* feats, const int64_t* index, int64_t M, int64_t K, int64_t C, T* out,
                int32_t* choice, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (int64_t m = 0; m < M; ++m) {
        const int64_t* rows = index + m * K;
        int64_t c = 0;
        for (; c + kLanes <= C; c += kLanes) lanes_max(feats + c, rows, K, C, out + m * C + c, choice + m * C + c);
        for (; c < C; ++c) one_max(feats + c, rows, K, C, out + m * C + c, choice + m * C + c);
    }
}

template <class T>
void gather_max_backward(const T* grad_out, const int64_t* index, const int32_t* choice, int64_t M, int64_t K,
                         int64_t C, T* grad, int threads) {
    const int64_t blocks = (C + kChannelBlock - 1) / kChannelBlock;
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (int64_t b = 0; b < blocks; ++b) {
        const int64_t low = b * kChannelBlock, high = std::min(C, low + kChannelBlock);
        for (int64_t m = 0; m < M; ++m) {
            for (int64_t c = low; c < high; ++c) {
                grad[index[m * K + choice[m * C + c]] * C + c] += grad_out[m * C + c];
            }
        }
    }
}

// The columns of a panel of out_d = max_k (feats matrix)_{index_k, d}, a few rows at a time.
template <class T, int kN>
inline void panel_max(const T* feats, const int64_t* index, int64_t K, int64_t C, const Wide<T>* panel,
                      int64_t present, T* out, int32_t* choice) {
    typedef decltype(Wide<T>{} > Wide<T>{}) I;
    Wide<T> best[kN];
    I chosen[kN] = {};
    for (int64_t first = 0; first < K; first += kTileRows) {
        const T* rows[kTileRows];
        for (int r = 0; r < kTileRows; ++r) rows[r] = feats + index[std::min(first + r, K - 1)] * C;
        Sums<T, kN> sums;
        multiply_tile<T, kN>(rows, 1, panel, kN, C, sums);
        for (int r = 0; r < kTileRows && first + r < K; ++r) {
            for (int v = 0; v < kN; ++v) {
                const Wide<T> sum = sums[r][v];
                if (first + r == 0) best[v] = sum;
                const I better = wins(sum, best[v]);
                best[v] = better ? sum : best[v];
                chosen[v] = better ? I{} + static_cast<int>(first + r) : chosen[v];
            }
        }
    }
    for (int64_t d = 0; d < present; ++d) {
        out[d] = best[d / kWidth<T>][d % kWidth<T>];
        choice[d] = static_cast<int32_t>(chosen[d / kWidth<T>][d % kWidth<T>]);
    }
}

// out_md = max_k (feats matrix)_{index_mk, d} of feats (N, C) and a matrix (C, D); no row of the product is stored.
template <class T>
void linear_max(const T* feats, const T* matrix, const int64_t* index, int64_t M, int64_t K, int64_t C, int64_t D,
                T* out, int32_t* choice, int threads) {
    const Columns<T> columns(D);
    Buffer<Wide<T>> packed;
    pack_panels(matrix, C, columns, packed.zeros(C * columns.vectors));
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (int64_t m = 0; m < M; ++m) {
        prefetch_rows(feats, index, m + 1, M, K, C, 0, C);
        for (int64_t p = 0; p < columns.panels; ++p) {
            const int64_t start = m * D + columns.start(p);
            with_constant(columns.in_panel(p), [&](auto vectors) {
                panel_max<T, vectors.value>(feats, index + m * K, K, C, packed.get() + columns.first(p) * C,
                                            columns.present(p), out + start, choice + start);
            });
        }
    }
}

template <class T> inline void add_scaled(const T* __restrict from, T scale, int64_t count, T* __restrict to) {
    for (int64_t c = 0; c < count; ++c) to[c] += scale * from[c];
}

// Of feats (N, C) and weight (D, C) for out_md = max_k (feats weight^T)_{index_mk, d}: only the rows that gave a
// maximum take part, so the N x D product has no gradient to be stored or multiplied.
template <class T>
void linear_max_backward(const T* grad_out, const T* feats, const T* weight, const int64_t* index,
                         const int32_t* choice, int64_t M, int64_t K, int64_t C, int64_t D, T* grad_feats,
                         T* grad_weight, int threads) {
    const auto row_of = [&](int64_t m, int64_t d) { return index[m * K + choice[m * D + d]] * C; };
    const int64_t share = std::max<int64_t>(1, (C + threads - 1) / threads);  // the step of a loop is never 0
    const int64_t width = (share + kChannelBlock - 1) / kChannelBlock * kChannelBlock;
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
#pragma omp for schedule(static) nowait
        for (int64_t low = 0; low < C; low += width) {
            const int64_t count = std::min(width, C - low);
            for (int64_t m = 0; m < M; ++m) {
                prefetch_rows(grad_feats, index, m + 1, M, K, C, low, count);
                for (int64_t d = 0; d < D; ++d) {
                    add_scaled(weight + d * C + low, grad_out[m * D + d], count, grad_feats + row_of(m, d) + low);
                }
            }
        }
        const int64_t blocks = (D + kChannelBlock - 1) / kChannelBlock;
#pragma omp for schedule(static)
        for (int64_t b = 0; b < blocks; ++b) {
            for (int64_t m = 0; m < M; ++m) {
                prefetch_rows(feats, index, m + 1, M, K, C, 0, C);
                for (int64_t d = b * kChannelBlock; d < std::min(D, (b + 1) * kChannelBlock); ++d) {
                    add_scaled(feats + row_of(m, d), grad_out[m * D + d], C, grad_weight + d * C);
                }
            }
        }
    }
}

// Consecutive lane vectors of a weighted sum, kept in registers over the K rows.
template <class T, int kVectors>
inline void weighted_sum(const T* feats, const int64_t* index, const T* weight, int64_t K, int64_t C, T* out) {
    typedef Lanes<T> V;
    typedef V Unaligned __attribute__((aligned(sizeof(T))));
    V sum[kVectors] = {};
    for (int64_t k = 0; k < K; ++k) {
        const T* row = feats + index[k] * C;
        for (int i = 0; i < kVectors; ++i) {
            sum[i] += weight[k] * *reinterpret_cast<const Unaligned*>(row + i * kLanes);
        }
    }
    for (int i = 0; i < kVectors; ++i) *reinterpret_cast<Unaligned*>(out + i * kLanes) = sum[i];
}


template <class T>
void interpolate(const T* feats, const int64_t* index, const T* weight, int64_t M, int64_t K, int64_t C,
                 T* out, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (int64_t m = 0; m < M; ++m) {
        const int64_t* rows = index + m * K;
        const T* w = weight + m * K;
        T* sum = out + m * C;
        prefetch_rows(feats, index, m + kRowsAhead, M, K, C, 0, C);
        int64_t c = 0;
        for (; c + 6 * kLanes <= C; c += 6 * kLanes) weighted_sum<T, 6>(feats + c, rows, w, K, C, sum + c);
        for (; c + kLanes <= C; c += kLanes) weighted_sum<T, 1>(feats + c, rows, w, K, C, sum + c);
        for (; c < C; ++c) {
            sum[c] = 0;
            for (int64_t k = 0; k < K; ++k) sum[c] += w[k] * feats[rows[k] * C + c];
        }
    }
}

template <class T>
void interpolate_feats_grad(const T* grad_out, const int64_t* index, const T* weight, int64_t M, int64_t K,
                            int64_t C, T* grad_feats, int threads) {
    const int64_t blocks = (C + kChannelBlock - 1) / kChannelBlock;
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (int64_t b = 0; b < blocks; ++b) {
        const int64_t low = b * kChannelBlock, high = std::min(C, low + kChannelBlock);
        for (int64_t m = 0; m < M; ++m) {
            for (int64_t k = 0; k < K; ++k) {
                T* row = grad_feats + index[m * K + k] * C;
                const T w = weight[m * K + k];
                for (int64_t c = low; c < high; ++c) row[c] += w * grad_out[m * C + c];
            }
        }
    }
}

template <class T>
void interpolate_weight_grad(const T* grad_out, const T* feats, const int64_t* index, int64_t M, int64_t K,
                             int64_t C, T* grad_weight, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (int64_t m = 0; m < M; ++m) {
        for (int64_t k = 0; k < K; ++k) {
            const T* row = feats + index[m * K + k] * C;
            T sum = 0;
            for (int64_t c = 0; c < C; ++c) sum += grad_out[m * C + c] * row[c];
            grad_weight[m * K + k] = sum;
        }
    }
}

}  // namespace
}  // namespace swin3d

#define SWIN3D_RESAMPLE(NAME, T)                                                                            \
    SWIN3D_EXPORT(gather_max_##NAME)                                                                        \
    (const T* feats, const int64_t* index, int64_t M, int64_t K, int64_t C, T* out, int32_t* choice,        \
     int threads) {                                                                                         \
        swin3d::gather_max<T>(feats, index, M, K, C, out, choice, threads);                                 \
        return 0;                                                                                           \
    }                                                                                                       \
    SWIN3D_EXPORT(gather_max_backward_##NAME)                                                               \
    (const T* grad_out, const int64_t* index, const int32_t* choice, int64_t M, int64_t K, int64_t C,       \
     T* grad, int threads) {                                                                                \
        swin3d::gather_max_backward<T>(grad_out, index, choice, M, K, C, grad, threads);                    \
        return 0;                                                                                           \
    }                                                                                                       \
    SWIN3D_EXPORT(linear_max_##NAME)                                                                        \
    (const T* feats, const T* matrix, const int64_t* index, int64_t M, int64_t K, int64_t C, int64_t D, T* out, \
     int32_t* choice, int threads) {                                                                        \
        try {                                                                                               \
            swin3d::linear_max<T>(feats, matrix, index, M, K, C, D, out, choice, threads);                  \
        } catch (const std::bad_alloc&) {                                                                   \
            return 1;                                                                                       \
        }                                                                                                   \
        return 0;                                                                                           \
    }                                                                                                       \
    SWIN3D_EXPORT(linear_max_backward_##NAME)                                                               \
    (const T* grad_out, const T* feats, const T* weight, const int64_t* index, const int32_t* choice,       \
     int64_t M, int64_t K, int64_t C, int64_t D, T* grad_feats, T* grad_weight, int threads) {              \
        swin3d::linear_max_backward<T>(grad_out, feats, weight, index, choice, M, K, C, D, grad_feats,      \
                                       grad_weight, threads);                                               \
        return 0;                                                                                           \
    }                                                                                                       \
    SWIN3D_EXPORT(interpolate_##NAME)                                                                       \
    (const T* feats, const int64_t* index, const T* weight, int64_t M, int64_t K, int64_t C, T* out,        \
     int threads) {                                                                                         \
        swin3d::interpolate<T>(feats, index, weight, M, K, C, out, threads);                                \
        return 0;                                                                                           \
    }                                                                                                       \
    SWIN3D_EXPORT(interpolate_feats_grad_##NAME)                                                            \
    (const T* grad_out, const int64_t* index, const T* weight, int64_t M, int64_t K, int64_t C,             \
     T* grad_feats, int threads) {                                                                          \
        swin3d::interpolate_feats_grad<T>(grad_out, index, weight, M, K, C, grad_feats, threads);           \
        return 0;                                                                                           \
    }                                                                                                       \
    SWIN3D_EXPORT(interpolate_weight_grad_##NAME)                                                           \
    (const T* grad_out, const T* feats, const int64_t* index, int64_t M, int64_t K, int64_t C,              \
     T* grad_weight, int threads) {                                                                         \
        swin3d::interpolate_weight_grad<T>(grad_out, feats, index, M, K, C, grad_weight, threads);          \
        return 0;                                                                                           \
    }

SWIN3D_RESAMPLE(f32, float)
SWIN3D_RESAMPLE(f64, double)
