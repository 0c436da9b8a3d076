using System.Runtime.CompilerServices;

namespace Leaps.Model.Devices.Simd;

/// <summary>
/// The hot loops on a block of <see cref="BlockColumns"/> columns, a column being one site of one walker.
/// P_i of a layer depends on h_i of the same site and on the spins around it, never on another site's h:
/// a block therefore runs through all layers by itself, in first-level cache.
/// </summary>
/// <typeparam name="TLanes">the instruction set</typeparam>
/// <typeparam name="TVector">its vector of floats</typeparam>
internal static unsafe class Kernels<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    /// <summary>A multiple of three vectors of every instruction set.</summary>
    public const int BlockColumns = SimdNetwork.BlockColumns;

    // exp2 on [-½, ½], fifth degree, minimax in the relative error (2e-7).
    private const float E5 = 1.3333558e-3f, E4 = 9.6181291e-3f, E3 = 5.5504109e-2f, E2 = 2.4022651e-1f,
        E1 = 6.9314718e-1f;
    private const float Log2E = 1.44269504f;

    // Added to a number below 2^22 it leaves the number's nearest integer in the low bits.
    private const float RoundingShift = 12582912f;

    // Beyond it the sigmoid is 0 or 1 to float precision, and products of two e^{-x} stay finite.
    private const float ActivationLimit = 43f;

    /// <summary>
    /// z[r][n] = init[r] + Σ_k w[r/4][k][r%4] x[k][n], or z += … without init. Rows come in fours.
    /// </summary>
    /// <param name="w">(rows / 4, inner, 4)</param>
    /// <param name="x">(inner, block)</param>
    /// <param name="init">(rows), or null to add to z</param>
    /// <param name="z">(rows, block)</param>
    /// <param name="rows">a multiple of 4</param>
    /// <param name="inner">terms of the sum</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Contract(float* w, float* x, float* init, float* z, int rows, int inner)
    {
        int width = TLanes.Width;
        for (int r = 0; r < rows; r += 4, w += 4 * inner)
        {
            for (int n = 0; n < BlockColumns; n += 3 * width)
            {
                float* z0 = z + r * BlockColumns + n, z1 = z0 + BlockColumns;
                float* z2 = z1 + BlockColumns, z3 = z2 + BlockColumns;
                TVector a0, a1, a2, b0, b1, b2, c0, c1, c2, d0, d1, d2;
                if (init != null)
                {
                    a0 = a1 = a2 = TLanes.Broadcast(init[r]);
                    b0 = b1 = b2 = TLanes.Broadcast(init[r + 1]);
                    c0 = c1 = c2 = TLanes.Broadcast(init[r + 2]);
                    d0 = d1 = d2 = TLanes.Broadcast(init[r + 3]);
                }
                else
                {
                    (a0, a1, a2) = (TLanes.Load(z0), TLanes.Load(z0 + width), TLanes.Load(z0 + 2 * width));
                    (b0, b1, b2) = (TLanes.Load(z1), TLanes.Load(z1 + width), TLanes.Load(z1 + 2 * width));
                    (c0, c1, c2) = (TLanes.Load(z2), TLanes.Load(z2 + width), TLanes.Load(z2 + 2 * width));
                    (d0, d1, d2) = (TLanes.Load(z3), TLanes.Load(z3 + width), TLanes.Load(z3 + 2 * width));
                }
                float* xk = x + n, wk = w;
                for (int k = 0; k < inner; k++, xk += BlockColumns, wk += 4)
                {
                    TVector x0 = TLanes.Load(xk), x1 = TLanes.Load(xk + width);
                    TVector x2 = TLanes.Load(xk + 2 * width);
                    TVector v = TLanes.Broadcast(wk[0]);
                    a0 = TLanes.MultiplyAdd(v, x0, a0);
                    a1 = TLanes.MultiplyAdd(v, x1, a1);
                    a2 = TLanes.MultiplyAdd(v, x2, a2);
                    v = TLanes.Broadcast(wk[1]);
                    b0 = TLanes.MultiplyAdd(v, x0, b0);
                    b1 = TLanes.MultiplyAdd(v, x1, b1);
                    b2 = TLanes.MultiplyAdd(v, x2, b2);
                    v = TLanes.Broadcast(wk[2]);
                    c0 = TLanes.MultiplyAdd(v, x0, c0);
                    c1 = TLanes.MultiplyAdd(v, x1, c1);
                    c2 = TLanes.MultiplyAdd(v, x2, c2);
                    v = TLanes.Broadcast(wk[3]);
                    d0 = TLanes.MultiplyAdd(v, x0, d0);
                    d1 = TLanes.MultiplyAdd(v, x1, d1);
                    d2 = TLanes.MultiplyAdd(v, x2, d2);
                }
                TLanes.Store(z0, a0); TLanes.Store(z0 + width, a1); TLanes.Store(z0 + 2 * width, a2);
                TLanes.Store(z1, b0); TLanes.Store(z1 + width, b1); TLanes.Store(z1 + 2 * width, b2);
                TLanes.Store(z2, c0); TLanes.Store(z2 + width, c1); TLanes.Store(z2 + 2 * width, c2);
                TLanes.Store(z3, d0); TLanes.Store(z3 + width, d1); TLanes.Store(z3 + 2 * width, d2);
            }
        }
    }

    /// <summary>P[c][n] += (silu(z[c][n]) + bias[c]) · e_c(x[n]).</summary>
    /// <param name="z">(channels, block)</param>
    /// <param name="bias">(channels): b2 + τ at this window position</param>
    /// <param name="input">values at this window position, (block)</param>
    /// <param name="tables">embedding, (channels, table stride)</param>
    /// <param name="sum">P, (channels, block)</param>
    /// <param name="channels">padded number of channels</param>
    /// <param name="stride">of the embedding tables</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Accumulate<TInput>(float* z, float* bias, byte* input, float* tables, float* sum,
        int channels, int stride) where TInput : struct, IInput
    {
        int width = TLanes.Width;
        for (int n = 0; n < BlockColumns; n += width)
        {
            TVector row = TInput.LoadRow<TLanes, TVector>(input + n);
            for (int c = 0; c < channels; c += 2)
            {
                int at = c * BlockColumns + n;
                TVector z0 = TLanes.Load(z + at), z1 = TLanes.Load(z + at + BlockColumns);
                TVector d0 = TLanes.Add(TLanes.Broadcast(1), ExpOfNegative(z0));
                TVector d1 = TLanes.Add(TLanes.Broadcast(1), ExpOfNegative(z1));
                // Both quotients z/d by one division.
                TVector inverse = TLanes.Divide(TLanes.Broadcast(1), TLanes.Multiply(d0, d1));
                TVector k0 = TLanes.MultiplyAdd(TLanes.Multiply(z0, d1), inverse, TLanes.Broadcast(bias[c]));
                TVector k1 =
                    TLanes.MultiplyAdd(TLanes.Multiply(z1, d0), inverse, TLanes.Broadcast(bias[c + 1]));
                TVector e0 = TInput.Value<TLanes, TVector>(row, tables + c * stride);
                TVector e1 = TInput.Value<TLanes, TVector>(row, tables + (c + 1) * stride);
                TLanes.Store(sum + at, TLanes.MultiplyAdd(k0, e0, TLanes.Load(sum + at)));
                TLanes.Store(sum + at + BlockColumns,
                    TLanes.MultiplyAdd(k1, e1, TLanes.Load(sum + at + BlockColumns)));
            }
        }
    }

    /// <summary>x[p][a][n] = e_a(input[p][n]): the values of a window as floats.</summary>
    /// <param name="input">(positions, row bytes)</param>
    /// <param name="positions">of the window</param>
    /// <param name="tables">embedding, (channels, stride)</param>
    /// <param name="x">(positions, channels, block)</param>
    /// <param name="channels">1 for Ising</param>
    /// <param name="stride">of the embedding tables</param>
    public static void Embed<TInput>(byte* input, int positions, float* tables, float* x, int channels,
        int stride)
        where TInput : struct, IInput
    {
        for (int p = 0; p < positions; p++)
        {
            for (int n = 0; n < BlockColumns; n += TLanes.Width)
            {
                TVector row = TInput.LoadRow<TLanes, TVector>(input + p * ColumnGatherer.RowBytes + n);
                for (int a = 0; a < channels; a++)
                    TLanes.Store(x + (p * channels + a) * BlockColumns + n,
                        TInput.Value<TLanes, TVector>(row, tables + a * stride));
            }
        }
    }

    /// <summary>
    /// 1 where the value is <paramref name="category"/>, else 0; without a category the spin itself.
    /// </summary>
    /// <param name="input">(block)</param>
    /// <param name="category">or -1</param>
    /// <param name="result">(block)</param>
    public static void Indicate<TInput>(byte* input, int category, float* result)
        where TInput : struct, IInput
    {
        for (int n = 0; n < BlockColumns; n += TLanes.Width)
        {
            TVector row = TInput.LoadRow<TLanes, TVector>(input + n);
            TLanes.Store(result + n,
                category < 0 ? row : TLanes.WhereIndexIs(row, category, TLanes.Broadcast(1)));
        }
    }

    /// <summary>x ← factor · x.</summary>
    public static void Scale(float* x, float factor, int length)
    {
        for (int at = 0; at < length; at += TLanes.Width)
            TLanes.Store(x + at, TLanes.Multiply(TLanes.Load(x + at), TLanes.Broadcast(factor)));
    }

    /// <summary>h = silu(P), (channels, block).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Silu(float* p, float* h, int channels)
    {
        for (int at = 0; at < channels * BlockColumns; at += TLanes.Width)
            TLanes.Store(h + at, Silu(TLanes.Load(p + at)));
    }

    /// <summary>g · silu'(P), (channels, block); silu'(z) = σ(1 + z(1-σ)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SiluBackward(float* p, float* g, float* result, int channels)
    {
        for (int at = 0; at < channels * BlockColumns; at += TLanes.Width)
            TLanes.Store(result + at,
                TLanes.Multiply(TLanes.Load(g + at), SiluDerivative(TLanes.Load(p + at))));
    }

    /// <summary>
    /// At one window position: z ← dL/dz = gP · e · silu'(z), and the embedding's gradient terms
    /// gP · K into <paramref name="tableGradient"/> (lane sums by category).
    /// </summary>
    /// <param name="z">(channels, block): pre-activations in, their gradients out</param>
    /// <param name="bias">(channels): b2 + τ</param>
    /// <param name="input">values at this window position, (block)</param>
    /// <param name="tables">embedding, (channels, stride)</param>
    /// <param name="gP">dL/dP, (channels, block)</param>
    /// <param name="tableGradient">(categories, channels, block), Potts only</param>
    /// <param name="channels">padded number of channels</param>
    /// <param name="stride">of the embedding tables</param>
    /// <param name="categories">q for Potts, 0 for Ising</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AccumulateBackward<TInput>(float* z, float* bias, byte* input, float* tables,
        float* gP, float* tableGradient, int channels, int stride, int categories)
        where TInput : struct, IInput
    {
        int width = TLanes.Width;
        for (int n = 0; n < BlockColumns; n += width)
        {
            TVector row = TInput.LoadRow<TLanes, TVector>(input + n);
            for (int c = 0; c < channels; c += 2)
            {
                int at = c * BlockColumns + n;
                TVector z0 = TLanes.Load(z + at), z1 = TLanes.Load(z + at + BlockColumns);
                TVector one = TLanes.Broadcast(1);
                TVector d0 = TLanes.Add(one, ExpOfNegative(z0)), d1 = TLanes.Add(one, ExpOfNegative(z1));
                TVector inverse = TLanes.Divide(one, TLanes.Multiply(d0, d1));
                TVector sigmoid0 = TLanes.Multiply(d1, inverse), sigmoid1 = TLanes.Multiply(d0, inverse);
                TVector term0 =
                    BackwardTerm<TInput>(z + at, z0, sigmoid0, row, tables + c * stride, gP + at, bias[c]);
                TVector term1 =
                    BackwardTerm<TInput>(z + at + BlockColumns, z1, sigmoid1, row, tables + (c + 1) * stride,
                    gP + at + BlockColumns, bias[c + 1]);
                for (int v = 0; v < categories; v++)
                {
                    float* cell = tableGradient + v * channels * BlockColumns + at;
                    TLanes.Store(cell, TLanes.Add(TLanes.Load(cell), TLanes.WhereIndexIs(row, v, term0)));
                    cell += BlockColumns;
                    TLanes.Store(cell, TLanes.Add(TLanes.Load(cell), TLanes.WhereIndexIs(row, v, term1)));
                }
            }
        }
    }

    // Stores dL/dz and returns gP · K.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector BackwardTerm<TInput>(float* result, TVector z, TVector sigmoid, TVector row,
        float* table, float* gradient, float bias) where TInput : struct, IInput
    {
        TVector silu = TLanes.Multiply(z, sigmoid), g = TLanes.Load(gradient);
        TVector derivative = TLanes.MultiplyAdd(silu, TLanes.Subtract(TLanes.Broadcast(1), sigmoid), sigmoid);
        TLanes.Store(result,
            TLanes.Multiply(TLanes.Multiply(g, TInput.Value<TLanes, TVector>(row, table)), derivative));
        return TLanes.Multiply(g, TLanes.Add(silu, TLanes.Broadcast(bias)));
    }

    /// <summary>
    /// gradient[r][k] += Σ_n y[r][n] x[n][k]: the lanes are k, the columns are summed in order.
    /// </summary>
    /// <param name="y">(rows, block)</param>
    /// <param name="x">transposed, (block, stride)</param>
    /// <param name="gradient">(rows, stride)</param>
    /// <param name="rows">a multiple of 4</param>
    /// <param name="stride">padded number of inner entries, a multiple of the width</param>
    public static void AddOuterProduct(float* y, float* x, float* gradient, int rows, int stride)
    {
        int width = TLanes.Width;
        for (int r = 0; r < rows; r += 4, y += 4 * BlockColumns, gradient += 4 * stride)
        {
            int k = 0;
            for (; k + 3 * width <= stride; k += 3 * width)
                AddOuterProduct3(y, x + k, gradient + k, stride);
            for (; k + 2 * width <= stride; k += 2 * width)
                AddOuterProduct2(y, x + k, gradient + k, stride);
            for (; k < stride; k += width)
                AddOuterProduct1(y, x + k, gradient + k, stride);
        }
    }

    // Four rows by three vectors.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddOuterProduct3(float* y, float* x, float* g, int stride)
    {
        int width = TLanes.Width;
        float* ga = g, gb = g + stride, gc = g + 2 * stride, gd = g + 3 * stride;
        TVector a0 = TLanes.Load(ga), a1 = TLanes.Load(ga + width), a2 = TLanes.Load(ga + 2 * width);
        TVector b0 = TLanes.Load(gb), b1 = TLanes.Load(gb + width), b2 = TLanes.Load(gb + 2 * width);
        TVector c0 = TLanes.Load(gc), c1 = TLanes.Load(gc + width), c2 = TLanes.Load(gc + 2 * width);
        TVector d0 = TLanes.Load(gd), d1 = TLanes.Load(gd + width), d2 = TLanes.Load(gd + 2 * width);
        for (int n = 0; n < BlockColumns; n++, x += stride)
        {
            TVector x0 = TLanes.Load(x), x1 = TLanes.Load(x + width), x2 = TLanes.Load(x + 2 * width);
            TVector v = TLanes.Broadcast(y[n]);
            a0 = TLanes.MultiplyAdd(v, x0, a0);
            a1 = TLanes.MultiplyAdd(v, x1, a1);
            a2 = TLanes.MultiplyAdd(v, x2, a2);
            v = TLanes.Broadcast(y[n + BlockColumns]);
            b0 = TLanes.MultiplyAdd(v, x0, b0);
            b1 = TLanes.MultiplyAdd(v, x1, b1);
            b2 = TLanes.MultiplyAdd(v, x2, b2);
            v = TLanes.Broadcast(y[n + 2 * BlockColumns]);
            c0 = TLanes.MultiplyAdd(v, x0, c0);
            c1 = TLanes.MultiplyAdd(v, x1, c1);
            c2 = TLanes.MultiplyAdd(v, x2, c2);
            v = TLanes.Broadcast(y[n + 3 * BlockColumns]);
            d0 = TLanes.MultiplyAdd(v, x0, d0);
            d1 = TLanes.MultiplyAdd(v, x1, d1);
            d2 = TLanes.MultiplyAdd(v, x2, d2);
        }
        TLanes.Store(ga, a0); TLanes.Store(ga + width, a1); TLanes.Store(ga + 2 * width, a2);
        TLanes.Store(gb, b0); TLanes.Store(gb + width, b1); TLanes.Store(gb + 2 * width, b2);
        TLanes.Store(gc, c0); TLanes.Store(gc + width, c1); TLanes.Store(gc + 2 * width, c2);
        TLanes.Store(gd, d0); TLanes.Store(gd + width, d1); TLanes.Store(gd + 2 * width, d2);
    }

    // Four rows by two vectors.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddOuterProduct2(float* y, float* x, float* g, int stride)
    {
        int width = TLanes.Width;
        float* ga = g, gb = g + stride, gc = g + 2 * stride, gd = g + 3 * stride;
        TVector a0 = TLanes.Load(ga), a1 = TLanes.Load(ga + width);
        TVector b0 = TLanes.Load(gb), b1 = TLanes.Load(gb + width);
        TVector c0 = TLanes.Load(gc), c1 = TLanes.Load(gc + width);
        TVector d0 = TLanes.Load(gd), d1 = TLanes.Load(gd + width);
        for (int n = 0; n < BlockColumns; n++, x += stride)
        {
            TVector x0 = TLanes.Load(x), x1 = TLanes.Load(x + width);
            TVector v = TLanes.Broadcast(y[n]);
            a0 = TLanes.MultiplyAdd(v, x0, a0);
            a1 = TLanes.MultiplyAdd(v, x1, a1);
            v = TLanes.Broadcast(y[n + BlockColumns]);
            b0 = TLanes.MultiplyAdd(v, x0, b0);
            b1 = TLanes.MultiplyAdd(v, x1, b1);
            v = TLanes.Broadcast(y[n + 2 * BlockColumns]);
            c0 = TLanes.MultiplyAdd(v, x0, c0);
            c1 = TLanes.MultiplyAdd(v, x1, c1);
            v = TLanes.Broadcast(y[n + 3 * BlockColumns]);
            d0 = TLanes.MultiplyAdd(v, x0, d0);
            d1 = TLanes.MultiplyAdd(v, x1, d1);
        }
        TLanes.Store(ga, a0); TLanes.Store(ga + width, a1);
        TLanes.Store(gb, b0); TLanes.Store(gb + width, b1);
        TLanes.Store(gc, c0); TLanes.Store(gc + width, c1);
        TLanes.Store(gd, d0); TLanes.Store(gd + width, d1);
    }

    // Four rows by one vector.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddOuterProduct1(float* y, float* x, float* g, int stride)
    {
        TVector a = TLanes.Load(g), b = TLanes.Load(g + stride);
        TVector c = TLanes.Load(g + 2 * stride), d = TLanes.Load(g + 3 * stride);
        for (int n = 0; n < BlockColumns; n++, x += stride)
        {
            TVector x0 = TLanes.Load(x);
            a = TLanes.MultiplyAdd(TLanes.Broadcast(y[n]), x0, a);
            b = TLanes.MultiplyAdd(TLanes.Broadcast(y[n + BlockColumns]), x0, b);
            c = TLanes.MultiplyAdd(TLanes.Broadcast(y[n + 2 * BlockColumns]), x0, c);
            d = TLanes.MultiplyAdd(TLanes.Broadcast(y[n + 3 * BlockColumns]), x0, d);
        }
        TLanes.Store(g, a); TLanes.Store(g + stride, b);
        TLanes.Store(g + 2 * stride, c); TLanes.Store(g + 3 * stride, d);
    }

    /// <summary>silu(z).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Silu(TVector z) =>
        TLanes.Divide(z, TLanes.Add(TLanes.Broadcast(1), ExpOfNegative(z)));

    // e^{-x}: 2^n p(f) with -x log2(e) = n + f.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ExpOfNegative(TVector x)
    {
        x = TLanes.Max(TLanes.Min(x, TLanes.Broadcast(ActivationLimit)), TLanes.Broadcast(-ActivationLimit));
        TVector shifted = TLanes.MultiplyAdd(x, TLanes.Broadcast(-Log2E), TLanes.Broadcast(RoundingShift));
        TVector minusN = TLanes.Subtract(TLanes.Broadcast(RoundingShift), shifted);
        TVector f = TLanes.MultiplyAdd(x, TLanes.Broadcast(-Log2E), minusN);
        TVector p = TLanes.MultiplyAdd(TLanes.Broadcast(E5), f, TLanes.Broadcast(E4));
        p = TLanes.MultiplyAdd(p, f, TLanes.Broadcast(E3));
        p = TLanes.MultiplyAdd(p, f, TLanes.Broadcast(E2));
        p = TLanes.MultiplyAdd(p, f, TLanes.Broadcast(E1));
        p = TLanes.MultiplyAdd(p, f, TLanes.Broadcast(1));
        return TLanes.ScaleByPower(p, shifted);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector SiluDerivative(TVector z)
    {
        TVector one = TLanes.Broadcast(1);
        TVector sigmoid = TLanes.Divide(one, TLanes.Add(one, ExpOfNegative(z)));
        return TLanes.MultiplyAdd(TLanes.Multiply(z, sigmoid), TLanes.Subtract(one, sigmoid), sigmoid);
    }
}
