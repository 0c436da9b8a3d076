using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Leaps.Model.Devices;
using Leaps.Model.Networks;

namespace Leaps.Model.Training;

/// <summary>
/// The parameters of a model (θ and φ) as they were after some updates, named by their content: what a
/// trainer publishes and makers of rollouts work with.
/// </summary>
public sealed class ParameterVersion
{
    /// <param name="updates">updates that they have seen</param>
    /// <param name="values">(parameters), in the order of the model's layout</param>
    public ParameterVersion(int updates, ImmutableArray<float> values)
    {
        Updates = updates;
        Values = values;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(values.AsSpan())));
    }

    public int Updates { get; }

    /// <summary>(parameters)</summary>
    public ImmutableArray<float> Values { get; }

    /// <summary>SHA-256 of the float32 values, little-endian: 64 hexadecimal digits.</summary>
    public string Sha256 { get; }

    /// <exception cref="ArgumentException">A value is not a float32 number.</exception>
    public static ParameterVersion Of(int updates, ParameterSet parameters) =>
        new(updates, ToSingle(parameters.Values));

    /// <summary>Puts the values into a device's network.</summary>
    /// <param name="network">of any device</param>
    /// <param name="layout">the model's</param>
    /// <exception cref="LeapsException">The layout has another number of parameters.</exception>
    public void Load(RateNetwork network, ParameterLayout layout)
    {
        if (layout.Count != Values.Length)
            throw new LeapsException(
                $"The version holds {Values.Length} parameters and the network has {layout.Count}: they "
                + "belong to another network.");
        var parameters = new ParameterSet(layout);
        ToDouble(Values, parameters.Values);
        network.Load(parameters);
    }

    internal static ImmutableArray<float> ToSingle(ReadOnlySpan<double> values)
    {
        var singles = new float[values.Length];
        for (int i = 0; i < singles.Length; i++)
        {
            singles[i] = (float)values[i];
            if (singles[i] != values[i])
                throw new ArgumentException($"Parameter {i} is {values[i]:R}: not a float32 number.");
        }
        return ImmutableCollectionsMarshal.AsImmutableArray(singles);
    }

    internal static void ToDouble(ImmutableArray<float> singles, Span<double> values)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = singles[i];
    }
}
