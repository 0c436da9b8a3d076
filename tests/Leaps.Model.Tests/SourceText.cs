using System.Text;

namespace Leaps.Model.Tests;

/// <summary>
/// A C# file as the style tests see it: its lines, and the same lines with comments, strings and character
/// literals blanked out. The code in the holes of interpolated strings stays.
/// </summary>
internal sealed class SourceText
{
    private readonly string _text;
    private readonly StringBuilder _code;
    private int _at;

    private SourceText(string text)
    {
        _text = text;
        _code = new StringBuilder(text);
        ReadCode(closing: '\0');
        Lines = text.Split('\n');
        CodeLines = _code.ToString().Split('\n');
    }

    public string[] Lines { get; }
    public string[] CodeLines { get; }

    public static SourceText Of(string text) => new(text.ReplaceLineEndings("\n"));

    private char Here => _at < _text.Length ? _text[_at] : '\0';

    private bool Follows(string token) => _text.AsSpan(_at).StartsWith(token, StringComparison.Ordinal);

    // Blanks what is passed over; line ends stay.
    private void Skip(int count = 1)
    {
        for (; count > 0 && _at < _text.Length; count--, _at++)
        {
            if (_text[_at] != '\n') _code[_at] = ' ';
        }
    }

    // Reads to the brace that closes a hole, or to the end of the file.
    private void ReadCode(char closing)
    {
        for (int depth = 0; _at < _text.Length;)
        {
            if (Follows("//"))
                SkipTo("\n");
            else if (Follows("/*"))
                SkipTo("*/");
            else if (Here == '\'')
                ReadCharacter();
            else if (Here is '"' or '$' or '@')
                ReadString();
            else if (Here == closing && depth == 0)
                return;
            else
            {
                depth += Here switch { '{' => 1, '}' => -1, _ => 0 };
                _at++;
            }
        }
    }

    private void SkipTo(string end)
    {
        while (_at < _text.Length && !Follows(end)) Skip();
        if (end != "\n") Skip(end.Length);
    }

    private void ReadCharacter()
    {
        Skip();
        while (_at < _text.Length && Here != '\'')
            Skip(Here == '\\' ? 2 : 1);
        Skip();
    }

    private void ReadString()
    {
        int start = _at, dollars = 0;
        bool verbatim = false;
        for (; Here is '$' or '@'; _at++)
        {
            dollars += Here == '$' ? 1 : 0;
            verbatim |= Here == '@';
        }
        if (Here != '"') return;        // an identifier such as @class
        int prefix = _at - start;
        _at = start;
        Skip(prefix);
        int quotes = 0;
        while (_at + quotes < _text.Length && _text[_at + quotes] == '"') quotes++;
        if (quotes >= 3)
        {
            Skip(quotes);
            SkipTo(new string('"', quotes));        // holes of raw strings are blanked too
            return;
        }
        Skip();
        while (_at < _text.Length)
        {
            if (verbatim && Follows("\"\""))
                Skip(2);
            else if (Here == '"')
                break;
            else if (!verbatim && Here == '\\')
                Skip(2);
            else if (dollars > 0 && (Follows("{{") || Follows("}}")))
                Skip(2);
            else if (dollars > 0 && Here == '{')
            {
                Skip();
                ReadCode(closing: '}');
                Skip();
            }
            else
                Skip();
        }
        Skip();
    }
}
