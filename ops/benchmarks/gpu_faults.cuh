// Two kernels with a fault each, which compute-sanitizer must find (gpu_sanitizer.py). Blocks of 64 threads.
#include "block_language.cuh"

namespace swin3d {

// Writes beyond the 64 integers of `target`.
SWIN3D_KERNEL(fault_past_the_end, 64)(int* target, int count) {
    PHASE(t) target[t == 0 ? 8 * count : t] = t;
}

// A thread reads what another one writes, with no barrier between.
SWIN3D_KERNEL(fault_race, 64)(int* target, int count) {
    int* shared = reinterpret_cast<int*>(shared_memory());
    PHASE(t) {
        shared[t] = t;
        target[t] = shared[count - 1 - t];
    }
}

}  // namespace swin3d

#define SWIN3D_KERNELS(X) X(fault_past_the_end) X(fault_race)
