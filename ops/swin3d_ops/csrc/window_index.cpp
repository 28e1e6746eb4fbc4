// Window partition: one key per voxel, sorted by least significant digits first (stable), and its breaks.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "lanes.h"

namespace swin3d {
namespace {

constexpr int kDigitBits = 11;
constexpr int64_t kDigits = 1 << kDigitBits;

// floor(value / size), exact: the quotient by doubles is at most one off.
inline int64_t floor_divide(int64_t value, int64_t size, double inverse, int64_t* rest) {
    int64_t quotient = static_cast<int64_t>(std::floor(static_cast<double>(value) * inverse));
    int64_t r = value - quotient * size;
    quotient += r >= size ? 1 : r < 0 ? -1 : 0;
    r += r >= size ? -size : r < 0 ? size : 0;
    *rest = r;
    return quotient;
}

// Sort by the bits from `low` to `high`; equal ones keep their order.
void sort_by_bits(std::vector<uint64_t>& items, int low, int high) {
    std::vector<uint64_t> other(items.size());
    std::vector<int64_t> start(kDigits);
    for (int shift = low; shift < high; shift += kDigitBits) {
        std::fill(start.begin(), start.end(), 0);
        for (const uint64_t item : items) ++start[item >> shift & (kDigits - 1)];
        int64_t sum = 0;
        for (int64_t& count : start) sum += count, count = sum - count;
        for (const uint64_t item : items) other[start[item >> shift & (kDigits - 1)]++] = item;
        items.swap(other);
    }
}

inline int bits_of(uint64_t numbers) {
    int bits = 0;
    while (bits < 63 && numbers > uint64_t(1) << bits) ++bits;
    return bits;
}

// Returns the number of windows, or -1 where key and row do not fit into 64 bits or coordinates are too large for
// exact division.
template <class C>
int64_t partition(const C* coords, int64_t count, int64_t size, int64_t shift, int64_t* order, int64_t* ptr,
                  int64_t* cell) {
    constexpr int64_t kExact = int64_t(1) << 50;
    if (size >= kExact || shift >= kExact || shift <= -kExact) return -1;
    const double inverse = 1.0 / static_cast<double>(size);
    C low[4], high[4];
    std::copy(coords, coords + 4, low);
    std::copy(coords, coords + 4, high);
    for (int64_t i = 1; i < count; ++i) {
        for (int a = 0; a < 4; ++a) {
            low[a] = std::min(low[a], coords[4 * i + a]);
            high[a] = std::max(high[a], coords[4 * i + a]);
        }
    }
    int64_t first[4], extent[4], rest;
    uint64_t cells = 1;
    for (int a = 0; a < 4; ++a) {
        if (low[a] <= -kExact || high[a] >= kExact) return -1;
        const int64_t top = static_cast<int64_t>(high[a]);
        first[a] = a ? floor_divide(low[a] + shift, size, inverse, &rest) : static_cast<int64_t>(low[a]);
        extent[a] = (a ? floor_divide(top + shift, size, inverse, &rest) : top) - first[a] + 1;
        if (static_cast<uint64_t>(extent[a]) > (uint64_t(1) << 62) / cells) return -1;
        cells *= static_cast<uint64_t>(extent[a]);
    }
    const int row_bits = bits_of(static_cast<uint64_t>(count)), bits = row_bits + bits_of(cells);
    if (bits > 64) return -1;
    std::vector<uint64_t> items(count);
    for (int64_t i = 0; i < count; ++i) {
        const C* at = coords + 4 * i;
        uint64_t key = static_cast<uint64_t>(at[0] - first[0]);
        for (int a = 1; a < 4; ++a) {
            const int64_t w = floor_divide(at[a] + shift, size, inverse, cell + 3 * i + a - 1);
            key = key * static_cast<uint64_t>(extent[a]) + static_cast<uint64_t>(w - first[a]);
        }
        items[i] = (key << row_bits) | static_cast<uint64_t>(i);
    }
    sort_by_bits(items, row_bits, bits);
    const uint64_t row_mask = (uint64_t(1) << row_bits) - 1;
    int64_t windows = 0;
    for (int64_t i = 0; i < count; ++i) {
        if (i == 0 || items[i] >> row_bits != items[i - 1] >> row_bits) ptr[windows++] = i;
        order[i] = static_cast<int64_t>(items[i] & row_mask);
    }
    ptr[windows] = count;
    return windows;
}

}  // namespace
}  // namespace swin3d

// Writes order (N), ptr (N + 1, of which W + 1 count), cell (N, 3) and W or -1; returns 0, or 1 when memory ran out.
#define SWIN3D_PARTITION(NAME, C)                                                                            \
    SWIN3D_EXPORT(partition_windows_##NAME)                                                                  \
    (const C* coords, int64_t count, int64_t size, int64_t shift, int64_t* order, int64_t* ptr, int64_t* cell, \
     int64_t* windows) {                                                                                     \
        try {                                                                                                \
            *windows = count ? swin3d::partition(coords, count, size, shift, order, ptr, cell) : (ptr[0] = 0); \
        } catch (const std::bad_alloc&) {                                                                    \
            return 1;                                                                                        \
        }                                                                                                    \
        return 0;                                                                                            \
    }

SWIN3D_PARTITION(i32, int32_t)
SWIN3D_PARTITION(i64, int64_t)
