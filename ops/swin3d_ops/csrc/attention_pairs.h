// Products of attention_products.h with operands rounded to bfloat16 and sums in float32 (AVX512-BF16).
//
// An instruction multiplies pairs of neighbouring 16-bit numbers and adds both products. Factors of dot products pair
// channels 2 d and 2 d + 1 of a token or a table row; terms of weighted sums pair the same channel of two tokens, or of
// two rows of one axis. For files that target the instructions.
#pragma once

#include <algorithm>

#include "attention_tile.h"

namespace swin3d {
namespace {

// NC: D / 8 when known at compile time, else 0.
template <int NC, int AX> class PairProducts : protected Tile<float, AX> {
    typedef Tile<float, AX> Base;

  public:
    typedef float Number;
    typedef Duo<float> W;
    typedef Lanes<float> V;
    typedef int64_t Pairs __attribute__((vector_size(64)));  // sixteen pairs of bfloat16

  protected:
    struct Packed {
        Buffer<Pairs> factors;  // (group, row, pairs / 2): two channels of 8 heads in a half of a vector
        Buffer<Pairs> terms;    // (group, two rows, pairs): a channel of 8 heads in a half of a vector
    };

  public:
    // The three tables; terms pair rows 2 r and 2 r + 1 of an axis, zero where there is none.
    struct Tables {
        Packed packed[3];

        Tables(const Problem<float>& p, const Uses& uses) {
            const TableLayout& layout = p.tables;
            for (int side : {kQuery, kKey, kValue}) {
                Packed& to = packed[side];
                to.factors.resize(p.groups * layout.rows * p.pairs / 2);
                to.terms.resize(p.groups * layout.row_pairs * p.pairs);
                for (int64_t g = 0; g < p.groups; ++g) {
                    for (int a = 0; a < layout.axes; ++a) fill(p, side, uses.of[side], g, a, to);
                }
            }
        }

      private:
        static void fill(const Problem<float>& p, int side, int use, int64_t g, int axis, Packed& to) {
            const TableLayout& layout = p.tables;
            const int64_t first = layout.first_row.get()[axis], rows = layout.num_rows.get()[axis];
            const int64_t first_pair = layout.first_pair.get()[axis];
            W one[kMaxPairs], two[kMaxPairs];
            for (int64_t r = 0; r < rows; r += 2) {
                p.pack(p.table_row(side, first + r), g, 1.0f, one);
                std::fill_n(two, p.pairs, W{});
                if (r + 1 < rows) p.pack(p.table_row(side, first + r + 1), g, 1.0f, two);
                if (use & kTerms) {
                    pair_rows(one, two, p.pairs, to.terms.get() + (g * layout.row_pairs + first_pair + r / 2) * p.pairs);
                }
                if (use & kFactors) {
                    Pairs* at = to.factors.get() + (g * layout.rows + first + r) * p.pairs / 2;
                    pair_channels(one, p.pairs, at);
                    if (r + 1 < rows) pair_channels(two, p.pairs, at + p.pairs / 2);
                }
            }
        }
    };

  protected:
    using Base::at, Base::both, Base::even, Base::fold, Base::half;
    using Base::n_, Base::num_rows_, Base::p_, Base::rows_;

    typedef Packed Tokens;  // rows are tokens, a zero one behind an odd number of them

    PairProducts(const Problem<float>& problem, const Tables& tables) : Base(problem), tables_(tables) {
        histogram_pairs_.resize(problem.tables.row_pairs + 16);
        table_pairs_.resize(problem.tables.row_pairs + 16);
    }

    int64_t pairs() const { return NC ? NC * 4 : p_.pairs; }
    const Pairs* factors(const Tokens& x, int64_t g, int64_t i) const {
        return x.factors.get() + (g * even(n_) + i) * pairs() / 2;
    }
    // of tokens i and i + 1, i even
    const Pairs* terms(const Tokens& x, int64_t g, int64_t i) const {
        return x.terms.get() + (g * even(n_) + i) / 2 * pairs();
    }

    void pack(const float* source, int64_t step, float factor, int use, Tokens& to) {
        if (use & kFactors) to.factors.resize(p_.groups * even(n_) * pairs() / 2);
        if (use & kTerms) to.terms.resize(p_.groups * even(n_) / 2 * pairs());
        W rows[2][kMaxPairs];
        this->for_tokens(source, step, [&](int64_t g, int64_t i, const float* row) {
            p_.pack(row, g, factor, rows[i % 2]);
            if (i % 2) return store(rows, use, g, i - 1, to);
            if (i + 1 < n_) return;
            std::fill_n(rows[1], pairs(), W{});
            store(rows, use, g, i, to);
        });
    }

    // [x0 . y | x1 . y]
    struct TwoTokens {
        Pairs x[2][NC ? NC * 2 : kMaxPairs / 2];
        TwoTokens(const Pairs* from, int64_t halves) {
            for (int64_t d = 0; d < halves; ++d) x[0][d] = from[d], x[1][d] = from[halves + d];
        }
    };
    W dot(const TwoTokens& two, const Pairs* y) const {
        W a = W{}, b = W{};
        for (int64_t d = 0; d < pairs() / 2; ++d) {
            a = add_products(a, two.x[0][d], y[d]);
            b = add_products(b, two.x[1][d], y[d]);
        }
        return fold(a, b);
    }

    void project(const Tokens& x, int64_t g, int64_t i, int side, W* to) const {
        const TwoTokens two(factors(x, g, i), pairs() / 2);
        const Pairs* table = tables_.packed[side].factors.get() + g * p_.table_size() / 2;
        const uint32_t size = static_cast<uint32_t>(pairs() / 2);
        const int32_t *rows = rows_.get(), *end = rows + num_rows_;
        for (; rows != end; ++rows) at(to, *rows) = dot(two, &at(table, *rows * size));
    }

    template <class F> void add_dots(const Tokens& x, int64_t g, int64_t i, const Tokens& y, const F& more, W* line) const {
        const TwoTokens two(factors(x, g, i), pairs() / 2);
        const Pairs* other = factors(y, g, 0);
        for (int64_t j = 0, n = n_; j < n; ++j) {
            const W sum = more(j);
            line[j] += dot(two, other + j * (pairs() / 2)) + sum;
        }
    }

    // List the rows of two sets, and the pairs of rows that hold them.
    void list(const uint32_t* sets) {
        Base::list(sets);
        num_pairs_ = p_.tables.list_pairs(sets, sets + p_.tables.words, histogram_pairs_.get(), table_pairs_.get());
    }
    void clear(W* histogram) const {
        for (int r = 0; r < num_pairs_; ++r) {
            W* rows = &at(histogram, histogram_pairs_.get()[r]);
            rows[0] = rows[1] = W{};
        }
    }

    // Numbers of keys behind an odd number of them must be zero.
    void sum_keys(const W* line, const Tokens& y, int64_t g, const W* histogram, int side, W* out) const {
        accumulate([&](int64_t j) { return pairs_of(line[2 * j], line[2 * j + 1]); }, terms(y, g, 0), even(n_) / 2,
                   histogram, side, g, out);
    }
    void sum_queries(const W* column, const Tokens& x, int64_t g, const W* histogram, int side, W* out) const {
        const int64_t step = even(n_);
        accumulate([&](int64_t i) { return pairs_of_halves(column[i * step], column[i * step + 1]); },
                   terms(x, g, this->first_), even(this->count_) / 2, histogram, side, g, out);
    }

    // out[token] += sums for two tokens; weights_of(i) has those of terms i: pairs of the first token in the lower half.
    template <class F>
    void accumulate(F weights_of, const Pairs* x, int64_t size, const W* histogram, int side, int64_t g, W* out) const {
        constexpr int kAtOnce = NC == 2 ? 8 : 4;  // what registers hold
        const Pairs* table = tables_.packed[side].terms.get() + g * p_.tables.row_pairs * pairs();
        for (int64_t d = 0; d < pairs(); d += kAtOnce) {
            W one[kAtOnce], two[kAtOnce];
            for (int e = 0; e < kAtOnce; ++e) one[e] = out[d + e], two[e] = out[pairs() + d + e];
            auto add = [&](Pairs weights, const Pairs* y) {
                const Pairs first = (Pairs)_mm512_shuffle_i64x2((__m512i)weights, (__m512i)weights, 0x44);
                const Pairs second = (Pairs)_mm512_shuffle_i64x2((__m512i)weights, (__m512i)weights, 0xEE);
                for (int e = 0; e < kAtOnce; ++e) {
                    one[e] = add_products(one[e], first, y[e]);
                    two[e] = add_products(two[e], second, y[e]);
                }
            };
            for (int64_t i = 0; i < size; ++i) add(weights_of(i), x + i * pairs() + d);
            for (int r = 0; r < (histogram ? num_pairs_ : 0); ++r) {
                const W* h = &at(histogram, histogram_pairs_.get()[r]);
                add(pairs_of(h[0], h[1]), table + table_pairs_.get()[r] * pairs() + d);
            }
            for (int e = 0; e < kAtOnce; ++e) out[d + e] = one[e], out[pairs() + d + e] = two[e];
        }
    }

    void add_outer(const W* histogram, const Tokens& x, int64_t g, int64_t i, W* grad) const {
        const Pairs* two = terms(x, g, i);
        const int32_t *rows = rows_.get(), *end = rows + num_rows_;
        for (; rows != end; ++rows) {
            const W& h = at(histogram, *rows);
            const Pairs paired = pairs_of_halves(h, h);
            W* to = &at(grad, *rows * static_cast<uint32_t>(pairs()));
            for (int64_t d = 0; d < pairs(); ++d) to[d] = add_products(to[d], paired, two[d]);
        }
    }

  private:
    static W add_products(W sum, Pairs x, Pairs y) {
        return (W)_mm512_dpbf16_ps((__m512)sum, (__m512bh)x, (__m512bh)y);
    }
    // Lane s: (low[s], high[s]).
    static Pairs pairs_of(W low, W high) {
        alignas(64) static constexpr uint16_t kOrder[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                            8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
        return (Pairs)_mm512_permutexvar_epi16(_mm512_load_si512(kOrder),
                                        (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low));
    }
    // The halves of a in the lower half, (a.lo[s], a.hi[s]); those of b in the upper.
    static Pairs pairs_of_halves(W a, W b) {
        alignas(64) static constexpr uint16_t kOrder[32] = {0,  8,  1,  9,  2,  10, 3,  11, 4,  12, 5,  13, 6,  14, 7,  15,
                                                            16, 24, 17, 25, 18, 26, 19, 27, 20, 28, 21, 29, 22, 30, 23, 31};
        return (Pairs)_mm512_permutexvar_epi16(_mm512_load_si512(kOrder), (__m512i)_mm512_cvtne2ps_pbh((__m512)b, (__m512)a));
    }
    static void pair_rows(const W* one, const W* two, int64_t pairs, Pairs* to) {
        for (int64_t d = 0; d < pairs; ++d) to[d] = pairs_of(one[d], two[d]);
    }
    static void pair_channels(const W* row, int64_t pairs, Pairs* to) {
        for (int64_t d = 0; d < pairs; d += 2) to[d / 2] = pairs_of_halves(row[d], row[d + 1]);
    }

    void store(const W (*rows)[kMaxPairs], int use, int64_t g, int64_t i, Tokens& to) const {
        if (use & kTerms) pair_rows(rows[0], rows[1], pairs(), to.terms.get() + (g * even(n_) + i) / 2 * pairs());
        if (use & kFactors) {
            Pairs* at = to.factors.get() + (g * even(n_) + i) * pairs() / 2;
            pair_channels(rows[0], pairs(), at);
            pair_channels(rows[1], pairs(), at + pairs() / 2);
        }
    }

    const Tables& tables_;
    Buffer<int32_t> histogram_pairs_, table_pairs_;  // listed pairs of rows: where the first is counted, which pair it is
    int num_pairs_ = 0;
};

}  // namespace
}  // namespace swin3d
