// What the window attention knows of the windows before it starts: extents, rows, and the work of blocks.
//
// Whole windows share an item as long as they fit its lanes, for then a block meets every key once; a
// window of more voxels is cut. A thread packs a run of windows, so that items depend on the windows alone.
#include "window_rows.cuh"

namespace swin3d {

constexpr int kLanes = SWIN3D_LANES;  // of an item
constexpr int kWarp = 32, kPackers = 64;
constexpr int kRun = 128;  // windows that one thread packs

struct Windows {
    const Signal* signals;     // (N, S)
    const int64 *order, *ptr;  // (N), (W + 1)
    int* window;               // (N)
    Signal *low, *high;        // (W, S)
    int *reach, *clamps;       // (W, S), (W)
    int* counts;               // items of each run
    Item* items;               // at most W + N / lanes
    int* num_items;
    int windows, runs;
    int size[kAxesRoom];
};

// One block of a warp per window: window of its positions, extent of its signals, rows that it needs.
// An axis with a NaN extends to both infinities, so that row 0 is among the rows of every voxel.
SWIN3D_KERNEL(window_ranges, kWarp)(Windows p) {
    struct Part {
        Signal low[kWarp], high[kWarp];
        int reach[kAxesRoom], clamps;
    };
    Part* part = reinterpret_cast<Part*>(shared_memory());
    const int w = static_cast<int>(block_x());
    const int start = static_cast<int>(p.ptr[w]), stop = static_cast<int>(p.ptr[w + 1]);
    if (start == stop) return;  // windows without voxels come last
    const Signal infinity = static_cast<Signal>(bits_float(0x7F800000u));
    PHASE(t) {
        for (int i = start + t; i < stop; i += kWarp) p.window[i] = w;
        for (int a = t; a < kAxes; a += kWarp) part->reach[a] = 0;
        if (t == 0) part->clamps = 0;
    }
    for (int a = 0; a < kAxes; ++a) {
        PHASE(t) {
            Signal low = infinity, high = -infinity;
            for (int i = start + t; i < stop; i += kWarp) {
                const Signal s = p.signals[p.order[i] * kAxes + a];
                low = s == s ? smaller(low, s) : -infinity;
                high = s == s ? larger(high, s) : infinity;
                if (s != s) break;
            }
            part->low[t] = low;
            part->high[t] = high;
        }
        SYNC;
        Signal low = infinity, high = -infinity;
        for (int i = 0; i < kWarp; ++i) {
            low = smaller(low, part->low[i]);
            high = larger(high, part->high[i]);
        }
        PHASE(t) {
            if (t == 0) p.low[w * static_cast<int64>(kAxes) + a] = low;
            if (t == 0) p.high[w * static_cast<int64>(kAxes) + a] = high;
            const Signal half = static_cast<Signal>(p.size[a]) / 2, beyond = static_cast<Signal>(p.size[a]);
            if (t == 0 && !(low - high + half >= 0 && high - low + half < beyond)) part->clamps = 1;
            int reach = 0;
            for (int i = start + t; i < stop; i += kWarp) {
                const Signal s = p.signals[p.order[i] * kAxes + a];
                const int size = p.size[a];
                const int query = most_row<true>(s, low, high, size) - least_row<true>(s, low, high, size);
                const int key = most_row<false>(s, low, high, size) - least_row<false>(s, low, high, size);
                reach = larger(reach, larger(query, key) + 1);
            }
            shared_max(&part->reach[a], reach);
        }
        SYNC;
    }
    PHASE(t) {
        for (int a = t; a < kAxes; a += kWarp) p.reach[w * static_cast<int64>(kAxes) + a] = part->reach[a];
        if (t == 0) p.clamps[w] = part->clamps;
    }
}

// Call `emit` with every item of a run of windows, in order.
template <class Emit> SWIN3D_INLINE void pack_run(const Windows& p, int run, Emit emit) {
    const int end = smaller((run + 1) * kRun, p.windows);
    int open = static_cast<int>(p.ptr[run * kRun]), start = open;
    for (int w = run * kRun; w < end; ++w) {
        const int stop = static_cast<int>(p.ptr[w + 1]);
        if (stop - open > kLanes) {  // the window fits no more into the item that is open
            if (start > open) emit(open, start, open, start);
            open = start;
        }
        if (stop - start > kLanes) {
            for (int from = start; from < stop; from += kLanes) {
                emit(from, smaller(from + kLanes, stop), start, stop);
            }
            open = stop;
        }
        start = stop;
    }
    if (start > open) emit(open, start, open, start);
}

SWIN3D_KERNEL(count_items, kPackers)(Windows p) {
    PHASE(t) {
        const int run = static_cast<int>(block_x()) * kPackers + t;
        if (run >= p.runs) continue;
        int count = 0;
        pack_run(p, run, [&](int, int, int, int) { ++count; });
        p.counts[run] = count;
    }
}

SWIN3D_KERNEL(write_items, kPackers)(Windows p) {
    PHASE(t) {
        const int run = static_cast<int>(block_x()) * kPackers + t;
        if (run >= p.runs) continue;
        int place = 0;
        for (int before = 0; before < run; ++before) place += p.counts[before];
        pack_run(p, run, [&](int from, int to, int keys_from, int keys_to) {
            p.items[place++] = Item{from, to, keys_from, keys_to};
        });
        if (run == p.runs - 1) *p.num_items = place;
    }
}

}  // namespace swin3d

#define SWIN3D_KERNELS(X) X(window_ranges) X(count_items) X(write_items)
