// What device.cuh asks for, on the host: for tests alone. Blocks run one after another, the threads of a block as
// fibers (fibers.cpp). A kernel becomes an exported function of its arguments.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#define DEVICE static inline
#define TEMPLATE_KERNEL(threads) static inline
#define KERNEL(name, Arguments, threads) \
    static void name##_body(const Arguments &a); \
    extern "C" const int name##_threads = threads, name##_size = sizeof(Arguments); \
    extern "C" void name(const void *arguments) { name##_body(*(const Arguments *)arguments); } \
    static void name##_body(const Arguments &a)

struct HostState
{
    int thread, block, block_y, block_size, grid, grid_y;
    u8 *shared;
};
extern HostState host_state;

// Waits for all threads of the block.
void host_block_barrier();

// Gives `size` bytes (at most 64) to the warp; afterwards all lanes' bytes, 64 apart, can be read until the
// next exchange. Every lane must come, to the same `kind` of exchange.
enum HostExchange { EXCHANGE_SHUFFLE, EXCHANGE_BARRIER, EXCHANGE_TILE };
const u8 *host_exchange(HostExchange kind, const void *bytes, int size);

DEVICE u8 *shared_memory() { return host_state.shared; }
DEVICE int thread_index() { return host_state.thread; }
DEVICE int block_index() { return host_state.block; }
DEVICE int block_index_y() { return host_state.block_y; }
DEVICE int block_size() { return host_state.block_size; }
DEVICE int grid_size() { return host_state.grid; }
DEVICE int grid_size_y() { return host_state.grid_y; }
DEVICE void block_barrier() { host_block_barrier(); }
DEVICE void warp_barrier() { host_exchange(EXCHANGE_BARRIER, nullptr, 0); }

template <class T> DEVICE T host_shuffle(T x, int lane)
{
    T other;
    memcpy(&other, host_exchange(EXCHANGE_SHUFFLE, &x, sizeof x) + 64 * lane, sizeof x);
    return other;
}
DEVICE float shuffle_xor(float x, int lanes) { return host_shuffle(x, (thread_index() % WARP) ^ lanes); }
DEVICE int shuffle_xor(int x, int lanes) { return host_shuffle(x, (thread_index() % WARP) ^ lanes); }
DEVICE int shuffle_from(int x, int lane) { return host_shuffle(x, lane); }

// Threads change only at barriers and exchanges.
DEVICE int add_atomically(int *address, int value)
{
    int before = *address;
    *address += value;
    return before;
}
DEVICE int min_atomically(int *address, int value)
{
    int before = *address;
    *address = value < before ? value : before;
    return before;
}
DEVICE void add_atomically(u64 *address, u64 value) { *address += value; }

DEVICE float load(const float *p) { return *p; }
DEVICE int load(const int *p) { return *p; }
DEVICE int load(const u8 *p) { return *p; }
DEVICE Pair load(const Pair *p) { return *p; }

DEVICE float fused(float x, float y, float z) { return std::fma(x, y, z); }
DEVICE double fused(double x, double y, double z) { return std::fma(x, y, z); }
DEVICE double square_root(double x) { return std::sqrt(x); }
DEVICE u64 bits_of(double x) { return __builtin_bit_cast(u64, x); }
DEVICE double double_of(u64 x) { return __builtin_bit_cast(double, x); }
DEVICE u32 multiply_high(u32 x, u32 y) { return (u32)((u64)x * y >> 32); }

DEVICE float exp2_approximate(float x) { return std::exp2(x); }
DEVICE float reciprocal_approximate(float x) { return 1.0f / x; }

// With the ten bits that the instruction promises.
DEVICE float tanh_approximate(float x)
{
    u32 bits = __builtin_bit_cast(u32, std::tanh(x));
    return __builtin_bit_cast(float, (bits + 0x1000) & 0xffffe000u);
}
DEVICE float to_tf32(float x) { return __builtin_bit_cast(float, (__builtin_bit_cast(u32, x) + 0x1000) & 0xffffe000u); }

// The product of the warp's tiles is made by the lane that comes last; see fibers.cpp.
DEVICE void multiply_tile(float (&d)[4], const float (&a)[4], float b0, float b1)
{
    float mine[10] = {a[0], a[1], a[2], a[3], b0, b1, d[0], d[1], d[2], d[3]};
    memcpy(d, host_exchange(EXCHANGE_TILE, mine, sizeof mine) + 64 * (thread_index() % WARP) + 24, 16);
}
