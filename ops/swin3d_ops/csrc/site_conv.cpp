// Sparse convolution over pairs of rows: out[target] += feats[source] W[k], and the gradient of W.
//
// Pairs come ordered by offset k and, under an offset, by target row. The gradient of feats is the same
// product with sources and targets exchanged and W transposed. Every sum has one order, whatever the number
// of threads: threads own rows of the product, and channels of an offset in the gradient of W.
#ifdef _OPENMP
#include <omp.h>
#endif

#include "product_tile.h"

namespace swin3d {
namespace {

constexpr int64_t kBlockRows = 512;     // rows of the product that stay in a thread's cache
constexpr int64_t kChunkPairs = 64;     // pairs of a weight gradient that are copied side by side
constexpr int64_t kGroupChannels = 64;  // channels of a weight gradient that a thread takes at a time

struct Pairs {
    const int32_t *source, *target;
    const int64_t* ptr;  // (K + 1,) bounds of the offsets
    int64_t offsets;
};

template <class T> class Product {
  public:
    Product(const T* feats, const T* weight, const Pairs& pairs, int64_t C, int64_t D, int64_t M, T* out)
        : feats_(feats), weight_(weight), pairs_(pairs), C_(C), M_(M), columns_(D), out_(out) {
        packed_.zeros(pairs_.offsets * C_ * columns_.vectors);
    }

    void run(int threads) {
        const int64_t blocks = (M_ + kBlockRows - 1) / kBlockRows;
#pragma omp parallel num_threads(threads) if (threads > 1)
        {
#pragma omp for schedule(static)
            for (int64_t k = 0; k < pairs_.offsets; ++k) {
                pack_panels(weight_ + k * C_ * columns_.count, C_, columns_, packed_.get() + k * columns_.vectors * C_);
            }
#pragma omp for schedule(dynamic, 1)
            for (int64_t b = 0; b < blocks; ++b) fill_rows(b * kBlockRows, std::min(M_, (b + 1) * kBlockRows));
        }
    }

  private:
    const Wide<T>* panel(int64_t k, int64_t p) const {
        return packed_.get() + (k * columns_.vectors + columns_.first(p)) * C_;
    }

    void fill_rows(int64_t low, int64_t high) {
        std::fill(out_ + low * columns_.count, out_ + high * columns_.count, T(0));
        for (int64_t k = 0; k < pairs_.offsets; ++k) {
            const int32_t *first = pairs_.target + pairs_.ptr[k], *last = pairs_.target + pairs_.ptr[k + 1];
            first = std::lower_bound(first, last, static_cast<int32_t>(low));
            last = std::lower_bound(first, last, static_cast<int32_t>(high - 1) + 1);
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
    Pairs pairs_;
    int64_t C_, M_;
    Columns<T> columns_;
    T* out_;
    Buffer<Wide<T>> packed_;  // (offset, panel, channel, vector)
};

template <class T> class WeightGrad {
  public:
    WeightGrad(const T* feats, const T* grad_out, const Pairs& pairs, int64_t C, int64_t D, T* grad, int threads)
        : feats_(feats), grad_out_(grad_out), pairs_(pairs), C_(C), columns_(D), grad_(grad) {
        per_thread_ = kChunkPairs * columns_.vectors + kChunkPairs * kGroupChannels / kWidth<T>;
        scratch_.zeros(per_thread_ * threads);  // padding stays 0
    }

    void run(int threads) {
        const int64_t groups = (C_ + kGroupChannels - 1) / kGroupChannels, tasks = pairs_.offsets * groups;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) if (threads > 1)
        for (int64_t t = 0; t < tasks; ++t) fill_group(t / groups, t % groups * kGroupChannels);
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
    int64_t C_;
    Columns<T> columns_;
    T* grad_;
    int64_t per_thread_;
    Buffer<Wide<T>> scratch_;  // of each thread: rows of grad_out, then of a group's channels
};

}  // namespace
}  // namespace swin3d

// Both return 0, or 1 when memory ran out.
#define SWIN3D_SITE_CONV(NAME, T)                                                                             \
    SWIN3D_EXPORT(site_conv_##NAME)                                                                           \
    (const T* feats, const T* weight, const int32_t* source, const int32_t* target, const int64_t* ptr,       \
     int64_t K, int64_t C, int64_t D, int64_t M, T* out, int threads) {                                       \
        try {                                                                                                 \
            swin3d::Product<T>(feats, weight, {source, target, ptr, K}, C, D, M, out).run(threads);           \
        } catch (const std::bad_alloc&) {                                                                     \
            return 1;                                                                                         \
        }                                                                                                     \
        return 0;                                                                                             \
    }                                                                                                         \
    SWIN3D_EXPORT(site_conv_weight_grad_##NAME)                                                               \
    (const T* feats, const T* grad_out, const int32_t* source, const int32_t* target, const int64_t* ptr,     \
     int64_t K, int64_t C, int64_t D, T* grad, int threads) {                                                 \
        try {                                                                                                 \
            swin3d::WeightGrad<T>(feats, grad_out, {source, target, ptr, K}, C, D, grad, threads).run(threads); \
        } catch (const std::bad_alloc&) {                                                                     \
            return 1;                                                                                         \
        }                                                                                                     \
        return 0;                                                                                             \
    }

SWIN3D_SITE_CONV(f32, float)
SWIN3D_SITE_CONV(f64, double)
