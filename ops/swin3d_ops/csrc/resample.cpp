// Maximum and weighted sum over K gathered rows, forward and backward.
//
// Backward passes add into the rows of feats; threads own blocks of channels and walk the index in
// order, so no two of them meet and the sums have one order.
#include <algorithm>

#include "lanes.h"

namespace swin3d {
namespace {

constexpr int64_t kChannelBlock = 16;

template <class T>
void gather_max(const T* feats, const int64_t* index, int64_t M, int64_t K, int64_t C, T* out,
                int32_t* choice, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (int64_t m = 0; m < M; ++m) {
        T* best = out + m * C;
        int32_t* chosen = choice + m * C;
        const T* row = feats + index[m * K] * C;
        for (int64_t c = 0; c < C; ++c) best[c] = row[c], chosen[c] = 0;
        for (int64_t k = 1; k < K; ++k) {
            row = feats + index[m * K + k] * C;
            const int32_t number = static_cast<int32_t>(k);
            // A NaN wins, as in torch.max; the first of equals stays.
            for (int64_t c = 0; c < C; ++c) {
                const bool better = row[c] > best[c] || (row[c] != row[c] && best[c] == best[c]);
                best[c] = better ? row[c] : best[c];
                chosen[c] = better ? number : chosen[c];
            }
        }
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

template <class T>
void interpolate(const T* feats, const int64_t* index, const T* weight, int64_t M, int64_t K, int64_t C,
                 T* out, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (int64_t m = 0; m < M; ++m) {
        T* sum = out + m * C;
        const T* row = feats + index[m * K] * C;
        const T first = weight[m * K];
        for (int64_t c = 0; c < C; ++c) sum[c] = first * row[c];
        for (int64_t k = 1; k < K; ++k) {
            row = feats + index[m * K + k] * C;
            const T w = weight[m * K + k];
            for (int64_t c = 0; c < C; ++c) sum[c] += w * row[c];
        }
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
