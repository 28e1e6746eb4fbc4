// Window attention with contextual relative signal encoding on the GPU: forward and both backward passes.
//
// A block takes 64 (or 32) consecutive positions of one head, whatever windows they belong to; each is a lane.
// Lanes are queries in the forward pass and in the pass of the query gradients, keys in the pass of
// the key gradients. The other side comes by in tiles of 16. Both sides keep their projections on the
// table rows that they meet, and only on these: stored row = table row + shift, where the shift is
// the lane's own. Pairs look the projections up; sums over pairs by table row go to columns of a lane,
// in the place of its projections, and meet the tables and the table gradients once per turn.
// Stored rows beyond the capacity, and voxels beyond kSpan of a window, are taken in turns.
#include "attention_memory.cuh"

namespace swin3d {

template <int kPass> struct Attention {
    static constexpr bool kQueries = kPass != kKeyGrad;  // lanes are queries

    const Problem& p;
    const int head;
    const Memory m;
    PerThread<Lane>& lanes;

    SWIN3D_INLINE const Real* table_of(const Real* tables) const {
        return tables + static_cast<int64>(head) * kWidth * p.rows;
    }
    SWIN3D_INLINE const Real* lane_table() const { return table_of(kQueries ? p.q_table : p.k_table); }
    SWIN3D_INLINE const Real* tile_table() const { return table_of(kQueries ? p.k_table : p.q_table); }

    SWIN3D_INLINE void run() {
        if constexpr (kPass != kForward) clear_partials();
        for (int64 tile = block_x(); tile < p.tiles; tile += blocks_x()) {
            load_lanes(tile);
            const int turns = (m.frame->longest + kSpan - 1) / kSpan;
            // A lane's delta is a sum over all pairs; with several turns it takes a sweep of its own.
            for (int sweep = kPass == kQueryGrad && turns > 1 ? 0 : 1; sweep < 2; ++sweep) {
                for (int span = 0; span < turns; ++span) {
                    look_up(span);
                    weigh(span, sweep == 0, turns == 1);
                    if (sweep == 1) add_up(span);
                }
            }
            store_lanes();
            SYNC;
        }
    }

    SWIN3D_INLINE void load_lanes(int64 tile) {
        const int from = static_cast<int>(tile * kLanes), to = smaller(from + kLanes, p.voxels);
        const Real scale = static_cast<Real>(p.scale);
        Frame& f = *m.frame;
        PHASE(t) {
            if (t == 0) f.longest = 0;
            for (int a = t; a < kAxes; a += kLanes) f.reach[a] = 0, f.least[a] = -p.size[a], f.most[a] = 0;
        }
        SYNC;
        PHASE(t) {
            Lane& me = lanes[t];
            const int position = from + t;
            const bool real = position < to;
            const int w = p.window[real ? position : from];
            const int64 token = p.order[real ? position : from], at = (token * p.heads + head) * kWidth;
            const Element* const q = p.q + token * p.q_step + head * kWidth;
            const Element* const k = p.k + token * p.k_step + head * kWidth;
            const Element* const v = p.v + token * p.v_step + head * kWidth;
            me.row = token * p.heads + head;
            me.start = static_cast<int>(p.ptr[w]);
            me.stop = real ? static_cast<int>(p.ptr[w + 1]) : me.start;
            me.most = -static_cast<Real>(bits_float(0x7F800000u));
            me.total = me.delta = 0;
            shared_max(&f.longest, me.stop - me.start);
            if (position == from) f.first_start = me.start, f.first_stop = me.stop;
            if (position == to - 1) f.last_start = me.start, f.last_stop = me.stop;
#pragma unroll
            for (int d = 0; d < kWidth; ++d) {
                const Real mine = widen<Real>(kQueries ? q[d] : k[d]) * (kQueries ? scale : 1);
                m.lane0[d * kLanes + t] = real ? mine : 0;
                if (kPass == kQueryGrad) m.lane1[d * kLanes + t] = real ? widen<Real>(p.grad_out[at + d]) : 0;
                if (kPass == kKeyGrad) m.lane1[d * kLanes + t] = real ? widen<Real>(v[d]) : 0;
                me.sum0[d] = me.sum1[d] = 0;
            }
#pragma unroll
            for (int a = 0; a < kAxes; ++a) {
                const int64 range = w * static_cast<int64>(kAxes) + a;
                me.signal[a] = p.signals[token * kAxes + a];
                const int least =
                    least_row<kQueries>(me.signal[a], p.low[range], p.high[range], p.size[a]);
                m.lane_shift[a * kLanes + t] = -least;
                shared_max(&f.reach[a], p.reach[range]);
                shared_max(&f.least[a], -least);
                shared_max(&f.most[a], least);
            }
        }
        SYNC;
        PHASE(t) {
            int offset = 0, met = 0;
            for (int a = 0; a < kAxes; ++a) {
                m.lane_shift[a * kLanes + t] += offset;
                if (t == 0) f.offset[a] = offset, f.met[a] = met;
                offset += f.reach[a];
                met += smaller(p.size[a], f.most[a] + f.reach[a]) + f.least[a];
            }
            if (t == 0) f.offset[kAxes] = offset, f.met[kAxes] = met;
        }
        SYNC;
    }

    // Load a tile of the other side; `logits` asks for what the logits need, else for what is summed.
    template <bool kLogits> SWIN3D_INLINE void load_tile(int from, int to, int lo, int hi) {
        PHASE(t) {
            const int j = t % kTile, part = t / kTile;
            if (from + j >= to) continue;
            const int64 token = p.order[from + j], row = token * p.heads + head;
            const int64 window = p.window[from + j];
            for (int a = part; a < kAxes; a += kParts) {
                const Signal s = p.signals[token * kAxes + a];
                const Signal low = p.low[window * kAxes + a], high = p.high[window * kAxes + a];
                m.tile_signal[j * kAxisStride + a] = s;
                if (kLogits) {
                    m.tile_shift[j * kAxisStride + a] =
                        m.frame->offset[a] - least_row<!kQueries>(s, low, high, p.size[a]);
                }
            }
            for (int d = part; d < kWidth; d += kParts) {
                const int at = head * kWidth + d, place = j * kWidthStride + d;
                const Element* const k = p.k + token * p.k_step + at;
                const Element* const v = p.v + token * p.v_step + at;
                if (kPass == kForward) m.tile0[place] = widen<Real>(kLogits ? *k : *v);
                if (kPass == kQueryGrad) m.tile0[place] = widen<Real>(*k);
                if (kPass == kQueryGrad && kLogits) m.tile1[place] = widen<Real>(*v);
                if (kPass == kKeyGrad) {
                    m.tile0[place] = widen<Real>(p.q[token * p.q_step + at]) * static_cast<Real>(p.scale);
                    m.tile1[place] = widen<Real>(p.grad_out[row * kWidth + d]);
                }
            }
            if (kPass == kKeyGrad && kLogits && part == 0) {
                m.tile_lse[j] = p.lse[row];
                m.tile_delta[j] = p.delta[row];
            }
        }
        SYNC;
        if constexpr (kLogits) {
            PHASE(t) {
                const int j = t % kTile, part = t / kTile;
                if (from + j < to) project_tile(j, part, lo, hi);
            }
            SYNC;
        }
    }

    SWIN3D_INLINE void project_tile(int j, int part, int lo, int hi) const {
        const int* shift = m.tile_shift + j * kAxisStride;
        Real x[kWidthStride];
        read_fours(m.tile0 + j * kWidthStride, x);
        project(x, tile_table(), shift, 1, lo, hi, part, kParts, m.seen0 + j * m.seen_stride, 1);
        if constexpr (kPass == kKeyGrad) {
            read_fours(m.tile1 + j * kWidthStride, x);
            project(x, table_of(p.v_table), shift, 1, lo, hi, part, kParts, m.seen1 + j * m.seen_stride, 1);
        }
    }

    // to[i - lo] = x . table row of the stored row i, for every `step`-th i of [lo, hi). A voxel may
    // meet fewer rows than its axis stores; what lies beyond the axis repeats its last row, unread.
    SWIN3D_INLINE void project(const Real* x, const Real* table, const int* shift, int shift_stride, int lo,
                               int hi, int part, int step, Real* to, int to_stride) const {
#pragma unroll 1
        for (int a = 0; a < kAxes; ++a) {
            const int own = shift[a * shift_stride], last = p.size[a] - 1;
            const int begin = larger(lo, m.frame->offset[a]), end = smaller(hi, m.frame->offset[a + 1]);
#pragma unroll 2
            for (int i = begin + part; i < end; i += step) {
                const Real* column = table + p.first[a] + smaller(i - own, last);
                Real sum = 0;
#pragma unroll
                for (int d = 0; d < kWidth; ++d) sum += x[d] * column[static_cast<int64>(d) * p.rows];
                to[(i - lo) * to_stride] = sum;
            }
        }
    }

    SWIN3D_INLINE void bounds(const Lane& me, int span, int from, int to, int& begin, int& end) const {
        const int first = me.start + span * kSpan;
        begin = larger(from, first);
        end = smaller(to, smaller(me.stop, first + kSpan));
    }

    // Table row of a pair plus floor_shift.
    SWIN3D_INLINE int row_of(const Lane& me, Signal other, int a) const {
        return shifted_row(kQueries ? me.signal[a] - other : other - me.signal[a], p.half[a], p.last[a]);
    }

    // Logits of all pairs of a turn, and in the backward passes dp = grad_out_i . (v_j + tables).
    SWIN3D_INLINE void look_up(int span) {
        const int total = m.frame->offset[kAxes];
        for (int lo = 0; lo == 0 || lo < total; lo += p.capacity) {
            const int hi = smaller(total, lo + p.capacity);
            PHASE(t) {
                Real x[kWidth];
                const int* shift = m.lane_shift + t;
                for (int d = 0; d < kWidth; ++d) x[d] = m.lane0[d * kLanes + t];
                project(x, lane_table(), shift, kLanes, lo, hi, 0, 1, m.stored0 + t, kLanes);
                if constexpr (kPass == kQueryGrad) {
                    for (int d = 0; d < kWidth; ++d) x[d] = m.lane1[d * kLanes + t];
                    project(x, table_of(p.v_table), shift, kLanes, lo, hi, 0, 1, m.stored1 + t, kLanes);
                }
            }
            for (int part = 0; part < 2; ++part) {
                int low, high;
                needed(*m.frame, span, part, low, high);
                for (int from = low; from < high; from += kTile) {
                    const int to = smaller(from + kTile, high);
                    load_tile<true>(from, to, lo, hi);
                    if (lo == 0 && hi == total) {
                        look_up_tile<true>(span, from, to, lo, hi, true);
                    } else {
                        look_up_tile<false>(span, from, to, lo, hi, hi == total);
                    }
                    SYNC;
                }
            }
        }
    }

    // `kAll` says that all stored rows are there.
    template <bool kAll>
    SWIN3D_INLINE void look_up_tile(int span, int from, int to, int lo, int hi, bool last) {
        PHASE(t) {
            const Lane& me = lanes[t];
            int begin, end;
            bounds(me, span, from, to, begin, end);
            if (begin >= end) continue;
            Real x0[kWidth], x1[kWidth];
            int shift[kAxesRoom];
#pragma unroll
            for (int d = 0; d < kWidth; ++d) {
                x0[d] = m.lane0[d * kLanes + t];
                x1[d] = kPass == kForward ? 0 : m.lane1[d * kLanes + t];
            }
#pragma unroll
            for (int a = 0; a < kAxes; ++a) shift[a] = m.lane_shift[a * kLanes + t] - lo - kFloorShift;
            const unsigned count = hi - lo;
#pragma unroll 1
            for (int position = begin; position < end; ++position) {
                const int j = position - from, slot = (position - me.start - span * kSpan) * kLanes + t;
                Real logit = kAll || lo == 0 ? 0 : m.pair0[slot];
                Real slope = kAll || lo == 0 || kPass == kForward ? 0 : m.pair1[slot];
                if (kAll || lo == 0) {
                    Real y[kWidthStride];
                    read_fours(m.tile0 + j * kWidthStride, y);
#pragma unroll
                    for (int d = 0; d < kWidth; ++d) logit += x0[d] * y[d];
                    if (kPass != kForward) read_fours(m.tile1 + j * kWidthStride, y);
#pragma unroll
                    for (int d = 0; d < kWidth; ++d) slope += kPass == kForward ? 0 : x1[d] * y[d];
                }
                Signal signal[kAxisStride];
                int tile_shift[kAxisStride];
                read_fours(m.tile_signal + j * kAxisStride, signal);
                read_fours(m.tile_shift + j * kAxisStride, tile_shift);
#pragma unroll
                for (int a = 0; a < kAxes; ++a) {
                    const int row = row_of(me, signal[a], a);
                    const unsigned mine = row + shift[a], other = row + tile_shift[a] - (lo + kFloorShift);
                    if (kAll || mine < count) {
                        logit += m.stored0[mine * kLanes + t];
                        if (kPass == kQueryGrad) slope += m.stored1[mine * kLanes + t];
                    }
                    if (kAll || other < count) {
                        logit += m.seen0[j * m.seen_stride + other];
                        if (kPass == kKeyGrad) slope += m.seen1[j * m.seen_stride + other];
                    }
                }
                if (kPass == kKeyGrad && last) {
                    const Real weight = exponential(logit - m.tile_lse[j]);
                    logit = weight * (slope - m.tile_delta[j]);
                    slope = weight;
                }
                m.pair0[slot] = logit;
                if (kPass != kForward) m.pair1[slot] = slope;
            }
        }
    }

    // Turn the logits of a turn into what is summed.
    SWIN3D_INLINE void weigh(int span, bool delta_only, bool one_turn) {
        PHASE(t) {
            Lane& me = lanes[t];
            const int count = smaller(me.stop - me.start - span * kSpan, kSpan);
            if (count > 0 && kPass == kForward) weigh_forward(me, count, m.pair0 + t);
            if (count > 0 && kPass == kQueryGrad) {
                weigh_query_grad(me, count, m.pair0 + t, m.pair1 + t, delta_only, one_turn);
            }
        }
    }

    // Softmax so far: weights relative to the largest logit, earlier sums shrunk when it grows.
    SWIN3D_INLINE void weigh_forward(Lane& me, int count, Real* logit) const {
        Real most = me.most;
        for (int n = 0; n < count; ++n) most = larger(most, logit[n * kLanes]);
        // Where all logits so far are minus infinity, their weights are 0 and not yet NaN.
        const Real base = most == -static_cast<Real>(bits_float(0x7F800000u)) ? 0 : most;
        const Real shrink = exponential(me.most - base);
        me.most = most;
        me.total *= shrink;
#pragma unroll
        for (int d = 0; d < kWidth; ++d) me.sum0[d] *= shrink;
        for (int n = 0; n < count; ++n) {
            const Real weight = exponential(logit[n * kLanes] - base);
            logit[n * kLanes] = weight;
            me.total += weight;
        }
    }

    // Logit and dp become the gradient of the logit, weight (dp - delta), and the weight.
    SWIN3D_INLINE void weigh_query_grad(Lane& me, int count, Real* pair0, Real* pair1, bool delta_only,
                                        bool one_turn) const {
        const Real lse = p.lse[me.row];
        for (int n = 0; n < count; ++n) {
            const Real weight = exponential(pair0[n * kLanes] - lse);
            pair0[n * kLanes] = weight;
            if (delta_only || one_turn) me.delta += weight * pair1[n * kLanes];
        }
        if (delta_only) return;
        for (int n = 0; n < count; ++n) {
            const Real weight = pair0[n * kLanes];
            pair0[n * kLanes] = weight * (pair1[n * kLanes] - me.delta);
            pair1[n * kLanes] = weight;
        }
    }

    // Sum over the pairs of a turn: vectors of the other side directly, table rows by way of columns.
    SWIN3D_INLINE void add_up(int span) {
        const int total = m.frame->offset[kAxes];
        for (int lo = 0; lo == 0 || lo < total; lo += p.capacity) {
            const int hi = smaller(total, lo + p.capacity);
            PHASE(t) {
                for (int i = 0; i < hi - lo; ++i) {
                    m.stored0[i * kLanes + t] = 0;
                    if (kPass == kQueryGrad) m.stored1[i * kLanes + t] = 0;
                }
            }
            for (int part = 0; part < 2; ++part) {
                int low, high;
                needed(*m.frame, span, part, low, high);
                for (int from = low; from < high; from += kTile) {
                    const int to = smaller(from + kTile, high);
                    load_tile<false>(from, to, lo, hi);
                    if (lo == 0 && hi == total) {
                        add_up_tile<true>(span, from, to, lo, hi);
                    } else {
                        add_up_tile<false>(span, from, to, lo, hi);
                    }
                    SYNC;
                }
            }
            PHASE(t) { apply_table(lanes[t], t, lo, hi); }
            if constexpr (kPass != kForward) {
                SYNC;
                add_table_gradient(m.stored0, m.lane0, p.partial0, lo, hi);
                if constexpr (kPass == kQueryGrad) add_table_gradient(m.stored1, m.lane1, p.partial1, lo, hi);
                SYNC;
            }
        }
    }

    template <bool kAll> SWIN3D_INLINE void add_up_tile(int span, int from, int to, int lo, int hi) {
        PHASE(t) {
            Lane& me = lanes[t];
            int begin, end;
            bounds(me, span, from, to, begin, end);
            int shift[kAxesRoom];
#pragma unroll
            for (int a = 0; a < kAxes; ++a) shift[a] = m.lane_shift[a * kLanes + t] - lo - kFloorShift;
            const unsigned count = hi - lo;
#pragma unroll 1
            for (int position = begin; position < end; ++position) {
                const int j = position - from, slot = (position - me.start - span * kSpan) * kLanes + t;
                const Real pair0 = m.pair0[slot], pair1 = kPass == kForward ? 0 : m.pair1[slot];
                if (kAll || lo == 0) {
                    Real y[kWidthStride];
                    read_fours(m.tile0 + j * kWidthStride, y);
#pragma unroll
                    for (int d = 0; d < kWidth; ++d) me.sum0[d] += pair0 * y[d];
                    if constexpr (kPass == kKeyGrad) {
                        read_fours(m.tile1 + j * kWidthStride, y);
#pragma unroll
                        for (int d = 0; d < kWidth; ++d) me.sum1[d] += pair1 * y[d];
                    }
                }
                Signal signal[kAxisStride];
                read_fours(m.tile_signal + j * kAxisStride, signal);
                // Rows of different axes never coincide: all are read before one is written.
                unsigned place[kAxesRoom];
                Real sum0[kAxesRoom], sum1[kAxesRoom];
#pragma unroll
                for (int a = 0; a < kAxes; ++a) {
                    place[a] = row_of(me, signal[a], a) + shift[a];
                    if (!kAll && place[a] >= count) continue;
                    sum0[a] = m.stored0[place[a] * kLanes + t] + pair0;
                    if (kPass == kQueryGrad) sum1[a] = m.stored1[place[a] * kLanes + t] + pair1;
                }
#pragma unroll
                for (int a = 0; a < kAxes; ++a) {
                    if (!kAll && place[a] >= count) continue;
                    m.stored0[place[a] * kLanes + t] = sum0[a];
                    if (kPass == kQueryGrad) m.stored1[place[a] * kLanes + t] = sum1[a];
                }
            }
        }
    }

    // sum0 += stored sums . table rows: of the value table forward, of the lane's own table backward.
    SWIN3D_INLINE void apply_table(Lane& me, int t, int lo, int hi) const {
        const Real* table = kPass == kForward ? table_of(p.v_table) : lane_table();
#pragma unroll 1
        for (int a = 0; a < kAxes; ++a) {
            const int own = m.lane_shift[a * kLanes + t], last = p.size[a] - 1;
            const int begin = larger(lo, m.frame->offset[a]), end = smaller(hi, m.frame->offset[a + 1]);
#pragma unroll 2
            for (int i = begin; i < end; ++i) {
                const Real* column = table + p.first[a] + smaller(i - own, last);
                const Real sum = m.stored0[(i - lo) * kLanes + t];
#pragma unroll
                for (int d = 0; d < kWidth; ++d) me.sum0[d] += sum * column[static_cast<int64>(d) * p.rows];
            }
        }
    }

    // Gradient of table row r += sum over lanes of stored[r + shift of the lane] * vector of the lane.
    // Threads own the rows that some lane meets, and walk the lanes each from its own, which spares the banks.
    SWIN3D_INLINE void add_table_gradient(const Real* stored, const Real* vectors, Real* partial, int lo, int hi) {
        constexpr int kRows = kWidth <= 16 ? 2 : 1;  // table rows of a thread at a time
        const Frame& f = *m.frame;
        Real* own = partial + (block_x() * p.heads + head) * p.rows * kWidth;
        PHASE(t) {
#pragma unroll 1
            for (int number = t; number < f.met[kAxes]; number += kLanes * kRows) {
                const int* shift[kRows];
                const Real* column[kRows];
                int row[kRows], place[kRows];
                unsigned count[kRows];
                Real sum[kRows][kWidth];
#pragma unroll
                for (int n = 0; n < kRows; ++n) {
                    int axis = 0;
                    while (axis + 1 < kAxes && f.met[axis + 1] <= number + n * kLanes) ++axis;
                    const int begin = larger(lo, f.offset[axis]), end = smaller(hi, f.offset[axis + 1]);
                    const bool real = number + n * kLanes < f.met[kAxes] && begin < end;
                    const int local = number + n * kLanes - f.met[axis] - f.least[axis];
                    count[n] = real ? end - begin : 0;
                    column[n] = stored + (begin - lo) * kLanes;
                    shift[n] = m.lane_shift + axis * kLanes;
                    place[n] = local - begin;
                    row[n] = p.first[axis] + local;
#pragma unroll
                    for (int d = 0; d < kWidth; ++d) sum[n][d] = 0;
                }
#pragma unroll 2
                for (int step = 0; step < kLanes; ++step) {
                    const int lane = (t + step) % kLanes;
                    Real x[kWidth];
#pragma unroll
                    for (int d = 0; d < kWidth; ++d) x[d] = vectors[d * kLanes + lane];
#pragma unroll
                    for (int n = 0; n < kRows; ++n) {
                        const unsigned at = place[n] + shift[n][lane];
                        const Real weight = at < count[n] ? column[n][at * kLanes + lane] : Real(0);
#pragma unroll
                        for (int d = 0; d < kWidth; ++d) sum[n][d] += weight * x[d];
                    }
                }
#pragma unroll
                for (int n = 0; n < kRows; ++n) {
                    if (count[n] == 0) continue;
#pragma unroll
                    for (int d = 0; d < kWidth; ++d) own[row[n] * kWidth + d] += sum[n][d];
                }
            }
        }
    }

    SWIN3D_INLINE void clear_partials() {
        const int64 slice = (block_x() * p.heads + head) * p.rows * kWidth;
        PHASE(t) {
            for (int row = t; row < p.rows; row += kLanes) {
                for (int d = 0; d < kWidth; ++d) {
                    p.partial0[slice + static_cast<int64>(row) * kWidth + d] = 0;
                    if (kPass == kQueryGrad) p.partial1[slice + static_cast<int64>(row) * kWidth + d] = 0;
                }
            }
        }
    }

    SWIN3D_INLINE void store_lanes() {
        PHASE(t) {
            const Lane& me = lanes[t];
            if (me.start == me.stop) continue;
            if (kPass == kForward) p.lse[me.row] = me.most + logarithm(me.total);
            if (kPass == kQueryGrad) p.delta[me.row] = me.delta;
#pragma unroll
            for (int d = 0; d < kWidth; ++d) {
                const int64 at = me.row * kWidth + d;
                if (kPass == kForward) p.out[at] = narrow<Element>(me.sum0[d] / me.total);
                if (kPass == kQueryGrad) {
                    p.grad_q[at] = narrow<Element>(me.sum0[d] * static_cast<Real>(p.scale));
                }
                if (kPass == kKeyGrad) p.grad_k[at] = narrow<Element>(me.sum0[d]);
                if (kPass == kKeyGrad) p.grad_v[at] = narrow<Element>(me.sum1[d]);
            }
        }
    }
};

template <int kPass> SWIN3D_INLINE void attend(const Problem& p) {
    PerThread<Lane> lanes;
    Attention<kPass> pass{p, block_y(), divide<kPass>(p.capacity), lanes};
    pass.run();
}

SWIN3D_KERNEL(attend_forward, kLanes)(Problem p) { attend<kForward>(p); }
SWIN3D_KERNEL(attend_query_grad, kLanes)(Problem p) { attend<kQueryGrad>(p); }
SWIN3D_KERNEL(attend_key_grad, kLanes)(Problem p) { attend<kKeyGrad>(p); }

}  // namespace swin3d

#define SWIN3D_KERNELS(X) \
    X(window_ranges) X(sum_partials) X(attend_forward) X(attend_query_grad) X(attend_key_grad)
