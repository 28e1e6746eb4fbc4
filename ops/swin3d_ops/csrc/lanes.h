// Vectors of eight lanes, their exponential, and a growing aligned buffer.
//
// Only GCC / Clang vector types are used: the same source becomes SSE2, AVX2 or NEON code.
// SWIN3D_ISA names the build; every exported function carries it as a suffix.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#define SWIN3D_JOIN_(a, b) a##_##b
#define SWIN3D_JOIN(a, b) SWIN3D_JOIN_(a, b)
#define SWIN3D_EXPORT(name) \
    extern "C" __attribute__((visibility("default"))) int SWIN3D_JOIN(name, SWIN3D_ISA)

namespace swin3d {
namespace {

constexpr int kLanes = 8;

typedef float f32x8 __attribute__((vector_size(32)));
typedef int32_t i32x8 __attribute__((vector_size(32)));
typedef double f64x8 __attribute__((vector_size(64)));
typedef int64_t i64x8 __attribute__((vector_size(64)));
typedef uint64_t u64x8 __attribute__((vector_size(64)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));

template <class T> struct LanesOf;
template <> struct LanesOf<float> { typedef f32x8 type; };
template <> struct LanesOf<double> { typedef f64x8 type; };
template <class T> using Lanes = typename LanesOf<T>::type;

// exp(x) for x <= ~0: 2^n exp(r), |r| <= ln(2) / 2, Taylor polynomial of r. The bias added to
// round x / ln 2 makes n appear in the low bits, hence -ffast-math would break this.
inline f32x8 exp_lanes(f32x8 x) {
    const f32x8 floor_x = f32x8{} - 87.0f;
    x = x > floor_x ? x : floor_x;
    const f32x8 biased = x * 1.44269504f + 12582912.0f;
    const i32x8 n = reinterpret_cast<i32x8>(biased) - 0x4B400000;
    const f32x8 whole = biased - 12582912.0f;
    const f32x8 r = (x - whole * 0.693359375f) - whole * -2.12194440e-4f;
    f32x8 p = r * (1.0f / 5040) + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return p * reinterpret_cast<f32x8>((n + 127) << 23);
}

inline f64x8 exp_lanes(f64x8 x) {
    const f64x8 floor_x = f64x8{} - 708.0;
    x = x > floor_x ? x : floor_x;
    const f64x8 biased = x * 1.4426950408889634 + 6755399441055744.0;
    const i64x8 n = reinterpret_cast<i64x8>(biased) - 0x4338000000000000LL;
    const f64x8 whole = biased - 6755399441055744.0;
    const f64x8 r = (x - whole * 6.93147180369123816490e-01) - whole * 1.90821492927058770002e-10;
    static const double inverse_factorial[] = {
        1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
        1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0};
    f64x8 p = f64x8{} + inverse_factorial[0];
    for (int i = 1; i < 14; ++i) p = p * r + inverse_factorial[i];
    return p * reinterpret_cast<f64x8>((n + 1023) << 52);
}

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
