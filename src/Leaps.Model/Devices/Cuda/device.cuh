// What the kernels need of CUDA's language. There is no toolkit: clang knows the address spaces and the
// instructions by itself, the rest is here. The tests compile the same kernels for the host, where
// host.h of the test project takes the place of the second half of this file.
//
// Every kernel takes one structure of arguments by value, whose fields the C# side repeats in the same order:
// pointers first, then 8-byte numbers, then 4-byte ones.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

constexpr int WARP = 32;
constexpr u32 ALL_LANES = 0xffffffffu;

struct Pair { float x, y; };

// Loops over what must stay in registers: beyond eight it would be too much for them, and too much code. The
// outer loop over output channels is unrolled only for the paper's width; wider networks keep their sums in L1.
#define PRAGMA(text) _Pragma(#text)
#define UNROLL(count) PRAGMA(unroll count <= 8 ? count : 1)
#define UNROLL_OUTER(count) PRAGMA(unroll count <= 3 ? count : 1)

#ifdef LEAPS_HOST
#include "host.h"
#else

#define DEVICE static inline __attribute__((device)) __attribute__((always_inline))
#define KERNEL(name, Arguments, threads) \
    extern "C" __attribute__((global)) __attribute__((launch_bounds(threads))) void name(const Arguments a)

// A vector type, so that a pair is one 8-byte load.
typedef float float2_vector __attribute__((ext_vector_type(2)));

extern __attribute__((shared)) __attribute__((aligned(16))) u8 dynamic_shared[];
DEVICE u8 *shared_memory() { return dynamic_shared; }

DEVICE int thread_index() { return __nvvm_read_ptx_sreg_tid_x(); }
DEVICE int block_index() { return __nvvm_read_ptx_sreg_ctaid_x(); }
DEVICE int block_index_y() { return __nvvm_read_ptx_sreg_ctaid_y(); }
DEVICE int block_size() { return __nvvm_read_ptx_sreg_ntid_x(); }
DEVICE int grid_size() { return __nvvm_read_ptx_sreg_nctaid_x(); }
DEVICE int grid_size_y() { return __nvvm_read_ptx_sreg_nctaid_y(); }

DEVICE void block_barrier() { __syncthreads(); }

DEVICE float shuffle_xor(float x, int lanes) { return __nvvm_shfl_sync_bfly_f32(ALL_LANES, x, lanes, 0x1f); }

DEVICE int add_atomically(int *address, int value) { return __nvvm_atom_add_gen_i(address, value); }
DEVICE int min_atomically(int *address, int value) { return __nvvm_atom_min_gen_i(address, value); }
DEVICE void add_atomically(u64 *address, u64 value)
{
    __nvvm_atom_add_gen_ll((long long *)address, (long long)value);
}

// Loads through the read-only cache.
DEVICE float load(const float *p) { return __nvvm_ldg_f(p); }
DEVICE int load(const int *p) { return __nvvm_ldg_i(p); }
DEVICE int load(const u8 *p) { return (u8)__nvvm_ldg_uc(p); }
DEVICE Pair load(const Pair *p)
{
    float2_vector v = __nvvm_ldg_f2((const float2_vector *)p);
    return {v.x, v.y};
}

DEVICE float fused(float x, float y, float z) { return __nvvm_fma_rn_f(x, y, z); }
DEVICE double square_root(double x) { return __nvvm_sqrt_rn_d(x); }
DEVICE u64 bits_of(double x) { return __builtin_bit_cast(u64, x); }
DEVICE double double_of(u64 x) { return __builtin_bit_cast(double, x); }
DEVICE u32 multiply_high(u32 x, u32 y) { return (u32)((u64)x * y >> 32); }

// 2^x with 2 units in the last place, 1/x with 1, tanh(x) with a relative error of 2^-11: one instruction each.
DEVICE float exp2_approximate(float x)
{
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
DEVICE float reciprocal_approximate(float x)
{
    float y;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
DEVICE float tanh_approximate(float x)
{
    float y;
    asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// Rounded to the 10 bits of fraction that a tensor core reads.
DEVICE float to_tf32(float x)
{
    u32 y;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(x));
    return __builtin_bit_cast(float, y);
}

// d += a b with a (16, 8), b (8, 8), d (16, 8), accumulated in single precision. With g = lane / 4 and
// t = lane % 4 a lane holds a: (g, t), (g+8, t), (g, t+4), (g+8, t+4); b: (t, g), (t+4, g);
// d: (g, 2t), (g, 2t+1), (g+8, 2t), (g+8, 2t+1).
DEVICE void multiply_tile(float (&d)[4], const float (&a)[4], float b0, float b1)
{
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(__builtin_bit_cast(u32, a[0])), "r"(__builtin_bit_cast(u32, a[1])),
          "r"(__builtin_bit_cast(u32, a[2])), "r"(__builtin_bit_cast(u32, a[3])),
          "r"(__builtin_bit_cast(u32, b0)), "r"(__builtin_bit_cast(u32, b1)));
}
#endif
