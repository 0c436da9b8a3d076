using System.Runtime.InteropServices;

namespace Leaps.Model.Devices.Cuda;

// The arguments of the kernels, field by field as in the .cu files, where they are explained. Addresses of
// GPU memory are nint.

/// <summary>network.cuh: the packed network.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetworkArguments
{
    public nint RowSteps, ColumnSteps, FirstTap, First, Embedding, Layers, Transposed, Omega;
    public int Rows, Columns, Sites, Values, Outputs, FirstTaps, LayerCount, Zeros, Channels, Unused;
}

/// <summary>lec_forward.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ForwardArguments
{
    public NetworkArguments Net;
    public nint States, Places, Count, Runs, Scale, Tau, Outputs, Activations;
    public int Walkers, SlabRows, SlabWidth, Up, Left, Unused;
}

/// <summary>lec_backward.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BackwardArguments
{
    public NetworkArguments Net;
    public nint States, Runs, Scale, OutputGradient, Activations, Hidden, Gradients;
    public int Walkers, Unused;
}

/// <summary>lec_weights.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WeightArguments
{
    public NetworkArguments Net;
    public nint States, Runs, Tau, Hidden, Gradient, Partial, EmbeddingPartial;
    public int Walkers, Layer;
}

/// <summary>pack.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PackArguments
{
    public NetworkArguments Net;
    public nint Parameters, Offsets;
    public int Tiles, Inputs, MaxNorm, Unused;
}

/// <summary>sums.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SumArguments
{
    public NetworkArguments Net;
    public nint States, Runs, RunStarts, Scale, OutputGradient, Activations, Gradients, Parameters, Offsets;
    public nint Partial, Projected, TauGradient, Gradient;
    public int Walkers, Tiles, Splits, Layer, Inputs, Unused;
}

/// <summary>mlp.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MlpArguments
{
    public nint Networks, Parameters, Times, Kept, Deltas, Outputs, Value, Slope;
    public nint OutputGradient, SlopeGradient;
    public nint Gradient;
    public int TimesCount, NetworkCount, KeptSize, OutputStride;
}

/// <summary>target.cuh: the target.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TargetArguments
{
    public int Rows, Columns, Sites, States, Potts, Unused;
}

/// <summary>residuals.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ResidualArguments
{
    public TargetArguments Target;
    public nint States, Runs, Couplings, Outputs, Slopes, Residuals, SlopeGradient, OutputGradient;
    public double Scale;
    public int Walkers, Unused;
}

/// <summary>residuals.cu, run_sums.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RunSumArguments
{
    public nint RunStarts, Values, Sums;
    public int Times, Unused;
}

/// <summary>jumps.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct JumpArguments
{
    public TargetArguments Target;
    public nint States, Outputs, Couplings, LogWeights, Remaining, Positions;
    public nint Inside, InsideCount, Next, NextCount;
    public nint Totals, Failed;
    public ulong Seed;
    public double Length;
    public uint FirstSlot, Window;
    public int Walkers, Unused;
}

/// <summary>sweeps.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SweepArguments
{
    public TargetArguments Target;
    public nint States, Thresholds, Order;
    public ulong Seed;
    public double Probability;
    public uint FirstSlot, Window;
    public int Walkers, Kind, Sweeps, Moves, Shared, Unused;
}

/// <summary>populations.cu, group_weights.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GroupArguments
{
    public nint LogWeights, Starts, Results;
}

/// <summary>populations.cu, gather.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GatherArguments
{
    public nint From, FromFamilies, Ancestors, To, ToFamilies, LogWeights;
    public int Walkers, Sites;
}

/// <summary>adam.cu, adam.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AdamArguments
{
    public nint Gradient, Values, FirstMoment, SecondMoment, Norm;
    public double Limit, Rate, Root, OneMinusBeta1, OneMinusBeta2, Epsilon;
    public int Count, Unused;
}

/// <summary>adam.cu, norm.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NormArguments
{
    public nint Gradient, Norm;
    public int Count, Unused;
}
