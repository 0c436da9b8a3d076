using System.CommandLine;
using System.Globalization;
using Leaps.Host.Configuration;
using Leaps.Model.Targets;

namespace Leaps.Host.Commands;

/// <summary>Exactly one of the two is given.</summary>
/// <param name="Target">the target itself</param>
/// <param name="Model">path of a model file that names its target</param>
public sealed record ExactRequest(Target? Target, string? Model);

/// <summary>
/// leaps exact: the true log Z, energy and specific heat at t = 1, where they can be computed.
/// </summary>
internal sealed class ExactCommand
{
    private readonly Argument<string?> _file = new("CONFIG")
    {
        Description = "A configuration, whose target is meant.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _model =
        OptionFactory.Text("--model", "FILE", "A model file, whose target is meant.");
    private readonly Option<string?> _ising =
        OptionFactory.Text("--ising", "L", "The Ising model on L×L, or RxC; with --K.");
    private readonly Option<double?> _coupling =
        OptionFactory.Number("--K", "K", "Ising: the coupling K = βJ.");
    private readonly Option<string?> _potts =
        OptionFactory.Text("--potts", "L", "The Potts model on L×L, or RxC; with --states and --beta.");
    private readonly Option<int?> _states =
        OptionFactory.Integer("--states", "q", "Potts: number of states.");
    private readonly Option<double?> _beta =
        OptionFactory.Number("--beta", "b", "Potts: inverse temperature, J = 1.");

    public static Command Create(CommandShell shell, Job<ExactRequest> job)
    {
        var command = new Command("exact", "Exact log Z, energy and specific heat of a target.");
        var options = new ExactCommand();
        command.Arguments.Add(options._file);
        foreach (var option in (Option[])[options._model, options._ising, options._coupling, options._potts,
            options._states, options._beta])
            command.Options.Add(option);
        return shell.Complete(command, options.Read, job);
    }

    private ExactRequest Read(ParseResult parse)
    {
        string? file = parse.GetValue(_file), model = parse.GetValue(_model);
        string? ising = parse.GetValue(_ising), potts = parse.GetValue(_potts);
        if (new[] { file, model, ising, potts }.Count(source => source is not null) != 1)
            throw new UsageException("give exactly one of CONFIG, --model, --ising and --potts");
        RequireTogether(parse, ising is not null, "--ising", [_coupling]);
        RequireTogether(parse, potts is not null, "--potts", [_states, _beta]);
        if (model is not null)
            return new ExactRequest(null, ExistingFile.Check(model));
        if (file is not null)
            return new ExactRequest(ConfigurationReader.ReadFile(file).Target.CreateTarget(), null);
        return new ExactRequest(ising is not null
            ? new IsingTarget(ReadLattice("--ising", ising), Schedule(parse, _coupling))
            : new PottsTarget(ReadLattice("--potts", potts!), parse.GetValue(_states)!.Value,
                Schedule(parse, _beta)), null);
    }

    private static void RequireTogether(ParseResult parse, bool needed, string name, Option[] options)
    {
        foreach (var option in options)
        {
            bool given = parse.GetResult(option) is not null;
            if (needed && !given)
                throw new UsageException($"{name} needs {option.Name}");
            if (!needed && given)
                throw new UsageException($"{option.Name} is for {name} only");
        }
    }

    // J from 0 to 1 at the inverse temperature given.
    private static CouplingSchedule Schedule(ParseResult parse, Option<double?> option)
    {
        double beta = parse.GetValue(option)!.Value;
        return new Origin(option.Name).Guard(() => new CouplingSchedule(
            ScheduleShape.Linear, new Couplings(0, 0, beta), new Couplings(1, 0, beta)));
    }

    private static Lattice ReadLattice(string name, string text)
    {
        int[] sides = [.. text.Split('x').Select(side =>
            int.TryParse(side, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value
            : throw new UsageException(
                $"{name} must be a side such as 15, or rows and columns such as 8x16, not '{text}'"))];
        return sides.Length <= 2 ? new Lattice(sides[0], sides[^1])
            : throw new UsageException(
                $"{name} must be a side such as 15, or rows and columns such as 8x16, not '{text}'");
    }
}
