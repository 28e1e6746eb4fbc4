// The language of block code: the same text is a CUDA kernel and, under a C++ compiler, its emulation.
//
// Work between two barriers is a PHASE over the threads t of a block; SYNC is the barrier. State of a
// thread that outlives a phase is kept in PerThread, everything else in shared memory. Loops around
// phases have bounds that are the same for all threads. The emulation runs the threads of a phase one
// after another, so a result that depends on their order is a data race; csrc/emulation/races.cpp finds such.
#pragma once

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)

#define SWIN3D_INLINE __device__ __forceinline__
// Shared memory leaves room for about 256 threads on a multiprocessor: each may use 255 registers.
#define SWIN3D_KERNEL(name, threads) \
    extern "C" __global__ void __launch_bounds__(threads, threads < 256 ? 256 / threads : 1) name
// A kernel of which a multiprocessor holds that many blocks at once.
#define SWIN3D_SHARED_KERNEL(name, threads, blocks) extern "C" __global__ void __launch_bounds__(threads, blocks) name
#define PHASE(t) for (int t = threadIdx.x, swin3d_once = 1; swin3d_once; swin3d_once = 0)
#define SYNC __syncthreads()

namespace swin3d {

template <class State> struct PerThread {
    State own;
    SWIN3D_INLINE State& operator[](int) { return own; }
};

SWIN3D_INLINE long long block_x() { return blockIdx.x; }
SWIN3D_INLINE long long blocks_x() { return gridDim.x; }
SWIN3D_INLINE int block_y() { return static_cast<int>(blockIdx.y); }
SWIN3D_INLINE char* shared_memory() {
    extern __shared__ __align__(16) char swin3d_shared[];
    return swin3d_shared;
}
SWIN3D_INLINE void shared_max(int* place, int value) { atomicMax(place, value); }
SWIN3D_INLINE void lower(int* place, int value) { atomicMin(place, value); }
SWIN3D_INLINE int lowest_bit(unsigned bits) { return __ffs(bits) - 1; }
// Writes the value where the expected one stands, in one step; returns what stood there.
SWIN3D_INLINE int exchange_where(int* place, int expected, int value) { return atomicCAS(place, expected, value); }
SWIN3D_INLINE float exponential(float x) { return expf(x); }
SWIN3D_INLINE double exponential(double x) { return exp(x); }
SWIN3D_INLINE float logarithm(float x) { return logf(x); }
SWIN3D_INLINE double logarithm(double x) { return log(x); }
SWIN3D_INLINE float square_root(float x) { return sqrtf(x); }
SWIN3D_INLINE double square_root(double x) { return sqrt(x); }
SWIN3D_INLINE unsigned float_bits(float x) { return __float_as_uint(x); }
SWIN3D_INLINE float bits_float(unsigned bits) { return __uint_as_float(bits); }
SWIN3D_INLINE float at_least(float x, float bound) { return fmaxf(x, bound); }  // a NaN becomes the bound
SWIN3D_INLINE double at_least(double x, double bound) { return fmax(x, bound); }
SWIN3D_INLINE float at_most(float x, float bound) { return fminf(x, bound); }
SWIN3D_INLINE double at_most(double x, double bound) { return fmin(x, bound); }
// Floor of x in [0, 2^22) plus a constant: the sum rounded down holds it in its mantissa. A conversion is
// four times slower, and callers add the constant to an offset that they add anyway.
SWIN3D_INLINE int shifted_floor(float x) { return __float_as_int(__fadd_rd(x, 8388608.0f)); }
SWIN3D_INLINE int shifted_floor(double x) { return static_cast<int>(x); }
SWIN3D_INLINE constexpr int floor_shift(float) { return 0x4B000000; }
SWIN3D_INLINE constexpr int floor_shift(double) { return 0; }

}  // namespace swin3d

#else

#include <cmath>
#include <cstring>
#include <vector>

#define SWIN3D_INLINE inline
#define SWIN3D_KERNEL(name, threads) static void name
#define SWIN3D_SHARED_KERNEL(name, threads, blocks) static void name
#define PHASE(t) for (swin3d::Turn turn; turn.more(); turn.next()) for (int t = turn.now(), o_ = 1; o_; o_ = 0)
#define SYNC swin3d::barrier()

#ifdef SWIN3D_RACES
#include "emulation/races.h"
#endif

namespace swin3d {

#ifdef SWIN3D_RACES
constexpr bool kRaces = true;
#else
constexpr bool kRaces = false;
constexpr int kAllThreads = -1;
inline void watch_thread(int) {}
inline void watch_barrier() {}
inline void watch_atomic(bool) {}
inline void watch_own(const void*, std::size_t) {}
#endif
// No access to memory moves from one turn to another where races are looked for.
inline void turn_to(int thread) {
    if (!kRaces) return;
    asm volatile("" ::: "memory");
    watch_thread(thread);
    asm volatile("" ::: "memory");
}
inline void barrier() {
    if (!kRaces) return;
    asm volatile("" ::: "memory");
    watch_barrier();
    asm volatile("" ::: "memory");
}
struct Atomically {
    Atomically() { watch_atomic(true); }
    ~Atomically() { watch_atomic(false); }
};

// The block that the emulation runs: its place, its threads and whether they take turns backwards.
struct Emulation {
    long long x = 0, columns = 1;
    int y = 0, threads = 1;
    bool backwards = false;
    char* shared = nullptr;
};
inline Emulation& emulation() {
    static thread_local Emulation state;
    return state;
}
struct Turn {
    int count = 0;
    Turn() { turn_to(now()); }
    ~Turn() { turn_to(kAllThreads); }
    bool more() const { return count < emulation().threads; }
    void next() { ++count, turn_to(now()); }
    int now() const { return emulation().backwards ? emulation().threads - 1 - count : count; }
};
template <class State> struct PerThread {
    std::vector<State> all = std::vector<State>(emulation().threads);
    PerThread() { watch_own(all.data(), all.size() * sizeof(State)); }
    State& operator[](int t) { return all[t]; }
};

inline long long block_x() { return emulation().x; }
inline long long blocks_x() { return emulation().columns; }
inline int block_y() { return emulation().y; }
inline char* shared_memory() { return emulation().shared; }
inline void shared_max(int* place, int value) {
    const Atomically step;
    *place = *place > value ? *place : value;
}
inline void lower(int* place, int value) {
    const Atomically step;
    *place = *place < value ? *place : value;
}
inline int lowest_bit(unsigned bits) { return __builtin_ctz(bits); }
inline int exchange_where(int* place, int expected, int value) {
    const Atomically step;
    const int before = *place;
    if (before == expected) *place = value;
    return before;
}
template <class F> F exponential(F x) { return std::exp(x); }
template <class F> F logarithm(F x) { return std::log(x); }
template <class F> F square_root(F x) { return std::sqrt(x); }
inline unsigned float_bits(float x) {
    unsigned bits;
    std::memcpy(&bits, &x, 4);
    return bits;
}
inline float bits_float(unsigned bits) {
    float x;
    std::memcpy(&x, &bits, 4);
    return x;
}
template <class F> F at_least(F x, F bound) { return std::fmax(x, bound); }
template <class F> F at_most(F x, F bound) { return std::fmin(x, bound); }
template <class F> int shifted_floor(F x) { return static_cast<int>(x) + 1000000; }
template <class F> constexpr int floor_shift(F) { return 1000000; }

}  // namespace swin3d

#endif

namespace swin3d {

typedef long long int64;

template <class T> SWIN3D_INLINE T smaller(T a, T b) { return b < a ? b : a; }
template <class T> SWIN3D_INLINE T larger(T a, T b) { return a < b ? b : a; }

// Four neighbours in memory, which one instruction loads.
template <class T> struct alignas(sizeof(T) < 4 ? 8 : 16) Four {
    T at[4];
};
SWIN3D_INLINE constexpr int fours(int count) { return (count + 3) / 4 * 4; }
template <int kCount, class T> SWIN3D_INLINE void read_fours(const T* from, T (&to)[kCount]) {
    static_assert(kCount % 4 == 0, "whole fours");
#pragma unroll
    for (int n = 0; n < kCount; n += 4) {
        const Four<T> four = *reinterpret_cast<const Four<T>*>(from + n);
#pragma unroll
        for (int i = 0; i < 4; ++i) to[n + i] = four.at[i];
    }
}

// 16-bit floats as they lie in memory; arithmetic is done in float.
struct f16 {
    unsigned short bits;
};
struct bf16 {
    unsigned short bits;
};

template <class Wide> SWIN3D_INLINE Wide widen(float x) { return x; }
template <class Wide> SWIN3D_INLINE Wide widen(double x) { return static_cast<Wide>(x); }
template <class Wide> SWIN3D_INLINE Wide widen(bf16 x) {
    return bits_float(static_cast<unsigned>(x.bits) << 16);
}
template <class Wide> SWIN3D_INLINE Wide widen(f16 x) {
    const unsigned sign = (x.bits & 0x8000u) << 16, rest = x.bits & 0x7FFFu;
    // Exponents are 112 apart; the product also makes subnormals right, and infinity keeps its own.
    const float scaled = bits_float(rest << 13) * bits_float(0x77800000u);
    const unsigned bits = rest >= 0x7C00u ? 0x7F800000u | (rest << 13) : float_bits(scaled);
    return bits_float(sign | bits);
}

template <class Narrow> struct Narrowing;
template <> struct Narrowing<float> {
    static SWIN3D_INLINE float round(float x) { return x; }
};
template <> struct Narrowing<double> {
    static SWIN3D_INLINE double round(double x) { return x; }
};
template <> struct Narrowing<bf16> {  // to the nearest, ties to even
    static SWIN3D_INLINE bf16 round(float x) {
        const unsigned bits = float_bits(x);
        const unsigned rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
        return bf16{static_cast<unsigned short>(x == x ? rounded : 0x7FC0u)};
    }
};
template <> struct Narrowing<f16> {
    static SWIN3D_INLINE f16 round(float x) {
        const unsigned bits = float_bits(x), sign = (bits >> 16) & 0x8000u, rest = bits & 0x7FFFFFFFu;
        unsigned half;
        if (rest > 0x7F800000u) {
            half = 0x7E00u;
        } else if (rest >= 0x47800000u) {  // 65536 and above
            half = 0x7C00u;
        } else if (rest < 0x38800000u) {  // subnormal: adding 0.5 leaves the value in the low bits
            half = float_bits(bits_float(rest) + 0.5f) - 0x3F000000u;
        } else {
            half = (rest - 0x38000000u + 0xFFFu + ((rest >> 13) & 1u)) >> 13;
        }
        return f16{static_cast<unsigned short>(sign | half)};
    }
};
template <class Narrow, class Wide> SWIN3D_INLINE Narrow narrow(Wide x) {
    return Narrowing<Narrow>::round(x);
}

}  // namespace swin3d
