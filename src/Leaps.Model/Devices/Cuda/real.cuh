// exp and log in double, since there is no device library: within one unit in the last place, and the same
// bits on every GPU and on the host, for nothing here depends on a library or is contracted by the compiler.
// After fdlibm (Sun Microsystems, 1993): the same reductions and polynomials.
#pragma once
#include "device.cuh"

constexpr double LN2_HIGH = 6.93147180369123816490e-01, LN2_LOW = 1.90821492927058770002e-10;

// 2^n, n = -1022 … 1023.
DEVICE double power_of_two(int n) { return double_of((u64)(n + 1023) << 52); }

DEVICE double exponential(double x)
{
    if (!(x == x))
        return x;
    if (x > 709.782712893383973096)
        return double_of(0x7ff0000000000000ull);
    if (x < -745.2)
        return 0;
    double k = x * 1.44269504088896338700;
    int n = (int)(k < 0 ? k - 0.5 : k + 0.5);
    double high = x - n * LN2_HIGH, low = n * LN2_LOW, r = high - low, z = r * r;
    double c = r - z * (1.66666666666666019037e-01 + z * (-2.77777777770155933842e-03
        + z * (6.61375632143793436117e-05 + z * (-1.65339022054652515390e-06 + z * 4.13813679705723846039e-08))));
    double y = 1 - ((low - r * c / (2 - c)) - high);
    if (n > 1000)
        return y * power_of_two(n - 1000) * power_of_two(1000);
    if (n < -1000)
        return y * power_of_two(n + 1000) * power_of_two(-1000);
    return y * power_of_two(n);
}

// For normal positive x.
DEVICE double logarithm(double x)
{
    u64 bits = bits_of(x);
    int high = (int)(bits >> 32), k = (high >> 20) - 1023;
    high &= 0xfffff;
    int i = (high + 0x95f64) & 0x100000;
    x = double_of((u64)(u32)(high | (i ^ 0x3ff00000)) << 32 | (bits & 0xffffffffull));
    k += i >> 20;
    double f = x - 1, s = f / (2 + f), z = s * s, w = z * z, half = 0.5 * f * f;
    double odd = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    double even = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01
        + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    return k * LN2_HIGH - ((half - (s * (half + even + odd) + k * LN2_LOW)) - f);
}

DEVICE bool is_finite(double x) { return (bits_of(x) >> 52 & 0x7ff) != 0x7ff; }
