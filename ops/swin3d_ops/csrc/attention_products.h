// Products of tokens with each other and with table rows, in the type of the problem.
//
// Products<T, NC, AX> is what the passes are built on: packed tokens and tables, dot products, weighted sums of tokens and
// of table rows by a histogram, and outer products. attention_pairs.h has the same in bfloat16.
#pragma once

#include "attention_tile.h"

namespace swin3d {
namespace {

// NC: D / 8 when known at compile time, else 0.
template <class T, int NC, int AX> class Products : protected Tile<T, AX> {
    typedef Tile<T, AX> Base;

  public:
    typedef T Number;
    typedef Duo<T> W;
    typedef Lanes<T> V;

    // The three tables as (group, row, pairs).
    struct Tables {
        Buffer<W> packed[3];

        Tables(const Problem<T>& p, const Uses&) {
            for (int which = 0; which < 3; ++which) {
                W* to = packed[which].resize(p.groups * p.table_size());
                for (int64_t g = 0; g < p.groups; ++g) {
                    for (int64_t r = 0; r < p.tables.rows; ++r, to += p.pairs) p.pack(p.table_row(which, r), g, T(1), to);
                }
            }
        }
    };

  protected:
    using Base::at, Base::both, Base::even, Base::fold, Base::half;
    using Base::n_, Base::num_rows_, Base::p_, Base::rows_;

    typedef Buffer<W> Tokens;  // (group, token, pairs), a zero token behind an odd number of them

    Products(const Problem<T>& problem, const Tables& tables) : Base(problem), tables_(tables) {}

    int64_t pairs() const { return NC ? NC * 4 : p_.pairs; }
    const W* token(const Tokens& packed, int64_t g, int64_t i) const {
        return packed.get() + (g * even(n_) + i) * pairs();
    }
    const W* table(int which, int64_t g) const { return tables_.packed[which].get() + g * p_.table_size(); }
    template <class U> U* table_row(U* table, uint32_t offset) const {
        return &at(table, offset * static_cast<uint32_t>(pairs()));
    }

    void pack(const T* source, int64_t step, T factor, int, Tokens& to) {
        W* next = to.resize(p_.groups * even(n_) * pairs());
        this->for_tokens(source, step, [&](int64_t g, int64_t i, const T* row) {
            p_.pack(row, g, factor, next);
            next += pairs();
            if (i + 1 == n_ && n_ % 2) next = std::fill_n(next, pairs(), W{});
        });
    }

    // Two tokens that follow each other, copied so that the compiler may keep them in registers.
    struct TwoTokens {
        W x[2][NC ? NC * 4 : kMaxPairs];
        TwoTokens(const W* from, int64_t pairs) {
            for (int64_t d = 0; d < pairs; ++d) x[0][d] = from[d], x[1][d] = from[pairs + d];
        }
    };

    // [x0 . y | x1 . y]
    W dot(const TwoTokens& two, const W* y) const {
        W a = two.x[0][0] * y[0], b = two.x[1][0] * y[0];
        for (int64_t d = 1; d < pairs(); ++d) {
            a += two.x[0][d] * y[d];
            b += two.x[1][d] * y[d];
        }
        return fold(a, b);
    }

    // to[row] = [x_i . table[row] | x_(i + 1) . table[row]] for the listed rows
    void project(const Tokens& x, int64_t g, int64_t i, int which, W* to) const {
        const TwoTokens two(token(x, g, i), pairs());
        const W* of_group = table(which, g);
        const int32_t *rows = rows_.get(), *end = rows + num_rows_;
        for (; rows != end; ++rows) at(to, *rows) = dot(two, table_row(of_group, *rows));
    }

    // line[j] += [x_i . y_j | x_(i + 1) . y_j] + more(j), for all tokens y of the window
    template <class F> void add_dots(const Tokens& x, int64_t g, int64_t i, const Tokens& y, const F& more, W* line) const {
        const TwoTokens two(token(x, g, i), pairs());
        const W* other = token(y, g, 0);
        for (int64_t j = 0, n = n_; j < n; ++j) {
            const W sum = more(j);
            line[j] += dot(two, other + j * pairs()) + sum;
        }
    }

    // Prepare the sums over the listed rows of two tokens.
    void list(const uint32_t* sets) { Base::list(sets); }
    void clear(W* histogram) const {
        for (int r = 0; r < num_rows_; ++r) at(histogram, rows_.get()[r]) = W{};
    }

    // out[q] += sum_j line[j][q] y_j + sum over listed rows of histogram[row][q] table[row], for two queries q and all
    // tokens y of the window
    void sum_keys(const W* line, const Tokens& y, int64_t g, const W* histogram, int which, W* out) const {
        accumulate([&](int64_t j) { return half(line + j, 0); }, 1, token(y, g, 0), n_, histogram, table(which, g), out);
    }

    // The same for keys j, j + 1 and the tile's queries x: `column` is the number of queries 0, 1 and key j, that of
    // the next two queries lies a line further. Without a histogram no table is read.
    void sum_queries(const W* column, const Tokens& x, int64_t g, const W* histogram, int which, W* out) const {
        const V* first = half(column, 0);
        const int64_t step = 2 * even(n_);
        accumulate([&](int64_t i) { return first + i / 2 * step + i % 2; }, 2, token(x, g, this->first_), this->count_,
                   histogram, table(which, g), out);
    }

    // out[token] += sum_i weight_i[token] x_i + sum over listed rows of histogram[row][token] table[row], for two
    // tokens; weight_of(i) points to the weight of the first token, that of the second lies `other` further.
    template <class F>
    void accumulate(F weight_of, int64_t other, const W* x, int64_t size, const W* histogram, const W* table,
                    W* out) const {
        constexpr int kAtOnce = NC == 2 ? 8 : 4;  // what registers hold
        for (int64_t d = 0; d < pairs(); d += kAtOnce) {
            W one[kAtOnce], two[kAtOnce];
            for (int e = 0; e < kAtOnce; ++e) one[e] = out[d + e], two[e] = out[pairs() + d + e];
            auto add = [&](V u, V v, const W* y) {
                const W first = both(u), second = both(v);
                for (int e = 0; e < kAtOnce; ++e) {
                    one[e] += first * y[e];
                    two[e] += second * y[e];
                }
            };
            for (int64_t i = 0; i < size; ++i) {
                const V* weight = weight_of(i);
                add(weight[0], weight[other], x + i * pairs() + d);
            }
            for (int r = 0; r < (histogram ? num_rows_ : 0); ++r) {
                const W& h = at(histogram, rows_.get()[r]);
                add(*half(&h, 0), *half(&h, 1), table_row(table, rows_.get()[r]) + d);
            }
            for (int e = 0; e < kAtOnce; ++e) out[d + e] = one[e], out[pairs() + d + e] = two[e];
        }
    }

    // grad[row] += histogram[row] x for the listed rows and the tokens x_i, x_(i + 1)
    void add_outer(const W* histogram, const Tokens& x, int64_t g, int64_t i, W* grad) const {
        const TwoTokens two(token(x, g, i), pairs());
        const int32_t *rows = rows_.get(), *end = rows + num_rows_;
        for (; rows != end; ++rows) {
            const W& h = at(histogram, *rows);
            const W u = both(*half(&h, 0)), v = both(*half(&h, 1));
            W* to = table_row(grad, *rows);
            for (int64_t d = 0; d < pairs(); ++d) to[d] = (to[d] + u * two.x[0][d]) + v * two.x[1][d];
        }
    }

  private:
    const Tables& tables_;
};

}  // namespace
}  // namespace swin3d
