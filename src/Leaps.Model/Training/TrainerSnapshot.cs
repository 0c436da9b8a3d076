using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Leaps.Model.Storage;

namespace Leaps.Model.Training;

/// <summary>The best evaluation of a training.</summary>
/// <param name="Update">updates done by then</param>
/// <param name="RelativeEss">found there</param>
/// <param name="Parameters">(parameters) as they were</param>
public sealed record BestEvaluation(int Update, double RelativeEss, ImmutableArray<float> Parameters);

/// <summary>
/// A training between two updates: with the options, the target and the network all that a
/// <see cref="Trainer"/> needs to go on as if it had never stopped.
/// </summary>
public sealed record TrainerSnapshot
{
    private const string What = "The snapshot of the trainer", Format = "leaps-trainer/1";

    /// <summary>Updates done.</summary>
    public required int Updates { get; init; }

    /// <summary>θ and φ, (parameters).</summary>
    public required ImmutableArray<float> Parameters { get; init; }

    /// <summary>Adam's running mean of the gradient, (parameters).</summary>
    public required ImmutableArray<double> FirstMoment { get; init; }

    /// <summary>Adam's running mean of its square, (parameters).</summary>
    public required ImmutableArray<double> SecondMoment { get; init; }
    public required int AdamSteps { get; init; }

    /// <summary>null: there was no evaluation yet.</summary>
    public required BestEvaluation? Best { get; init; }

    /// <summary>The last update, where its evaluation is still to be made; otherwise null.</summary>
    public required TrainingRecord? Unevaluated { get; init; }

    /// <summary>See <see cref="ITrainingSource.Save"/>; empty where the trainer has no source.</summary>
    public required ImmutableArray<byte> Source { get; init; }

    /// <summary>20 bytes a parameter (24 with a best evaluation) and the state of the source.</summary>
    /// <exception cref="LeapsException">It is larger than 2 GiB.</exception>
    public byte[] ToBytes()
    {
        List<NamedTensor> tensors =
        [
            NamedTensor.Create("parameters", [Parameters.Length], Parameters.AsSpan()),
            NamedTensor.Create("adam.first_moment", [FirstMoment.Length], FirstMoment.AsSpan()),
            NamedTensor.Create("adam.second_moment", [SecondMoment.Length], SecondMoment.AsSpan()),
            NamedTensor.Create("source", [Source.Length], Source.AsSpan()),
        ];
        List<(string, string)> values =
        [
            ("updates", MetadataValues.Format(Updates)), ("adam.steps", MetadataValues.Format(AdamSteps)),
        ];
        if (Best is { } best)
        {
            tensors.Add(NamedTensor.Create(
                "best.parameters", [best.Parameters.Length], best.Parameters.AsSpan()));
            values.Add(("best.update", MetadataValues.Format(best.Update)));
            values.Add(("best.relative_ess", MetadataValues.Format(best.RelativeEss)));
        }
        if (Unevaluated is { } record)
        {
            values.Add(("unevaluated.update", MetadataValues.Format(record.Update)));
            values.Add(("unevaluated.loss", MetadataValues.Format(record.Loss)));
            values.Add(("unevaluated.gradient_norm", MetadataValues.Format(record.GradientNorm)));
            values.Add(("unevaluated.learning_rate", MetadataValues.Format(record.LearningRate)));
        }
        return StateBytes.Write(What, Format, tensors, [.. values]);
    }

    /// <exception cref="InvalidDataException">The bytes are not a sound snapshot.</exception>
    public static TrainerSnapshot FromBytes(ReadOnlySpan<byte> bytes) =>
        StateBytes.Read(What, Format, bytes, Read);

    private static TrainerSnapshot Read(TensorFile file, MetadataValues values)
    {
        var parameters = Singles(file, "parameters", file["parameters"].Length);
        int count = parameters.Length, updates = values.Integer("updates");
        var snapshot = new TrainerSnapshot
        {
            Updates = updates,
            Parameters = parameters,
            FirstMoment = Doubles(file, "adam.first_moment", count),
            SecondMoment = Doubles(file, "adam.second_moment", count),
            AdamSteps = values.Integer("adam.steps"),
            Best = ReadBest(file, values, count, updates),
            Unevaluated = ReadUnevaluated(values, updates),
            Source = [.. file["source"].As<byte>()],
        };
        if (snapshot.SecondMoment.AsSpan().IndexOfAnyInRange(double.NegativeInfinity, -double.Epsilon) >= 0)
            throw new InvalidDataException("'adam.second_moment' holds a negative value.");
        if (file.Tensors.Count != (snapshot.Best is null ? 4 : 5))
            throw new InvalidDataException("it holds tensors that do not belong to it.");
        return snapshot;
    }

    private static BestEvaluation? ReadBest(TensorFile file, MetadataValues values, int count, int updates)
    {
        if (!values.Has("best.update")) return null;
        int update = values.Integer("best.update");
        double relativeEss = values.Number("best.relative_ess");
        if (update > updates || !(relativeEss > 0))
            throw new InvalidDataException(FormattableString.Invariant(
                $"its best evaluation is {relativeEss} after {update} of {updates} updates."));
        return new BestEvaluation(update, relativeEss, Singles(file, "best.parameters", count));
    }

    private static TrainingRecord? ReadUnevaluated(MetadataValues values, int updates)
    {
        if (!values.Has("unevaluated.update")) return null;
        int update = values.Integer("unevaluated.update");
        if (update != updates - 1)
            throw new InvalidDataException($"update {update} can't be the last of {updates}.");
        return new TrainingRecord(update, values.Number("unevaluated.loss"),
            values.Number("unevaluated.gradient_norm"), values.Number("unevaluated.learning_rate"), null);
    }

    private static ImmutableArray<float> Singles(TensorFile file, string name, int count)
    {
        float[] singles = file.Values<float>(name, count).ToArray();
        int bad = Array.FindIndex(singles, value => !float.IsFinite(value));
        return bad < 0 ? ImmutableCollectionsMarshal.AsImmutableArray(singles)
            : throw new InvalidDataException($"'{name}' holds {singles[bad]} at position {bad}.");
    }

    private static ImmutableArray<double> Doubles(TensorFile file, string name, int count)
    {
        var doubles = file.Values<double>(name, count);
        StateBytes.RequireFinite(name, doubles);
        return [.. doubles];
    }
}
