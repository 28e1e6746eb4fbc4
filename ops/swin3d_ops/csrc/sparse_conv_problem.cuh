// The problem of a sparse convolution on the GPU, the sizes of its tiles, and rows on their way to shared memory.
#pragma once

#include "block_language.cuh"
#include "warp_product.cuh"

namespace swin3d {

typedef SWIN3D_ELEMENT Element;
typedef SWIN3D_WEIGHT Weight;
typedef SWIN3D_REAL Real;

constexpr int kDepth = SWIN3D_DEPTH, kWide = SWIN3D_WIDE, kColumns = 8 * kWide;
constexpr int kTile = 128, kPairs = 128;
constexpr int kThreads = kPairs / kWarpRows * kWarp;
constexpr int kTurnedPairs = 64;
constexpr int kTurnedRows = kDepth < kWarpRows ? kWarpRows : kDepth;
constexpr int kTurnedThreads = kTurnedRows / kWarpRows * kWarp;
constexpr int kSumThreads = 256;
// Blocks that a multiprocessor holds: 24 warps with 80 registers a thread, or 16 with 128 where 80 do not suffice.
constexpr int kBlocks = sizeof(Real) > 4 ? 1 : kWide > (kDepth > 16 ? 6 : 4) ? 2 : 3;
constexpr int kTurnedBlocks = sizeof(Real) > 4 ? 4 : 512 * kBlocks / 2 / kTurnedThreads;
constexpr int kUnderWay = 2;

typedef RegisterProduct<Real, kWide, false> Product;
typedef RegisterProduct<Real, kWide, true> TurnedProduct;
static_assert(kDepth % Product::kDepthUnit == 0 && kTurnedPairs % TurnedProduct::kDepthUnit == 0, "whole units");
constexpr int kLeftLength = kDepth + Product::kLeftPad, kRightLength = kColumns + Product::kRightPad;
constexpr int kTurnedLength = kTurnedRows + TurnedProduct::kLeftPad;
constexpr int kTurnedRight = kColumns + TurnedProduct::kRightPad;

struct Convolution {
    const Element *feats, *grad_out;       // (N, C), (M, E)
    const Weight* weight;                  // (K, C, E), neighbours along E
    const int *source, *target;            // (P), ordered by offset and target
    const int64* ptr;                      // (K + 1)
    Element* out;                          // (M, E)
    Real* partial;                         // (P / piece + K, C, E)
    Weight* grad_weight;                   // (K, C, E)
    int64 offset_step, channel_step;       // numbers from one offset or input channel of the weight to the next
    int64 targets, offsets, channels, columns;
    int64 piece;                           // pairs that share a partial sum, a multiple of kTurnedPairs
    int64 fours;                           // whether rows of feats, gradients and weight can be read by fours
};

// Brings rows of kLength numbers into shared memory, all threads by fours, a few of which are under way at once.
// `row(r)` points to row r, or is null for one of zeros; `present` numbers of a row are there, others are zero.
template <bool kWhole, int kRows, int kLength, int kCrew, class From, class To, class Row>
SWIN3D_INLINE void bring(int t, To* to, int length, int64 present, Row row) {
    constexpr int kFours = kLength / 4, kShare = (kRows * kFours + kCrew - 1) / kCrew;
    constexpr int kBatches = (kShare + kUnderWay - 1) / kUnderWay, kBatch = (kShare + kBatches - 1) / kBatches;
#pragma unroll 1
    for (int batch = 0; batch < kBatches; ++batch) {
        Four<From> held[kBatch];
#pragma unroll
        for (int n = 0; n < kBatch; ++n) {
            const int place = t + (batch * kBatch + n) * kCrew, at = place % kFours * 4;
            held[n] = Four<From>{};
            const From* from = place < kRows * kFours ? row(place / kFours) : nullptr;
            if (from == nullptr) continue;
            if (kWhole) {
                if (at < present) held[n] = *reinterpret_cast<const Four<From>*>(from + at);
            } else {
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    if (at + i < present) held[n].at[i] = from[at + i];
                }
            }
        }
#pragma unroll
        for (int n = 0; n < kBatch; ++n) {
            const int place = t + (batch * kBatch + n) * kCrew;
            if (place >= kRows * kFours) continue;
            Four<To> four;
#pragma unroll
            for (int i = 0; i < 4; ++i) four.at[i] = widen<To>(held[n].at[i]);
            *reinterpret_cast<Four<To>*>(to + place / kFours * length + place % kFours * 4) = four;
        }
    }
}

}  // namespace swin3d
