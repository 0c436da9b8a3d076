using System.Globalization;
using Leaps.Model;

namespace Leaps.Host.Execution;

/// <summary>The numbers of a CSV file with a known first line; an empty cell is NaN.</summary>
internal sealed class CsvTable
{
    private readonly List<double[]> _rows = [];

    public int Rows => _rows.Count;

    /// <exception cref="LeapsException">The file can't be read, or a line is not of that form.</exception>
    public static CsvTable Read(string path, string header)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LeapsException($"{path} can't be read: {error.Message.ReplaceLineEndings(" ")}", error);
        }
        if (lines.Length == 0 || lines[0] != header)
            throw new LeapsException($"{path}, line 1: expected the columns {header}");
        var table = new CsvTable();
        int columns = header.Split(',').Length;
        for (int line = 1; line < lines.Length; line++)
        {
            string[] cells = lines[line].Split(',');
            var row = new double[cells.Length];
            bool good = cells.Length == columns;
            for (int column = 0; good && column < columns; column++)
                good = TryParse(cells[column], out row[column]);
            if (!good)
                throw new LeapsException($"{path}, line {line + 1}: expected {columns} numbers");
            table._rows.Add(row);
        }
        return table;
    }

    /// <summary>Whether the last line lacks its end: its writer was killed, or the disk was full.</summary>
    public static bool HasIncompleteEnd(string path)
    {
        using var stream = File.OpenRead(path);
        if (stream.Length == 0)
            return false;
        stream.Seek(-1, SeekOrigin.End);
        return stream.ReadByte() != '\n';
    }

    /// <summary>A column, (rows).</summary>
    public double[] Numbers(int column) => [.. _rows.Select(row => row[column])];

    private static bool TryParse(string cell, out double value)
    {
        value = double.NaN;
        return cell.Length == 0
            || double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }
}
