// Backward pass: the logits again, from the stored log-sum-exp; three projections and three histograms.
//
// Chunks do not depend on the number of threads, and what they add to the table gradients is summed in chunk
// order: the same bits for any number of threads.
#pragma once

#include "attention_logits.h"

namespace swin3d {
namespace {

template <class T> struct BackwardResults {
    const T *grad_out, *lse;
    T* const* grads;  // of q, k, v and the three tables
};

// P: Products, or PairProducts.
template <class P> class Backward : Logits<P> {
    typedef Logits<P> Base;
    typedef typename P::Number T;
    typedef typename P::V V;
    typedef typename P::W W;
    using Base::p_, Base::n_, Base::first_, Base::count_, Base::tokens_, Base::half, Base::even, Base::pairs;

  public:
    static constexpr Uses kUses{{kBoth, kBoth, kFactors}};

    static void run(const Problem<T>& p, const BackwardResults<T>& to, int threads) {
        const typename P::Tables tables(p, kUses);
        const int64_t chunks = static_cast<int64_t>(p.chunk.size()) - 1;
        const int64_t size = 3 * p.groups * p.table_size();
        Buffer<W> total;
        total.zeros(size);
#pragma omp parallel num_threads(threads) if (threads > 1)
        {
            Backward pass(p, tables, to);
            Buffer<W> part;
#pragma omp for ordered schedule(dynamic, 1)
            for (int64_t c = 0; c < chunks; ++c) {
                pass.table_grads_ = part.zeros(size);
                for (int64_t w = p.chunk[c]; w < p.chunk[c + 1]; ++w) pass.differentiate(w);
#pragma omp ordered
                {
                    W* sum = total.get();
                    for (int64_t i = 0; i < size; ++i) sum[i] += part.get()[i];
                }
            }
        }
        const W* from = total.get();
        for (int which = 0; which < 3; ++which) {
            for (int64_t g = 0; g < p.groups; ++g) {
                for (int64_t r = 0; r < p.tables.rows; ++r, from += p.pairs) {
                    p.unpack(from, g, T(1), to.grads[3 + which] + r * p.heads * p.width);
                }
            }
        }
    }

  private:
    Backward(const Problem<T>& p, const typename P::Tables& tables, const BackwardResults<T>& to)
        : Base(p, tables, kUses), to_(to) {
        for (auto* buffer : {&value_side_, &slopes_, &weights_}) buffer->resize(p.tables.rows + 1);
    }

    W* grad_of(const Buffer<W>& grads, int64_t g, int64_t j) const { return grads.get() + (g * even(n_) + j) * pairs(); }
    W* table_grad(int side, int64_t g) const { return table_grads_ + (side * p_.groups + g) * p_.table_size(); }

    void differentiate(int64_t window) {
        this->load(window);
        this->pack(to_.grad_out, p_.heads * p_.width, T(1), kBoth, upstream_);
        key_grad_.zeros(p_.groups * even(n_) * pairs());
        value_grad_.zeros(p_.groups * even(n_) * pairs());
        for (int64_t first = 0; first < n_; first += this->tile_) {
            this->start_tile(first);
            weight_.resize(even(count_) / 2 * even(n_));
            for (int64_t g = 0; g < p_.groups; ++g) {
                this->key_logits(g);
                for (int64_t i = 0; i < count_; i += 2) differentiate_queries(g, i);
                for (int64_t j = 0; j < n_; j += 2) differentiate_keys(g, j);
            }
        }
        for (int64_t g = 0; g < p_.groups; ++g) {
            for (int64_t j = 0; j < n_; ++j) {
                const int64_t at = tokens_[j] * p_.heads * p_.width;
                p_.unpack(grad_of(key_grad_, g, j), g, T(1), to_.grads[1] + at);
                p_.unpack(grad_of(value_grad_, g, j), g, T(1), to_.grads[2] + at);
            }
        }
    }

    // Log-sum-exp of queries i, i + 1; where there is no query or no head, more than any logit.
    W log_sums(int64_t g, int64_t i) const {
        W sums = Base::both(V{} + std::numeric_limits<T>::max() / 4);
        T* lanes = reinterpret_cast<T*>(&sums);
        for (int which = 0; which < 2; ++which) {
            for (int64_t h = 0; h < kLanes && g * kLanes + h < p_.heads; ++h) {
                if (i + which >= count_) continue;
                const int64_t token = tokens_[first_ + i + which];
                lanes[which * kLanes + h] = to_.lse[token * p_.heads + g * kLanes + h];
            }
        }
        return sums;
    }

    // Weights and slopes (gradients of the logits) of two queries; gradients of q and of two tables.
    void differentiate_queries(int64_t g, int64_t i) {
        W *line = this->line(this->logits_, i), *weight = this->line(weight_, i);
        this->complete_logits(g, i, line);
        const W offset = log_sums(g, i);
        for (int64_t j = 0; j < n_; ++j) weight[j] = exponential(line[j] - offset), line[j] = W{};
        this->project(upstream_, g, first_ + i, kValue, value_side_.get());
        this->add_query_side(g, i, upstream_, this->value_, value_side_.get(), line);
        if (i + 1 == count_) {  // no second query: not even 0 times infinity may come of it
            for (int64_t j = 0; j < n_; ++j) *half(weight + j, 1) = *half(line + j, 1) = V{};
        }
        W mean = W{};
        for (int64_t j = 0; j < n_; ++j) mean += weight[j] * line[j];
        slopes_and_histograms(i, mean, weight, line);
        if (n_ % 2) weight[n_] = line[n_] = W{};

        W result[2 * kMaxPairs] = {};
        const W* slopes = slopes_.get();
        this->sum_keys(line, this->key_, g, slopes, kQuery, result);
        for (int which = 0; which < 2 && i + which < count_; ++which) {
            const int64_t at = tokens_[first_ + i + which] * p_.heads * p_.width;
            p_.unpack(result + which * pairs(), g, p_.scale, to_.grads[0] + at);
        }
        this->add_outer(slopes, this->query_, g, first_ + i, table_grad(kQuery, g));
        this->add_outer(weights_.get(), upstream_, g, first_ + i, table_grad(kValue, g));
    }

    void slopes_and_histograms(int64_t i, W mean, const W* weight, W* line) {
        W *slopes = slopes_.get(), *weights = weights_.get();
        this->clear(slopes);
        this->clear(weights);
        const int64_t step = this->bins_.keys;
        const uint16_t *rows = this->query_rows(i), *next = this->query_rows(i + 1);
        for (int64_t j = 0; j < n_; ++j) {
            const W w = weight[j], slope = w * (line[j] - mean);
            line[j] = slope;
            this->count(Base::low(slope), rows + j, step, half(slopes, 0));
            this->count(Base::low(w), rows + j, step, half(weights, 0));
            this->count(Base::high(slope), next + j, step, half(slopes, 1));
            this->count(Base::high(w), next + j, step, half(weights, 1));
        }
    }

    // Gradients of k, v and of the key table for keys j, j + 1.
    void differentiate_keys(int64_t g, int64_t j) {
        this->list(this->key_sets(j));
        W* slopes = slopes_.get();
        this->clear(slopes);
        const int64_t lines = even(n_), step = this->bins_.queries;
        const W* slope = this->logits_.get() + j;
        const uint16_t *rows = this->key_rows(j), *next = this->key_rows(j + 1);
        for (int64_t i = 0; i < count_; i += 2, slope += lines) {
            this->count(Base::low(slope[0]), rows + i, step, half(slopes, 0));
            this->count(Base::low(slope[1]), next + i, step, half(slopes, 1));
            this->count(Base::high(slope[0]), rows + i + 1, step, half(slopes, 0));
            this->count(Base::high(slope[1]), next + i + 1, step, half(slopes, 1));
        }
        this->sum_queries(this->logits_.get() + j, this->query_, g, slopes, kKey, grad_of(key_grad_, g, j));
        this->sum_queries(weight_.get() + j, upstream_, g, nullptr, kValue, grad_of(value_grad_, g, j));
        this->add_outer(slopes, this->key_, g, j, table_grad(kKey, g));
    }

    const BackwardResults<T> to_;
    W* table_grads_ = nullptr;                   // (3, group, row, pairs) of the chunk
    typename P::Tokens upstream_;
    Buffer<W> key_grad_, value_grad_;            // (group, token, pairs)
    Buffer<W> weight_;                           // (pair of queries, key)
    Buffer<W> value_side_, weights_, slopes_;    // (table row)
};

}  // namespace
}  // namespace swin3d
