// Forward pass: logits, softmax, and values by a histogram of the weights over the table rows.
#pragma once

#include "attention_logits.h"

namespace swin3d {
namespace {

template <class T> struct ForwardResults {
    T *out, *lse;  // (N, H, D), (N, H)
};

// P: Products, or PairProducts.
template <class P> class Forward : Logits<P> {
    typedef Logits<P> Base;
    typedef typename P::Number T;
    typedef typename P::V V;
    typedef typename P::W W;
    using Base::p_, Base::n_, Base::first_, Base::count_, Base::tokens_, Base::half, Base::both;

  public:
    static constexpr Uses kUses{{kFactors, kFactors, kTerms}};

    static void run(const Problem<T>& p, const ForwardResults<T>& to, int threads) {
        const typename P::Tables tables(p, kUses);
        const int64_t chunks = static_cast<int64_t>(p.chunk.size()) - 1;
#pragma omp parallel num_threads(threads) if (threads > 1)
        {
            Forward pass(p, tables, to);
#pragma omp for schedule(dynamic, 1)
            for (int64_t c = 0; c < chunks; ++c) {
                for (int64_t w = p.chunk[c]; w < p.chunk[c + 1]; ++w) pass.attend(w);
            }
        }
    }

  private:
    Forward(const Problem<T>& p, const typename P::Tables& tables, const ForwardResults<T>& to)
        : Base(p, tables, kUses), to_(to) {
        weights_.resize(p.tables.rows + 1);
    }

    void attend(int64_t window) {
        this->load(window);
        for (int64_t first = 0; first < n_; first += this->tile_) {
            this->start_tile(first);
            for (int64_t g = 0; g < p_.groups; ++g) {
                this->key_logits(g);
                for (int64_t i = 0; i < count_; i += 2) attend_two(g, i);
            }
        }
    }

    void attend_two(int64_t g, int64_t i) {
        W* line = this->line(this->logits_, i);
        this->complete_logits(g, i, line);
        W most = line[0];
        for (int64_t j = 1; j < n_; ++j) most = larger(most, line[j]);
        W sum = W{}, *weights = weights_.get();
        this->clear(weights);
        const int64_t step = this->bins_.keys;
        const uint16_t *rows = this->query_rows(i), *next = this->query_rows(i + 1);
        for (int64_t j = 0; j < n_; ++j) {
            const W w = exponential(line[j] - most);
            line[j] = w;
            sum += w;
            this->count(Base::low(w), rows + j, step, half(weights, 0));
            this->count(Base::high(w), next + j, step, half(weights, 1));
        }
        if (n_ % 2) line[n_] = W{};
        W result[2 * kMaxPairs] = {};
        this->sum_keys(line, this->value_, g, weights, kValue, result);
        for (int which = 0; which < 2 && i + which < count_; ++which) {
            const V total = *half(&sum, which), highest = *half(&most, which);
            write(g, tokens_[first_ + i + which], result + which * this->pairs(), total, highest);
        }
    }

    void write(int64_t g, int64_t token, W* result, V sum, V most) const {
        const W inverse = both(T(1) / sum);
        for (int64_t d = 0; d < this->pairs(); ++d) result[d] = result[d] * inverse;
        p_.unpack(result, g, T(1), to_.out + token * p_.heads * p_.width);
        for (int64_t h = 0; h < kLanes && g * kLanes + h < p_.heads; ++h) {
            to_.lse[token * p_.heads + g * kLanes + h] = most[h] + std::log(sum[h]);
        }
    }

    const ForwardResults<T> to_;
    Buffer<W> weights_;  // (table row)
};

}  // namespace
}  // namespace swin3d
