// One window and one tile of its queries: table rows of its pairs, lines of numbers of pairs, look-ups and histograms.
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
constexpr int64_t kAhead = 6;      // tokens to prefetch
constexpr int64_t kMaxPairs = 32;  // D up to 64

// What packed tokens and rows of tables are for: factors of dot products, terms of weighted sums, or both.
enum Use { kFactors = 1, kTerms = 2, kBoth = 3 };
// Tokens and their tables, in the order of the arguments.
enum Side { kQuery, kKey, kValue };
struct Uses {
    int of[3];
};

// AX: number of signal axes when known at compile time, else 0.
template <class T, int AX> class Tile : protected DuoOps<T> {
  protected:
    typedef Lanes<T> V;
    typedef Duo<T> W;
    typedef DuoOps<T> Ops;
    using Ops::both, Ops::fold, Ops::high, Ops::join, Ops::low;

    explicit Tile(const Problem<T>& problem) : p_(problem) { rows_.resize(problem.tables.rows + 16); }

    int axes() const { return AX ? AX : p_.tables.axes; }
    static int64_t even(int64_t count) { return count + count % 2; }

    void load_window(int64_t window) {
        tokens_ = p_.in.order + p_.in.ptr[window];
        n_ = p_.in.ptr[window + 1] - p_.in.ptr[window];
        tile_ = std::min(n_, std::max(kMinTileRows, kTilePairs / std::max<int64_t>(n_, 1) / 8 * 8));
        if (p_.in.double_signals) {
            bins_.template load<double>(p_.tables, p_.in.signals, tokens_, n_);
        } else {
            bins_.template load<float>(p_.tables, p_.in.signals, tokens_, n_);
        }
    }

    // Call body(g, i, row of the token) for all groups of heads and tokens of the window; rows are on their way by then.
    template <class Body> void for_tokens(const T* source, int64_t step, const Body& body) const {
        for (int64_t g = 0; g < p_.groups; ++g) {
            for (int64_t i = 0; i < n_; ++i) {
                if (i + kAhead < n_) prefetch(source + tokens_[i + kAhead] * step + g * kLanes * p_.width);
                body(g, i, source + tokens_[i] * step);
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

    // Line of a tile's pair of queries i, i + 1: one Duo per key.
    W* line(Buffer<W>& of_pairs, int64_t i) const { return of_pairs.get() + i / 2 * even(n_); }

    const uint16_t* query_rows(int64_t i) const { return bins_.of_query.get() + i * axes() * bins_.keys; }
    const uint16_t* key_rows(int64_t j) const { return bins_.of_key.get() + j * axes() * bins_.queries; }

    // The sets of table rows of two queries, or two keys, one behind the other.
    const uint32_t* query_sets(int64_t i) const { return bins_.query_set.get() + i * p_.tables.words; }
    const uint32_t* key_sets(int64_t j) const { return bins_.key_set.get() + j * p_.tables.words; }
    // List the table rows of two sets.
    void list(const uint32_t* sets) {
        num_rows_ = p_.tables.list_rows(sets, sets + p_.tables.words, rows_.get());
    }

    template <class U> static U& at(U* base, uint32_t offset) {
        typedef typename std::conditional<std::is_const<U>::value, const char, char>::type Byte;
        return *reinterpret_cast<U*>(reinterpret_cast<Byte*>(base) + 8 * static_cast<size_t>(offset));
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

    const Problem<T>& p_;
    const int64_t* tokens_ = nullptr;
    int64_t n_ = 0, tile_ = 0, first_ = 0, count_ = 0;
    WindowBins bins_;
    Buffer<int32_t> rows_;  // listed table rows
    int num_rows_ = 0;
    Buffer<W> logits_;  // (pair of queries, key)
};

}  // namespace
}  // namespace swin3d
