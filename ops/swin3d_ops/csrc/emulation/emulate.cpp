// Runs the kernels of one block-code file on the CPU, block after block: SWIN3D_SOURCE names the file.
//
// Shared memory starts as NaN in every block and ends at a guard, so that reading what was never
// written and writing beyond its end both show.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include SWIN3D_SOURCE

namespace {

constexpr std::size_t kGuard = 64;
constexpr unsigned char kGuardByte = 0xA5;

template <class... P, std::size_t... I>
void call(void (*kernel)(P...), void** arguments, std::index_sequence<I...>) {
    kernel(*static_cast<P*>(arguments[I])...);
}

template <class... P> void call(void (*kernel)(P...), void** arguments) {
    call(kernel, arguments, std::index_sequence_for<P...>());
}

bool run_block(const char* name, void** arguments) {
#define SWIN3D_CALL(kernel)                     \
    if (std::strcmp(name, #kernel) == 0) {      \
        call(swin3d::kernel, arguments);        \
        return true;                            \
    }
    SWIN3D_KERNELS(SWIN3D_CALL)
    return false;
}

}  // namespace

#ifndef SWIN3D_RACES
namespace swin3d {
inline void watch_launch() {}
inline void watch_block(int, const char*, std::size_t) {}
inline const char* watch_end() { return ""; }
}  // namespace swin3d
#endif

// Returns 0; 1 for an unknown kernel; 2 for a write beyond the end of shared memory; 3 for a data
// race, which `race`, of 300 bytes, tells where the library was built to look for such.
extern "C" int swin3d_emulate(const char* name, std::int64_t columns, int rows, int threads,
                              std::size_t shared_bytes, void** arguments, int backwards, char* race) {
    std::unique_ptr<char, decltype(&std::free)> memory(
        static_cast<char*>(std::aligned_alloc(64, (shared_bytes + kGuard + 63) / 64 * 64)), &std::free);
    const std::int64_t blocks = columns * rows;
    swin3d::watch_launch();
    for (std::int64_t turn = 0; turn < blocks; ++turn) {
        const std::int64_t block = backwards ? blocks - 1 - turn : turn;
        std::memset(memory.get(), 0xFF, shared_bytes);
        std::memset(memory.get() + shared_bytes, kGuardByte, kGuard);
        swin3d::Emulation& state = swin3d::emulation();
        state.x = block % columns, state.y = static_cast<int>(block / columns), state.columns = columns;
        state.threads = threads, state.backwards = backwards != 0, state.shared = memory.get();
        swin3d::watch_block(static_cast<int>(block), memory.get(), shared_bytes);
        const bool known = run_block(name, arguments);
        std::strcpy(race, swin3d::watch_end());
        if (!known) return 1;
        if (race[0]) return 3;
        for (std::size_t i = 0; i < kGuard; ++i) {
            if (static_cast<unsigned char>(memory.get()[shared_bytes + i]) != kGuardByte) return 2;
        }
    }
    return 0;
}
