// The threads of a block as fibers on one host thread. They change only where the kernel waits: at a barrier of the
// block, and in an exchange among the lanes of a warp. There the lanes go round in a ring: each leaves its bytes and
// passes on to the next, so that on its second turn it finds those of all; two buffers alternate.
//
// Stricter than a GPU: a lane that has left, or waits elsewhere, while others of its warp exchange is an error.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#ifndef __x86_64__
#include <ucontext.h>
#endif

#include "../../../../../src/Leaps.Model/Devices/Cuda/device.cuh"
#include "fibers.h"

HostState host_state;

namespace
{
constexpr int MOST_THREADS = 1024, STACK = 128 * 1024;

enum Phase { READY, WAITING, DONE };

struct Fiber
{
#ifdef __x86_64__
    void *stack_pointer;
#else
    ucontext_t context;
#endif
    Phase phase;
    HostExchange kind;
    int exchanges;
};

Fiber fibers[MOST_THREADS + 1];         // the last one is whoever called run_launch
constexpr int MAIN = MOST_THREADS;
u8 *stacks;
alignas(64) u8 exchanged[MOST_THREADS / WARP][2][WARP][64];
u8 shared[256 * 1024];
const Launch *current;
const char *failure;

#ifdef __x86_64__
extern "C" void switch_fiber(void **from, void *to);
asm(R"(
    .text
    .globl switch_fiber
    .hidden switch_fiber
switch_fiber:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
)");
#endif

void change(int from, int to)
{
    host_state.thread = to;
#ifdef __x86_64__
    switch_fiber(&fibers[from].stack_pointer, fibers[to].stack_pointer);
#else
    swapcontext(&fibers[from].context, &fibers[to].context);
#endif
}

void fiber_main()
{
    for (;;)
    {
        current->kernel(current->arguments);
        int me = host_state.thread;
        fibers[me].phase = DONE;
        change(me, MAIN);
    }
}

void make_fiber(int n)
{
    u8 *top = stacks + (size_t)(n + 1) * STACK;
#ifdef __x86_64__
    // As if fiber_main had been called: the stack is 8 beyond a multiple of 16 at its first instruction.
    void **p = (void **)top - 2;
    *p = (void *)fiber_main;
    fibers[n].stack_pointer = p - 6;
    memset(p - 6, 0, 6 * sizeof(void *));
#else
    getcontext(&fibers[n].context);
    fibers[n].context.uc_stack.ss_sp = top - STACK;
    fibers[n].context.uc_stack.ss_size = STACK;
    makecontext(&fibers[n].context, fiber_main, 0);
#endif
}

// What a kernel may not do can't be gone on from: the fibers are left as they are.
void fail(const char *what)
{
    failure = what;
    change(host_state.thread, MAIN);
    abort();
}

// d += a b for the whole warp, from and to the lanes' bytes (a: 4, b: 2, d: 4 floats).
void multiply_warp(u8 (&bytes)[WARP][64])
{
    float a[16][8], b[8][8], d[16][8];
    for (int lane = 0; lane < WARP; lane++)
    {
        float x[10];
        memcpy(x, bytes[lane], sizeof x);
        for (int i = 0; i < 6; i++)         // a tensor core ignores the last 13 bits
            x[i] = __builtin_bit_cast(float, __builtin_bit_cast(u32, x[i]) & 0xffffe000u);
        int g = lane / 4, t = lane % 4;
        a[g][t] = x[0];
        a[g + 8][t] = x[1];
        a[g][t + 4] = x[2];
        a[g + 8][t + 4] = x[3];
        b[t][g] = x[4];
        b[t + 4][g] = x[5];
        d[g][2 * t] = x[6];
        d[g][2 * t + 1] = x[7];
        d[g + 8][2 * t] = x[8];
        d[g + 8][2 * t + 1] = x[9];
    }
    for (int row = 0; row < 16; row++)
        for (int k = 0; k < 8; k++)
            for (int column = 0; column < 8; column++)
                d[row][column] += a[row][k] * b[k][column];
    for (int lane = 0; lane < WARP; lane++)
    {
        int g = lane / 4, t = lane % 4;
        float x[4] = {d[g][2 * t], d[g][2 * t + 1], d[g + 8][2 * t], d[g + 8][2 * t + 1]};
        memcpy(bytes[lane] + 24, x, sizeof x);
    }
}

bool run_block(int threads)
{
    for (int n = 0; n < threads; n++)
        fibers[n].phase = READY, fibers[n].exchanges = 0;
    for (;;)
    {
        int waiting = 0, done = 0;
        for (int n = 0; n < threads; n++)
        {
            if (fibers[n].phase == READY)
                change(MAIN, n);
            if (failure)
                return false;
        }
        for (int n = 0; n < threads; n++)
            waiting += fibers[n].phase == WAITING, done += fibers[n].phase == DONE;
        if (done == threads)
            return true;
        if (waiting != threads)
        {
            failure = "some threads of a block left before a barrier that others wait at";
            return false;
        }
        for (int n = 0; n < threads; n++)
            fibers[n].phase = READY;
    }
}
}

void host_block_barrier()
{
    int me = host_state.thread;
    fibers[me].phase = WAITING;
    change(me, MAIN);
}

const u8 *host_exchange(HostExchange kind, const void *bytes, int size)
{
    int me = host_state.thread, warp = me / WARP, lane = me % WARP;
    auto &buffer = exchanged[warp][fibers[me].exchanges++ % 2];
    if (size > 0)
        memcpy(buffer[lane], bytes, size);
    fibers[me].kind = kind;
    int last = host_state.block_size - warp * WARP - 1;
    if (lane == (last < WARP - 1 ? last : WARP - 1))
    {
        for (int n = warp * WARP; n <= me; n++)
            if (fibers[n].kind != kind || fibers[n].exchanges != fibers[me].exchanges || fibers[n].phase != READY)
                fail("the lanes of a warp part before an exchange");
        if (kind == EXCHANGE_TILE)
            multiply_warp(buffer);
        change(me, warp * WARP);
    }
    else
    {
        if (fibers[me + 1].phase != READY)
            fail("a lane exchanges with one that waits or has left");
        change(me, me + 1);
    }
    return buffer[0];
}

const char *run_launch(const Launch &launch)
{
    if (!stacks)
        stacks = (u8 *)mmap(nullptr, (size_t)MOST_THREADS * STACK, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (launch.shared_bytes > (int)sizeof shared)
        return "more shared memory than there is";
    current = &launch;
    failure = nullptr;
    for (int n = 0; n < launch.block_size; n++)
        make_fiber(n);
    for (int y = 0; y < launch.grid_y; y++)
        for (int x = 0; x < launch.grid; x++)
        {
            // What is read before it was written is a NaN.
            memset(shared, 0xff, (size_t)launch.shared_bytes);
            host_state = {MAIN, x, y, launch.block_size, launch.grid, launch.grid_y, shared};
            if (!run_block(launch.block_size))
                return failure;
        }
    return nullptr;
}
