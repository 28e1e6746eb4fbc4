// Products of small tiles by a warp: 16 x 8 times 8 x 8, on tensor cores where they hold the type of sums.
//
// Tensor cores round float32 to TF32, of 11 bits. A number is therefore the sum of two such, and three products
// of four are added up: what is left out is below 2^-21 of a term. The sums themselves are in float32.
// Elements are given by functions of their place too: in the emulation, and where there are no such cores, a
// thread computes its own four results from these.
#pragma once

#include "window_rows.cuh"

namespace swin3d {

constexpr int kWarp = 32;
constexpr int kTileRows = 16, kTileDepth = 8, kTileColumns = 8;

// float32 as two numbers that TF32 holds; other types as they are.
template <class T> struct Split {
    T high;
    static SWIN3D_INLINE Split of(T x) { return Split{x}; }
    static SWIN3D_INLINE Split of_finite(T x) { return Split{x}; }
    SWIN3D_INLINE T rest() const { return 0; }
    SWIN3D_INLINE T whole() const { return high; }
};
template <> struct Split<float> {
    float high, low;
    // An infinity is whole again, but becomes NaN in a product of tiles.
    static SWIN3D_INLINE Split of(float x) {
        const float high = bits_float((float_bits(x) + 0x1000u) & 0xFFFFE000u);  // to the nearest
        return Split{high, x == high ? 0 : x - high};
    }
    // For numbers that are finite as a rule, cheaper: an infinity becomes NaN.
    static SWIN3D_INLINE Split of_finite(float x) {
        const float high = bits_float((float_bits(x) + 0x1000u) & 0xFFFFE000u);
        return Split{high, x - high};
    }
    SWIN3D_INLINE float rest() const { return low; }
    SWIN3D_INLINE float whole() const { return high + low; }
};

// Numbers in memory as products of tiles read them: high parts, then low parts where there are such.
template <class T> struct SplitArray {
    T* high;
    int size;
    static constexpr int kPlanes = 1;
    SWIN3D_INLINE Split<T> operator[](int i) const { return Split<T>{high[i]}; }
};
template <> struct SplitArray<float> {
    float* high;
    int size;
    static constexpr int kPlanes = 2;
    SWIN3D_INLINE Split<float> operator[](int i) const { return Split<float>{high[i], high[size + i]}; }
};

// Row and column of a thread's result i in 0 .. 3, by its place in the warp.
SWIN3D_INLINE int result_row(int place, int i) { return place / 4 + i / 2 * 8; }
SWIN3D_INLINE int result_column(int place, int i) { return place % 4 * 2 + i % 2; }

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
template <class T> constexpr bool kTensorCores = false;
template <> constexpr bool kTensorCores<float> = true;
#else
template <class T> constexpr bool kTensorCores = false;
#endif

// A thread's elements of a tile of 16 x 8, element(row, k) -> Split; on tensor cores alone it loads them.
struct LeftTile {
    Split<Real> at[4];
    template <class Element> SWIN3D_INLINE void load(int place, Element element) {
        if constexpr (kTensorCores<Real>) {
#pragma unroll
            for (int i = 0; i < 4; ++i) at[i] = element(place / 4 + i % 2 * 8, place % 4 + i / 2 * 4);
        }
    }
};

// The same of 8 x 8, element(k, column) -> Split.
struct RightTile {
    Split<Real> at[2];
    template <class Element> SWIN3D_INLINE void load(int place, Element element) {
        if constexpr (kTensorCores<Real>) {
#pragma unroll
            for (int i = 0; i < 2; ++i) at[i] = element(place % 4 + i * 4, place / 4);
        }
    }
};

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
SWIN3D_INLINE void tensor_product(float (&sum)[4], const float (&a)[4], const float (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(float_bits(a[0])), "r"(float_bits(a[1])), "r"(float_bits(a[2])), "r"(float_bits(a[3])),
          "r"(float_bits(b[0])), "r"(float_bits(b[1])));
}
#endif

// sum += x y by the products that tensor cores would add up.
template <class T> SWIN3D_INLINE void add_product(T& sum, Split<T> x, Split<T> y) { sum += x.high * y.high; }
SWIN3D_INLINE void add_product(float& sum, Split<float> x, Split<float> y) {
    sum += x.high * y.low;
    sum += x.low * y.high;
    sum += x.high * y.high;
}

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
// A template, since other types than float32 have no low part.
template <class T>
SWIN3D_INLINE void multiply_on_cores(const Split<T> (&left)[4], const Split<T> (&right)[2], T (&sum)[4]) {
    const float a[4] = {left[0].high, left[1].high, left[2].high, left[3].high};
    const float b[2] = {right[0].high, right[1].high};
    const float a_low[4] = {left[0].low, left[1].low, left[2].low, left[3].low};
    const float b_low[2] = {right[0].low, right[1].low};
    tensor_product(sum, a, b_low);
    tensor_product(sum, a_low, b);
    tensor_product(sum, a, b);
}
#endif

// sum += left . right; all threads of a warp come here together. The tiles hold what the functions give.
template <class LeftElement, class RightElement>
SWIN3D_INLINE void multiply_tiles(int place, const LeftTile& left, LeftElement left_element,
                                  const RightTile& right, RightElement right_element, Real (&sum)[4]) {
    if constexpr (kTensorCores<Real>) {
#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
        multiply_on_cores<Real>(left.at, right.at, sum);
#endif
    } else {
#pragma unroll 1
        for (int i = 0; i < 4; ++i) {
            const int row = result_row(place, i), column = result_column(place, i);
            for (int k = 0; k < kTileDepth; ++k) {
                add_product(sum[i], left_element(row, k), right_element(k, column));
            }
        }
    }
}

}  // namespace swin3d
