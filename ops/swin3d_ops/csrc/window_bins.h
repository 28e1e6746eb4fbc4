// Table rows of all pairs of one window tile, and the sets of rows in use per query and per key.
#pragma once

#include "lanes.h"

namespace swin3d {
namespace {

// Where the rows of each signal axis lie, and how the bits of a row set are dealt to 64-bit words.
struct TableLayout {
    int axes = 0;         // S
    int padded_axes = 0;  // S up to a multiple of 8: one vector per 8 axes
    int words = 0;        // words of a row set that are read
    int padded_words = 0;
    int rows = 0;         // R
    bool wide = false;    // some axis has more than 64 rows
    Buffer<int32_t> first_row, num_rows, axis_word, word_row;

    void build(const int64_t* table_rows, int num_axes) {
        axes = num_axes;
        padded_axes = (axes + 7) / 8 * 8;
        for (int a = 0; a < axes; ++a) wide = wide || table_rows[a] > 64;
        first_row.zeros(padded_axes);
        num_rows.zeros(padded_axes);
        axis_word.zeros(padded_axes);
        int total_words = 0;
        for (int a = 0; a < axes; ++a) total_words += static_cast<int>((table_rows[a] + 63) / 64);
        word_row.zeros(total_words + padded_axes);
        for (int a = 0; a < padded_axes; ++a) num_rows.get()[a] = 1;
        for (int a = 0; a < axes; ++a) {
            first_row.get()[a] = rows;
            num_rows.get()[a] = static_cast<int32_t>(table_rows[a]);
            axis_word.get()[a] = words;
            for (int64_t r = 0; r < table_rows[a]; r += 64) {
                word_row.get()[words++] = rows + static_cast<int>(r);
            }
            rows += static_cast<int>(table_rows[a]);
        }
        padded_words = wide ? words : padded_axes;
    }
};

template <class F> struct SignalLanes;
template <> struct SignalLanes<float> { typedef f32x8 value; typedef i32x8 integer; };
template <> struct SignalLanes<double> { typedef f64x8 value; typedef i64x8 integer; };

// Rows and sets of one tile: queries [first, first + count) of a window against all its n keys.
struct WindowBins {
    Buffer<double> signals;         // (n, padded axes) of the window, float or double
    Buffer<double> half, top;       // L / 2 and L - 1 per axis
    Buffer<uint16_t> row;           // (count, n, padded axes)
    Buffer<uint64_t> of_query;      // (count, words)
    Buffer<uint64_t> of_key;        // (n, words)

    template <class F>
    void load(const TableLayout& t, const void* all, const int64_t* tokens, int64_t n) {
        const F* source = static_cast<const F*>(all);
        F* to = reinterpret_cast<F*>(signals.zeros(n * t.padded_axes));
        for (int64_t i = 0; i < n; ++i) {
            std::memcpy(to + i * t.padded_axes, source + tokens[i] * t.axes, t.axes * sizeof(F));
        }
        F* h = reinterpret_cast<F*>(half.zeros(t.padded_axes));
        F* m = reinterpret_cast<F*>(top.zeros(t.padded_axes));
        for (int a = 0; a < t.padded_axes; ++a) {
            h[a] = static_cast<F>(t.num_rows.get()[a]) / 2;
            m[a] = static_cast<F>(t.num_rows.get()[a] - 1);
        }
    }

    template <class F> void compute(const TableLayout& t, int64_t first, int64_t count, int64_t n) {
        row.resize(count * n * t.padded_axes);
        of_query.zeros(count * t.padded_words);
        of_key.zeros(n * t.padded_words);
        for (int64_t i = 0; i < count; ++i) {
            for (int block = 0; block < t.padded_axes; block += 8) {
                compute_line<F>(t, first, i, n, block);
            }
        }
    }

  private:
    // (s_i - s_j) + L / 2 in exactly this order; a NaN fails the comparison and becomes row 0.
    template <class F>
    void compute_line(const TableLayout& t, int64_t first, int64_t i, int64_t n, int block) {
        typedef typename SignalLanes<F>::value V;
        typedef typename SignalLanes<F>::integer I;
        const int A = t.padded_axes;
        const F* s = reinterpret_cast<const F*>(signals.get()) + block;
        const V query = *reinterpret_cast<const V*>(s + (first + i) * A);
        const V h = *reinterpret_cast<const V*>(reinterpret_cast<const F*>(half.get()) + block);
        const V m = *reinterpret_cast<const V*>(reinterpret_cast<const F*>(top.get()) + block);
        const i32x8 base = *reinterpret_cast<const i32x8*>(t.first_row.get() + block);
        const V zero = V{};
        uint16_t* line = row.get() + i * n * A + block;
        uint64_t* query_set = of_query.get() + i * t.padded_words;
        u64x8 query_bits = u64x8{};
        for (int64_t j = 0; j < n; ++j) {
            V x = (query - *reinterpret_cast<const V*>(s + j * A)) + h;
            x = x > zero ? x : zero;
            x = x < m ? x : m;
            const i32x8 local = __builtin_convertvector(__builtin_convertvector(x, I), i32x8);
            *reinterpret_cast<u16x8*>(line + j * A) = __builtin_convertvector(local + base, u16x8);
            if (t.wide) {
                insert_wide(t, local, block, query_set, of_key.get() + j * t.padded_words);
            } else {
                const u64x8 bits = (u64x8{} + 1) << __builtin_convertvector(local, u64x8);
                query_bits |= bits;
                *reinterpret_cast<u64x8*>(of_key.get() + j * A + block) |= bits;
            }
        }
        if (!t.wide) *reinterpret_cast<u64x8*>(query_set + block) = query_bits;
    }

    static void insert_wide(
        const TableLayout& t, i32x8 local, int block, uint64_t* query_set, uint64_t* key_set) {
        for (int a = block; a < t.axes && a < block + 8; ++a) {
            const int r = local[a - block];
            const int word = t.axis_word.get()[a] + r / 64;
            query_set[word] |= uint64_t(1) << (r % 64);
            key_set[word] |= uint64_t(1) << (r % 64);
        }
    }
};

// Write the members of a row set in ascending order; return their number.
inline int list_rows(const TableLayout& t, const uint64_t* set, int32_t* rows) {
    int count = 0;
    for (int w = 0; w < t.words; ++w) {
        const int32_t base = t.word_row.get()[w];
        for (uint64_t bits = set[w]; bits != 0; bits &= bits - 1) {
            rows[count++] = base + __builtin_ctzll(bits);
        }
    }
    return count;
}

}  // namespace
}  // namespace swin3d
