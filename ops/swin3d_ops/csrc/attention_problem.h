// What a pass of window attention is given, rows with heads as lanes, and its division into chunks.
#pragma once

#include <algorithm>
#include <vector>

#include "window_bins.h"

namespace swin3d {
namespace {

constexpr int64_t kChunkPairs = 1 << 13;
constexpr int64_t kMaxChunks = 64;

// Pointers: q, k, v, q_table, k_table, v_table; floats from one token of q, k, v to the next.
template <class T> struct Inputs {
    const T* const* tensors;
    const int64_t* token_step;
    const void* signals;
    int double_signals;
    const int64_t *table_rows, *order, *ptr;
    double scale;
};

// N, H, D, R, S, W.
struct Sizes {
    int64_t voxels, heads, width, rows, axes, windows;
};

template <class T> struct Problem {
    typedef Lanes<T> V;
    typedef Duo<T> W;

    const Inputs<T>& in;
    const int64_t heads, width, windows;
    const int64_t groups, pairs;  // groups of kLanes heads; Duos of a head's width, a multiple of 4
    const T scale;
    TableLayout tables;
    std::vector<int64_t> chunk;  // window bounds of the chunks

    Problem(const Inputs<T>& inputs, const Sizes& sizes)
        : in(inputs),
          heads(sizes.heads),
          width(sizes.width),
          windows(sizes.windows),
          groups((sizes.heads + kLanes - 1) / kLanes),
          pairs((sizes.width + 7) / 8 * 4),
          scale(static_cast<T>(inputs.scale)) {
        tables.build(in.table_rows, static_cast<int>(sizes.axes), __builtin_ctz(sizeof(W) / 8));
        divide();
    }

    int64_t table_size() const { return tables.rows * pairs; }
    const T* table_row(int which, int64_t row) const { return in.tensors[3 + which] + row * heads * width; }

    // (heads, D) of one row -> (D) of lanes, for one group of heads; missing heads and widths are zero.
    void pack(const T* row, int64_t group, T factor, W* to) const {
        T* out = reinterpret_cast<T*>(to);
        row += group * kLanes * width;
        const int64_t live = std::min<int64_t>(kLanes, heads - group * kLanes);
        if (transpose_heads(row, live, factor, out)) return;
        if (live < kLanes || width < 2 * pairs) std::memset(static_cast<void*>(out), 0, pairs * sizeof(W));
        for (int64_t h = 0; h < live; ++h) {
            for (int64_t d = 0; d < width; ++d) out[d * kLanes + h] = row[h * width + d] * factor;
        }
    }

    void unpack(const W* from, int64_t group, T factor, T* row) const {
        const T* lanes = reinterpret_cast<const T*>(from);
        row += group * kLanes * width;
        const int64_t live = std::min<int64_t>(kLanes, heads - group * kLanes);
        if (transpose_lanes(lanes, live, factor, row)) return;
        for (int64_t h = 0; h < live; ++h) {
            for (int64_t d = 0; d < width; ++d) row[h * width + d] = lanes[d * kLanes + h] * factor;
        }
    }

  private:
#ifdef __AVX__
    bool transposes() const { return sizeof(T) == 4 && width % 8 == 0; }
    // Whole 8 x 8 blocks by shuffles; false where there are none.
    bool transpose_heads(const T* row, int64_t live, T factor, T* out) const {
        if (!transposes()) return false;
        for (int64_t d = 0; d < width; d += 8) {
            f32x8 block[8] = {};
            for (int64_t h = 0; h < live; ++h) std::memcpy(&block[h], row + h * width + d, 32);
            transpose(block);
            for (int s = 0; s < 8; ++s) block[s] *= static_cast<float>(factor);
            std::memcpy(static_cast<void*>(out + d * kLanes), block, sizeof(block));
        }
        return true;
    }
    bool transpose_lanes(const T* lanes, int64_t live, T factor, T* row) const {
        if (!transposes()) return false;
        for (int64_t d = 0; d < width; d += 8) {
            f32x8 block[8];
            std::memcpy(block, lanes + d * kLanes, sizeof(block));
            for (int s = 0; s < 8; ++s) block[s] *= static_cast<float>(factor);
            transpose(block);
            for (int64_t h = 0; h < live; ++h) std::memcpy(static_cast<void*>(row + h * width + d), &block[h], 32);
        }
        return true;
    }
#else
    bool transpose_heads(const T*, int64_t, T, T*) const { return false; }
    bool transpose_lanes(const T*, int64_t, T, T*) const { return false; }
#endif

    void divide() {
        auto cost = [&](int64_t w) {
            const int64_t n = in.ptr[w + 1] - in.ptr[w];
            return n * n + 16 * n;
        };
        int64_t total = 0, done = 0;
        for (int64_t w = 0; w < windows; ++w) total += cost(w);
        const int64_t chunks = std::max<int64_t>(1, std::min(kMaxChunks, total / kChunkPairs));
        chunk.assign(1, 0);
        for (int64_t w = 0; w < windows; ++w) {
            done += cost(w);
            if (done * chunks >= total * static_cast<int64_t>(chunk.size())) chunk.push_back(w + 1);
        }
        if (chunk.back() != windows) chunk.push_back(windows);
    }
};

}  // namespace
}  // namespace swin3d
