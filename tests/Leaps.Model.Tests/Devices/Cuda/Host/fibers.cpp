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
alignas(64) HostBuffer host_buffers[1024 / WARP][2];
int host_exchanges[1024];

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
};

Fiber fibers[MOST_THREADS + 1];         // the last one is whoever called run_launch
constexpr int MAIN = MOST_THREADS;
u8 *stacks;
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

void multiply_warp(HostBuffer &buffer)
{
    // A tensor core ignores the last 13 bits.
    u32 bits[24][8];
    memcpy(bits, buffer.a, sizeof bits);
    for (auto &row : bits)
        for (u32 &x : row)
            x &= 0xffffe000u;
    memcpy(buffer.a, bits, sizeof bits);
    for (int row = 0; row < 16; row++)
        for (int k = 0; k < 8; k++)
            for (int column = 0; column < 8; column++)
                buffer.d[row][column] += buffer.a[row][k] * buffer.b[k][column];
}

bool run_block(int threads)
{
    for (int n = 0; n < threads; n++)
        fibers[n].phase = READY, host_exchanges[n] = 0;
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

void host_exchange(HostExchange kind)
{
    int me = host_state.thread, first = me / WARP * WARP, end = first + WARP;
    end = end < host_state.block_size ? end : host_state.block_size;
    Fiber &mine = fibers[me];
    mine.kind = kind;
    const Fiber &before = fibers[me > first ? me - 1 : me];
    if (me > first && (before.kind != kind || host_exchanges[me - 1] != host_exchanges[me] || before.phase != READY))
        fail("the lanes of a warp part before an exchange");
    int next = me + 1 < end ? me + 1 : first;
    if (fibers[next].phase != READY)
        fail("a lane exchanges with one that waits or has left");
    if (next == first && kind == EXCHANGE_TILE)
        multiply_warp(host_buffers[me / WARP][(host_exchanges[me] - 1) % 2]);
    if (next != me)
        change(me, next);
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
