// The loops that the forward and the backward pass share, over one window and one tile of its queries.
//
// Queries, and in the backward pass keys, are taken two at a time: what is read of a table or of the other side
// serves both, and their two histograms do not wait for each other. Numbers of a pair of queries lie in one
// Duo; an odd last query is paired with a token of zeros.
#pragma once

#include <cmath>
#include <limits>

#include "attention_problem.h"

namespace swin3d {
namespace {

constexpr int64_t kTilePairs = 1 << 17;  // scratch of one tile: some MB, whatever the window
constexpr int64_t kMinTileRows = 16;
constexpr int64_t kAhead = 6;     // tokens to prefetch
constexpr int64_t kMaxPairs = 32;  // D up to 64

// NC: D / 8 when known at compile time, else 0. AX: number of signal axes, else 0.
template <class T, int NC, int AX> class Tile : protected DuoOps<T> {
  protected:
    typedef Lanes<T> V;
    typedef Duo<T> W;
    typedef DuoOps<T> Ops;
    using Ops::both, Ops::fold, Ops::high, Ops::join, Ops::low;

    explicit Tile(const Problem<T>& problem) : p_(problem) { rows_.resize(problem.tables.rows + 16); }

    int64_t pairs() const { return NC ? NC * 4 : p_.pairs; }
    int axes() const { return AX ? AX : p_.tables.axes; }
    static int64_t even(int64_t count) { return count + count % 2; }

    void load(int64_t window) {
        tokens_ = p_.in.order + p_.in.ptr[window];
        n_ = p_.in.ptr[window + 1] - p_.in.ptr[window];
        tile_ = std::min(n_, std::max(kMinTileRows, kTilePairs / std::max<int64_t>(n_, 1) / 8 * 8));
        pack_tokens(p_.in.tensors[0], p_.in.token_step[0], p_.scale, query_);
        pack_tokens(p_.in.tensors[1], p_.in.token_step[1], T(1), key_);
        pack_tokens(p_.in.tensors[2], p_.in.token_step[2], T(1), value_);
        if (p_.in.double_signals) {
            bins_.template load<double>(p_.tables, p_.in.signals, tokens_, n_);
        } else {
            bins_.template load<float>(p_.tables, p_.in.signals, tokens_, n_);
        }
    }

    // All tokens of the window and a zero one after an odd number of them: (group, token, pairs).
    void pack_tokens(const T* source, int64_t step, T factor, Buffer<W>& to) {
        W* at = to.resize(p_.groups * even(n_) * pairs());
        for (int64_t g = 0; g < p_.groups; ++g) {
            for (int64_t i = 0; i < n_; ++i, at += pairs()) {
                if (i + kAhead < n_) prefetch(source + tokens_[i + kAhead] * step + g * kLanes * p_.width);
                p_.pack(source + tokens_[i] * step, g, factor, at);
            }
            if (n_ % 2) {
                for (int64_t d = 0; d < pairs(); ++d) *at++ = W{};
            }
        }
    }

    void prefetch(const T* row) const {
        const int64_t bytes = kLanes * p_.width * static_cast<int64_t>(sizeof(T));
        for (int64_t at = 0; at < bytes; at += 64) __builtin_prefetch(reinterpret_cast<const char*>(row) + at);
    }

    void start_tile(int64_t first) {
        first_ = first;
        count_ = std::min(tile_, n_ - first);
        if (p_.in.double_signals) {
            bins_.template compute<double>(p_.tables, first_, count_, n_);
        } else {
            bins_.template compute<float>(p_.tables, first_, count_, n_);
        }
        logits_.resize(even(count_) / 2 * even(n_));
    }

    const W* token(const Buffer<W>& packed, int64_t g, int64_t i) const {
        return packed.get() + (g * even(n_) + i) * pairs();
    }
    // Line of a tile's pair of queries i, i + 1: one Duo per key.
    W* line(Buffer<W>& of_pairs, int64_t i) const { return of_pairs.get() + i / 2 * even(n_); }

    const uint16_t* query_rows(int64_t i) const { return bins_.of_query.get() + i * axes() * bins_.keys; }
    const uint16_t* key_rows(int64_t j) const { return bins_.of_key.get() + j * axes() * bins_.queries; }

    // List the table rows that two queries, or two keys, use.
    void list_query_rows(int64_t i) { list(bins_.query_set.get() + i * p_.tables.words); }
    void list_key_rows(int64_t j) { list(bins_.key_set.get() + j * p_.tables.words); }
    void list(const uint32_t* sets) {
        num_rows_ = p_.tables.list_rows(sets, sets + p_.tables.words, rows_.get());
    }

    template <class U> static U& at(U* base, uint32_t offset) {
        typedef typename std::conditional<std::is_const<U>::value, const char, char>::type Byte;
        return *reinterpret_cast<U*>(reinterpret_cast<Byte*>(base) + 8 * static_cast<size_t>(offset));
    }
    template <class U> U* table_row(U* table, uint32_t offset) const {
        return &at(table, offset * static_cast<uint32_t>(pairs()));
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

    // to[row] = [x0 . table[row] | x1 . table[row]] for the listed rows
    void project(const W* x, const W* table, W* to) const {
        const TwoTokens two(x, pairs());
        const int32_t *rows = rows_.get(), *end = rows + num_rows_;
        for (; rows != end; ++rows) at(to, *rows) = dot(two, table_row(table, *rows));
    }

    // sum over axes of one half of projected[row], the rows of neighbouring axes lying `step` apart
    V look_up(const V* half, const uint16_t* rows, int64_t step) const {
        if (axes() == 0) return V{};
        V sum = at(half, rows[0]);
        for (int a = 1; a < axes(); ++a) sum += at(half, rows[a * step]);
        return sum;
    }

    // Add a weight to the histogram of one half.
    void count(V weight, const uint16_t* rows, int64_t step, V* half) const {
        for (int a = 0; a < axes(); ++a) at(half, rows[a * step]) += weight;
    }

    static V* half(W* duos, int which) { return reinterpret_cast<V*>(duos) + which; }
    static const V* half(const W* duos, int which) { return reinterpret_cast<const V*>(duos) + which; }

    void clear(W* histogram) const {
        for (int r = 0; r < num_rows_; ++r) at(histogram, rows_.get()[r]) = W{};
    }

    // logits (i, j) = sum over axes of k_j . k_table[row_a(i, j)], for all pairs of the tile
    void key_logits(int64_t g) {
        const int64_t step = bins_.queries;
        for (int64_t j = 0; j < n_; j += 2) {
            list_key_rows(j);
            project(token(key_, g, j), p_.table(1, g), query_side_.get());
            for (int which = 0; which < 2 && j + which < n_; ++which) {
                const V* projected = half(query_side_.get(), which);
                const uint16_t* rows = key_rows(j + which);
                W* to = logits_.get() + j + which;
                for (int64_t i = 0; i < count_; i += 2, to += even(n_)) {
                    *to = join(look_up(projected, rows + i, step), look_up(projected, rows + i + 1, step));
                }
            }
        }
    }

    // line[j] += x . y_j + sum over axes of projected[row_a(i, j)], for queries i, i + 1 of the tile and all j
    void add_query_side(int64_t i, const W* x, const W* y, const W* projected, W* line) const {
        const int64_t step = bins_.keys;
        const uint16_t *rows = query_rows(i), *next = query_rows(i + 1);
        const TwoTokens two(x, pairs());
        for (int64_t j = 0, n = n_; j < n; ++j) {
            const W sum = join(look_up(half(projected, 0), rows + j, step),
                               look_up(half(projected, 1), next + j, step));
            line[j] += dot(two, y + j * pairs()) + sum;
        }
    }

    // Complete the logits of queries i, i + 1 of the tile; lists the rows they use.
    void complete_logits(int64_t g, int64_t i, W* line) {
        list_query_rows(i);
        const W* x = token(query_, g, first_ + i);
        project(x, p_.table(0, g), query_side_.get());
        add_query_side(i, x, token(key_, g, 0), query_side_.get(), line);
    }

    // out[token] += sum_i weight_i[token] x_i + sum over listed rows of histogram[row][token] table[row], for two
    // tokens; weight_of(i) points to the weight of the first token, that of the second lies `other` further.
    template <class F>
    void accumulate(F weight_of, int64_t other, const W* x, int64_t size, const W* histogram, const W* table,
                    W* out) const {
        for (int64_t d = 0; d < pairs(); d += 4) {
            W one[4], two[4];
            for (int e = 0; e < 4; ++e) one[e] = out[d + e], two[e] = out[pairs() + d + e];
            auto add = [&](V u, V v, const W* y) {
                const W first = both(u), second = both(v);
                for (int e = 0; e < 4; ++e) {
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
            for (int e = 0; e < 4; ++e) out[d + e] = one[e], out[pairs() + d + e] = two[e];
        }
    }

    // grad[row] += histogram[row] x for the listed rows and two tokens x
    void add_outer(const W* histogram, const W* x, W* grad) const {
        const TwoTokens two(x, pairs());
        const int32_t *rows = rows_.get(), *end = rows + num_rows_;
        for (; rows != end; ++rows) {
            const W& h = at(histogram, *rows);
            const W u = both(*half(&h, 0)), v = both(*half(&h, 1));
            W* to = table_row(grad, *rows);
            for (int64_t d = 0; d < pairs(); ++d) to[d] = (to[d] + u * two.x[0][d]) + v * two.x[1][d];
        }
    }

    const Problem<T>& p_;
    const int64_t* tokens_ = nullptr;
    int64_t n_ = 0, tile_ = 0, first_ = 0, count_ = 0;
    WindowBins bins_;
    Buffer<int32_t> rows_;  // listed table rows
    int num_rows_ = 0;
    Buffer<W> query_, key_, value_;  // (group, token, pairs)
    Buffer<W> logits_;               // (pair of queries, key)
    Buffer<W> query_side_;           // (table row)
};

}  // namespace
}  // namespace swin3d
