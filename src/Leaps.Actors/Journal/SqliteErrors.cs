using Leaps.Model;
using Microsoft.Data.Sqlite;

namespace Leaps.Actors.Journal;

/// <summary>SQLite's result codes (sqlite.org/rescode.html) as one line that says what to do.</summary>
internal static class SqliteErrors
{
    private const int Permission = 3;
    private const int Busy = 5;
    private const int Locked = 6;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    private const string Remedy = "restore it from a copy, or start the run anew.";

    public static LeapsException Explain(string path, SqliteException cause) => new(
        $"{path} {Reason(cause)}", cause);

    public static LeapsException Damaged(string path, string finding) => new(
        $"{path} is damaged ({finding.ReplaceLineEndings(" ")}): {Remedy}");

    private static string Reason(SqliteException cause) => cause.SqliteErrorCode switch
    {
        Busy or Locked => "is in use by another process: stop that one first.",
        ReadOnly or Permission => "can't be written: check the permissions of the file and its folder.",
        CannotOpen => "can't be opened: check that its folder exists and may be written.",
        Full => "can't grow, as its disk is full: free some space and resume; what was acknowledged is safe.",
        NotADatabase => "is no Leaps journal, or its beginning is damaged: name another, or restore it.",
        Corrupt => $"is damaged (its pages contradict each other): {Remedy}",
        InputOutput => $"met I/O error {cause.SqliteExtendedErrorCode} of SQLite: check its disk.",
        _ => $"refused (SQLite {cause.SqliteExtendedErrorCode}: {cause.Message.ReplaceLineEndings(" ")}): "
            + Remedy,
    };
}
