// Vectors whose lanes are attention heads, pairs of such vectors, and a growing aligned buffer.
//
// A lane vector holds one float of each of kLanes heads. A Duo is two lane vectors: the same number of two
// queries, or two consecutive channels of one. Only GCC / Clang vector types are used, so that one source
// becomes SSE2, AVX2 or NEON code; where the processor has 512-bit registers a Duo is one of them.
// SWIN3D_ISA names the build; every exported function carries it as a suffix.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#ifdef __SSE2__
#include <immintrin.h>
#endif
#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define SWIN3D_WIDE_DUO 1
#endif

#define SWIN3D_JOIN_(a, b) a##_##b
#define SWIN3D_JOIN(a, b) SWIN3D_JOIN_(a, b)
#define SWIN3D_EXPORT(name) \
    extern "C" __attribute__((visibility("default"))) int SWIN3D_JOIN(name, SWIN3D_ISA)

namespace swin3d {
namespace {

#ifdef __AVX__
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

template <class T> struct LanesOf;
template <> struct LanesOf<float> {
    typedef float type __attribute__((vector_size(4 * kLanes)));
    typedef int32_t integer __attribute__((vector_size(4 * kLanes)));
};
template <> struct LanesOf<double> {
    typedef double type __attribute__((vector_size(8 * kLanes)));
    typedef int64_t integer __attribute__((vector_size(8 * kLanes)));
};
template <class T> using Lanes = typename LanesOf<T>::type;

template <class T> struct TwoLanes {
    Lanes<T> lo, hi;
};
template <class T> TwoLanes<T> operator+(TwoLanes<T> a, TwoLanes<T> b) { return {a.lo + b.lo, a.hi + b.hi}; }
template <class T> TwoLanes<T> operator-(TwoLanes<T> a, TwoLanes<T> b) { return {a.lo - b.lo, a.hi - b.hi}; }
template <class T> TwoLanes<T> operator*(TwoLanes<T> a, TwoLanes<T> b) { return {a.lo * b.lo, a.hi * b.hi}; }
template <class T> TwoLanes<T>& operator+=(TwoLanes<T>& a, TwoLanes<T> b) { return a = a + b; }

template <class T> struct DuoOf {
    typedef TwoLanes<T> type;
};
#ifdef SWIN3D_WIDE_DUO
typedef float f32x16 __attribute__((vector_size(64)));
typedef int32_t i32x16 __attribute__((vector_size(64)));
template <> struct DuoOf<float> {
    typedef f32x16 type;
};
#endif
template <class T> using Duo = typename DuoOf<T>::type;

// The larger one; b where either is NaN.
template <class V> inline V larger(V a, V b) { return a > b ? a : b; }
template <class T> inline TwoLanes<T> larger(TwoLanes<T> a, TwoLanes<T> b) {
    return {larger(a.lo, b.lo), larger(a.hi, b.hi)};
}

// [a | b], [v | v], the halves, and [a.lo + a.hi | b.lo + b.hi].
template <class T> struct DuoOps {
    typedef Lanes<T> V;
    typedef TwoLanes<T> W;
    static W join(V a, V b) { return {a, b}; }
    static W both(V v) { return {v, v}; }
    static V low(W a) { return a.lo; }
    static V high(W a) { return a.hi; }
    static W fold(W a, W b) { return {a.lo + a.hi, b.lo + b.hi}; }
};
#ifdef SWIN3D_WIDE_DUO
template <> struct DuoOps<float> {
    typedef Lanes<float> V;
    typedef f32x16 W;
    static W join(V a, V b) {
        return (W)_mm512_insertf32x8(_mm512_castps256_ps512((__m256)a), (__m256)b, 1);
    }
    static W both(V v) { return (W)_mm512_broadcast_f32x8((__m256)v); }
    static V low(W a) { return (V)_mm512_castps512_ps256((__m512)a); }
    static V high(W a) { return (V)_mm512_extractf32x8_ps((__m512)a, 1); }
    static W fold(W a, W b) {
        return (W)_mm512_shuffle_f32x4((__m512)a, (__m512)b, 0x44) +
               (W)_mm512_shuffle_f32x4((__m512)a, (__m512)b, 0xEE);
    }
};
#endif

#ifdef __AVX__
typedef float f32x8 __attribute__((vector_size(32)));

// Transpose an 8 x 8 block: by pairs of rows, pairs of pairs, and halves.
inline void transpose(f32x8* rows) {
    __m256 a[8], b[8];
    for (int i = 0; i < 8; i += 2) {
        a[i] = _mm256_unpacklo_ps((__m256)rows[i], (__m256)rows[i + 1]);
        a[i + 1] = _mm256_unpackhi_ps((__m256)rows[i], (__m256)rows[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        b[i] = _mm256_shuffle_ps(a[i], a[i + 2], 0x44);
        b[i + 1] = _mm256_shuffle_ps(a[i], a[i + 2], 0xEE);
        b[i + 2] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0x44);
        b[i + 3] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0xEE);
    }
    for (int i = 0; i < 4; ++i) {
        rows[i] = (f32x8)_mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
        rows[i + 4] = (f32x8)_mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
    }
}
#endif

// exp(x) for x <= ~0: 2^n exp(r), |r| <= ln(2) / 2, Taylor polynomial of r. The bias added to
// round x / ln 2 makes n appear in the low bits, hence -ffast-math would break this. At the bound on x
// 2^n is zero, so that minus infinity gives 0; a NaN passes the bound.
template <class V, class I> inline V exp_float(V x) {
    x = larger(V{} - 88.0f, x);
    const V biased = x * 1.44269504f + 12582912.0f;
    const I n = reinterpret_cast<I>(biased) - 0x4B400000;
    const V whole = biased - 12582912.0f;
    const V r = (x - whole * 0.693359375f) - whole * -2.12194440e-4f;
    V p = r * (1.0f / 5040) + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return p * reinterpret_cast<V>((n + 127) << 23);
}

inline Lanes<double> exp_double(Lanes<double> x) {
    typedef Lanes<double> V;
    typedef LanesOf<double>::integer I;
    x = larger(V{} - 709.0, x);
    const V biased = x * 1.4426950408889634 + 6755399441055744.0;
    const I n = reinterpret_cast<I>(biased) - 0x4338000000000000LL;
    const V whole = biased - 6755399441055744.0;
    const V r = (x - whole * 6.93147180369123816490e-01) - whole * 1.90821492927058770002e-10;
    static const double inverse_factorial[] = {
        1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
        1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0};
    V p = V{} + inverse_factorial[0];
    for (int i = 1; i < 14; ++i) p = p * r + inverse_factorial[i];
    return p * reinterpret_cast<V>((n + 1023) << 52);
}

inline TwoLanes<float> exponential(TwoLanes<float> x) {
    typedef LanesOf<float>::integer I;
    return {exp_float<Lanes<float>, I>(x.lo), exp_float<Lanes<float>, I>(x.hi)};
}
inline TwoLanes<double> exponential(TwoLanes<double> x) { return {exp_double(x.lo), exp_double(x.hi)}; }
#ifdef SWIN3D_WIDE_DUO
inline f32x16 exponential(f32x16 x) { return exp_float<f32x16, i32x16>(x); }
#endif

// Uninitialised storage aligned to a cache line; grows, never shrinks, contents are not kept.
template <class T> class Buffer {
  public:
    Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { std::free(data_); }

    T* resize(size_t count) {
        if (count > capacity_) {
            std::free(data_);
            data_ = nullptr;
            capacity_ = count + count / 4;
            const size_t bytes = (capacity_ * sizeof(T) + 63) / 64 * 64;
            data_ = static_cast<T*>(std::aligned_alloc(64, bytes));
            if (data_ == nullptr) throw std::bad_alloc();
        }
        return data_;
    }
    T* zeros(size_t count) {
        resize(count);
        if (count) std::memset(static_cast<void*>(data_), 0, count * sizeof(T));
        return data_;
    }
    T* get() const { return data_; }

  private:
    T* data_ = nullptr;
    size_t capacity_ = 0;
};

}  // namespace
}  // namespace swin3d
