using Leaps.Host.Commands;
using Leaps.Host.Execution;
using Leaps.Host.Execution.Cluster;
using Leaps.Host.Terminal;

using var interruption = new Interruption();
return LeapsCommandLine.Run(
    args, LeapsJobs.Create(ClusterConnections.Wiring), Surroundings.OfProcess(interruption.Token));
