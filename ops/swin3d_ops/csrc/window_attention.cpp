// Fused window attention with cRSE tables, forward and backward, without pair-sized arrays.
//
// Eight heads are the lanes of a vector, so that products, table look-ups and histograms of a pair
// are plain vector loads, adds and stores. Per query (and per key) only the table rows in use are
// projected; table gradients and the value table pass through a private histogram of the weights.
// Work is cut into chunks that do not depend on the number of threads, and what the chunks add to
// the table gradients is summed in chunk order: the same bits for any number of threads.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "window_bins.h"

namespace swin3d {
namespace {

constexpr int64_t kTilePairs = 1 << 17;  // scratch of one tile: some MB, whatever the window
constexpr int64_t kMinTileRows = 16;
constexpr int64_t kChunkPairs = 1 << 16;
constexpr int64_t kMaxChunks = 64;

template <class T> struct Problem {
    const T *q, *k, *v, *q_table, *k_table, *v_table;
    const void* signals;
    bool double_signals;
    int64_t heads, width;
    const int64_t *order, *ptr;
    int64_t windows;
    T scale;
    TableLayout tables;
    int64_t groups, padded_width;       // groups of 8 heads; D up to a multiple of 8
    Buffer<Lanes<T>> packed[3];         // q, k, v table as (group, row, D) of lanes
    std::vector<int64_t> chunk;         // window bounds of the chunks

    const Lanes<T>* table(int which, int64_t group) const {
        return packed[which].get() + group * tables.rows * padded_width;
    }
};

// (heads, D) of one row -> (D) of lanes, for 8 heads; missing heads and widths are zero.
template <class T>
void pack(const T* row, const Problem<T>& p, int64_t group, T factor, Lanes<T>* to) {
    T* out = reinterpret_cast<T*>(to);
    const int64_t D = p.width, live = std::min<int64_t>(kLanes, p.heads - group * kLanes);
    if (live < kLanes || D < p.padded_width) {
        std::memset(static_cast<void*>(out), 0, p.padded_width * sizeof(Lanes<T>));
    }
    row += group * kLanes * D;
    for (int64_t h = 0; h < live; ++h) {
        for (int64_t d = 0; d < D; ++d) out[d * kLanes + h] = row[h * D + d] * factor;
    }
}

template <class T>
void unpack(const Lanes<T>* from, const Problem<T>& p, int64_t group, T factor, T* row) {
    const T* in = reinterpret_cast<const T*>(from);
    const int64_t D = p.width, live = std::min<int64_t>(kLanes, p.heads - group * kLanes);
    row += group * kLanes * D;
    for (int64_t h = 0; h < live; ++h) {
        for (int64_t d = 0; d < D; ++d) row[h * D + d] = in[d * kLanes + h] * factor;
    }
}

template <class T> void prepare(Problem<T>& p, const int64_t* table_rows, int axes) {
    p.tables.build(table_rows, axes);
    p.groups = (p.heads + kLanes - 1) / kLanes;
    p.padded_width = (p.width + 7) / 8 * 8;
    const T* tables[3] = {p.q_table, p.k_table, p.v_table};
    for (int which = 0; which < 3; ++which) {
        Lanes<T>* to = p.packed[which].resize(p.groups * p.tables.rows * p.padded_width);
        for (int64_t g = 0; g < p.groups; ++g) {
            for (int64_t r = 0; r < p.tables.rows; ++r, to += p.padded_width) {
                pack<T>(tables[which] + r * p.heads * p.width, p, g, T(1), to);
            }
        }
    }
    int64_t total = 0;
    auto cost = [&](int64_t w) {
        const int64_t n = p.ptr[w + 1] - p.ptr[w];
        return n * n + 16 * n;
    };
    for (int64_t w = 0; w < p.windows; ++w) total += cost(w);
    const int64_t chunks = std::max<int64_t>(1, std::min(kMaxChunks, total / kChunkPairs));
    p.chunk.assign(1, 0);
    int64_t done = 0;
    for (int64_t w = 0; w < p.windows; ++w) {
        done += cost(w);
        if (done * chunks >= total * static_cast<int64_t>(p.chunk.size())) p.chunk.push_back(w + 1);
    }
    if (p.chunk.back() != p.windows) p.chunk.push_back(p.windows);
}

// NC: D / 8 when known at compile time, else 0. AX: number of signal axes, else 0.
template <class T, int NC, int AX> class Kernel {
    typedef Lanes<T> V;

  public:
    explicit Kernel(const Problem<T>& problem)
        : p_(problem), D_(problem.padded_width), A_(problem.tables.padded_axes) {
        rows_.resize(problem.tables.rows);
        for (auto* b : {&query_rows_, &value_rows_, &weights_, &slopes_}) b->resize(problem.tables.rows);
    }

    void forward(int64_t window, T* out, T* lse) {
        load(window);
        for (int64_t first = 0; first < n_; first += tile_) {
            const int64_t count = std::min(tile_, n_ - first);
            compute_bins(first, count);
            for (int64_t g = 0; g < p_.groups; ++g) {
                key_logits(g, count);
                for (int64_t i = 0; i < count; ++i) forward_row(g, first, i, out, lse);
            }
        }
    }

    // Adds to table_grads (3, group, row, D); writes the gradients of the window's own tokens.
    void backward(int64_t window, const T* grad_out, const T* lse, T* const* grads, V* table_grads) {
        load(window);
        pack_tokens(grad_out, T(1), grad_out_);
        key_grad_.zeros(p_.groups * n_ * D());
        value_grad_.zeros(p_.groups * n_ * D());
        const int64_t table_size = p_.tables.rows * D();
        for (int64_t first = 0; first < n_; first += tile_) {
            const int64_t count = std::min(tile_, n_ - first);
            compute_bins(first, count);
            weight_.resize(count * n_);
            for (int64_t g = 0; g < p_.groups; ++g) {
                V* grad = table_grads + g * table_size;
                const int64_t step = p_.groups * table_size;
                key_logits(g, count);
                for (int64_t i = 0; i < count; ++i) {
                    backward_row(g, first, i, lse, grads[0], grad, grad + 2 * step);
                }
                for (int64_t j = 0; j < n_; ++j) backward_key(g, first, count, j, grad + step);
            }
        }
        for (int64_t g = 0; g < p_.groups; ++g) {
            for (int64_t j = 0; j < n_; ++j) {
                const int64_t at = tokens_[j] * p_.heads * p_.width;
                unpack<T>(key_grad_.get() + (g * n_ + j) * D(), p_, g, T(1), grads[1] + at);
                unpack<T>(value_grad_.get() + (g * n_ + j) * D(), p_, g, T(1), grads[2] + at);
            }
        }
    }

  private:
    int64_t D() const { return NC ? NC * 8 : D_; }
    int axes() const { return AX ? AX : p_.tables.axes; }
    int64_t stride() const { return AX ? (AX + 7) / 8 * 8 : A_; }

    void load(int64_t window) {
        tokens_ = p_.order + p_.ptr[window];
        n_ = p_.ptr[window + 1] - p_.ptr[window];
        tile_ = std::min(n_, std::max(kMinTileRows, kTilePairs / std::max<int64_t>(n_, 1)));
        pack_tokens(p_.q, p_.scale, query_);
        pack_tokens(p_.k, T(1), key_);
        pack_tokens(p_.v, T(1), value_);
        if (p_.double_signals) {
            bins_.template load<double>(p_.tables, p_.signals, tokens_, n_);
        } else {
            bins_.template load<float>(p_.tables, p_.signals, tokens_, n_);
        }
    }

    void pack_tokens(const T* source, T factor, Buffer<V>& to) {
        V* at = to.resize(p_.groups * n_ * D());
        for (int64_t g = 0; g < p_.groups; ++g) {
            for (int64_t i = 0; i < n_; ++i, at += D()) {
                pack<T>(source + tokens_[i] * p_.heads * p_.width, p_, g, factor, at);
            }
        }
    }

    void compute_bins(int64_t first, int64_t count) {
        if (p_.double_signals) {
            bins_.template compute<double>(p_.tables, first, count, n_);
        } else {
            bins_.template compute<float>(p_.tables, first, count, n_);
        }
        logits_.resize(count * n_);
    }

    const V* token(const Buffer<V>& packed, int64_t g, int64_t i) const {
        return packed.get() + (g * n_ + i) * D();
    }

    const uint16_t* pair_rows(int64_t i, int64_t j) const {
        return bins_.row.get() + (i * n_ + j) * stride();
    }

    // x . y of vectors of D lanes, for four y at once: x is loaded once for four products.
    void dot4(const V* x, const V* const* y, V* out) const {
        V a = V{}, b = V{}, c = V{}, e = V{};
        for (int64_t d = 0; d < D(); ++d) {
            const V xd = x[d];
            a += xd * y[0][d];
            b += xd * y[1][d];
            c += xd * y[2][d];
            e += xd * y[3][d];
        }
        out[0] = a, out[1] = b, out[2] = c, out[3] = e;
    }

    V dot(const V* x, const V* y) const {
        V a = V{};
        for (int64_t d = 0; d < D(); ++d) a += x[d] * y[d];
        return a;
    }

    // to[row] = x . table[row] for the rows in use
    void project(const V* x, const V* table, int count, V* to) const {
        const int32_t* rows = rows_.get();
        int r = 0;
        for (; r + 4 <= count; r += 4) {
            const V* y[4] = {table + rows[r] * D(), table + rows[r + 1] * D(),
                             table + rows[r + 2] * D(), table + rows[r + 3] * D()};
            V product[4];
            dot4(x, y, product);
            for (int s = 0; s < 4; ++s) to[rows[r + s]] = product[s];
        }
        for (; r < count; ++r) to[rows[r]] = dot(x, table + rows[r] * D());
    }

    // line[j] += x . y_j + sum over axes of projected[row_a(i, j)], for all keys j of query i
    void add_row_logits(int64_t i, const V* x, const V* y, const V* projected, V* line) const {
        int64_t j = 0;
        for (; j + 4 <= n_; j += 4) {
            const V* four[4] = {y + j * D(), y + (j + 1) * D(), y + (j + 2) * D(), y + (j + 3) * D()};
            V product[4];
            dot4(x, four, product);
            for (int s = 0; s < 4; ++s) line[j + s] += product[s] + look_up(projected, pair_rows(i, j + s));
        }
        for (; j < n_; ++j) line[j] += dot(x, y + j * D()) + look_up(projected, pair_rows(i, j));
    }

    V look_up(const V* projected, const uint16_t* rows) const {
        V sum = projected[rows[0]];
        for (int a = 1; a < axes(); ++a) sum += projected[rows[a]];
        return sum;
    }

    void clear(V* histogram, int count) const {
        for (int r = 0; r < count; ++r) histogram[rows_.get()[r]] = V{};
    }

    // out[d] += sum_i weight[i] x_i[d] + sum over rows in use of histogram[row] table[row][d]
    void accumulate(const V* weight, int64_t weight_step, const V* x, int64_t size, const V* histogram,
                    const V* table, int count, V* out) const {
        for (int64_t d = 0; d < D(); d += 8) {
            V sum[8];
            for (int e = 0; e < 8; ++e) sum[e] = out[d + e];
            for (int64_t i = 0; i < size; ++i) {
                const V w = weight[i * weight_step];
                for (int e = 0; e < 8; ++e) sum[e] += w * x[i * D() + d + e];
            }
            for (int r = 0; r < count; ++r) {
                const int32_t row = rows_.get()[r];
                const V w = histogram[row];
                for (int e = 0; e < 8; ++e) sum[e] += w * table[row * D() + d + e];
            }
            for (int e = 0; e < 8; ++e) out[d + e] = sum[e];
        }
    }

    // grad[row] += histogram[row] x for the rows in use
    void add_outer(const V* histogram, const V* x, int count, V* grad) const {
        for (int r = 0; r < count; ++r) {
            const int32_t row = rows_.get()[r];
            const V w = histogram[row];
            for (int64_t d = 0; d < D(); ++d) grad[row * D() + d] += w * x[d];
        }
    }

    // logits (i, j) = sum over axes of k_j . k_table[row_a(i, j)]
    void key_logits(int64_t g, int64_t count) {
        const V* table = p_.table(1, g);
        for (int64_t j = 0; j < n_; ++j) {
            const uint64_t* set = bins_.of_key.get() + j * p_.tables.padded_words;
            project(token(key_, g, j), table, list_rows(p_.tables, set, rows_.get()), query_rows_.get());
            for (int64_t i = 0; i < count; ++i) {
                logits_.get()[i * n_ + j] = look_up(query_rows_.get(), pair_rows(i, j));
            }
        }
    }

    // Complete the logits of query i; return the number of rows it uses (listed in rows_).
    int complete_logits(int64_t g, int64_t first, int64_t i, V* line) {
        const uint64_t* set = bins_.of_query.get() + i * p_.tables.padded_words;
        const int count = list_rows(p_.tables, set, rows_.get());
        const V* x = token(query_, g, first + i);
        project(x, p_.table(0, g), count, query_rows_.get());
        add_row_logits(i, x, token(key_, g, 0), query_rows_.get(), line);
        // Logits that overflowed stay finite, or their differences would be NaN.
        const V most = V{} + std::numeric_limits<T>::max() / 4;
        for (int64_t j = 0; j < n_; ++j) {
            V s = line[j] > -most ? line[j] : -most;
            line[j] = s < most ? s : most;
        }
        return count;
    }

    void forward_row(int64_t g, int64_t first, int64_t i, T* out, T* lse) {
        V* line = logits_.get() + i * n_;
        const int count = complete_logits(g, first, i, line);
        V most = line[0];
        for (int64_t j = 1; j < n_; ++j) most = line[j] > most ? line[j] : most;
        V sum = V{};
        V* weights = weights_.get();
        clear(weights, count);
        for (int64_t j = 0; j < n_; ++j) {
            const V w = exp_lanes(line[j] - most);
            line[j] = w;
            sum += w;
            const uint16_t* rows = pair_rows(i, j);
            for (int a = 0; a < axes(); ++a) weights[rows[a]] += w;
        }
        V result[64];
        for (int64_t d = 0; d < D(); ++d) result[d] = V{};
        accumulate(line, 1, token(value_, g, 0), n_, weights, p_.table(2, g), count, result);
        const V inverse = T(1) / sum;
        for (int64_t d = 0; d < D(); ++d) result[d] *= inverse;
        const int64_t at = tokens_[first + i];
        unpack<T>(result, p_, g, T(1), out + at * p_.heads * p_.width);
        for (int64_t h = 0; h < kLanes && g * kLanes + h < p_.heads; ++h) {
            lse[at * p_.heads + g * kLanes + h] = most[h] + std::log(sum[h]);
        }
    }

    void backward_row(int64_t g, int64_t first, int64_t i, const T* lse, T* query_grad, V* q_grad,
                      V* v_grad) {
        V* line = logits_.get() + i * n_;
        V* weight = weight_.get() + i * n_;
        const int count = complete_logits(g, first, i, line);
        const int64_t at = tokens_[first + i];
        V offset = V{};
        for (int64_t h = 0; h < kLanes && g * kLanes + h < p_.heads; ++h) {
            offset[h] = lse[at * p_.heads + g * kLanes + h];
        }
        for (int64_t j = 0; j < n_; ++j) weight[j] = exp_lanes(line[j] - offset), line[j] = V{};
        const V* upstream = token(grad_out_, g, first + i);
        project(upstream, p_.table(2, g), count, value_rows_.get());
        add_row_logits(i, upstream, token(value_, g, 0), value_rows_.get(), line);
        V mean = V{};
        for (int64_t j = 0; j < n_; ++j) mean += weight[j] * line[j];
        V *slopes = slopes_.get(), *weights = weights_.get();
        clear(slopes, count);
        clear(weights, count);
        for (int64_t j = 0; j < n_; ++j) {
            const V w = weight[j];
            const V slope = w * (line[j] - mean);
            line[j] = slope;
            const uint16_t* rows = pair_rows(i, j);
            for (int a = 0; a < axes(); ++a) {
                slopes[rows[a]] += slope;
                weights[rows[a]] += w;
            }
        }
        V result[64];
        for (int64_t d = 0; d < D(); ++d) result[d] = V{};
        accumulate(line, 1, token(key_, g, 0), n_, slopes, p_.table(0, g), count, result);
        unpack<T>(result, p_, g, p_.scale, query_grad + at * p_.heads * p_.width);
        add_outer(slopes, token(query_, g, first + i), count, q_grad);
        add_outer(weights, upstream, count, v_grad);
    }

    void backward_key(int64_t g, int64_t first, int64_t tile, int64_t j, V* k_grad) {
        const uint64_t* set = bins_.of_key.get() + j * p_.tables.padded_words;
        const int count = list_rows(p_.tables, set, rows_.get());
        V* slopes = slopes_.get();
        clear(slopes, count);
        for (int64_t i = 0; i < tile; ++i) {
            const V slope = logits_.get()[i * n_ + j];
            const uint16_t* rows = pair_rows(i, j);
            for (int a = 0; a < axes(); ++a) slopes[rows[a]] += slope;
        }
        const int64_t at = (g * n_ + j) * D();
        accumulate(logits_.get() + j, n_, token(query_, g, first), tile, slopes, p_.table(1, g), count,
                   key_grad_.get() + at);
        accumulate(weight_.get() + j, n_, token(grad_out_, g, first), tile, nullptr, nullptr, 0,
                   value_grad_.get() + at);
        add_outer(slopes, token(key_, g, j), count, k_grad);
    }

    const Problem<T>& p_;
    const int64_t D_, A_;
    const int64_t* tokens_ = nullptr;
    int64_t n_ = 0, tile_ = 0;
    WindowBins bins_;
    Buffer<int32_t> rows_;                                    // table rows in use
    Buffer<V> query_, key_, value_, grad_out_;                // (group, token, D)
    Buffer<V> key_grad_, value_grad_;                         // (group, token, D)
    Buffer<V> logits_, weight_;                               // (query of the tile, key)
    Buffer<V> query_rows_, value_rows_, weights_, slopes_;    // (table row)
};

template <class T, int NC, int AX> struct Forward {
    static void run(const Problem<T>& p, T* out, T* lse, int threads) {
        const int64_t chunks = static_cast<int64_t>(p.chunk.size()) - 1;
#pragma omp parallel num_threads(threads) if (threads > 1)
        {
            Kernel<T, NC, AX> kernel(p);
#pragma omp for schedule(dynamic, 1)
            for (int64_t c = 0; c < chunks; ++c) {
                for (int64_t w = p.chunk[c]; w < p.chunk[c + 1]; ++w) kernel.forward(w, out, lse);
            }
        }
    }
};

template <class T, int NC, int AX> struct Backward {
    static void run(const Problem<T>& p, const T* grad_out, const T* lse, T* const* grads, int threads) {
        typedef Lanes<T> V;
        const int64_t chunks = static_cast<int64_t>(p.chunk.size()) - 1;
        const int64_t table_size = p.tables.rows * p.padded_width;
        const int64_t size = 3 * p.groups * table_size;
        Buffer<V> total;
        total.zeros(size);
#pragma omp parallel num_threads(threads) if (threads > 1)
        {
            Kernel<T, NC, AX> kernel(p);
            Buffer<V> part;
#pragma omp for ordered schedule(dynamic, 1)
            for (int64_t c = 0; c < chunks; ++c) {
                V* own = part.zeros(size);
                for (int64_t w = p.chunk[c]; w < p.chunk[c + 1]; ++w) {
                    kernel.backward(w, grad_out, lse, grads, own);
                }
#pragma omp ordered
                {
                    V* sum = total.get();
                    for (int64_t i = 0; i < size; ++i) sum[i] += own[i];
                }
            }
        }
        for (int which = 0; which < 3; ++which) {
            for (int64_t g = 0; g < p.groups; ++g) {
                const V* from = total.get() + (which * p.groups + g) * table_size;
                for (int64_t r = 0; r < p.tables.rows; ++r) {
                    T* row = grads[3 + which] + r * p.heads * p.width;
                    unpack<T>(from + r * p.padded_width, p, g, T(1), row);
                }
            }
        }
    }
};

// Pointers: q, k, v, q_table, k_table, v_table; sizes: N, H, D, R, S, W. Results of the forward
// pass: out, lse; of the backward pass: the gradients of the six inputs.
struct Sizes {
    int64_t voxels, heads, width, rows, axes, windows;
};

template <class T>
void fill(Problem<T>& p, const T* const* in, const void* signals, int double_signals,
          const int64_t* table_rows, const int64_t* order, const int64_t* ptr, const Sizes& s,
          double scale) {
    p.q = in[0], p.k = in[1], p.v = in[2], p.q_table = in[3], p.k_table = in[4], p.v_table = in[5];
    p.signals = signals, p.double_signals = double_signals != 0;
    p.heads = s.heads, p.width = s.width, p.order = order, p.ptr = ptr, p.windows = s.windows;
    p.scale = static_cast<T>(scale);
    prepare(p, table_rows, static_cast<int>(s.axes));
}

// Run a pass in the instance for its head width and number of axes; float64 serves the tests and
// needs the general one alone.
template <class T, template <class, int, int> class Pass, class... Arguments>
void dispatch(const Problem<T>& p, Arguments... arguments) {
    const int64_t nc = p.padded_width / 8;
    const int axes = p.tables.axes;
    if constexpr (sizeof(T) == 4) {
        if (nc == 1 && axes == 3) return Pass<T, 1, 3>::run(p, arguments...);
        if (nc == 1 && axes == 6) return Pass<T, 1, 6>::run(p, arguments...);
        if (nc == 1 && axes == 9) return Pass<T, 1, 9>::run(p, arguments...);
        if (nc == 2 && axes == 3) return Pass<T, 2, 3>::run(p, arguments...);
        if (nc == 2 && axes == 6) return Pass<T, 2, 6>::run(p, arguments...);
        if (nc == 2 && axes == 9) return Pass<T, 2, 9>::run(p, arguments...);
    }
    Pass<T, 0, 0>::run(p, arguments...);
}

}  // namespace
}  // namespace swin3d

// Both return 0, or 1 when memory ran out.
#define SWIN3D_WINDOW_ATTENTION(NAME, T)                                                              \
    SWIN3D_EXPORT(window_attention_forward_##NAME)                                                    \
    (const T* const* in, const void* signals, int double_signals, const int64_t* table_rows,          \
     const int64_t* order, const int64_t* ptr, const int64_t* sizes, double scale, T* out, T* lse,    \
     int threads) {                                                                                   \
        try {                                                                                         \
            swin3d::Problem<T> p;                                                                     \
            const auto& s = *reinterpret_cast<const swin3d::Sizes*>(sizes);                           \
            swin3d::fill<T>(p, in, signals, double_signals, table_rows, order, ptr, s, scale);        \
            swin3d::dispatch<T, swin3d::Forward>(p, out, lse, threads);                               \
        } catch (const std::bad_alloc&) {                                                             \
            return 1;                                                                                 \
        }                                                                                             \
        return 0;                                                                                     \
    }                                                                                                 \
    SWIN3D_EXPORT(window_attention_backward_##NAME)                                                   \
    (const T* const* in, const void* signals, int double_signals, const int64_t* table_rows,          \
     const int64_t* order, const int64_t* ptr, const int64_t* sizes, double scale, const T* grad_out, \
     const T* lse, T* const* grads, int threads) {                                                    \
        try {                                                                                         \
            swin3d::Problem<T> p;                                                                     \
            const auto& s = *reinterpret_cast<const swin3d::Sizes*>(sizes);                           \
            swin3d::fill<T>(p, in, signals, double_signals, table_rows, order, ptr, s, scale);        \
            swin3d::dispatch<T, swin3d::Backward>(p, grad_out, lse, grads, threads);                  \
        } catch (const std::bad_alloc&) {                                                             \
            return 1;                                                                                 \
        }                                                                                             \
        return 0;                                                                                     \
    }

SWIN3D_WINDOW_ATTENTION(f32, float)
SWIN3D_WINDOW_ATTENTION(f64, double)
