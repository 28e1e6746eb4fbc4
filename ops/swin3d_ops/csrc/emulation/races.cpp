// Finds data races of emulated blocks: every access to memory reports to the functions at the end, whose calls
// `-fsanitize=thread` puts into block code. This file is compiled without it, and no sanitizer is linked.
//
// Threads take turns, so that nothing depends on timing: two accesses race if no barrier separates them, they are
// of different threads and not both reads or both atomic. What stands outside of a PHASE all threads do.
// Blocks of a launch have no barrier in common, and race for global memory likewise. In what is told, thread -1 stands
// for all threads, -3 for several, and code is given by its offset in the library, which addr2line -Cfie takes.
#include "races.h"

#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

constexpr int kNobody = -2, kSeveral = -3;
constexpr std::uintptr_t kGrain = 2;  // bytes that are told apart, the size of the smallest element

struct Actor {
    int who = kNobody;
    const void* code = nullptr;
};

// Accesses to a place since actors were last separated.
struct History {
    Actor writer, reader;
    bool atomic = false;  // of all writes
    std::int64_t since = -1;

    // Record an access; return whom it races with.
    Actor add(std::int64_t now, int who, const void* code, bool writes, bool is_atomic) {
        if (since != now) *this = History(), since = now;
        const auto differs = [=](const Actor& other) { return other.who != kNobody && other.who != who; };
        Actor rival;
        if (writes && who == swin3d::kAllThreads) rival = {who, code};
        if (differs(writer) && !(atomic && is_atomic)) rival = writer;
        if (writes && differs(reader)) rival = reader;
        if (writes) atomic = is_atomic && (writer.who == kNobody || atomic);
        Actor& mine = writes ? writer : reader;
        mine = {differs(mine) ? kSeveral : who, code};
        return rival;
    }
};

struct Place {
    History threads, blocks;
};

struct Watch {
    const char *shared = nullptr, *stack = nullptr;
    std::size_t shared_bytes = 0;
    std::int64_t launch = 0, epoch = 0;
    int block = 0, thread = swin3d::kAllThreads;
    bool on = false, atomic = false;
    std::vector<std::pair<const char*, const char*>> own;  // memory of single threads
    std::vector<Place> in_shared;
    std::unordered_map<std::uintptr_t, Place> elsewhere;
    char race[300] = "";
};
Watch& watch() {
    static thread_local Watch state;
    return state;
}

unsigned long long offset_in_library(const void* code) {
    Dl_info info;
    const char* const begin = dladdr(code, &info) ? static_cast<const char*>(info.dli_fbase) : nullptr;
    return static_cast<const char*>(code) - begin - 1;  // within the call
}

// Tell the first race of a launch.
void tell(const Actor& rival, const char* kind, const char* memory, const void* code) {
    Watch& w = watch();
    if (w.race[0]) return;
    std::snprintf(w.race, sizeof w.race, "%s memory, block %d, thread %d at 0x%llx and %s %d at 0x%llx", memory,
                  w.block, w.thread, offset_in_library(code), kind, rival.who, offset_in_library(rival.code));
}

void access(const void* address, std::size_t size, bool writes, const void* code) {
    Watch& w = watch();
    const char* const at = static_cast<const char*>(address);
    if (!w.on || (at >= static_cast<const char*>(__builtin_frame_address(0)) && at <= w.stack)) return;
    const bool shared = at >= w.shared && at < w.shared + w.shared_bytes;
    if (!shared) {
        if (w.thread == swin3d::kAllThreads) return;
        for (const auto& range : w.own) {
            if (at >= range.first && at < range.second) return;
        }
    }
    writes = writes || w.atomic;
    const auto first = reinterpret_cast<std::uintptr_t>(at) / kGrain;
    const auto end = (reinterpret_cast<std::uintptr_t>(at) + size + kGrain - 1) / kGrain;
    for (auto grain = first; grain < end; ++grain) {
        const auto base = reinterpret_cast<std::uintptr_t>(w.shared) / kGrain;
        Place& place = shared ? w.in_shared[grain - base] : w.elsewhere[grain];
        const Actor thread = place.threads.add(w.epoch, w.thread, code, writes, w.atomic);
        if (thread.who != kNobody) tell(thread, "thread", shared ? "shared" : "global", code);
        if (shared) continue;
        const Actor block = place.blocks.add(w.launch, w.block, code, writes, w.atomic);
        if (block.who != kNobody) tell(block, "block", "global", code);
    }
}

}  // namespace

namespace swin3d {

void watch_launch() {
    Watch& w = watch();
    ++w.launch, w.race[0] = 0;
    w.elsewhere.clear();
}
void watch_block(int block, const char* shared, std::size_t bytes) {
    Watch& w = watch();
    w.block = block, w.shared = shared, w.shared_bytes = bytes, ++w.epoch, w.thread = kAllThreads, w.on = true;
    w.stack = static_cast<const char*>(__builtin_frame_address(0)) + (1 << 16);  // of the callers too
    w.own.clear();
    w.in_shared.resize(bytes / kGrain + 2);
}
const char* watch_end() {
    watch().on = false;
    return watch().race;
}
void watch_thread(int thread) { watch().thread = thread; }
void watch_barrier() { ++watch().epoch; }
void watch_atomic(bool atomic) { watch().atomic = atomic; }
void watch_own(const void* first, std::size_t bytes) {
    watch().own.emplace_back(static_cast<const char*>(first), static_cast<const char*>(first) + bytes);
}

}  // namespace swin3d

#define ACCESSES(size)                                                                                          \
    void __tsan_read##size(void* at) { access(at, size, false, __builtin_return_address(0)); }                  \
    void __tsan_write##size(void* at) { access(at, size, true, __builtin_return_address(0)); }                  \
    void __tsan_unaligned_read##size(void* at) { access(at, size, false, __builtin_return_address(0)); }        \
    void __tsan_unaligned_write##size(void* at) { access(at, size, true, __builtin_return_address(0)); }

extern "C" {
ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)
void __tsan_read_range(void* at, std::size_t size) { access(at, size, false, __builtin_return_address(0)); }
void __tsan_write_range(void* at, std::size_t size) { access(at, size, true, __builtin_return_address(0)); }
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_init() {}
}
