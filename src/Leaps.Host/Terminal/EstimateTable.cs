using Spectre.Console;

namespace Leaps.Host.Terminal;

/// <summary>
/// Prints estimates ± errors against exact values; columns that would be empty are left out.
/// </summary>
public static class EstimateTable
{
    private const int PlainWidth = 120;

    public static void Write(Surroundings surroundings, IReadOnlyList<EstimateRow> rows)
    {
        if (rows.Count == 0)
            return;
        var table = new Table().Border(TableBorder.Rounded);
        bool exact = rows.Any(row => row.Exact is not null);
        table.AddColumn("quantity");
        table.AddColumn(new TableColumn(exact ? "estimate" : "value").RightAligned());
        // A value with an error is not exact.
        string truth = rows.Any(row => row.ExactError is not null) ? "reference" : "exact";
        bool deviation = rows.Any(row => row.Deviation is not null);
        if (exact)
            table.AddColumn(new TableColumn(truth).RightAligned());
        if (deviation)
            table.AddColumn(new TableColumn("deviation").RightAligned());
        bool source = rows.Any(row => row.Source is not null);
        if (source)
            table.AddColumn("source");
        foreach (var row in rows)
        {
            List<string> cells = [row.Name, row.ValueText];
            if (exact)
                cells.Add(row.ExactText);
            if (deviation)
                cells.Add(row.DeviationText);
            if (source)
                cells.Add(row.Source ?? "");
            table.AddRow([.. cells.Select(cell => new Text(cell))]);
        }
        CreateConsole(surroundings.Output, surroundings.OutputIsTerminal).Write(table);
    }

    /// <summary>
    /// A console on a stream; without colours and of fixed width where no terminal is behind it.
    /// </summary>
    public static IAnsiConsole CreateConsole(TextWriter writer, bool isTerminal)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        if (!isTerminal)
            console.Profile.Width = PlainWidth;
        return console;
    }
}
