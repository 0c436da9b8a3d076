using System.Collections.Immutable;

namespace Leaps.Model.Training;

/// <summary>
/// An update on a device: loss, gradient and Adam. It begins with the model's parameters and fresh moments.
/// Not for several threads at once.
/// </summary>
public interface ITrainingStep : IDisposable
{
    /// <summary>
    /// One update. Afterwards the model and the network that it was made from have the new parameters.
    /// </summary>
    /// <param name="batch">as many pairs as it was made for</param>
    /// <param name="learningRate">of this step</param>
    /// <returns>
    /// The loss before the update, and the gradient's norm before clipping. Where one of them is not finite
    /// the parameters are of no use.
    /// </returns>
    (double Loss, double GradientNorm) Step(TrainingBatch batch, double learningRate);

    /// <summary>The model's parameters are others than the last step left.</summary>
    void LoadParameters();

    /// <summary>The moments as they are now.</summary>
    AdamState Save();

    /// <summary>Takes over moments of as many parameters.</summary>
    void Restore(AdamState state);
}

/// <summary>What Adam remembers, in the same form for every device.</summary>
/// <param name="Steps">taken</param>
/// <param name="FirstMoment">running mean of the gradient, (parameters)</param>
/// <param name="SecondMoment">running mean of its square, (parameters)</param>
public sealed record AdamState(
    int Steps, ImmutableArray<double> FirstMoment, ImmutableArray<double> SecondMoment);
