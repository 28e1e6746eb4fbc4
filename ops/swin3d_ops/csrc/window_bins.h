// Table rows of all pairs of one window tile, and the sets of rows in use per query and per key.
//
// A row is stored as its offset in units of eight bytes into an array of one Duo per table row, which is what
// an address needs: 2 ^ row_shift units a row.
#pragma once

#include "lanes.h"

namespace swin3d {
namespace {

#ifdef SWIN3D_WIDE_DUO
constexpr int kBinLanes = 16;
#else
constexpr int kBinLanes = kLanes;
#endif

typedef int32_t BinInts __attribute__((vector_size(4 * kBinLanes)));
typedef uint32_t BinBits __attribute__((vector_size(4 * kBinLanes)));
typedef uint16_t BinRows __attribute__((vector_size(2 * kBinLanes)));

template <class F> struct SignalLanes;
template <> struct SignalLanes<float> {
    typedef float value __attribute__((vector_size(4 * kBinLanes)));
    typedef BinInts integer;
};
template <> struct SignalLanes<double> {
    typedef double value __attribute__((vector_size(8 * kBinLanes)));
    typedef int64_t integer __attribute__((vector_size(8 * kBinLanes)));
};

// Bit `local` of a 32-bit word where it lies in [0, 32), else no bit.
inline BinBits bit_of(BinInts local) {
#if defined(SWIN3D_WIDE_DUO)
    return (BinBits)_mm512_sllv_epi32(_mm512_set1_epi32(1), (__m512i)local);
#elif defined(__AVX2__)
    return (BinBits)_mm256_sllv_epi32(_mm256_set1_epi32(1), (__m256i)local);
#else
    const BinBits inside = (BinBits)((local >= 0) & (local < 32));
#if defined(__SSE2__)
    // No shifts by lane: the float 2 ^ local, where 2 ^ 31 overflows to the integer with bit 31 alone.
    return inside & (BinBits)_mm_cvttps_epi32((__m128)((local + 127) << 23));
#else
    return inside & ((BinBits{} + 1) << ((BinBits)local & 31));
#endif
#endif
}

// Where the rows of each signal axis lie, and how the bits of a row set are dealt to 32-bit words.
struct TableLayout {
    int axes = 0;       // S
    int words = 0;      // words of a row set
    int rows = 0;       // R
    int row_pairs = 0;  // rows 2 r and 2 r + 1 of an axis
    int row_shift = 0;  // log2 of the units of a row
    Buffer<int32_t> first_row, num_rows, first_pair, axis_word, word_row, word_pair;

    void build(const int64_t* table_rows, int num_axes, int shift) {
        axes = num_axes, row_shift = shift;
        int total_words = 0;
        for (int a = 0; a < axes; ++a) total_words += static_cast<int>((table_rows[a] + 31) / 32);
        for (auto* of_axis : {&first_row, &num_rows, &first_pair, &axis_word}) of_axis->zeros(axes);
        word_row.zeros(total_words), word_pair.zeros(total_words);
        for (int a = 0; a < axes; ++a) {
            first_row.get()[a] = rows;
            num_rows.get()[a] = static_cast<int32_t>(table_rows[a]);
            first_pair.get()[a] = row_pairs;
            axis_word.get()[a] = words;
            for (int64_t r = 0; r < table_rows[a]; r += 32) {
                word_pair.get()[words] = row_pairs + static_cast<int>(r / 2);
                word_row.get()[words++] = rows + static_cast<int>(r);
            }
            rows += static_cast<int>(table_rows[a]);
            row_pairs += static_cast<int>((table_rows[a] + 1) / 2);
        }
    }

    // Write the pairs of rows that hold members of the union of two row sets: where the first row of each lies, and its
    // number among the pairs. Return how many there are.
    int list_pairs(const uint32_t* one, const uint32_t* other, int32_t* first, int32_t* pair) const {
        int count = 0;
        for (int w = 0; w < words; ++w) {
            const uint32_t bits = one[w] | other[w];
            for (uint32_t even = (bits | bits >> 1) & 0x55555555u; even != 0; even &= even - 1, ++count) {
                const int bit = __builtin_ctz(even);
                first[count] = (word_row.get()[w] + bit) << row_shift;
                pair[count] = word_pair.get()[w] + bit / 2;
            }
        }
        return count;
    }

    // Write the members of the union of two row sets in ascending order and return their number; up to
    // fifteen entries beyond them are overwritten.
    int list_rows(const uint32_t* one, const uint32_t* other, int32_t* to) const {
        int32_t* const start = to;
        for (int w = 0; w < words; ++w) to = list_word(one[w] | other[w], word_row.get()[w] << row_shift, to);
        return static_cast<int>(to - start);
    }

  private:
#ifdef SWIN3D_WIDE_DUO
    int32_t* list_word(uint32_t bits, int32_t base, int32_t* to) const {
        const __m512i places = _mm512_slli_epi32(
            _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), row_shift);
        for (int part = 0; part < 2; ++part, bits >>= 16, base += 16 << row_shift) {
            const __m512i rows = _mm512_add_epi32(places, _mm512_set1_epi32(base));
            _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(static_cast<__mmask16>(bits), rows));
            to += __builtin_popcount(bits & 0xFFFF);
        }
        return to;
    }
#else
    int32_t* list_word(uint32_t bits, int32_t base, int32_t* to) const {
        for (; bits != 0; bits &= bits - 1) *to++ = base + (__builtin_ctz(bits) << row_shift);
        return to;
    }
#endif
};

// Rows and sets of one tile: queries [first, first + count) of a window against all its n keys.
struct WindowBins {
    int64_t keys = 0, queries = 0;  // padded line lengths
    Buffer<double> signals;         // (axes, keys + kBinLanes), float or double
    Buffer<uint16_t> of_query;      // (query, axes, keys)
    Buffer<uint16_t> of_key;        // (key, axes, queries)
    Buffer<uint32_t> query_set;     // (query, words)
    Buffer<uint32_t> key_set;       // (key, words)

    // Signals of the window's n tokens; the tokens of the padding repeat the last one.
    template <class F> void load(const TableLayout& t, const void* all, const int64_t* tokens, int64_t n) {
        keys = padded(n);
        if (n == 0) return;
        const F* source = static_cast<const F*>(all);
        F* to = reinterpret_cast<F*>(signals.resize(t.axes * (keys + kBinLanes)));
        for (int64_t i = 0; i < keys + kBinLanes; ++i) {
            const F* from = source + tokens[i < n ? i : n - 1] * t.axes;
            for (int a = 0; a < t.axes; ++a) to[a * (keys + kBinLanes) + i] = from[a];
        }
    }

    // Fill all buffers for a tile, and for the token after an odd number of them.
    template <class F> void compute(const TableLayout& t, int64_t first, int64_t count, int64_t n) {
        queries = padded(count);
        const int64_t even_count = count + count % 2, even_n = n + n % 2;
        uint16_t* rows = of_query.resize(even_count * t.axes * keys);
        uint32_t* sets = query_set.resize(even_count * t.words);
        for (int64_t i = 0; i < even_count; ++i) {
            line<F, false>(t, first + i, 0, keys, rows + i * t.axes * keys, sets + i * t.words);
        }
        rows = of_key.resize(even_n * t.axes * queries);
        sets = key_set.resize(even_n * t.words);
        for (int64_t j = 0; j < even_n; ++j) {
            line<F, true>(t, j, first, queries, rows + j * t.axes * queries, sets + j * t.words);
        }
    }

  private:
    static int64_t padded(int64_t count) { return (count + kBinLanes - 1) / kBinLanes * kBinLanes; }

    // Rows of one token against `count` others, and their set. (s_i - s_j) + L / 2 in exactly this order, i being
    // the query; a NaN fails the comparison and becomes row 0.
    template <class F, bool kOwnIsKey>
    void line(const TableLayout& t, int64_t own, int64_t others, int64_t count, uint16_t* rows,
              uint32_t* set) const {
        typedef typename SignalLanes<F>::value V;
        typedef typename SignalLanes<F>::integer I;
        typedef V Unaligned __attribute__((aligned(sizeof(F))));
        const F* signal = reinterpret_cast<const F*>(signals.get());
        for (int a = 0; a < t.axes; ++a, signal += keys + kBinLanes, rows += count) {
            const int num_rows = t.num_rows.get()[a];
            const V mine = V{} + signal[own], half = V{} + static_cast<F>(num_rows) / 2;
            const V zero = V{}, top = V{} + static_cast<F>(num_rows - 1);
            const BinInts base = BinInts{} + t.first_row.get()[a];
            BinBits low = BinBits{}, high = BinBits{};
            for (int64_t j = 0; j < count; j += kBinLanes) {
                const V other = *reinterpret_cast<const Unaligned*>(signal + others + j);
                V x = (kOwnIsKey ? other - mine : mine - other) + half;
                x = x > zero ? x : zero;
                x = x < top ? x : top;
                const BinInts local = __builtin_convertvector(__builtin_convertvector(x, I), BinInts);
                const BinInts offset = (local + base) << t.row_shift;
                *reinterpret_cast<BinRows*>(rows + j) = __builtin_convertvector(offset, BinRows);
                low |= bit_of(local);
                if (num_rows > 32) high |= bit_of(local - 32);
            }
            uint32_t* words = set + t.axis_word.get()[a];
            words[0] = any(low);
            if (num_rows > 32) words[1] = any(high);
            if (num_rows > 64) complete_set(rows, count, t, a, words);
        }
    }

    static uint32_t any(BinBits bits) {
#if defined(SWIN3D_WIDE_DUO)
        return static_cast<uint32_t>(_mm512_reduce_or_epi32((__m512i)bits));
#else
        uint32_t all = 0;
        for (int s = 0; s < kBinLanes; ++s) all |= bits[s];
        return all;
#endif
    }

    // Words of the rows from 64 on.
    static void complete_set(const uint16_t* rows, int64_t count, const TableLayout& t, int axis, uint32_t* words) {
        for (int w = 2; w < (t.num_rows.get()[axis] + 31) / 32; ++w) words[w] = 0;
        for (int64_t j = 0; j < count; ++j) {
            const int local = (rows[j] >> t.row_shift) - t.first_row.get()[axis];
            if (local >= 64) words[local / 32] |= uint32_t(1) << local % 32;
        }
    }
};

}  // namespace
}  // namespace swin3d
