// What device.cuh asks for, on the host: for tests alone. Blocks run one after another, the threads of a block as
// fibers (fibers.cpp). A kernel becomes an exported function of its arguments.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#define EXPORTED __attribute__((visibility("default")))
#define DEVICE static inline
#define KERNEL(name, Arguments, threads) \
    static void name##_body(const Arguments &a); \
    extern "C" EXPORTED const int name##_threads = threads; \
    extern "C" EXPORTED const int name##_size = sizeof(Arguments); \
    extern "C" EXPORTED void name(const void *arguments) { name##_body(*(const Arguments *)arguments); } \
    static void name##_body(const Arguments &a)

struct HostState
{
    int thread, block, block_y, block_size, grid, grid_y;
    u8 *shared;
};
extern HostState host_state;

// Waits for all threads of the block.
void host_block_barrier();

// What the lanes of a warp exchange: words, or the tiles of a product.
enum HostExchange { EXCHANGE_WORDS, EXCHANGE_TILE };
struct HostBuffer
{
    float words[WARP];
    float a[16][8], b[8][8], d[16][8];
};

// A lane writes its part into the buffer and calls host_exchange; then it can read all lanes' parts, until
// its next exchange. Every lane must come, to the same kind of exchange.
extern HostBuffer host_buffers[][2];        // (warps): two that alternate
extern int host_exchanges[];                // (threads): of this block so far
DEVICE HostBuffer &host_buffer()
{
    return host_buffers[host_state.thread / WARP][host_exchanges[host_state.thread]++ % 2];
}
void host_exchange(HostExchange kind);

DEVICE u8 *shared_memory() { return host_state.shared; }
DEVICE int thread_index() { return host_state.thread; }
DEVICE int block_index() { return host_state.block; }
DEVICE int block_index_y() { return host_state.block_y; }
DEVICE int block_size() { return host_state.block_size; }
DEVICE int grid_size() { return host_state.grid; }
DEVICE int grid_size_y() { return host_state.grid_y; }
DEVICE void block_barrier() { host_block_barrier(); }

DEVICE float shuffle_xor(float x, int lanes)
{
    HostBuffer &buffer = host_buffer();
    buffer.words[thread_index() % WARP] = x;
    host_exchange(EXCHANGE_WORDS);
    return buffer.words[(thread_index() % WARP) ^ lanes];
}

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
    HostBuffer &buffer = host_buffer();
    int g = thread_index() % WARP / 4, t = thread_index() % 4;
    buffer.a[g][t] = a[0];
    buffer.a[g + 8][t] = a[1];
    buffer.a[g][t + 4] = a[2];
    buffer.a[g + 8][t + 4] = a[3];
    buffer.b[t][g] = b0;
    buffer.b[t + 4][g] = b1;
    memcpy(&buffer.d[g][2 * t], d, 8);
    memcpy(&buffer.d[g + 8][2 * t], d + 2, 8);
    host_exchange(EXCHANGE_TILE);
    memcpy(d, &buffer.d[g][2 * t], 8);
    memcpy(d + 2, &buffer.d[g + 8][2 * t], 8);
}
