// The product of a warp: 16 rows by 8 kWide columns of sums in registers, 4 kWide for each of its lanes.
//
// Operands lie in shared memory. The right one is [depth][column]; the left one [row][depth], or turned,
// [depth][row]. Depth is a whole number of kDepthUnit. Every lane of a warp has to take part.
#pragma once

#include "block_language.cuh"

namespace swin3d {

constexpr int kWarp = 32;
constexpr int kWarpRows = 16;

template <class T> struct alignas(2 * sizeof(T)) Two {
    T at[2];
};

// By multiplication and addition of numbers, in registers of 4 rows by kWide columns.
template <class Number, int kWide, bool kTurned> struct RegisterProduct {
    static_assert(kWide == 1 || kWide == 2 || kWide == 4 || kWide == 6 || kWide == 8, "fours, a two or a one");
    typedef Number Stored;
    // A read of four numbers is served for two lanes at once that name the same ones: those 1 apart have
    // the same rows, those 2 apart the same columns. Lengths of rows keep other lanes in other banks.
    static constexpr int kLeftPad = 4, kRightPad = 0, kDepthUnit = kTurned ? 1 : 8;
    // Rows and columns whose sums a lane has; those columns follow each other by so many.
    static constexpr int kOwnRows = 4, kOwnColumns = kWide, kTogether = kWide % 2 == 0 ? 2 : 1;
    struct Sums {
        Number at[4 * kWide];
    };

    static SWIN3D_INLINE int row_group(int lane) { return (lane >> 1 & 1) + (lane >> 3 & 2); }
    static SWIN3D_INLINE int column_group(int lane) { return (lane & 1) + (lane >> 1 & 6); }
    static SWIN3D_INLINE constexpr int place(int own_row, int own_column) { return own_row * kWide + own_column; }
    static SWIN3D_INLINE int row(int lane, int own) {
        return kTurned ? 4 * row_group(lane) + own : row_group(lane) + 4 * own;
    }
    static SWIN3D_INLINE int column(int lane, int n) {
        constexpr int kFours = kWide / 4 * 4, kRest = kWide - kFours;
        const int group = column_group(lane);
        return n < kFours ? n / 4 * 32 + group * 4 + n % 4 : kFours * 8 + group * kRest + n - kFours;
    }

    static SWIN3D_INLINE void read_right(const Number* from, int lane, Number (&to)[kWide]) {
#pragma unroll
        for (int n = 0; n + 4 <= kWide; n += 4) {
            Number four[4];
            read_fours(from + column(lane, n), four);
#pragma unroll
            for (int i = 0; i < 4; ++i) to[n + i] = four[i];
        }
        constexpr int kFours = kWide / 4 * 4;
        const Number* rest = from + column(lane, kFours == kWide ? 0 : kFours);
        if (kWide - kFours == 2) {
            const Two<Number> two = *reinterpret_cast<const Two<Number>*>(rest);
            to[kFours % kWide] = two.at[0], to[(kFours + 1) % kWide] = two.at[1];
        } else if (kWide - kFours == 1) {
            to[kFours % kWide] = rest[0];
        }
    }

    static SWIN3D_INLINE void add(Sums& sums, const Number* left, int left_length, const Number* right,
                                  int right_length, int depth, int lane) {
        if (kTurned) {
            left += 4 * row_group(lane);
#pragma unroll 4
            for (int d = 0; d < depth; ++d) {
                Number a[4], b[kWide];
                read_fours(left + d * left_length, a);
                read_right(right + d * right_length, lane, b);
#pragma unroll
                for (int i = 0; i < 4 * kWide; ++i) sums.at[i] += a[i / kWide] * b[i % kWide];
            }
            return;
        }
        left += row_group(lane) * left_length;
#pragma unroll 1
        for (int first = 0; first < depth; first += 4) {
            Number a[4][4];
#pragma unroll
            for (int r = 0; r < 4; ++r) read_fours(left + 4 * r * left_length + first, a[r]);
#pragma unroll
            for (int d = 0; d < 4; ++d) {
                Number b[kWide];
                read_right(right + (first + d) * right_length, lane, b);
#pragma unroll
                for (int i = 0; i < 4 * kWide; ++i) sums.at[i] += a[i / kWide][d] * b[i % kWide];
            }
        }
    }
};

}  // namespace swin3d
