using System.Text;
using Leaps.Model;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Leaps.Host.Configuration;

/// <summary>
/// Reads YAML into nodes that carry their line. Only what a configuration needs: mappings with plain keys,
/// lists and scalars in one document. Anchors, aliases and tags are refused, so a file can't grow in memory.
/// </summary>
public static class YamlTree
{
    private const int MaxDepth = 16;
    private const long MaxBytes = 1 << 20;

    /// <summary>The document of a file, or null where the file holds none.</summary>
    /// <exception cref="LeapsException">The file can't be read, or is not such YAML; names file and
    /// line.</exception>
    public static ConfigNode? ReadFile(string path)
    {
        string text = ReadText(path);
        CheckTabs(text, path);
        return Parse(text, line => new Origin(path, line));
    }

    /// <summary>The document of a text, or null where it holds none.</summary>
    /// <param name="text">YAML</param>
    /// <param name="originOfLine">what to say of a line, counted from 1</param>
    /// <exception cref="LeapsException">The text is not such YAML.</exception>
    public static ConfigNode? Parse(string text, Func<int, Origin> originOfLine)
    {
        int lines = text.TrimEnd().Count(c => c == '\n') + 1;
        Origin At(Mark mark) => originOfLine(Math.Clamp((int)mark.Line, 1, lines));
        var parser = new Parser(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
                return null;
            parser.Consume<DocumentStart>();
            var node = ReadNode(parser, At, 0);
            parser.Consume<DocumentEnd>();
            if (parser.Accept<DocumentStart>(out var second))
                throw At(second.Start).Error(
                    "a second document starts here; a configuration is one document");
            parser.Consume<StreamEnd>();
            return node;
        }
        catch (YamlException error)
        {
            throw new LeapsException($"{At(error.Start)}: this is not YAML: {OneLine(error.Message)}", error);
        }
        catch (Exception error) when (error is not LeapsException)
        {
            // The parser's own assertions fail on some malformed texts, such as "... ,...".
            throw new LeapsException($"{At(parser.Current?.End ?? Mark.Empty)}: this is not YAML", error);
        }
    }

    private static ConfigNode ReadNode(Parser parser, Func<Mark, Origin> at, int depth)
    {
        var start = parser.Current!.Start;
        if (parser.Current is AnchorAlias || parser.Current is NodeEvent { Anchor.IsEmpty: false })
            throw at(start).Error("anchors and aliases (& and *) are not supported; write the value out");
        if (parser.Current is NodeEvent { Tag.IsEmpty: false })
            throw at(start).Error("tags (!) are not supported; write the plain value");
        if (depth > MaxDepth)
            throw at(start).Error($"nested more than {MaxDepth} levels deep");

        if (parser.TryConsume<Scalar>(out var scalar))
            return new ScalarNode(at(start), scalar.Value, scalar.Style == ScalarStyle.Plain);
        if (parser.TryConsume<SequenceStart>(out _))
        {
            var items = new List<ConfigNode>();
            while (!parser.TryConsume<SequenceEnd>(out _))
                items.Add(ReadNode(parser, at, depth + 1));
            return new SequenceNode(at(start), items);
        }
        parser.Consume<MappingStart>();
        var entries = new Dictionary<string, MappingEntry>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var keyStart = at(parser.Current!.Start);
            if (ReadNode(parser, at, depth + 1) is not ScalarNode key)
                throw keyStart.Error("a key must be a plain word");
            if (entries.TryGetValue(key.Text, out var first))
                throw keyStart.Error(
                    $"the key '{key.Text}' is given twice (first in line {first.Origin.Line})");
            entries.Add(key.Text, new MappingEntry(key.Text, keyStart, ReadNode(parser, at, depth + 1)));
        }
        return new MappingNode(at(start), [.. entries.Values]);
    }

    private static string ReadText(string path)
    {
        try
        {
            if (Directory.Exists(path))
                throw new LeapsException($"{path}: is a folder; give a YAML file");
            if (!File.Exists(path))
                throw new LeapsException($"{path}: no such file");
            if (new FileInfo(path).Length > MaxBytes)
                throw new LeapsException($"{path}: larger than 1 MiB; this can't be a configuration");
            return File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
        }
        catch (DecoderFallbackException error)
        {
            throw new LeapsException($"{path}: is not UTF-8 text", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LeapsException($"{path}: can't be read: {OneLine(error.Message)}", error);
        }
    }

    private static void CheckTabs(string text, string path)
    {
        int line = 0;
        foreach (var content in text.AsSpan().EnumerateLines())
        {
            line++;
            var trimmed = content.TrimStart();
            if (!trimmed.IsEmpty && trimmed[0] != '#' && content[..^trimmed.Length].Contains('\t'))
                throw new Origin(path, line).Error("a tab in the indentation; YAML allows only spaces there");
        }
    }

    private static string OneLine(string message)
    {
        string line =
            string.Join(' ', message.Split((char[])['\r', '\n'], StringSplitOptions.RemoveEmptyEntries));
        return line.Length > 1 && char.IsLower(line[1]) ? char.ToLowerInvariant(line[0]) + line[1..] : line;
    }
}
