// Running a pass of window attention, and the functions that a build of it exports.
#pragma once

#include "attention_backward.h"
#include "attention_forward.h"

namespace swin3d {
namespace {

// Run a pass in the instance for its head width and number of axes; float64 serves the tests and
// needs the general one alone. Family::type<NC, AX>: Products, or PairProducts; kShortHeads: whether heads of up to 8
// channels are worth an instance.
template <template <class> class Pass, class Family, class T, class Results>
void dispatch(const Problem<T>& p, const Results& results, int threads) {
    const int axes = p.tables.axes;
    if constexpr (sizeof(T) == 4 && Family::kShortHeads) {
        if (p.pairs == 4 && axes == 6) return Pass<typename Family::template type<1, 6>>::run(p, results, threads);
        if (p.pairs == 4 && axes == 9) return Pass<typename Family::template type<1, 9>>::run(p, results, threads);
    }
    if constexpr (sizeof(T) == 4) {
        if (p.pairs == 8 && axes == 6) return Pass<typename Family::template type<2, 6>>::run(p, results, threads);
        if (p.pairs == 8 && axes == 9) return Pass<typename Family::template type<2, 9>>::run(p, results, threads);
    }
    Pass<typename Family::template type<0, 0>>::run(p, results, threads);
}

template <template <class> class Pass, class Family, class T, class Results>
int run(const T* const* tensors, const int64_t* token_step, const void* signals, int double_signals,
        const int64_t* table_rows, const int64_t* order, const int64_t* ptr, const int64_t* sizes, double scale,
        const Results& results, int threads) {
    try {
        const Inputs<T> in{tensors, token_step, signals, double_signals, table_rows, order, ptr, scale};
        const Problem<T> problem(in, *reinterpret_cast<const Sizes*>(sizes));
        dispatch<Pass, Family>(problem, results, threads);
    } catch (const std::bad_alloc&) {
        return 1;
    }
    return 0;
}

}  // namespace
}  // namespace swin3d

// Both return 0, or 1 when memory ran out.
#define SWIN3D_WINDOW_ATTENTION(NAME, T, FAMILY)                                                             \
    SWIN3D_EXPORT(window_attention_forward_##NAME)                                                           \
    (const T* const* tensors, const int64_t* token_step, const void* signals, int double_signals,            \
     const int64_t* table_rows, const int64_t* order, const int64_t* ptr, const int64_t* sizes, double scale, \
     T* out, T* lse, int threads) {                                                                          \
        const swin3d::ForwardResults<T> results{out, lse};                                                   \
        return swin3d::run<swin3d::Forward, FAMILY, T>(tensors, token_step, signals, double_signals,         \
                                                       table_rows, order, ptr, sizes, scale, results,        \
                                                       threads);                                             \
    }                                                                                                        \
    SWIN3D_EXPORT(window_attention_backward_##NAME)                                                          \
    (const T* const* tensors, const int64_t* token_step, const void* signals, int double_signals,            \
     const int64_t* table_rows, const int64_t* order, const int64_t* ptr, const int64_t* sizes, double scale, \
     const T* grad_out, const T* lse, T* const* grads, int threads) {                                        \
        const swin3d::BackwardResults<T> results{grad_out, lse, grads};                                      \
        return swin3d::run<swin3d::Backward, FAMILY, T>(tensors, token_step, signals, double_signals,        \
                                                        table_rows, order, ptr, sizes, scale, results,       \
                                                        threads);                                            \
    }
