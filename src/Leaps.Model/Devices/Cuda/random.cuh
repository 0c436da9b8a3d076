// Philox4x32-10 and the streams of Random/RandomStream.cs: the same words at the same places.
// Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once
#include "device.cuh"

struct Words { u32 x[4]; };

DEVICE Words philox(u32 c0, u32 c1, u32 c2, u32 c3, u32 k0, u32 k1)
{
    for (int round = 0; round < 10; round++)
    {
        u32 high0 = multiply_high(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
        u32 high1 = multiply_high(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return {{c0, c1, c2, c3}};
}

// The numbers of RandomPurpose.cs.
constexpr u32 PURPOSE_JUMP = 2, PURPOSE_MCMC = 3;

// The words of (seed, purpose, walker, step), from word `position` on. A block of four is kept at hand.
struct Stream
{
    u64 seed, position;
    u32 purpose, walker, step, block;
    Words words;
};

DEVICE Stream open_stream(u64 seed, u32 purpose, u32 walker, u32 step, u64 position)
{
    Stream s;
    s.seed = seed;
    s.position = position;
    s.purpose = purpose;
    s.walker = walker;
    s.step = step;
    s.block = 0xffffffffu;      // the last block of a stream: 2^34 words are never reached
    s.words = {{0, 0, 0, 0}};
    return s;
}

DEVICE u32 next_word(Stream &s)
{
    u32 block = (u32)(s.position >> 2);
    if (block != s.block)
    {
        s.words = philox(block, s.step, s.walker, s.purpose, (u32)s.seed, (u32)(s.seed >> 32));
        s.block = block;
    }
    int at = (int)(s.position++ & 3);
    return at == 0 ? s.words.x[0] : at == 1 ? s.words.x[1] : at == 2 ? s.words.x[2] : s.words.x[3];
}

DEVICE u64 next_long(Stream &s)
{
    u64 high = next_word(s);
    return high << 32 | next_word(s);
}

constexpr double TWO_TO_MINUS_53 = 1.0 / 9007199254740992.0;

// Uniform on [0, 1), and on (0, 1].
DEVICE double next_double(Stream &s) { return (double)(next_long(s) >> 11) * TWO_TO_MINUS_53; }
DEVICE double next_positive_double(Stream &s) { return (double)((next_long(s) >> 11) + 1) * TWO_TO_MINUS_53; }

// Uniform on {0 … bound-1} by Lemire's method.
DEVICE int next_int(Stream &s, u32 bound)
{
    u64 product = (u64)next_word(s) * bound;
    if ((u32)product < bound)
    {
        u32 threshold = (0u - bound) % bound;
        while ((u32)product < threshold)
            product = (u64)next_word(s) * bound;
    }
    return (int)(product >> 32);
}
