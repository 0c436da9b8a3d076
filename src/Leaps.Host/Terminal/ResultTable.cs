using Spectre.Console;

namespace Leaps.Host.Terminal;

/// <summary>A table of texts for a person. A column whose name begins with a blank is
/// right-aligned.</summary>
/// <param name="Title">above it; may be empty</param>
/// <param name="Columns">their names</param>
/// <param name="Rows">as many cells each as there are columns</param>
public sealed record ResultTable(
    string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>As Spectre.Console draws it.</summary>
    public Table Draw()
    {
        var table = new Table().Border(TableBorder.Rounded);
        if (Title.Length > 0)
            table.Title(new TableTitle(Markup.Escape(Title)));
        foreach (string name in Columns)
        {
            var column = new TableColumn(new Text(name.Trim())) { NoWrap = name.StartsWith(' ') };
            table.AddColumn(name.StartsWith(' ') ? column.RightAligned() : column);
        }
        foreach (var row in Rows)
            table.AddRow(row.Select(cell => new Text(cell)));
        return table;
    }
}
