// Sums over rows into arrays that all threads would write: gradients of parameters.
#pragma once

#ifdef _OPENMP
#include <omp.h>
#endif

#include <algorithm>

#include "lanes.h"

namespace swin3d {
namespace {

inline int this_thread() {
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

// Tiles of rows are cut into segments, whatever the number of threads. A thread sums the tiles of a segment in arrays
// of its own, which are then added to the totals in the order of segments: the bits depend on no thread.
template <class T, int kArrays> class SegmentSums {
  public:
    SegmentSums(T* const* totals, const int64_t (&sizes)[kArrays], int threads) {
        for (int a = 0; a < kArrays; ++a) {
            totals_[a] = totals[a];
            sizes_[a] = sizes[a];
            count_ += sizes[a];
            std::fill(totals[a], totals[a] + sizes[a], T(0));
        }
        partial_.resize(count_ * threads);
    }

    // Call body(tile, arrays), which adds what a tile has; `step` tiles are a segment. All threads of a parallel region come here.
    template <class Body> void run(int64_t tiles, int64_t step, const Body& body) {
        T *const own = partial_.get() + count_ * this_thread(), *arrays[kArrays];
        for (int a = 0; a < kArrays; ++a) arrays[a] = a == 0 ? own : arrays[a - 1] + sizes_[a - 1];
#pragma omp for ordered schedule(static, 1)
        for (int64_t first = 0; first < tiles; first += step) {
            std::fill(own, own + count_, T(0));
            for (int64_t t = first; t < std::min(tiles, first + step); ++t) body(t, arrays);
#pragma omp ordered
            for (int a = 0; a < kArrays; ++a) {
                for (int64_t i = 0; i < sizes_[a]; ++i) totals_[a][i] += arrays[a][i];
            }
        }
    }

  private:
    T* totals_[kArrays];
    int64_t sizes_[kArrays], count_ = 0;
    Buffer<T> partial_;
};

}  // namespace
}  // namespace swin3d
