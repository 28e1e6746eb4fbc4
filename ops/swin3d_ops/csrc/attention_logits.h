// The logits of a tile, which both passes compute: products of queries, keys and two tables.
#pragma once

#include "attention_tile.h"

namespace swin3d {
namespace {

// P: Products, or PairProducts.
template <class P> class Logits : protected P {
  protected:
    typedef typename P::V V;
    typedef typename P::W W;
    typedef typename P::Number T;
    typedef typename P::Tokens Tokens;
    using P::bins_, P::count_, P::even, P::first_, P::half, P::join, P::n_, P::p_;

    Logits(const Problem<T>& problem, const typename P::Tables& tables, const Uses& uses)
        : P(problem, tables), uses_(uses) {
        query_side_.resize(problem.tables.rows);
    }

    void load(int64_t window) {
        this->load_window(window);
        Tokens* tokens[] = {&query_, &key_, &value_};
        for (int side : {kQuery, kKey, kValue}) {
            const T factor = side == kQuery ? p_.scale : T(1);
            this->pack(p_.in.tensors[side], p_.in.token_step[side], factor, uses_.of[side], *tokens[side]);
        }
    }

    // logits (i, j) = sum over axes of k_j . k_table[row_a(i, j)], for all pairs of the tile
    void key_logits(int64_t g) {
        const int64_t step = bins_.queries;
        for (int64_t j = 0; j < n_; j += 2) {
            this->list(this->key_sets(j));
            this->project(key_, g, j, kKey, query_side_.get());
            for (int which = 0; which < 2 && j + which < n_; ++which) {
                const V* projected = half(query_side_.get(), which);
                const uint16_t* rows = this->key_rows(j + which);
                W* to = this->logits_.get() + j + which;
                for (int64_t i = 0; i < count_; i += 2, to += even(n_)) {
                    *to = join(this->look_up(projected, rows + i, step), this->look_up(projected, rows + i + 1, step));
                }
            }
        }
    }

    // line[j] += x_i . y_j + sum over axes of projected[row_a(i, j)], for queries i, i + 1 of the tile and all j
    void add_query_side(int64_t g, int64_t i, const Tokens& x, const Tokens& y, const W* projected, W* line) const {
        const int64_t step = bins_.keys;
        const uint16_t *rows = this->query_rows(i), *next = this->query_rows(i + 1);
        auto looked_up = [&](int64_t j) {
            return join(this->look_up(half(projected, 0), rows + j, step),
                        this->look_up(half(projected, 1), next + j, step));
        };
        this->add_dots(x, g, first_ + i, y, looked_up, line);
    }

    // Complete the logits of queries i, i + 1 of the tile; lists the rows they use.
    void complete_logits(int64_t g, int64_t i, W* line) {
        this->list(this->query_sets(i));
        this->project(query_, g, first_ + i, kQuery, query_side_.get());
        add_query_side(g, i, query_, key_, query_side_.get(), line);
    }

    Tokens query_, key_, value_;
    Buffer<W> query_side_;  // (table row)

  private:
    const Uses& uses_;
};

}  // namespace
}  // namespace swin3d
