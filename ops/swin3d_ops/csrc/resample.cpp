// Maximum and weighted sum over K gathered rows, forward and backward.
//
// Backward passes add into the rows of feats; threads own blocks of channels and walk the index in
// order, so no two of them meet and the sums have one order.
#include <algorithm>

#include "lanes.h"

namespace swin3d {
namespace {

constexpr int64_t kChannelBlock = 16;

// Channels of one lane vector of a maximum, and which row it came from, kept in registers over the K rows. A NaN
// wins, as in torch.max; the first of equals stays.
template <class T>
inline void lanes_max(const T* feats, const int64_t* index, int64_t K, int64_t C, T* out, int32_t* choice) {
    typedef Lanes<T> V;
    typedef typename LanesOf<T>::integer I;
    typedef V Unaligned __attribute__((aligned(sizeof(T))));
    V best = *reinterpret_cast<const Unaligned*>(feats + index[0] * C);
    I chosen = I{};
    for (int64_t k = 1; k < K; ++k) {
        const V row = *reinterpret_cast<const Unaligned*>(feats + index[k] * C);
        const I better = (row > best) | ((row != row) & (best == best));
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
        if (!(value > best || (value != value && best == best))) continue;
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

// Consecutive channels of a weighted sum, kept in registers over the K rows.
template <class T, int kSize>
inline void weighted_sum(const T* feats, const int64_t* index, const T* weight, int64_t K, int64_t C, T* out) {
    T sum[kSize] = {};
    for (int64_t k = 0; k < K; ++k) {
        const T* row = feats + index[k] * C;
        const T w = weight[k];
        for (int c = 0; c < kSize; ++c) sum[c] += w * row[c];
    }
    for (int c = 0; c < kSize; ++c) out[c] = sum[c];
}

template <class T>
void interpolate(const T* feats, const int64_t* index, const T* weight, int64_t M, int64_t K, int64_t C,
                 T* out, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (int64_t m = 0; m < M; ++m) {
        const int64_t* rows = index + m * K;
        const T* w = weight + m * K;
        T* sum = out + m * C;
        int64_t c = 0;
        for (; c + 16 <= C; c += 16) weighted_sum<T, 16>(feats + c, rows, w, K, C, sum + c);
        for (; c < C; ++c) weighted_sum<T, 1>(feats + c, rows, w, K, C, sum + c);
    }
}

template <class T>
void interpolate_backward(const T* grad_out, const T* feats, const int64_t* index, const T* weight, int64_t M,
                          int64_t K, int64_t C, T* grad_feats, T* grad_weight, int threads) {
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
#pragma omp for schedule(static)
        for (int64_t m = 0; m < M; ++m) {
            for (int64_t k = 0; k < K; ++k) {
                const T* row = feats + index[m * K + k] * C;
                T sum = 0;
                for (int64_t c = 0; c < C; ++c) sum += grad_out[m * C + c] * row[c];
                grad_weight[m * K + k] = sum;
            }
        }
        const int64_t blocks = (C + kChannelBlock - 1) / kChannelBlock;
#pragma omp for schedule(static)
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
    SWIN3D_EXPORT(interpolate_##NAME)                                                                       \
    (const T* feats, const int64_t* index, const T* weight, int64_t M, int64_t K, int64_t C, T* out,        \
     int threads) {                                                                                         \
        swin3d::interpolate<T>(feats, index, weight, M, K, C, out, threads);                                \
        return 0;                                                                                           \
    }                                                                                                       \
    SWIN3D_EXPORT(interpolate_backward_##NAME)                                                              \
    (const T* grad_out, const T* feats, const int64_t* index, const T* weight, int64_t M, int64_t K,        \
     int64_t C, T* grad_feats, T* grad_weight, int threads) {                                               \
        swin3d::interpolate_backward<T>(grad_out, feats, index, weight, M, K, C, grad_feats, grad_weight,   \
                                        threads);                                                           \
        return 0;                                                                                           \
    }

SWIN3D_RESAMPLE(f32, float)
SWIN3D_RESAMPLE(f64, double)
