using System.Text.Json;
using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Host.Terminal;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Host.Tests.Commands;

public sealed class CommandLineTests : IDisposable
{
    private const string Ising =
        "target: {model: ising, lattice: 4, beta: 0.44}\nnetwork: {kernels: [3, 4]}\ntrain: {updates: 5}\n";

    private static readonly JobResult Result =
        new(new { LogZ = 1.5, Error = double.NaN }, [new EstimateRow("log Z", 1.5, 0.25)], ["wrote x"]);

    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };
    private readonly CancellationTokenSource _cancellation = new();
    private object? _request;

    public void Dispose()
    {
        _folder.Dispose();
        _cancellation.Dispose();
    }

    private string Error => _error.ToString().TrimEnd('\n');

    private int Run(params string[] arguments) => RunWith(context => Result, arguments);

    private int RunWith(Func<JobContext, JobResult> work, params string[] arguments)
    {
        JobResult Accept(object request, JobContext context)
        {
            _request = request;
            return work(context);
        }
        var jobs = new Jobs
        {
            Run = Accept,
            Train = Accept,
            Sample = Accept,
            Resume = Accept,
            Control = Accept,
            Evaluate = Accept,
            Import = Accept,
            Exact = Accept,
            Rates = Accept,
            Report = Accept,
        };
        _output.GetStringBuilder().Clear();
        _error.GetStringBuilder().Clear();
        _request = null;
        return LeapsCommandLine.Run(arguments, jobs,
            new Surroundings { Output = _output, Error = _error, Cancellation = _cancellation.Token });
    }

    private string Config(string text = Ising)
    {
        string path = _folder.PathOf("ising.yaml");
        File.WriteAllText(path, $"{text}output: {_folder.PathOf("out")}\n");
        return path;
    }

    [Fact]
    public void Run_reads_the_configuration_with_the_command_lines_values_over_it()
    {
        string output = _folder.PathOf("other");

        int code = Run("run", "--set", "sample.windows=3", "--set", "sample.walkers=7", Config(),
            "--threads", "2", "--seed", "9", "--device", "cuda:1,0", "--output", output);

        Assert.Equal((0, ""), (code, Error));
        var c = Assert.IsType<RunRequest>(_request).Configuration;
        Assert.Equal((3, 7, 2, 9UL),
            (c.Annealing.Windows, c.Annealing.Walkers, c.Annealing.Threads, c.Annealing.Seed));
        Assert.Equal(output, c.Output);
        Assert.Equal("cuda:1,0", c.Device.ToString());
        Assert.False(Directory.Exists(output));
    }

    [Fact]
    public void Run_without_a_configuration_runs_the_example()
    {
        Assert.Equal(0, Run("run", "--output", _folder.PathOf("out")));

        var request = Assert.IsType<RunRequest>(_request);
        Assert.True(request.IsExample);
        Assert.NotNull(request.Configuration.Training);
        Assert.Equal(DeviceSelection.Cpu, request.Configuration.Device);
    }

    [Fact]
    public void Train_and_sample_ask_for_what_they_need()
    {
        string plain = Config("target: {model: ising, lattice: 4, beta: 0.44}\n");
        Assert.Equal(1, Run("train", plain));
        Assert.Equal("leaps: there is nothing to train: add 'network' with its kernels to the configuration",
            Error);
        Assert.Equal(0, Run("sample", plain));
        Assert.Equal(0, Run("sample", plain, "--model", "m.safetensors"));
        Assert.Equal("m.safetensors", ((RunRequest)_request!).Configuration.Network!.Model);

        string network = Config(
            "target: {model: ising, lattice: 4, beta: 0.44}\nnetwork: {kernels: [3, 4]}\n");
        Assert.Equal(0, Run("train", network));
        Assert.NotNull(((RunRequest)_request!).Configuration.Training);
        Assert.Equal(1, Run("sample", network));
        Assert.Equal("leaps: the network is untrained: give --model or network.model, or train it with "
            + "leaps run", Error);
        Assert.Equal(1, Run("run", network));
        Assert.Equal("leaps: the network is neither trained nor read: add 'train', or network.model with a "
            + "model file", Error);
    }

    [Fact]
    public void A_taken_run_directory_is_refused_before_any_work()
    {
        _folder.Write("out", "");

        Assert.Equal(1, Run("run", Config()));

        Assert.Equal($"leaps: {_folder.PathOf("out")} exists: choose another with --output, or remove it; "
            + "nothing was changed", Error);
        Assert.Null(_request);
    }

    [Fact]
    public void Resume_and_ctl_read_their_options()
    {
        Assert.Equal(0, Run("resume", "d", "--updates", "+1000", "--replicas", "8", "--threads", "3",
            "--device", "cuda:1", "--time-limit", "2h"));
        var resume = Assert.IsType<ResumeRequest>(_request);
        Assert.Equal(("d", new Growth(1000, true), new Growth(8, false)),
            (resume.Directory, resume.Updates!.Value, resume.Replicas!.Value));
        Assert.Equal((1200, 8), (resume.Updates.Value.From(200), resume.Replicas.Value.From(4)));
        Assert.Equal(["threads", "device", "time-limit"], resume.Changes.Select(change => change.Path[0]));

        Assert.Equal(0, Run("ctl", "status", "d", "--json"));
        Assert.Equal(new ControlCommandRequest(ControlAction.Status, "d"), _request);
        Assert.Equal(0, Run("ctl", "set", "d", "sample.resample.threshold=0.4"));
        Assert.Equal(new ControlCommandRequest(
            ControlAction.Set, "d", "sample.resample.threshold", "0.4"), _request);
    }

    [Fact]
    public void Evaluate_reads_its_options()
    {
        Assert.Equal(0, Run("evaluate", "--model", "m.ckpt"));
        Assert.Equal(new EvaluateRequest("m.ckpt", new AnnealerOptions { ResamplingThreshold = 0 }, 1,
            DeviceSelection.Cpu), _request);

        Assert.Equal(0, Run("evaluate", "--model", "m.ckpt", "--integrator", "euler", "--windows", "50",
            "--walkers", "200", "--seed", "3", "--threads", "2", "--grid", "exp_2", "--resample", "0.5",
            "--mcmc", "heat-bath", "--sweeps", "4", "--replicas", "8", "--device", "auto", "--json"));
        Assert.Equal(new EvaluateRequest("m.ckpt", new AnnealerOptions
        {
            Integrator = IntegratorKind.Euler,
            Windows = 50,
            Walkers = 200,
            Seed = 3,
            Threads = 2,
            Grid = TimeGridKind.Exp2,
            ResamplingThreshold = 0.5,
            Mcmc = new McmcOptions { Kernel = McmcKernelKind.HeatBath, Sweeps = 4 },
        }, 8, DeviceSelection.Auto), _request);
    }

    [Fact]
    public void Exact_takes_a_target_from_one_of_four_places()
    {
        Assert.Equal(0, Run("exact", "--ising", "15", "--K", "0.4407"));
        var ising = Assert.IsType<IsingTarget>(((ExactRequest)_request!).Target);
        Assert.Equal((15, 0.4407), (ising.Lattice.Rows, ising.Schedule.At(1).Bond));

        Assert.Equal(0, Run("exact", "--potts", "2x3", "--states", "4", "--beta", "-0.5"));
        var potts = Assert.IsType<PottsTarget>(((ExactRequest)_request!).Target);
        Assert.Equal((2, 3, 4, -0.5),
            (potts.Lattice.Rows, potts.Lattice.Columns, potts.States, potts.Schedule.At(1).Bond));

        Assert.Equal(0, Run("exact", Config()));
        Assert.Equal(4, ((ExactRequest)_request!).Target!.Lattice.Rows);
        string model = _folder.Write("m.safetensors", "");
        Assert.Equal(0, Run("exact", "--model", model));
        Assert.Equal(model, ((ExactRequest)_request!).Model);
    }

    [Fact]
    public void Import_rates_and_report_read_their_files()
    {
        string checkpoint = _folder.Write("x.ckpt", ""), states = _folder.Write("s.npz", "");
        string reference = _folder.Write("ref.yml", "L: 15\n");
        _folder.Write("config.yaml", Ising);

        Assert.Equal(0, Run("import", checkpoint, "--config", reference, "--out", "m.safetensors"));
        var import = Assert.IsType<ImportRequest>(_request);
        Assert.Equal((checkpoint, "15", "m.safetensors"),
            (import.Checkpoint, import.Reference!["L"], import.Output));
        Assert.Equal(0, Run("rates", "--model", checkpoint, "--states", states, "--time", "0.5",
            "--out", "r.npz", "--device", "cuda"));
        Assert.Equal(new RatesRequest(checkpoint, states, 0.5, "r.npz", DeviceSelection.Parse("cuda")),
            _request);
        Assert.Equal(0, Run("report", _folder.Path));
        Assert.Equal(_folder.Path, Assert.IsType<ReportRequest>(_request).Directory.Path);
    }

    [Theory]
    [InlineData("unknown command 'evalute'; did you mean 'evaluate'? (see leaps --help)", "evalute",
        "--model", "m")]
    [InlineData("unknown option '--walkrs'; did you mean '--walkers'? (see leaps evaluate --help)",
        "evaluate", "--model", "m", "--walkrs", "5")]
    [InlineData("unknown option '--walkrs'; did you mean '--walkers'? (see leaps evaluate --help)",
        "evaluate", "--model", "m", "--walkrs=5")]
    [InlineData("unknown option '--thread'; did you mean '--threads'? (see leaps run --help)", "run",
        "--thread", "4", "x.yaml")]
    [InlineData("unknown option '--thread'; did you mean '--threads'? (see leaps run --help)", "run",
        "--thread")]
    [InlineData("unknown option '--debugg'; did you mean '--debug'? (see leaps run --help)", "run",
        "--debugg")]
    [InlineData("unknown option '--walkers'; write --set sample.walkers=3 (see leaps run --help)", "run",
        "--walkers", "3")]
    [InlineData("unknown option '--walkers'; write --set sample.walkers=3 (see leaps run --help)", "run",
        "x.yaml", "--walkers=3")]
    [InlineData("unknown option '--sample.walkers'; write --set sample.walkers=3 (see leaps run --help)",
        "run", "x.yaml", "--sample.walkers", "3")]
    [InlineData("unknown option '--beta'; write --set target.beta=VALUE (see leaps sample --help)", "sample",
        "x.yaml", "--beta")]
    [InlineData("unknown option '--beta'; write --set target.beta=VALUE (see leaps sample --help)", "sample",
        "x.yaml", "--beta", "--json")]
    [InlineData("unknown option '--model'; write --set target.model=m or --set network.model=m (see leaps "
        + "train --help)", "train", "x.yaml", "--model", "m")]
    [InlineData("unknown option '--channels' (see leaps evaluate --help)", "evaluate", "--model", "m",
        "--channels", "8")]
    [InlineData("unexpected argument 'b' (see leaps report --help)", "report", "a", "b")]
    [InlineData("--windows must be a whole number, not 'many' (see leaps evaluate --help)", "evaluate",
        "--model", "m", "--windows", "many")]
    [InlineData("--resample must be a finite number, not 'NaN' (see leaps evaluate --help)", "evaluate",
        "--model", "m", "--resample", "NaN")]
    [InlineData("--seed must be a whole number, 0 or more, not '-1' (see leaps evaluate --help)", "evaluate",
        "--model", "m", "--seed", "-1")]
    [InlineData("--integrator must be one of exact, euler, not 'rk4' (see leaps evaluate --help)",
        "evaluate", "--model", "m", "--integrator", "rk4")]
    [InlineData("option '--model' is required (see leaps evaluate --help)", "evaluate")]
    [InlineData("required argument missing for option: '--model' (see leaps evaluate --help)", "evaluate",
        "--model")]
    [InlineData("required argument missing for command: 'train' (see leaps train --help)", "train")]
    [InlineData("--progress and --quiet exclude each other (see leaps run --help)", "run", "--progress",
        "--quiet")]
    [InlineData("--windows: windows is 0; allowed: 1 to 1,000,000.", "evaluate", "--model", "m",
        "--windows", "0")]
    [InlineData("--resample: resampling threshold is 1.5; allowed: 0 to 1.", "evaluate", "--model", "m",
        "--resample", "1.5")]
    [InlineData("--replicas: replicas is 0; allowed: 1 to 10,000.", "evaluate", "--model", "m",
        "--replicas", "0")]
    [InlineData("give exactly one of CONFIG, --model, --ising and --potts", "exact")]
    [InlineData("give exactly one of CONFIG, --model, --ising and --potts", "exact", "--ising", "4",
        "--potts", "4")]
    [InlineData("--ising needs --K", "exact", "--ising", "4")]
    [InlineData("--K is for --ising only", "exact", "--model", "m", "--K", "1")]
    [InlineData("--ising must be a side such as 15, or rows and columns such as 8x16, not '4y4'", "exact",
        "--ising", "4y4", "--K", "1")]
    [InlineData("--replicas must be a whole number such as 12, or +4 for more, not 'more' (see leaps resume "
        + "--help)", "resume", "d", "--replicas", "more")]
    [InlineData("unknown command 'statu'; did you mean 'status'? (see leaps ctl --help)", "ctl", "statu",
        "d")]
    [InlineData("required argument missing for command: 'status' (see leaps ctl status --help)", "ctl",
        "status")]
    [InlineData("'threshold' is no setting; write KEY=VALUE, such as sample.resample.threshold=0.4", "ctl",
        "set", "d", "threshold")]
    [InlineData("--time must be between 0 and 1", "rates", "--model", "m", "--states", "s", "--time", "2",
        "--out", "r")]
    public void Wrong_use_is_one_line_and_exit_code_2(string message, params string[] arguments)
    {
        Assert.Equal(2, Run(arguments));
        Assert.Equal($"leaps: {message}", Error);
        Assert.Equal("", _output.ToString());
        Assert.Null(_request);
    }

    [Fact]
    public void An_error_of_the_configuration_is_one_line_and_exit_code_1()
    {
        Assert.Equal(1, Run("run", "none.yaml"));
        Assert.Equal("leaps: none.yaml: no such file", Error);
        Assert.Equal(1, Run("run", Config(), "--set", "sample.windws=3"));
        Assert.Equal("leaps: --set sample.windws=3: unknown key 'windws' under 'sample'; did you mean "
            + "'windows'?", Error);
        Assert.Equal(1, Run("run", Config(), "--threads", "-2"));
        Assert.Equal("leaps: --threads -2: threads is -2; allowed: 0 to 4096.", Error);
        Assert.Equal(1, Run("exact", "--ising", "4", "--K", "1e300"));
        Assert.Equal("leaps: --K: βJ is 1E+300 at t = 1; allowed: ±30 on the whole path.", Error);
        Assert.Equal(1, Run("report", "none"));
        Assert.Equal("leaps: none: no such run directory", Error);
        Assert.Equal(1, Run("import", "none.ckpt", "--out", "m"));
        Assert.Equal("leaps: none.ckpt: no such file", Error);
    }

    [Fact]
    public void A_defect_is_exit_code_70_and_debug_shows_where()
    {
        static JobResult Fail(JobContext context) => throw new InvalidOperationException("two\nlines");

        Assert.Equal(70, RunWith(Fail, "exact", "--ising", "4", "--K", "1"));
        Assert.Equal("leaps: InvalidOperationException: two lines (a defect of leaps; run again with "
            + "--debug for the stack trace)", Error);
        Assert.Equal(70, RunWith(Fail, "exact", "--ising", "4", "--K", "1", "--debug"));
        Assert.Contains("   at ", Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_from_a_worker_thread_is_the_users_all_the_same()
    {
        Assert.Equal(1, RunWith(
            _ => throw new AggregateException(
                new OperationCanceledException(), new LeapsException("too hot")),
            "exact", "--ising", "4", "--K", "1"));
        Assert.Equal("leaps: too hot", Error);
    }

    [Fact]
    public void An_interruption_is_exit_code_130()
    {
        JobResult Interrupted(JobContext context)
        {
            _cancellation.Cancel();
            context.Cancellation.ThrowIfCancellationRequested();
            return Result;
        }

        Assert.Equal(130, RunWith(Interrupted, "exact", "--ising", "4", "--K", "1"));
        Assert.Equal("leaps: interrupted", Error);
    }

    [Fact]
    public void Json_prints_one_object_and_nothing_else()
    {
        Assert.Equal(0, Run("exact", "--ising", "4", "--K", "1", "--json"));

        using var document = JsonDocument.Parse(_output.ToString());
        Assert.Equal(1.5, document.RootElement.GetProperty("logZ").GetDouble());
        Assert.Equal(JsonValueKind.Null, document.RootElement.GetProperty("error").ValueKind);
        Assert.Equal("", Error);
    }

    [Fact]
    public void A_person_gets_a_table_and_progress_only_when_asked_for()
    {
        static JobResult Work(JobContext context)
        {
            context.Progress.Report("sample", 1, 2, "3/s");
            context.Notice("resume with leaps");
            return Result;
        }

        RunWith(Work, "exact", "--ising", "4", "--K", "1");
        Assert.Contains("1.50 ± 0.25", _output.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("wrote x\n", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal("resume with leaps", Error);
        RunWith(Work, "exact", "--ising", "4", "--K", "1", "--progress");
        Assert.Equal("sample 1/2 (50%), 3/s\nresume with leaps", Error);
        RunWith(Work, "exact", "--ising", "4", "--K", "1", "--quiet");
        Assert.Equal(("", ""), (_output.ToString(), Error));
    }

    [Fact]
    public void Help_names_the_commands_and_the_exit_codes()
    {
        Assert.Equal(0, Run("--help"));
        Assert.All(["run", "train", "sample", "resume", "ctl", "evaluate", "import", "exact", "rates",
            "report", ExitCode.Help],
            text => Assert.Contains(text, _output.ToString(), StringComparison.Ordinal));
        Assert.Contains("  run [CONFIG] ", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("  train <CONFIG> ", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("  exact [CONFIG] ", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, Run("evaluate", "--help"));
        Assert.Contains("--integrator <I>", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, Run());
        Assert.Contains("Commands:", Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Version_is_one_line()
    {
        Assert.Equal(0, Run("--version"));
        Assert.Matches(@"^leaps \d+\.\d+\.\d+\S*\n$", _output.ToString());
    }

    [Fact]
    public void A_command_without_a_job_is_not_part_of_the_program()
    {
        Assert.Empty(LeapsCommandLine.Create(
            new Jobs(), new Surroundings { Output = _output, Error = _error }).Subcommands);
    }
}
