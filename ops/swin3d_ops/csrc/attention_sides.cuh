// Both sides of the window attention: lanes are loaded once an item, keys turn by turn; results are stored.
#pragma once

#include "attention_tables.cuh"

namespace swin3d {

template <int kPass> struct Sides : Tables<kPass> {
    typedef Cells<kPass> C;
    using Tables<kPass>::kQueries, Tables<kPass>::p, Tables<kPass>::m, Tables<kPass>::first_head;
    using Tables<kPass>::sums;

    SWIN3D_INLINE Sides(const Problem& problem, PerThread<Sums<kPass>>& own)
        : Tables<kPass>{problem, block_y() * kHeads, divide<kPass>(problem), own} {}

    static SWIN3D_INLINE void scale_four(Four<Real>& four, Real factor) {
#pragma unroll
        for (int i = 0; i < 4; ++i) four.at[i] *= factor;
    }
    SWIN3D_INLINE void write_vector(SplitArray<Real> to, int place, const Four<Real>& from) const {
        Real zero = 0;
#pragma unroll
        for (int i = 0; i < 4; ++i) zero += from.at[i] - from.at[i];
        if (zero != 0) shared_max(&m.frame->wild, 1);
        this->write_split(to, place, from);
    }
    SWIN3D_INLINE const Element* heads_at(const Element* tensor, int64 token, int64 step) const {
        return tensor + token * step + first_head * kWidth;
    }
    SWIN3D_INLINE int64 dense() const { return static_cast<int64>(p.heads) * kWidth; }

    SWIN3D_INLINE void load_lanes(const Item& item) {
        load_places(item);
        SYNC;
        const Real scale = static_cast<Real>(p.scale);
        PHASE(t) {
            for (int index = t; index < kLanes * kFours; index += kThreads) {
                const int lane = index / kFours, c = index % kFours, place = lane * kVector + 4 * c;
                const int64 token = m.lane_token[lane];
                const bool real = m.lane_stop[lane] > m.lane_start[lane];
                Four<Real> first =
                    this->four_of(heads_at(kQueries ? p.q : p.k, token, kQueries ? p.q_step : p.k_step), c);
                if (kQueries) scale_four(first, scale);
                write_vector(m.lane0, place, real ? first : Four<Real>{});
                if constexpr (kPass != kForward) {
                    const Element* const second =
                        kQueries ? heads_at(p.grad_out, token, dense()) : heads_at(p.v, token, p.v_step);
                    write_vector(m.lane1, place, real ? this->four_of(second, c) : Four<Real>{});
                }
            }
            if constexpr (kPass == kQueryGrad) load_norms(t);
            lay_rows_out(t);
            find_rows(m.frame->lanes, t);
            forget(m.frame->keys, t);
            clear_sums(sums[t]);
        }
        SYNC;
        PHASE(t) { count_tiles(m.frame->lanes, t); }  // read after the next barrier
    }

    // Voxels, windows and first rows of the lanes. One without a voxel has the rows of the first, and no key.
    SWIN3D_INLINE void load_places(const Item& item) {
        Frame& f = *m.frame;
        PHASE(t) {
            for (int a = t; a < kAxes; a += kThreads) f.reach[a] = 0;
            if (t == 0) f.clamps = f.wild = 0;
            forget(f.lanes, t);
        }
        SYNC;
        PHASE(t) {
            for (int index = t; index < kLanes * kAxesRoom; index += kThreads) {
                const int lane = index % kLanes, a = index / kLanes;
                const bool real = item.from + lane < item.to;
                const int position = real ? item.from + lane : item.from, w = p.window[position];
                const int64 token = p.order[position];
                if (a == 0) {
                    shared_max(&f.clamps, p.clamps[w]);
                    m.lane_token[lane] = static_cast<int>(token);
                    m.lane_start[lane] = static_cast<int>(p.ptr[w]);
                    m.lane_stop[lane] = static_cast<int>(p.ptr[real ? w + 1 : w]);
                }
                if (a >= kAxes) continue;
                const int64 range = w * static_cast<int64>(kAxes) + a;
                const Signal signal = p.signals[token * kAxes + a];
                const int least = least_row<kQueries>(signal, p.low[range], p.high[range], p.size[a]);
                m.lane_signal[index] = signal;
                m.lane_shift[index] = -least;
                shared_max(&f.reach[a], p.reach[range]);
                shared_max(&f.lanes.least[lane / kTileRows][a], -least);
                shared_max(&f.lanes.most[lane / kTileRows][a], least);
            }
        }
    }

    SWIN3D_INLINE void forget(Met& met, int t) const {
        for (int i = t; i < kSlices * kAxes; i += kThreads) {
            met.least[i / kAxesRoom][i % kAxesRoom] = -65536, met.most[i / kAxesRoom][i % kAxesRoom] = -65536;
        }
    }

    // Rows of each axis that a side meets, then the tiles of the axes before.
    SWIN3D_INLINE void find_rows(Met& met, int t) const {
        for (int a = t; a < kAxes; a += kThreads) {
            int least = -65536, most = 0;
            for (int slice = 0; slice < kSlices; ++slice) {
                least = larger(least, met.least[slice][a]), most = larger(most, met.most[slice][a]);
            }
            met.first[a] = -least;
            met.stop[a] = smaller(p.size[a], most + m.frame->reach[a]);
        }
    }
    SWIN3D_INLINE void count_tiles(Met& met, int t) const {
        for (int a = t; a <= kAxes; a += kThreads) {
            int tiles = 0, talls = 0;
            for (int before = 0; before < a; ++before) {
                const int rows = met.stop[before] - met.first[before];
                tiles += (rows + kTileColumns - 1) / kTileColumns;
                talls += (rows + kTileRows - 1) / kTileRows;
            }
            met.tiles[a] = tiles, met.talls[a] = talls;
        }
    }

    // Rows of axis after axis; every thread adds up for the lanes that it takes.
    SWIN3D_INLINE void lay_rows_out(int t) {
        Frame& f = *m.frame;
        if (t >= kLanes) return;
        int offset = 0;
        for (int a = 0; a < kAxes; ++a) {
            m.lane_shift[a * kLanes + t] += offset;
            if (t == 0) f.offset[a] = offset;
            offset += f.reach[a];
        }
        if (t == 0) f.offset[kAxes] = offset;
    }

    // Log-sum-exp of the lanes, and delta = sum over j of p_ij dp_ij = grad_out_i . out_i.
    SWIN3D_INLINE void load_norms(int t) {
        for (int index = t; index < kLanes * kHeads; index += kThreads) {
            const int lane = index / kHeads, head = index % kHeads;
            const int64 token = m.lane_token[lane], row = token * p.heads + first_head + head;
            const Real* const out = p.out + row * kWidth;
            const Element* const grad = p.grad_out + row * kWidth;
            Real delta = 0;
            for (int d = 0; d < kWidth; ++d) delta += out[d] * widen<Real>(grad[d]);
            m.lse[index] = p.lse[row];
            m.delta[index] = delta;
            if (m.lane_stop[lane] > m.lane_start[lane]) p.delta[row] = delta;
        }
    }

    static SWIN3D_INLINE void clear_sums(Sums<kPass>& own) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
#pragma unroll
            for (int n = 0; n < C::Vectors::kOwn; ++n) own.vectors[n][i] = 0;
#pragma unroll
            for (int h = 0; h < kHeads; ++h) {
#pragma unroll
                for (int d = 0; d < kDepths; ++d) own.rows[h][d][i] = 0;
            }
        }
#pragma unroll
        for (int h = 0; h < kHeads; ++h) own.most[h] = -infinity(), own.total[h] = 0;
    }
    static SWIN3D_INLINE Real infinity() { return static_cast<Real>(bits_float(0x7F800000u)); }

    // Vectors, signals and first rows of the keys at positions [from, to), each with room for `stride` rows.
    SWIN3D_INLINE void load_keys(int from, int to, int stride) {
        const Real scale = static_cast<Real>(p.scale);
        PHASE(t) {
            for (int index = t; index < (to - from) * kFours; index += kThreads) {
                const int key = index / kFours, c = index % kFours, place = key * kVector + 4 * c;
                const int64 token = p.order[from + key];
                Four<Real> first, second;
                if constexpr (kQueries) {
                    first = this->four_of(heads_at(p.k, token, p.k_step), c);
                    second = this->four_of(heads_at(p.v, token, p.v_step), c);
                } else {
                    first = this->four_of(heads_at(p.q, token, p.q_step), c);
                    scale_four(first, scale);
                    second = this->four_of(heads_at(p.grad_out, token, dense()), c);
                }
                *reinterpret_cast<Four<Real>*>(m.key0 + place) = first;
                *reinterpret_cast<Four<Real>*>(m.key1 + place) = second;
                write_vector(m.key_split0, place, first);
                if constexpr (!kQueries) write_vector(m.key_split1, place, second);
            }
            for (int index = t; index < (to - from) * kAxes; index += kThreads) {
                const int key = index / kAxesRoom, a = index % kAxesRoom;
                const int64 token = p.order[from + key],
                            range = p.window[from + key] * static_cast<int64>(kAxes) + a;
                const Signal signal = p.signals[token * kAxes + a];
                m.key_signal[key * kAxisStride + a] = signal;
                const int least = least_row<!kQueries>(signal, p.low[range], p.high[range], p.size[a]);
                const int shift = m.frame->offset[a] - least;
                shared_max(&m.frame->keys.least[key / kTileRows][a], -least);
                shared_max(&m.frame->keys.most[key / kTileRows][a], least);
                m.key_shift[key * kAxisStride + a] = shift;
                m.key_place[key * kAxisStride + a] =
                    bytes_of<Cell<C::kKey>>(key * stride + shift - kFloorShift);
            }
            if constexpr (kPass == kKeyGrad) {
                for (int index = t; index < (to - from) * kHeads; index += kThreads) {
                    const int64 row = p.order[from + index / kHeads] * p.heads + first_head + index % kHeads;
                    m.lse[index] = p.lse[row];
                    m.delta[index] = p.delta[row];
                }
            }
        }
        SYNC;
        PHASE(t) { find_rows(m.frame->keys, t); }
        SYNC;
        PHASE(t) { count_tiles(m.frame->keys, t); }
        SYNC;
    }

    // Table row of a pair plus floor_shift; `kInner` says that all differences lie inside of the tables.
    template <bool kInner>
    static SWIN3D_INLINE int pair_row(Signal mine, Signal other, Signal half, Signal last) {
        const Signal difference = kQueries ? mine - other : other - mine;
        return kInner ? inner_shifted_row(difference, half) : shifted_row(difference, half, last);
    }

    // Add the parts of a lane's sums in their order, and store them.
    SWIN3D_INLINE void store_lanes() {
        PHASE(t) {
            const int lane = t % kLanes, group = t / kLanes;
#pragma unroll
            for (int n = 0; n < C::Vectors::kOwn; ++n) {
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    m.vector_parts[(n * kGroups + group) * kLanes + lane].at[i] = sums[t].vectors[n][i];
                }
            }
            const int place = t % kWarp, warp = t / kWarp, first = warp % kRowJobs * kTileRows;
#pragma unroll
            for (int h = 0; h < kHeads; ++h) {
#pragma unroll
                for (int d = 0; d < kDepths; ++d) {
#pragma unroll
                    for (int i = 0; i < 4; ++i) {
                        const int channel = d * kTileColumns + result_column(place, i);
                        if (kWidthStride % kTileColumns != 0 && channel >= kWidthStride) continue;
                        const int voxel = warp / kRowJobs * kLanes + first + result_row(place, i);
                        m.row_parts[voxel * kVector + h * kWidthStride + channel] = sums[t].rows[h][d][i];
                    }
                }
            }
            if constexpr (kPass == kForward) {
#pragma unroll
                for (int h = 0; h < kHeads; ++h) m.total_parts[h * kThreads + t] = sums[t].total[h];
            }
        }
        SYNC;
        PHASE(t) {
            for (int index = t; index < kLanes * kFours; index += kThreads) {
                const int lane = index % kLanes, c = index / kLanes, head = c / kHeadFours;
                if (m.lane_stop[lane] == m.lane_start[lane]) continue;
                const int64 token = m.lane_token[lane];
                const int d = c % kHeadFours * 4, at = (first_head + head) * kWidth + d;
                Four<Real> sum = sum_of<typename C::Vectors>(m.vector_parts, lane, c);
                for (int part = 0; part < kRowParts; ++part) {
                    Real rows[4];
                    read_fours(m.row_parts + (part * kLanes + lane) * kVector + 4 * c, rows);
#pragma unroll
                    for (int i = 0; i < 4; ++i) sum.at[i] += rows[i];
                }
                if constexpr (kPass == kForward) {
                    Real total = 0;
                    for (int group = 0; group < kGroups; ++group) {
                        total += m.total_parts[head * kThreads + group * kLanes + lane];
                    }
                    Real most = sums[t].most[0];  // all threads of a lane know it
#pragma unroll
                    for (int h = 1; h < kHeads; ++h) most = h == head ? sums[t].most[h] : most;
                    if (d == 0) p.lse[token * p.heads + first_head + head] = most + logarithm(total);
#pragma unroll
                    for (int i = 0; i < 4; ++i) sum.at[i] /= total;
                    store(p.result + token * dense() + at, d, sum);
                    if (sizeof(Element) < 4) store(p.exact + token * dense() + at, d, sum);
                }
                if constexpr (kPass == kQueryGrad) {
#pragma unroll
                    for (int i = 0; i < 4; ++i) sum.at[i] *= static_cast<Real>(p.scale);
                    store(p.grad_q + token * p.grad_step + at, d, sum);
                }
                if constexpr (kPass == kKeyGrad) {
                    store(p.grad_k + token * p.grad_step + at, d, sum);
                    sum = sum_of<typename C::Vectors>(m.vector_parts, lane, kFours + c);
                    store(p.grad_v + token * p.grad_step + at, d, sum);
                }
            }
        }
        SYNC;
    }

    template <class Share> SWIN3D_INLINE Four<Real> sum_of(const Four<Real>* parts, int lane, int job) const {
        Four<Real> sum = parts[Share::place(job, 0) * kLanes + lane];
        for (int part = 1; part < Share::kParts; ++part) {
            const Four<Real> more = parts[Share::place(job, part) * kLanes + lane];
#pragma unroll
            for (int i = 0; i < 4; ++i) sum.at[i] += more.at[i];
        }
        return sum;
    }
    template <class To> static SWIN3D_INLINE void store(To* to, int d, const Four<Real>& values) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            if (kWidth % 4 == 0 || d + i < kWidth) to[i] = narrow<To>(values.at[i]);
        }
    }
};

}  // namespace swin3d
