// The feed-forward branch of a transformer block: out = x + s (W2 GELU(W1 LN(x) + b1) + b2), row by row.
//
// A tile of rows passes through the whole branch, some hidden columns after others, so that what is between the
// layers stays in a thread's cache. The gradient normalises and multiplies again, tile by tile. Rows of weight s = 0
// (stochastic depth) take no part in products. No bit depends on the number of threads.
#include "block_mlp_backward.h"
#include "block_mlp_forward.h"

// N rows of C channels and H hidden columns; row_weight may be null. Both return 0, or 1 when memory ran out. `grads`
// are the arrays of gamma, beta, w1, b1, w2 and b2.
#define SWIN3D_BLOCK_MLP(NAME, T)                                                                              \
    SWIN3D_EXPORT(block_mlp_##NAME)                                                                            \
    (const T* x, const T* row_weight, const T* gamma, const T* beta, const T* w1, const T* b1, const T* w2,    \
     const T* b2, double eps, int64_t N, int64_t C, int64_t H, T* out, int threads) {                          \
        try {                                                                                                  \
            const swin3d::Branch<T> branch{{N, C, x, row_weight, gamma, beta, T(eps)}, H, w1, b1, w2, b2};     \
            swin3d::Forward<T>(branch, out, threads).run(threads);                                             \
            return 0;                                                                                          \
        } catch (const std::bad_alloc&) {                                                                      \
            return 1;                                                                                          \
        }                                                                                                      \
    }                                                                                                          \
    SWIN3D_EXPORT(block_mlp_backward_##NAME)                                                                   \
    (const T* x, const T* row_weight, const T* gamma, const T* beta, const T* w1, const T* b1, const T* w2,    \
     const T* b2, const T* grad_out, double eps, int64_t N, int64_t C, int64_t H, T* grad_x, T* const* grads,  \
     int threads) {                                                                                            \
        try {                                                                                                  \
            const swin3d::Branch<T> branch{{N, C, x, row_weight, gamma, beta, T(eps)}, H, w1, b1, w2, b2};     \
            swin3d::Backward<T>(branch, grad_out, grad_x, grads, threads).run(threads);                        \
            return 0;                                                                                          \
        } catch (const std::bad_alloc&) {                                                                      \
            return 1;                                                                                          \
        }                                                                                                      \
    }

SWIN3D_BLOCK_MLP(f32, float)
SWIN3D_BLOCK_MLP(f64, double)
