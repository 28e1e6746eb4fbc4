// Sparse convolution over pairs of rows: out[target] += feats[source] W[k], and the gradient of W.
//
// Pairs come ordered by offset k and, under an offset, by target row. The gradient of feats is the same
// product with sources and targets exchanged and W transposed. Every sum has one order, whatever the number
// of threads: threads own rows of the product, and channels of an offset in the gradient of W.
//
// Unless the caller vouches for them, the rows that pairs name are looked at right before they are used, while they are
// in the cache: nothing is read or written outside of the tensors whatever the pairs hold, and pairs that make no sense
// are reported.
#ifdef _OPENMP
#include <omp.h>
#endif

#include <atomic>

#include "row_product.h"

namespace swin3d {
namespace {

constexpr int64_t kBlockRows = 512;     // rows of the product that stay in a thread's cache
constexpr int64_t kChunkPairs = 64;     // pairs of a weight gradient that are copied side by side
constexpr int64_t kGroupChannels = 64;  // channels of a weight gradient that a thread takes at a time

struct Pairs {
    const int32_t *source, *target;
    const int64_t* ptr;  // (K + 1,) bounds of the offsets
    int64_t offsets, count, sources;

    // Whether the bounds ascend from 0 to the number of pairs.
    bool bounded() const {
        bool ascending = ptr[0] == 0 && ptr[offsets] == count;
        for (int64_t k = 0; k < offsets; ++k) ascending &= ptr[k] <= ptr[k + 1];
        return ascending;
    }
    // Whether pairs [begin, end) name rows of the input, and rows of the product in [low, high).
    bool fit(int64_t begin, int64_t end, int64_t low, int64_t high) const {
        const uint32_t first = static_cast<uint32_t>(low);
        uint32_t most_source = 0, most_target = 0;  // a negative row is a large number
        for (int64_t i = begin; i < end; ++i) {
            most_source = std::max(most_source, static_cast<uint32_t>(source[i]));
            most_target = std::max(most_target, static_cast<uint32_t>(target[i]) - first);
        }
        return begin == end || (most_source < sources && most_target < high - low);
    }
};

template <class T> class Product {
  public:
    Product(const T* feats, const T* weight, bool transposed, const Pairs& pairs, int64_t C, int64_t D, int64_t M,
            T* out)
        : feats_(feats), weight_(weight), transposed_(transposed), pairs_(pairs), C_(C), M_(M), columns_(D), out_(out) {
        packed_.zeros(pairs_.offsets * C_ * columns_.vectors);
    }

    // Returns whether all pairs name rows that exist, in the order of targets under each offset; else `out` is void.
    bool run(int threads) {
        const int64_t blocks = (M_ + kBlockRows - 1) / kBlockRows;
        if (!pairs_.bounded()) return false;
#pragma omp parallel num_threads(threads) if (threads > 1)
        {
#pragma omp for schedule(static)
            for (int64_t k = 0; k < pairs_.offsets; ++k) pack(k);
#pragma omp for schedule(dynamic, 1)
            for (int64_t b = 0; b < blocks; ++b) fill_rows(b * kBlockRows, std::min(M_, (b + 1) * kBlockRows));
        }
        return fitting_ == pairs_.count;
    }

  private:
    void pack(int64_t k) {
        const T* matrix = weight_ + k * C_ * columns_.count;
        Wide<T>* packed = packed_.get() + k * columns_.vectors * C_;
        if (!transposed_) return pack_panels(matrix, C_, columns_, packed);
        for (int64_t p = 0; p < columns_.panels; ++p) pack_transposed_panel(matrix, C_, columns_, p, packed);
    }

    const Wide<T>* panel(int64_t k, int64_t p) const {
        return packed_.get() + (k * columns_.vectors + columns_.first(p)) * C_;
    }

    void fill_rows(int64_t low, int64_t high) {
        std::fill(out_ + low * columns_.count, out_ + high * columns_.count, T(0));
        for (int64_t k = 0; k < pairs_.offsets; ++k) {
            const int32_t *first = pairs_.target + pairs_.ptr[k], *last = pairs_.target + pairs_.ptr[k + 1];
            first = std::lower_bound(first, last, static_cast<int32_t>(low));
            last = std::lower_bound(first, last, static_cast<int32_t>(high - 1) + 1);
            // Blocks share no target: each pair is counted once, unless it is out of order or names no row.
            if (!pairs_.fit(first - pairs_.target, last - pairs_.target, low, high)) continue;
            fitting_ += last - first;
            for (int64_t p = 0; p < columns_.panels && first < last; ++p) {
                with_constant(columns_.in_panel(p), [&](auto vectors) {
                    multiply_pairs<vectors.value>(k, p, first - pairs_.target, last - pairs_.target);
                });
            }
        }
    }

    template <int kN> void multiply_pairs(int64_t k, int64_t p, int64_t begin, int64_t end) {
        T* out = out_ + columns_.start(p);
        for (int64_t i = begin; i < end; i += kTileRows) {
            const T* rows[kTileRows];
            // The last tile repeats its last row where it has no more; those sums are not added.
            for (int r = 0; r < kTileRows; ++r) {
                rows[r] = feats_ + pairs_.source[std::min(i + r, end - 1)] * C_;
            }
            Sums<T, kN> sums;
            multiply_tile<T, kN>(rows, 1, panel(k, p), kN, C_, sums);
            for (int r = 0; r < kTileRows && i + r < end; ++r) {
                add_row<T, kN>(sums[r], out + pairs_.target[i + r] * columns_.count, columns_.present(p));
            }
        }
    }

    const T *feats_, *weight_;
    bool transposed_;
    Pairs pairs_;
    int64_t C_, M_;
    Columns<T> columns_;
    T* out_;
    std::atomic<int64_t> fitting_{0};  // pairs that were used
    Buffer<Wide<T>> packed_;           // (offset, panel, channel, vector)
};

template <class T> class WeightGrad {
  public:
    WeightGrad(const T* feats, const T* grad_out, const Pairs& pairs, int64_t C, int64_t D, int64_t M, T* grad,
               int threads)
        : feats_(feats), grad_out_(grad_out), pairs_(pairs), C_(C), M_(M), columns_(D), grad_(grad) {
        per_thread_ = kChunkPairs * columns_.vectors + kChunkPairs * kGroupChannels / kWidth<T>;
        scratch_.zeros(per_thread_ * threads);  // padding stays 0
    }

    // Returns whether all pairs name rows that exist; else `grad` is void.
    bool run(int threads) {
        if (!pairs_.bounded()) return false;
        const int64_t groups = (C_ + kGroupChannels - 1) / kGroupChannels, tasks = pairs_.offsets * groups;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) if (threads > 1)
        for (int64_t t = 0; t < tasks; ++t) fill_group(t / groups, t % groups * kGroupChannels);
        return fits_;
    }

  private:
    // The gradient of channels `low` .. of offset k, chunk of pairs by chunk.
    void fill_group(int64_t k, int64_t low) {
        const int64_t channels = std::min(kGroupChannels, C_ - low), D = columns_.count;
        T* grad = grad_ + (k * C_ + low) * D;
        std::fill(grad, grad + channels * D, T(0));
        Wide<T>* upstream = scratch();
        T* feats = reinterpret_cast<T*>(upstream + kChunkPairs * columns_.vectors);
        for (int64_t i = pairs_.ptr[k]; i < pairs_.ptr[k + 1]; i += kChunkPairs) {
            const int64_t count = std::min(kChunkPairs, pairs_.ptr[k + 1] - i);
            if (!pairs_.fit(i, i + count, 0, M_)) {
                fits_ = false;
                return;
            }
            for (int64_t j = 0; j < count; ++j) {
                const T* source = feats_ + pairs_.source[i + j] * C_ + low;
                const T* target = grad_out_ + pairs_.target[i + j] * D;
                std::copy(source, source + channels, feats + j * kGroupChannels);
                std::copy(target, target + D, reinterpret_cast<T*>(upstream + j * columns_.vectors));
            }
            for (int64_t c = 0; c < channels; c += kTileRows) {
                const int64_t rows = std::min<int64_t>(kTileRows, channels - c);
                for (int64_t p = 0; p < columns_.panels; ++p) {
                    with_constant(columns_.in_panel(p), [&](auto vectors) {
                        add_chunk<vectors.value>(feats + c, upstream, count, p, rows, grad + c * D);
                    });
                }
            }
        }
    }

    template <int kN>
    void add_chunk(const T* feats, const Wide<T>* upstream, int64_t count, int64_t p, int64_t channels, T* grad) {
        const T* rows[kTileRows];
        for (int r = 0; r < kTileRows; ++r) rows[r] = feats + r;
        Sums<T, kN> sums;
        multiply_tile<T, kN>(rows, kGroupChannels, upstream + columns_.first(p), columns_.vectors, count, sums);
        for (int r = 0; r < channels; ++r) {
            add_row<T, kN>(sums[r], grad + r * columns_.count + columns_.start(p), columns_.present(p));
        }
    }

    Wide<T>* scratch() {
#ifdef _OPENMP
        return scratch_.get() + per_thread_ * omp_get_thread_num();
#else
        return scratch_.get();
#endif
    }

    const T *feats_, *grad_out_;
    Pairs pairs_;
    int64_t C_, M_;
    Columns<T> columns_;
    T* grad_;
    std::atomic<bool> fits_{true};
    int64_t per_thread_;
    Buffer<Wide<T>> scratch_;  // of each thread: rows of grad_out, then of a group's channels
};

}  // namespace
}  // namespace swin3d

// P pairs of N and M rows under K offsets, which are looked at as they are used. Both return 0, 1 when memory ran out,
// or 2 for pairs out of range or order. The weights are (K, C, D), or (K, D, C) if `transposed`.
#define SWIN3D_SPARSE_CONV(NAME, T)                                                                           \
    SWIN3D_EXPORT(sparse_conv_##NAME)                                                                         \
    (const T* feats, const T* weight, const int32_t* source, const int32_t* target, const int64_t* ptr,       \
     int64_t K, int64_t P, int64_t N, int64_t C, int64_t D, int64_t M, int transposed, T* out, int threads) { \
        try {                                                                                                 \
            const swin3d::Pairs pairs{source, target, ptr, K, P, N};                                          \
            swin3d::Product<T> product(feats, weight, transposed != 0, pairs, C, D, M, out);                  \
            return product.run(threads) ? 0 : 2;                                                              \
        } catch (const std::bad_alloc&) {                                                                     \
            return 1;                                                                                         \
        }                                                                                                     \
    }                                                                                                         \
    SWIN3D_EXPORT(sparse_conv_weight_grad_##NAME)                                                             \
    (const T* feats, const T* grad_out, const int32_t* source, const int32_t* target, const int64_t* ptr,     \
     int64_t K, int64_t P, int64_t N, int64_t C, int64_t D, int64_t M, T* grad, int threads) {                \
        try {                                                                                                 \
            const swin3d::Pairs pairs{source, target, ptr, K, P, N};                                          \
            swin3d::WeightGrad<T> sum(feats, grad_out, pairs, C, D, M, grad, threads);                        \
            return sum.run(threads) ? 0 : 2;                                                                  \
        } catch (const std::bad_alloc&) {                                                                     \
            return 1;                                                                                         \
        }                                                                                                     \
    }

SWIN3D_SPARSE_CONV(f32, float)
SWIN3D_SPARSE_CONV(f64, double)
