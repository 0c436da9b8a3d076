using System.Text.RegularExpressions;
using Leaps.Host.Configuration;

namespace Leaps.Host.Tests.Deployment;

/// <summary>The batch script under an srun, a scancel and a leaps that only write down what they are
/// told.</summary>
public sealed partial class SlurmTests : IDisposable
{
    private const string Path = "cluster-config/slurm/leaps.sbatch";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // srun's options come first; then the command, for three tasks at a time.
    private const string Srun = """
        #!/bin/bash
        while [[ $1 == --* ]]; do echo "option $1" >>"$STUBS/srun.log"; shift; done
        # The real one would kill the tasks.
        trap 'echo killed >>"$STUBS/srun.log"; exit 1' TERM
        for task in 0 1 2; do
            SLURM_PROCID=$task "$@" &
            echo $! >>"$STUBS/tasks"
        done
        wait
        """;

    private const string Scancel = """
        #!/bin/bash
        echo "$*" >>"$STUBS/scancel.log"
        kill -TERM $(cat "$STUBS/tasks")
        """;

    private const string Leaps = """
        #!/bin/bash
        trap 'echo "task $SLURM_PROCID drained" >>"$STUBS/leaps.log"; exit 0' TERM
        echo "task $SLURM_PROCID: $*" >>"$STUBS/leaps.log"
        while true; do sleep 0.05; done
        """;

    private string Read(string name) =>
        File.Exists(_folder.PathOf(name)) ? File.ReadAllText(_folder.PathOf(name)) : "";

    private Dictionary<string, string?> Environment()
    {
        foreach (var (name, text) in ((string, string)[])[("srun", Srun), ("scancel", Scancel), ("leaps",
            Leaps)])
        {
            string file = _folder.Write(name, text.ReplaceLineEndings("\n") + "\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(file,
                    UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        return new Dictionary<string, string?>
        {
            ["PATH"] = $"{_folder.Path}:{System.Environment.GetEnvironmentVariable("PATH")}",
            ["STUBS"] = _folder.Path,
            ["LEAPS"] = null,
            ["LEAPS_CLUSTER"] = _folder.Write("cluster.yaml", "cluster: lab\n"),
            ["SLURM_JOB_ID"] = "4711",
            ["SLURM_CPUS_PER_TASK"] = "8",
            ["SLURM_TMPDIR"] = _folder.Path,
        };
    }

    [Fact]
    public async Task Each_task_is_a_node_of_its_own_and_is_told_to_leave_when_the_script_is()
    {
        using var script = Script.Start(Path, Environment(), "");
        await Until(() => Count("leaps.log", "task .: node") == 3 && Count("tasks", "\n") == 3, script);
        foreach (int task in (int[])[0, 1, 2])
        {
            Assert.Contains($"task {task}: node --name slurm-4711-{task} --threads 8 "
                + $"--set node.work-directory={_folder.Path}/leaps-4711-{task} "
                + "--set node.leave-patience=2m\n",
                Read("leaps.log"));
            Assert.True(Directory.Exists(_folder.PathOf($"leaps-4711-{task}")));
        }
        Assert.Contains("option --kill-on-bad-exit=0", Read("srun.log"));

        script.Signal(Script.Terminate);

        Assert.Equal(0, script.Wait());
        Assert.Equal(3, Count("leaps.log", "drained"));
        Assert.Equal("--quiet --signal=TERM 4711\n", Read("scancel.log"));
        Assert.DoesNotContain("killed", Read("srun.log"));
        Assert.Contains("the nodes have left the cluster", script.Written);
    }

    [Fact]
    public void Without_a_cluster_it_says_what_is_missing_and_starts_nothing()
    {
        var environment = Environment();
        environment["LEAPS_CLUSTER"] = null;
        Assert.Equal((2, "leaps.sbatch: which cluster? set LEAPS_CLUSTER to its file\n"),
            Script.Run(Path, environment, ""));
        Assert.Equal("", Read("srun.log"));
    }

    [Fact]
    public void Slurm_tells_the_tasks_before_their_patience_would_be_too_long()
    {
        string text = Repository.Read(Path);
        int seconds = int.Parse(Signal().Match(text).Groups[1].Value,
            System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(Duration.TryParse(Patience().Match(text).Groups[1].Value, out var patience));
        Assert.True(seconds > patience.TotalSeconds);
    }

    private int Count(string file, string pattern) => Regex.Count(Read(file), pattern);

    private static async Task Until(Func<bool> holds, Script script)
    {
        for (int n = 0; !holds(); n++)
        {
            Assert.True(n < 1000 && !script.HasExited, $"it never came to that: {script.Written}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    [GeneratedRegex(@"#SBATCH --signal=TERM@(\d+)")]
    private static partial Regex Signal();

    [GeneratedRegex("leave-patience=([0-9a-z]+)")]
    private static partial Regex Patience();
}
