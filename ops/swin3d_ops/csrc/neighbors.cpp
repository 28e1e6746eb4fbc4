// Neighbour search of sparse convolution: which source lies at each offset of a cubic kernel around each target.
// Keys of sources are sorted; the targets walk along them with one finger for each column of the kernel, which
// moves a little where targets come in order and searches anew where they do not.
#include <algorithm>
#include <utility>
#include <vector>

#include "lanes.h"

namespace swin3d {
namespace {

constexpr int64_t kChunk = 2048;  // targets that keep their fingers
constexpr int64_t kStride = 16;   // sources that a finger passes before it searches

// Numbers voxels so that keys ascend as (batch, x, y, z) do, with room for the kernel around every voxel.
struct Lattice {
    // Returns whether all keys fit.
    template <class C>
    bool enclose(const C* sources, int64_t N, const C* targets, int64_t M, int64_t first, int64_t edge) {
        constexpr __int128 kLimit = static_cast<__int128>(1) << 62;
        __int128 high[4], cells = 1;
        for (int a = 0; a < 4; ++a) {
            C least = N ? sources[a] : targets[a], most = least;
            for (int64_t i = 0; i < N; ++i) widen(sources[4 * i + a], &least, &most);
            for (int64_t i = 0; i < M; ++i) widen(targets[4 * i + a], &least, &most);
            const __int128 bottom = static_cast<__int128>(least) + (a ? first : 0);
            high[a] = static_cast<__int128>(most) + (a ? first + edge - 1 : 0);
            const __int128 length = high[a] - bottom + 1;
            if (bottom < -kLimit || high[a] > kLimit || length > kLimit) return false;
            low[a] = static_cast<int64_t>(bottom);
            extent[a] = static_cast<int64_t>(length);
            cells *= length;
            if (cells > kLimit) return false;
        }
        return true;
    }

    template <class C> int64_t key(const C* at) const {
        int64_t key = at[0] - low[0];
        for (int a = 1; a < 4; ++a) key = key * extent[a] + (at[a] - low[a]);
        return key;
    }

    int64_t low[4], extent[4];

private:
    template <class C> static void widen(C value, C* least, C* most) {
        *least = std::min(*least, value);
        *most = std::max(*most, value);
    }
};

// The sources in the order of their keys; of equal ones the first row comes first.
template <class C> class SortedSources {
public:
    SortedSources(const C* coords, int64_t N, const Lattice& lattice) : keys_(N) {
        for (int64_t i = 0; i < N; ++i) keys_[i] = lattice.key(coords + 4 * i);
        if (std::is_sorted(keys_.begin(), keys_.end())) return;
        std::vector<std::pair<int64_t, int32_t>> items(N);
        for (int64_t i = 0; i < N; ++i) items[i] = {keys_[i], static_cast<int32_t>(i)};
        std::sort(items.begin(), items.end());
        rows_.resize(N);
        for (int64_t i = 0; i < N; ++i) keys_[i] = items[i].first, rows_[i] = items[i].second;
    }

    // First place whose key is not below `wanted`, found from a finger.
    int64_t seek(int64_t finger, int64_t wanted) const {
        const int64_t N = static_cast<int64_t>(keys_.size());
        if (finger > 0 && keys_[finger - 1] >= wanted) return below(0, finger, wanted);
        const int64_t near = std::min(finger + kStride, N);
        while (finger < near && keys_[finger] < wanted) ++finger;
        return finger == near ? below(finger, N, wanted) : finger;
    }
    bool holds(int64_t place, int64_t key) const {
        return place < static_cast<int64_t>(keys_.size()) && keys_[place] == key;
    }
    int32_t row(int64_t place) const { return rows_.empty() ? static_cast<int32_t>(place) : rows_[place]; }

private:
    int64_t below(int64_t start, int64_t stop, int64_t wanted) const {
        return std::lower_bound(keys_.begin() + start, keys_.begin() + stop, wanted) - keys_.begin();
    }

    std::vector<int64_t> keys_;
    std::vector<int32_t> rows_;  // empty where the sources are sorted
};

// Writes rows (edge ** 3, M), -1 for none, z fastest. Returns whether the keys fit.
template <class C>
bool search(const C* sources, int64_t N, const C* targets, int64_t M, int64_t edge, int32_t* rows, int threads) {
    const int64_t first = edge % 2 ? -(edge / 2) : 0;
    Lattice lattice;
    if (!lattice.enclose(sources, N, targets, M, first, edge)) return false;
    const SortedSources<C> sorted(sources, N, lattice);
    const int64_t chunks = (M + kChunk - 1) / kChunk;
    std::vector<int64_t> all_fingers(chunks * edge * edge, 0);
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        int64_t* fingers = all_fingers.data() + chunk * edge * edge;
        for (int64_t m = chunk * kChunk; m < std::min(M, (chunk + 1) * kChunk); ++m) {
            const int64_t center = lattice.key(targets + 4 * m);
            for (int64_t column = 0; column < edge * edge; ++column) {
                const int64_t x = first + column / edge, y = first + column % edge;
                int64_t wanted = center + (x * lattice.extent[2] + y) * lattice.extent[3] + first;
                int64_t place = fingers[column] = sorted.seek(fingers[column], wanted);
                for (int64_t z = 0; z < edge; ++z, ++wanted) {
                    const bool found = sorted.holds(place, wanted);
                    rows[(column * edge + z) * M + m] = found ? sorted.row(place) : -1;
                    place += found;
                }
            }
        }
    }
    return true;
}

}  // namespace
}  // namespace swin3d

// Writes rows (edge ** 3, M), how many of each offset are found, and whether the keys fit; returns 0, or 1 when
// memory ran out.
#define SWIN3D_NEIGHBORS(NAME, C)                                                                             \
    SWIN3D_EXPORT(find_neighbors_##NAME)                                                                      \
    (const C* sources, int64_t N, const C* targets, int64_t M, int64_t edge, int32_t* rows, int64_t* counts,  \
     int64_t* fits, int threads) {                                                                            \
        try {                                                                                                 \
            *fits = swin3d::search(sources, N, targets, M, edge, rows, threads);                              \
        } catch (const std::bad_alloc&) {                                                                     \
            return 1;                                                                                         \
        }                                                                                                     \
        for (int64_t k = 0; *fits && k < edge * edge * edge; ++k)                                             \
            counts[k] = M - std::count(rows + k * M, rows + (k + 1) * M, -1);                                 \
        return 0;                                                                                             \
    }

SWIN3D_NEIGHBORS(i32, int32_t)
SWIN3D_NEIGHBORS(i64, int64_t)

// Writes the pairs of a table `rows` (K, M), ordered by offset and target; offset k's begin at ptr[k]. Returns 0.
SWIN3D_EXPORT(list_neighbors)
(const int32_t* rows, int64_t K, int64_t M, const int64_t* ptr, int32_t* source, int32_t* target, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (int64_t k = 0; k < K; ++k) {
        int64_t place = ptr[k];
        for (int64_t m = 0; m < M; ++m) {
            if (rows[k * M + m] < 0) continue;
            source[place] = rows[k * M + m];
            target[place++] = static_cast<int32_t>(m);
        }
    }
    return 0;
}
