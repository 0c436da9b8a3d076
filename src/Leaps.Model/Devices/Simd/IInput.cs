namespace Leaps.Model.Devices.Simd;

/// <summary>What the sites hold, as a layer's sum sees it: e_c(x).</summary>
internal unsafe interface IInput
{
    /// <summary>The columns' values at one window position, ready for <see cref="Value"/>.</summary>
    static abstract TVector LoadRow<TLanes, TVector>(byte* input)
        where TLanes : struct, ILanes<TVector> where TVector : struct;

    /// <summary>e_c of those values; <paramref name="table"/> is the embedding of channel c.</summary>
    static abstract TVector Value<TLanes, TVector>(TVector row, float* table)
        where TLanes : struct, ILanes<TVector> where TVector : struct;
}
