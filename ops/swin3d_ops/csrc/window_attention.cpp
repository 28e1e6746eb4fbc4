// Fused window attention with cRSE tables, forward and backward, without pair-sized arrays.
//
// Heads are the lanes of a vector, so that products, table look-ups and histograms of a pair are plain
// vector loads, adds and stores. Per query (and per key) only the table rows in use are projected; table
// gradients and the value table pass through a private histogram of the weights.
#include "attention_backward.h"
#include "attention_forward.h"

namespace swin3d {
namespace {

// Run a pass in the instance for its head width and number of axes; float64 serves the tests and
// needs the general one alone.
template <template <class, int, int> class Pass, class T, class Results>
void dispatch(const Problem<T>& p, const Results& results, int threads) {
    const int axes = p.tables.axes;
    if constexpr (sizeof(T) == 4) {
        if (p.pairs == 4 && axes == 6) return Pass<T, 1, 6>::run(p, results, threads);
        if (p.pairs == 4 && axes == 9) return Pass<T, 1, 9>::run(p, results, threads);
        if (p.pairs == 8 && axes == 6) return Pass<T, 2, 6>::run(p, results, threads);
        if (p.pairs == 8 && axes == 9) return Pass<T, 2, 9>::run(p, results, threads);
    }
    Pass<T, 0, 0>::run(p, results, threads);
}

template <template <class, int, int> class Pass, class T, class Results>
int run(const T* const* tensors, const int64_t* token_step, const void* signals, int double_signals,
        const int64_t* table_rows, const int64_t* order, const int64_t* ptr, const int64_t* sizes, double scale,
        const Results& results, int threads) {
    try {
        const Inputs<T> in{tensors, token_step, signals, double_signals, table_rows, order, ptr, scale};
        const Problem<T> problem(in, *reinterpret_cast<const Sizes*>(sizes));
        dispatch<Pass>(problem, results, threads);
    } catch (const std::bad_alloc&) {
        return 1;
    }
    return 0;
}

}  // namespace
}  // namespace swin3d

// Both return 0, or 1 when memory ran out.
#define SWIN3D_WINDOW_ATTENTION(NAME, T)                                                                     \
    SWIN3D_EXPORT(window_attention_forward_##NAME)                                                           \
    (const T* const* tensors, const int64_t* token_step, const void* signals, int double_signals,            \
     const int64_t* table_rows, const int64_t* order, const int64_t* ptr, const int64_t* sizes, double scale, \
     T* out, T* lse, int threads) {                                                                          \
        const swin3d::ForwardResults<T> results{out, lse};                                                   \
        return swin3d::run<swin3d::Forward, T>(tensors, token_step, signals, double_signals, table_rows,     \
                                               order, ptr, sizes, scale, results, threads);                  \
    }                                                                                                        \
    SWIN3D_EXPORT(window_attention_backward_##NAME)                                                          \
    (const T* const* tensors, const int64_t* token_step, const void* signals, int double_signals,            \
     const int64_t* table_rows, const int64_t* order, const int64_t* ptr, const int64_t* sizes, double scale, \
     const T* grad_out, const T* lse, T* const* grads, int threads) {                                        \
        const swin3d::BackwardResults<T> results{grad_out, lse, grads};                                      \
        return swin3d::run<swin3d::Backward, T>(tensors, token_step, signals, double_signals, table_rows,    \
                                                order, ptr, sizes, scale, results, threads);                 \
    }

SWIN3D_WINDOW_ATTENTION(f32, float)
SWIN3D_WINDOW_ATTENTION(f64, double)
