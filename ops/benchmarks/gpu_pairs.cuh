// The baseline of the GPU benchmark: window attention by explicit pairs, a thread per pair and channel
// (or per pair and head), every thread with its own table rows and global atomic additions.
//
// Macros as for the window attention; float32 alone.
#include "window_rows.cuh"

namespace swin3d {

constexpr int kThreads = 256;

struct Pairs {
    const float *q, *k, *v, *grad_out;           // (N, H, D)
    const float *q_table, *k_table, *v_table;    // (R, H, D)
    const float* signals;                        // (N, S)
    const int64 *query, *key;                    // (M)
    float *logit, *slope;                        // (M, H), start at 0
    float *most, *total, *delta;                 // (N, H), start at -1e30, 0, 0
    float *out, *grad_q, *grad_k, *grad_v;       // (N, H, D), start at 0
    float *grad_q_table, *grad_k_table, *grad_v_table;  // (R, H, D), start at 0
    int64 pairs;
    double scale;
    int heads;
    int first[kAxesRoom], size[kAxesRoom];
};

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
SWIN3D_INLINE void add(float* place, float value) { atomicAdd(place, value); }
SWIN3D_INLINE void raise(float* place, float value) {
    int* const bits = reinterpret_cast<int*>(place);
    int seen = *bits;
    while (__int_as_float(seen) < value) {
        const int before = atomicCAS(bits, seen, __float_as_int(value));
        if (before == seen) break;
        seen = before;
    }
}
#else
inline void add(float* place, float value) { *place += value; }
inline void raise(float* place, float value) { *place = larger(*place, value); }
#endif

struct Place {
    int64 pair, head, query, key;  // of the pair; query and key as offsets in (N, H, D)
    int64 query_head;              // offset in (N, H)
    int64 channel;                 // h * D + d
    int64 row[kAxesRoom];          // offsets in (R, H, D)
};

SWIN3D_INLINE Place place_of(const Pairs& p, int64 at) {
    const int64 channels = static_cast<int64>(p.heads) * kWidth;
    Place x;
    x.pair = at / channels;
    x.channel = at % channels;
    x.head = x.pair * p.heads + x.channel / kWidth;
    const int64 i = p.query[x.pair], j = p.key[x.pair];
    x.query = i * channels + x.channel;
    x.key = j * channels + x.channel;
    x.query_head = i * p.heads + x.channel / kWidth;
    for (int a = 0; a < kAxes; ++a) {
        const int row = table_row(p.signals[i * kAxes + a] - p.signals[j * kAxes + a], p.size[a]);
        x.row[a] = (p.first[a] + row) * channels + x.channel;
    }
    return x;
}

SWIN3D_INLINE float table_sum(const float* table, const Place& x) {
    float sum = 0;
    for (int a = 0; a < kAxes; ++a) sum += table[x.row[a]];
    return sum;
}

#define SWIN3D_PER_CHANNEL(at) \
    const int64 at = block_x() * kThreads + t;                            \
    if (at >= p.pairs * p.heads * kWidth) continue
#define SWIN3D_PER_HEAD(at) \
    const int64 at = block_x() * kThreads + t;                            \
    if (at >= p.pairs * p.heads) continue

SWIN3D_KERNEL(pair_logits, kThreads)(Pairs p) {
    PHASE(t) {
        SWIN3D_PER_CHANNEL(at);
        const Place x = place_of(p, at);
        const float q = p.q[x.query] * static_cast<float>(p.scale), k = p.k[x.key];
        add(p.logit + x.head, q * (k + table_sum(p.q_table, x)) + k * table_sum(p.k_table, x));
    }
}

SWIN3D_KERNEL(pair_most, kThreads)(Pairs p) {
    PHASE(t) {
        SWIN3D_PER_HEAD(at);
        raise(p.most + p.query[at / p.heads] * p.heads + at % p.heads, p.logit[at]);
    }
}

SWIN3D_KERNEL(pair_weights, kThreads)(Pairs p) {
    PHASE(t) {
        SWIN3D_PER_HEAD(at);
        const int64 i = p.query[at / p.heads] * p.heads + at % p.heads;
        p.logit[at] = exponential(p.logit[at] - p.most[i]);
        add(p.total + i, p.logit[at]);
    }
}

SWIN3D_KERNEL(pair_outputs, kThreads)(Pairs p) {
    PHASE(t) {
        SWIN3D_PER_CHANNEL(at);
        const Place x = place_of(p, at);
        const float weight = p.logit[x.head] / p.total[x.query_head];
        add(p.out + x.query, weight * (p.v[x.key] + table_sum(p.v_table, x)));
    }
}

SWIN3D_KERNEL(pair_value_grads, kThreads)(Pairs p) {
    PHASE(t) {
        SWIN3D_PER_CHANNEL(at);
        const Place x = place_of(p, at);
        const float weight = p.logit[x.head] / p.total[x.query_head], grad = p.grad_out[x.query];
        add(p.slope + x.head, grad * (p.v[x.key] + table_sum(p.v_table, x)));
        add(p.grad_v + x.key, weight * grad);
        for (int a = 0; a < kAxes; ++a) add(p.grad_v_table + x.row[a], weight * grad);
    }
}

SWIN3D_KERNEL(pair_deltas, kThreads)(Pairs p) {
    PHASE(t) {
        SWIN3D_PER_HEAD(at);
        const int64 i = p.query[at / p.heads] * p.heads + at % p.heads;
        add(p.delta + i, p.logit[at] / p.total[i] * p.slope[at]);
    }
}

SWIN3D_KERNEL(pair_query_key_grads, kThreads)(Pairs p) {
    PHASE(t) {
        SWIN3D_PER_CHANNEL(at);
        const Place x = place_of(p, at);
        const float weight = p.logit[x.head] / p.total[x.query_head];
        const float slope = weight * (p.slope[x.head] - p.delta[x.query_head]);
        const float scale = static_cast<float>(p.scale), q = p.q[x.query] * scale, k = p.k[x.key];
        add(p.grad_q + x.query, slope * scale * (k + table_sum(p.q_table, x)));
        add(p.grad_k + x.key, slope * (q + table_sum(p.k_table, x)));
        for (int a = 0; a < kAxes; ++a) {
            add(p.grad_q_table + x.row[a], slope * q);
            add(p.grad_k_table + x.row[a], slope * k);
        }
    }
}

}  // namespace swin3d

#define SWIN3D_KERNELS(X)                                                                  \
    X(pair_logits) X(pair_most) X(pair_weights) X(pair_outputs)                            \
    X(pair_value_grads) X(pair_deltas) X(pair_query_key_grads)
