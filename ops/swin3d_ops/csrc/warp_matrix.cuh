// The product of a warp by tensor cores: operands of 16 bits, sums in float32 (compute capability 8.0 on).
#pragma once

#include "block_language.cuh"

namespace swin3d {

constexpr int kMatrixDepth = 16;

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)

SWIN3D_INLINE unsigned shared_address(const void* place) {
    return static_cast<unsigned>(__cvta_generic_to_shared(place));
}

// Loads four 8 x 8 matrices, whose rows eight lanes each point to; turned, a lane gets neighbours of a column.
template <bool kTurned> SWIN3D_INLINE void load_matrices(unsigned (&to)[4], const void* row) {
    if (kTurned) {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                     : "r"(shared_address(row))
                     : "memory");
    } else {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                     : "r"(shared_address(row))
                     : "memory");
    }
}
SWIN3D_INLINE void load_matrices(unsigned (&to)[2], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(to[0]), "=r"(to[1])
                 : "r"(shared_address(row))
                 : "memory");
}

SWIN3D_INLINE void multiply(float* sums, const unsigned (&a)[4], unsigned b0, unsigned b1, f16) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
SWIN3D_INLINE void multiply(float* sums, const unsigned (&a)[4], unsigned b0, unsigned b1, bf16) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Adds 16 rows times kMatrixDepth times 8 kWide columns; of each eight columns a lane has the sums of the rows
// lane / 4 and lane / 4 + 8 in the columns lane % 4 * 2 and the next.
template <bool kTurned, int kWide, class Number>
SWIN3D_INLINE void add_matrix_product(float (&sums)[4 * kWide], const Number* left, int left_length,
                                      const Number* right, int right_length, int lane) {
    const int eighth = lane % 8, second = lane / 8 % 2 * 8, third = lane / 16 * 8;
    unsigned a[4];
    load_matrices<kTurned>(a, kTurned ? left + (third + eighth) * left_length + second
                                      : left + (second + eighth) * left_length + third);
    const Number* row = right + (second + eighth) * right_length;
#pragma unroll
    for (int n = 0; n + 2 <= kWide; n += 2) {
        unsigned b[4];
        load_matrices<true>(b, row + 8 * n + third);
        multiply(sums + 4 * n, a, b[0], b[1], Number{});
        multiply(sums + 4 * n + 4, a, b[2], b[3], Number{});
    }
    if (kWide % 2 == 1) {
        unsigned b[2];
        load_matrices(b, row + 8 * (kWide - 1));
        multiply(sums + 4 * (kWide - 1), a, b[0], b[1], Number{});
    }
}

#else

// The same for one lane, from the operands in memory.
template <bool kTurned, int kWide, class Number>
void add_matrix_product(float (&sums)[4 * kWide], const Number* left, int left_length, const Number* right,
                        int right_length, int lane) {
    for (int i = 0; i < 4 * kWide; ++i) {
        const int row = lane / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + lane % 4 * 2 + i % 2;
        for (int d = 0; d < kMatrixDepth; ++d) {
            const Number a = kTurned ? left[d * left_length + row] : left[row * left_length + d];
            sums[i] += widen<float>(a) * widen<float>(right[d * right_length + column]);
        }
    }
}

#endif

// The product as RegisterProduct gives it.
template <class Number, int kWide, bool kTurned> struct MatrixProduct {
    typedef Number Stored;
    // Rows of 16 bytes more than a multiple of 32, so that eight of them lie in other banks.
    static constexpr int kLeftPad = 8, kRightPad = 8, kDepthUnit = kMatrixDepth;
    static constexpr int kOwnRows = 2, kOwnColumns = 2 * kWide, kTogether = 2;
    struct Sums {
        float at[4 * kWide];
    };

    static SWIN3D_INLINE constexpr int place(int own_row, int n) { return n / 2 * 4 + 2 * own_row + n % 2; }
    static SWIN3D_INLINE int row(int lane, int own) { return lane / 4 + 8 * own; }
    static SWIN3D_INLINE int column(int lane, int n) { return n / 2 * 8 + lane % 4 * 2 + n % 2; }

    static SWIN3D_INLINE void add(Sums& sums, const Number* left, int left_length, const Number* right,
                                  int right_length, int depth, int lane) {
#pragma unroll 1
        for (int d = 0; d < depth; d += kMatrixDepth) {
            add_matrix_product<kTurned, kWide>(sums.at, kTurned ? left + d * left_length : left + d, left_length,
                                               right + d * right_length, right_length, lane);
        }
    }
};

}  // namespace swin3d
