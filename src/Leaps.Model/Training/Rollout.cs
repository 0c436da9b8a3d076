using Leaps.Model.Sampling;
using Leaps.Model.Storage;

namespace Leaps.Model.Training;

/// <summary>
/// One rollout of Algorithm 1: states and log-weights of its walkers at each time of its grid.
/// </summary>
/// <param name="Entry">its place in the schedule, with the version of the parameters that moved it</param>
/// <param name="ParametersSha256">of their content, see <see cref="ParameterVersion.Sha256"/></param>
/// <param name="Times">(k + 1), never falling, from 0 up to at most 1</param>
/// <param name="Slices">(k + 1), each of the states of all walkers</param>
/// <param name="LogWeights">(k + 1, walkers): since time 0, there is no resampling</param>
public sealed record Rollout(ScheduledRollout Entry, string ParametersSha256, double[] Times,
    PackedStates[] Slices, double[][] LogWeights)
{
    private const string What = "The rollout", Format = "leaps-rollout/1";
    private const int Sha256Digits = 64;

    public int Walkers => Slices[0].Count;

    /// <summary>All of it; equal rollouts give equal bytes.</summary>
    /// <exception cref="LeapsException">It is larger than 2 GiB.</exception>
    public byte[] ToBytes()
    {
        var first = Slices[0];
        int stride = first.Bytes.Length / first.Count;
        if ((long)Slices.Length * Walkers * Math.Max(stride, sizeof(double)) > Array.MaxLength)
            throw new LeapsException($"{What} is larger than 2 GiB: use fewer rollout walkers.");
        var states = new byte[Slices.Length * first.Bytes.Length];
        var logWeights = new double[Slices.Length * Walkers];
        for (int n = 0; n < Slices.Length; n++)
        {
            Slices[n].Bytes.CopyTo(states, n * first.Bytes.Length);
            LogWeights[n].CopyTo(logWeights, n * Walkers);
        }
        NamedTensor[] tensors =
        [
            NamedTensor.Create<double>("times", [Times.Length], Times),
            NamedTensor.Create<double>("log_weights", [Times.Length, Walkers], logWeights),
            NamedTensor.Create<byte>("states", [Times.Length, Walkers, stride], states),
        ];
        return StateBytes.Write(What, Format, tensors,
            ("index", MetadataValues.Format(Entry.Index)),
            ("due_update", MetadataValues.Format(Entry.DueUpdate)),
            ("parameter_update", MetadataValues.Format(Entry.ParameterUpdate)),
            ("parameters_sha256", ParametersSha256),
            ("walkers", MetadataValues.Format(Walkers)),
            ("sites", MetadataValues.Format(first.Sites)),
            ("values", MetadataValues.Format(first.States)));
    }

    /// <exception cref="InvalidDataException">The bytes are not a sound rollout.</exception>
    public static Rollout FromBytes(ReadOnlySpan<byte> bytes) =>
        StateBytes.Read(What, Format, bytes, Read);

    private static Rollout Read(TensorFile file, MetadataValues values)
    {
        double[] times = file["times"].As<double>().ToArray();
        for (int n = 0; n < times.Length; n++)
        {
            if (!(times[n] >= (n == 0 ? 0 : times[n - 1]) && times[n] <= 1))
                throw new InvalidDataException(
                    $"its time {n} is {times[n]}; times lie in [0, 1] and never fall.");
        }
        int walkers = values.Integer("walkers"), sites = values.Integer("sites");
        if (times.Length == 0 || walkers == 0)
            throw new InvalidDataException("it has no times or no walkers.");
        var logWeights = file.Values<double>("log_weights", (long)times.Length * walkers);
        StateBytes.RequireFinite("log_weights", logWeights);
        var states = file["states"].As<byte>();
        if (states.Length % times.Length != 0)
            throw new InvalidDataException($"{states.Length} bytes of states for {times.Length} times.");
        int length = states.Length / times.Length;
        var slices = new PackedStates[times.Length];
        for (int n = 0; n < slices.Length; n++)
            slices[n] = PackedStates.FromBytes(states.Slice(n * length, length), walkers, sites,
                values.Integer("values"));
        string sha256 = values.Text("parameters_sha256");
        if (sha256.Length != Sha256Digits || !sha256.All(char.IsAsciiHexDigitLower))
            throw new InvalidDataException("its parameters_sha256 is not 64 hexadecimal digits.");
        var entry = new ScheduledRollout(
            values.Integer("index"), values.Integer("due_update"), values.Integer("parameter_update"));
        double[][] weights = [.. logWeights.ToArray().Chunk(walkers)];
        return new Rollout(entry, sha256, times, slices, weights);
    }
}
