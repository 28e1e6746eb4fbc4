// The problem of a sparse convolution on the GPU, the sizes of its tiles, and rows on their way to shared memory.
#pragma once

#include "block_language.cuh"
#include "warp_matrix.cuh"
#include "warp_product.cuh"

namespace swin3d {

typedef SWIN3D_ELEMENT Element;
typedef SWIN3D_REAL Real;

constexpr int kDepth = SWIN3D_DEPTH, kWide = SWIN3D_WIDE, kColumns = 8 * kWide;
constexpr int kTile = 128, kPairs = 128;
constexpr int kThreads = kPairs / kWarpRows * kWarp;
constexpr int kOffsets = kThreads / 2;  // whose pairs are looked for at once
constexpr int kTurnedPairs = 64;
constexpr int kTurnedRows = kDepth < kWarpRows ? kWarpRows : kDepth;
constexpr int kTurnedThreads = kTurnedRows / kWarpRows * kWarp;
constexpr int kSumThreads = 256;
// Blocks that a multiprocessor holds: 24 warps with 80 registers a thread, or 16 with 128 where 80 do not suffice.
constexpr int kBlocks = sizeof(Real) > 4 ? 1 : kWide > (kDepth > 16 ? 6 : 4) ? 2 : 3;
constexpr int kTurnedBlocks = sizeof(Real) > 4 ? 4 : 512 * kBlocks / 2 / kTurnedThreads;
constexpr int kUnderWay = 4;

#if SWIN3D_MATRIX
typedef MatrixProduct<Element, kWide, false> Product;
typedef MatrixProduct<Element, kWide, true> TurnedProduct;
#else
typedef RegisterProduct<Real, kWide, false> Product;
typedef RegisterProduct<Real, kWide, true> TurnedProduct;
#endif
static_assert(kDepth % Product::kDepthUnit == 0 && kTurnedPairs % TurnedProduct::kDepthUnit == 0, "whole units");
constexpr int kSumLength = kColumns + 8;  // keeps four rows in a row of banks
constexpr int kLeftLength = kDepth + Product::kLeftPad, kRightLength = kColumns + Product::kRightPad;
constexpr int kTurnedLength = kTurnedRows + TurnedProduct::kLeftPad;
constexpr int kTurnedRight = kColumns + TurnedProduct::kRightPad;

struct Convolution {
    const Element *feats, *weight, *grad_out;  // (N, C), (K, C, E) with neighbours along E, (M, E)
    const int *source, *target;            // (P), ordered by offset and target
    const int64* ptr;                      // (K + 1)
    Element* out;                          // (M, E)
    Real* partial;                         // (P / piece + K, C, E)
    Real* grad_weight;                     // (K, C, E)
    int64 offset_step, channel_step;       // numbers from one offset or input channel of the weight to the next
    int64 targets, offsets, channels, columns;
    int64 piece;                           // pairs that share a partial sum, a multiple of kTurnedPairs
    int64 fours;                           // whether rows of feats, gradients and weight can be read by fours
};

// Numbers on their way to shared memory: wider, or as they are, by words that take no steps apart.
template <int kBytes> struct Words;
template <> struct Words<2> {
    typedef Two<unsigned> Type;
};
template <> struct Words<4> {
    typedef Four<unsigned> Type;
};
template <> struct Words<8> {
    typedef Four<unsigned long long> Type;
};
template <class From, class To> struct Passage {
    typedef Four<From> Held;
    static SWIN3D_INLINE To number(From x) { return widen<To>(x); }
    static SWIN3D_INLINE void write(const Held& held, To* to) {
        Four<To> wide;
#pragma unroll
        for (int i = 0; i < 4; ++i) wide.at[i] = number(held.at[i]);
        *reinterpret_cast<Four<To>*>(to) = wide;
    }
};
template <class Same> struct Passage<Same, Same> {
    typedef typename Words<sizeof(Same)>::Type Held;
    static SWIN3D_INLINE Same number(Same x) { return x; }
    static SWIN3D_INLINE void write(const Held& held, Same* to) { *reinterpret_cast<Held*>(to) = held; }
};

// Brings rows of kLength numbers into shared memory, `present` of which are there and others zero, and zeros as the
// rows from `rows`, of which there is one at least, up to `all`. `row(r)` points to row r. By fours, a thread has a
// few under way at once; where rows are not made of aligned fours, by single numbers.
template <int kLength, int kCrew, class From, class To, class Row>
SWIN3D_INLINE void bring(int t, To* to, int length, int rows, int all, int64 present, bool fours, Row row) {
    typedef Passage<From, To> Pass;
    constexpr int kFours = kLength / 4, kStep = kCrew / kFours;
    const int at = t % kFours * 4, first = t / kFours;
    if (!fours) {
#pragma unroll 1
        for (int i = t; i < rows * kLength; i += kCrew) {
            const int r = i / kLength, n = i % kLength;
            to[r * length + n] = n < present ? Pass::number(row(r)[n]) : To{};
        }
    } else if (first < kStep) {
#pragma unroll 1
        for (int low = first; low < rows; low += kStep * kUnderWay) {
            typename Pass::Held held[kUnderWay];
#pragma unroll
            for (int n = 0; n < kUnderWay; ++n) {
                const From* from = row(smaller(low + n * kStep, rows - 1)) + at;
                held[n] = at < present ? *reinterpret_cast<const typename Pass::Held*>(from) : typename Pass::Held{};
            }
#pragma unroll
            for (int n = 0; n < kUnderWay; ++n) {
                if (low + n * kStep < rows) Pass::write(held[n], to + (low + n * kStep) * length + at);
            }
        }
    }
#pragma unroll 1
    for (int i = rows * kLength + t; i < all * kLength; i += kCrew) to[i / kLength * length + i % kLength] = To{};
}

}  // namespace swin3d
