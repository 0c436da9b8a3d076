using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Model.Sampling;
using Leaps.Model.Sampling.Mcmc;
using Leaps.Model.Targets;

namespace Leaps.Host.Execution;

/// <summary>
/// leaps run, sample and train: make the run directory with config.yaml and journal.db, and go to work.
/// </summary>
internal static class RunJob
{
    /// <summary>leaps run and sample.</summary>
    public static JobResult Run(RunRequest request, JobContext context) =>
        Start(request.Configuration, RunPurpose.Run, context);

    /// <summary>leaps train.</summary>
    public static JobResult Train(RunRequest request, JobContext context) =>
        Start(request.Configuration, RunPurpose.Train, context);

    private static JobResult Start(RunConfiguration configuration, RunPurpose purpose, JobContext context)
    {
        var devices = DeviceChoice.ForNew(configuration, context.Notice);
        var target = configuration.Target.CreateTarget();
        using var network = Prepare(configuration, target, devices, purpose);
        using var directory = RunDirectory.Create(configuration.Output);
        using var journal = RunJournal.Create(directory, context.Notice);
        string text = ConfigurationWriter.Write(configuration);
        journal.Record(new RunEvent
        {
            Configured = new RunConfigured
            {
                Configuration = text,
                Purpose = purpose,
                Trains = configuration.Training is not null,
                WorkingDirectory = Environment.CurrentDirectory,
                InitialParameters = configuration.Network?.Model is null ? null : network!.Sha256,
                Device = network?.Device.DeviceKind,
            },
        });
        directory.WriteText(RunDirectory.Configuration, text);
        return RunWork.Run(configuration, target, network, directory, journal, context);
    }

    /// <summary>The network of a run, or null; all of the run is checked before any work.</summary>
    /// <exception cref="Leaps.Model.LeapsException">The run can't be done.</exception>
    public static PreparedNetwork? Prepare(
        RunConfiguration configuration, Target target, RunDevices devices, RunPurpose purpose)
    {
        var network = PreparedNetwork.Of(configuration, target, devices);
        try
        {
            if (purpose == RunPurpose.Run)
                CheckSampling(target, network, configuration);
            return network;
        }
        catch
        {
            network?.Dispose();
            throw;
        }
    }

    // What the sampling would refuse is refused before a long training. An adaptive grid is chosen later.
    private static void CheckSampling(
        Target target, PreparedNetwork? network, RunConfiguration configuration)
    {
        var options = configuration.Annealing with { Grid = TimeGridKind.Uniform };
        using var ensemble =
            new ReplicaEnsemble(target, network?.Device, options, configuration.Sample.Replicas);
        if (McmcKernel.Create(options.Mcmc, target) is not { } kernel)
            return;
        foreach (double time in ensemble.Times)
            kernel.Prepare(time);
    }
}
