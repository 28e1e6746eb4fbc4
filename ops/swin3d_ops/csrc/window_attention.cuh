// Window attention with contextual relative signal encoding on the GPU: forward and both backward passes.
//
// A block takes item after item: up to kLanes voxels of whole windows, or a part of a large one; each is a
// lane. Lanes are queries in the forward pass and in the pass of the query gradients, keys in the pass of
// the key gradients. The other side, called keys here in every pass, comes in turns. Both sides
// keep their projections on the table rows that they meet, and only on these: stored row = table row + shift,
// where the shift is the voxel's own. Pairs look the projections up; sums over pairs by table row take the
// place of the lanes' projections, and meet the tables and the table gradients once a turn.
// Stored rows beyond the capacity are taken in turns too.
//
// Threads of a lane share its keys where they only look up, and its axes where they sum by row: rows of
// different axes never coincide, so that nobody races and the order of additions is fixed.
#include "attention_softmax.cuh"

namespace swin3d {

template <int kPass> struct Weighing : Sides<kPass> {
    using Sides<kPass>::Sides;
    SWIN3D_INLINE void weigh(int, int) {}  // backward, a pair knows its weight once it knows its logit
};
template <> struct Weighing<kForward> : Softmax {
    using Softmax::Softmax;
};

template <int kPass> struct Attention : Weighing<kPass> {
    typedef Cells<kPass> C;
    typedef Cell<C::kLane> LaneCell;
    typedef Cell<C::kKey> KeyCell;
    struct LaneRow {
        LaneCell lanes[kLanes];
    };
    using Weighing<kPass>::Weighing, Weighing<kPass>::p, Weighing<kPass>::m, Weighing<kPass>::sums;
    using Weighing<kPass>::kQueries;

    SWIN3D_INLINE void run() {
        if constexpr (kPass != kForward) this->clear(p.partial0);
        if constexpr (kPass == kQueryGrad) this->clear(p.partial1);
        SYNC;
        const int count = *p.num_items;
        for (int64 number = block_x(); number < count; number += blocks_x()) {
            const Item item = p.items[number];
            this->load_lanes(item);
            const int total = m.frame->offset[kAxes], stride = smaller(total, p.capacity) | 1;
            const int keys = larger(1, smaller(p.keys, p.seen / stride));
            for (int from = item.keys_from; from < item.keys_to; from += keys) {
                turn(from, smaller(from + keys, item.keys_to), total, stride);
            }
            this->store_lanes();
        }
    }

    SWIN3D_INLINE void turn(int from, int to, int total, int stride) {
        this->load_keys(from, to, stride);
        for (int lo = 0; lo == 0 || lo < total; lo += p.capacity) {
            const int hi = smaller(total, lo + p.capacity);
            this->project_lanes(lo, hi);
            this->project_keys(to - from, stride, lo, hi);
            SYNC;
            if (lo == 0 && hi == total && !m.frame->clamps) {
                look_up<true>(from, to, stride, lo, hi);
            } else {
                look_up<false>(from, to, stride, lo, hi);
            }
            SYNC;
        }
        this->weigh(from, to);
        for (int lo = 0; lo == 0 || lo < total; lo += p.capacity) {
            const int hi = smaller(total, lo + p.capacity);
            clear_stored(hi - lo);
            PHASE(t) { this->forget(m.frame->keys, t); }
            SYNC;
            if (lo == 0 && hi == total && !m.frame->clamps) {
                add_up_rows<true>(from, to, lo, hi);
            } else {
                add_up_rows<false>(from, to, lo, hi);
            }
            if (lo == 0) add_up_vectors(from, to);
            SYNC;
            this->apply_table(lo, hi);
            if constexpr (kPass != kForward) this->add_table_gradients(lo, hi);
            SYNC;
        }
    }

    // Logits of all pairs of a turn, and in the backward passes dp = grad_out_i . (v_j + tables), of which
    // the gradient of the logit, weight (dp - delta), and the weight are kept. `kPlain`: all stored rows are
    // there, and no difference lies outside of a table.
    template <bool kPlain> SWIN3D_INLINE void look_up(int from, int to, int stride, int lo, int hi) {
        const bool last = hi == m.frame->offset[kAxes];
        PHASE(t) {
            const int lane = t % kLanes, group = t / kLanes;
            int begin, end;
            keys_of(m, lane, from, to, begin, end);
            if (begin + group >= end) continue;
            Real x0[kChannels], x1[kChannels];
#pragma unroll
            for (int c = 0; c < kChannels; ++c) {
                x0[c] = m.lane0[lane * kVector + c].whole();
                if constexpr (kPass != kForward) x1[c] = m.lane1[lane * kVector + c].whole();
            }
            Signal mine[kAxesRoom];
            unsigned place[kAxesRoom];
#pragma unroll
            for (int a = 0; a < kAxes; ++a) {
                mine[a] = m.lane_signal[a * kLanes + lane];
                place[a] = lane_place(lane, a, lo);
            }
            const unsigned lane_end = bytes_of<LaneRow>(hi - lo), key_end = bytes_of<KeyCell>(hi - lo);
            const auto value_of = [&](int key) {
                Cell<2 * kHeads> value;
                const Cell<C::kPair>& pair = m.pair[key * kLanes + lane];
#pragma unroll
                for (int n = 0; n < 2 * kHeads; ++n) {
                    value.at[n] = kPlain || lo == 0 || n >= C::kPair ? 0 : pair.at[n % C::kPair];
                }
                if (kPlain || lo == 0) {
                    add_products(x0, m.key0 + key * kVector, value.at);
                    if constexpr (kPass != kForward)
                        add_products(x1, m.key1 + key * kVector, value.at + kHeads);
                }
                Signal signal[kAxisStride];
                unsigned key_place[kAxisStride];
                read_fours(m.key_signal + key * kAxisStride, signal);
                read_fours(m.key_place + key * kAxisStride, key_place);
                const unsigned first = kPlain ? 0 : bytes_of<KeyCell>(key * stride);
#pragma unroll
                for (int a = 0; a < kAxes; ++a) {
                    const int row = this->template pair_row<kPlain>(mine[a], signal[a], p.half[a], p.last[a]);
                    const unsigned in_lane = bytes_of<LaneRow>(row) + place[a];
                    const unsigned in_key = bytes_of<KeyCell>(row) + key_place[a] - bytes_of<KeyCell>(lo);
                    if (kPlain || in_lane < lane_end) {
                        const LaneCell cell = cell_at(m.stored, in_lane);
#pragma unroll
                        for (int n = 0; n < C::kLane; ++n) value.at[n] += cell.at[n];
                    }
                    if (kPlain || in_key - first < key_end) {
                        const KeyCell cell = cell_at(m.seen, in_key);
#pragma unroll
                        for (int n = 0; n < C::kKey; ++n) value.at[n] += cell.at[n];
                    }
                }
                if (kPass != kForward && last) weigh_gradient((kQueries ? lane : key) * kHeads, value.at);
                return value;
            };
            const auto keep = [&](int key, const Cell<2 * kHeads>& value) {
                Cell<C::kPair> pair;
#pragma unroll
                for (int n = 0; n < C::kPair; ++n) pair.at[n] = value.at[n];
                m.pair[key * kLanes + lane] = pair;
            };
            int key = begin + group;
            if constexpr (kPlain) {  // two at once wait half as long
#pragma unroll 1
                for (; key + kGroups < end; key += 2 * kGroups) {
                    const Cell<2 * kHeads> value = value_of(key), next = value_of(key + kGroups);
                    keep(key, value);
                    keep(key + kGroups, next);
                }
            }
#pragma unroll 1
            for (; key < end; key += kGroups) keep(key, value_of(key));
        }
    }

    // Place of the cell of shifted row 0 of an axis, where stored rows count from `lo`.
    SWIN3D_INLINE unsigned lane_place(int lane, int a, int lo) const {
        return bytes_of<LaneRow>(m.lane_shift[a * kLanes + lane] - lo - kFloorShift) + bytes_of<LaneCell>(lane);
    }

    // value[h] += x . y, head by head.
    static SWIN3D_INLINE void add_products(const Real (&x)[kChannels], const Real* from, Real* value) {
#pragma unroll
        for (int h = 0; h < kHeads; ++h) {
            Real y[kWidthStride];
            read_fours(from + h * kWidthStride, y);
#pragma unroll
            for (int d = 0; d < kWidthStride; ++d) value[h] += x[h * kWidthStride + d] * y[d];
        }
    }

    SWIN3D_INLINE void weigh_gradient(int query, Real* value) const {
#pragma unroll
        for (int h = 0; h < kHeads; ++h) {
            const Real weight = exponential(value[h] - m.lse[query + h]);
            value[h] = weight * (value[kHeads + h] - m.delta[query + h]);
            value[kHeads + h] = weight;
        }
    }

    SWIN3D_INLINE void clear_stored(int rows) {
        PHASE(t) {
            const int lane = t % kLanes;
            Cell<C::kLane> zero;
#pragma unroll
            for (int n = 0; n < C::kLane; ++n) zero.at[n] = 0;
            for (int i = t / kLanes; i < rows; i += kGroups) m.stored[i * kLanes + lane] = zero;
        }
    }

    // Sums over the pairs of a turn by table row; a thread takes whole axes of its lane.
    template <bool kPlain> SWIN3D_INLINE void add_up_rows(int from, int to, int lo, int hi) {
        PHASE(t) {
            const int lane = t % kLanes, group = t / kLanes;
            int begin, end;
            keys_of(m, lane, from, to, begin, end);
            const unsigned end_of_rows = bytes_of<LaneRow>(hi - lo);
#pragma unroll 1
            for (int a = group; a < kAxes; a += kGroups) {
                const Signal mine = m.lane_signal[a * kLanes + lane], half = p.half[a], most = p.last[a];
                const unsigned place = lane_place(lane, a, lo);
                const auto place_of = [&](int key) {
                    const Signal other = m.key_signal[key * kAxisStride + a];
                    return bytes_of<LaneRow>(this->template pair_row<kPlain>(mine, other, half, most)) + place;
                };
                int key = begin;
                if constexpr (kPlain) {
#pragma unroll 1
                    for (; key + 1 < end; key += 2) add_two(lane, key, place_of(key), place_of(key + 1));
                }
#pragma unroll 1
                for (; key < end; ++key) {
                    const unsigned at = place_of(key);
                    if (!kPlain && at >= end_of_rows) continue;
                    const Cell<C::kPair> pair = m.pair[key * kLanes + lane];
                    LaneCell cell = cell_at(m.stored, at);
#pragma unroll
                    for (int n = 0; n < C::kLane; ++n) cell.at[n] += pair.at[n];
                    cell_at(m.stored, at) = cell;
                }
            }
        }
    }

    // Add two pairs of a lane at once, which halves the waiting; where both go to one row, the second takes
    // the first along, and is written last.
    SWIN3D_INLINE void add_two(int lane, int key, unsigned at, unsigned next_at) {
        const Cell<C::kPair> pair = m.pair[key * kLanes + lane], next_pair = m.pair[(key + 1) * kLanes + lane];
        LaneCell cell = cell_at(m.stored, at), next = cell_at(m.stored, next_at);
        const bool same = at == next_at;
#pragma unroll
        for (int n = 0; n < C::kLane; ++n) {
            cell.at[n] += pair.at[n];
            next.at[n] = (same ? cell.at[n] : next.at[n]) + next_pair.at[n];
        }
        cell_at(m.stored, at) = cell;
        cell_at(m.stored, next_at) = next;
    }

    // Sums over the pairs of a turn of the keys' vectors; a thread takes fours of channels of its lane.
    SWIN3D_INLINE void add_up_vectors(int from, int to) {
        typedef typename C::Vectors Share;
        PHASE(t) {
            const int lane = t % kLanes, group = t / kLanes;
            int begin, end;
            keys_of(m, lane, from, to, begin, end);
#pragma unroll
            for (int n = 0; n < Share::kOwn; ++n) {
                if (!Share::is_real(group, n)) continue;
                const int job = Share::job(group, n), c = job % kFours, second = job / kFours;
                // forward the weighted values; backward keys by the logits' gradients, then grad_out by weights
                const Real* const vectors = (kPass == kForward || second ? m.key1 : m.key0) + 4 * c;
                const int value = second * kHeads + c / kHeadFours;
                Real sum[4];
#pragma unroll
                for (int i = 0; i < 4; ++i) sum[i] = sums[t].vectors[n][i];
#pragma unroll 4
                for (int key = begin + Share::part(group); key < end; key += Share::kParts) {
                    const Real weight = m.pair[key * kLanes + lane].at[value];
                    Real y[4];
                    read_fours(vectors + key * kVector, y);
#pragma unroll
                    for (int i = 0; i < 4; ++i) sum[i] += weight * y[i];
                }
#pragma unroll
                for (int i = 0; i < 4; ++i) sums[t].vectors[n][i] = sum[i];
            }
        }
    }
};

template <int kPass> SWIN3D_INLINE void attend(const Problem& p) {
    PerThread<Sums<kPass>> sums;
    Attention<kPass>(p, sums).run();
}

#if SWIN3D_PASS == 0
SWIN3D_SHARED_KERNEL(attend_forward, kThreads, kBlocks)(Problem p) { attend<kForward>(p); }
#elif SWIN3D_PASS == 1
SWIN3D_SHARED_KERNEL(attend_query_grad, kThreads, kBlocks)(Problem p) { attend<kQueryGrad>(p); }
#else
SWIN3D_SHARED_KERNEL(attend_key_grad, kThreads, kBlocks)(Problem p) { attend<kKeyGrad>(p); }
#endif

// Sum the blocks' table gradients in block order: (G, H, R, D) -> (R, H, D).
SWIN3D_KERNEL(sum_partials, 256)(const Real* partial, Real* grad, int blocks, int heads, int rows) {
    PHASE(t) {
        const int64 size = static_cast<int64>(heads) * rows * kWidth, at = block_x() * 256 + t;
        if (at >= size) continue;
        Real sum = 0;
        for (int b = 0; b < blocks; ++b) sum += partial[b * size + at];
        const int64 d = at % kWidth, r = at / kWidth % rows, h = at / kWidth / rows;
        grad[(r * heads + h) * kWidth + d] = sum;
    }
}

}  // namespace swin3d

#if SWIN3D_PASS == 0
#define SWIN3D_KERNELS(X) X(attend_forward)
#elif SWIN3D_PASS == 1
#define SWIN3D_KERNELS(X) X(attend_query_grad) X(sum_partials)
#else
#define SWIN3D_KERNELS(X) X(attend_key_grad) X(sum_partials)
#endif
