using System.Text.Json;
using Google.Protobuf;
using Leaps.Actors.Cluster;
using Leaps.Actors.Protocol;

namespace Leaps.Host.Tests.Cluster;

/// <summary>leaps ctl fetch: files come whole, in pieces, or not at all.</summary>
public sealed class FetchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeCluster _cluster = new();
    private readonly SortedDictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    public FetchTests()
    {
        _folder.Write("lab.yaml", FakeCluster.File);
        byte[] large = new byte[2 * RunFiles.PieceBytes + 12345];
        for (int n = 0; n < large.Length; n++)
            large[n] = (byte)(n * 31 + (n >> 12));
        _files["samples.npz"] = large;
        _files["result.json"] = "{}\n"u8.ToArray();
        _files["empty.csv"] = [];
        _cluster.Answer = Answer;
    }

    public void Dispose() => _folder.Dispose();

    private string Output => _folder.PathOf("out");

    private int Fetch(params string[] arguments) => _cluster.Invoke(
        ["ctl", "fetch", "my-run", .. arguments, "--output", Output, "--cluster",
            _folder.PathOf("lab.yaml")]);

    private ClusterReply Answer(ClusterRequest request)
    {
        Assert.Equal((ClusterRequest.Types.Command.Fetch, "my-run"), (request.Command, request.Run));
        if (request.Key.Length == 0)
            return FakeCluster.Accepted("", [.. _files.Select(file => (file.Key, $"{file.Value.Length}"))]);
        if (!_files.TryGetValue(request.Key, out byte[]? content))
            return new ClusterReply { Text = $"the run has no file {request.Key}" };
        int offset = (int)request.Offset;
        var reply = FakeCluster.Accepted("");
        reply.Length = content.Length;
        int count = Math.Min(RunFiles.PieceBytes, content.Length - offset);
        reply.Bytes = ByteString.CopyFrom(content, offset, count);
        return reply;
    }

    [Fact]
    public void All_files_come_piece_by_piece()
    {
        Assert.Equal((0, ""), (Fetch(), _cluster.Error));
        foreach (var (name, content) in _files)
            Assert.Equal(content, File.ReadAllBytes(Path.Combine(Output, name)));
        Assert.Equal(_files.Keys,
            Directory.GetFiles(Output).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal([0, RunFiles.PieceBytes, 2L * RunFiles.PieceBytes],
            _cluster.Asked.Where(request => request.Key == "samples.npz").Select(request => request.Offset));
        Assert.Equal($"wrote {Output}/empty.csv (0 bytes)\nwrote {Output}/result.json (3 bytes)\n"
            + $"wrote {Output}/samples.npz (2 MiB)\n", _cluster.Output);

        Assert.Equal(0, Fetch("--progress"));
        Assert.Contains("fetch samples.npz "
            + "1,048,576/2,109,497 (49%), 2 MiB", _cluster.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Named_files_come_alone_and_replace_older_ones()
    {
        Directory.CreateDirectory(Output);
        File.WriteAllText(Path.Combine(Output, "result.json"), "old");
        Assert.Equal((0, ""), (Fetch("result.json", "result.json", "--json"), _cluster.Error));
        Assert.Equal("{}\n", File.ReadAllText(Path.Combine(Output, "result.json")));
        using var json = JsonDocument.Parse(_cluster.Output);
        var file = Assert.Single(json.RootElement.GetProperty("files").EnumerateArray());
        Assert.Equal(("result.json", 3L),
            (file.GetProperty("name").GetString(), file.GetProperty("bytes").GetInt64()));
    }

    [Fact]
    public void A_file_that_is_written_anew_meanwhile_is_begun_again()
    {
        int pieces = 0;
        byte[] later = [.. _files["samples.npz"].Reverse(), 1, 2, 3];
        _cluster.Answer = request =>
        {
            if (request.Key.Length > 0 && pieces++ == 2)
                _files["samples.npz"] = later;
            return Answer(request);
        };
        Assert.Equal((0, ""), (Fetch("samples.npz"), _cluster.Error));
        Assert.Equal(later, File.ReadAllBytes(Path.Combine(Output, "samples.npz")));

        _cluster.Answer = request =>
        {
            _files["samples.npz"] = [.. _files["samples.npz"], 0];
            return Answer(request);
        };
        Assert.Equal(1, Fetch("samples.npz"));
        Assert.Equal("leaps: samples.npz of run my-run changes faster than it is fetched: fetch it again "
            + "when the run has ended", _cluster.Error);
        Assert.Equal(later, File.ReadAllBytes(Path.Combine(Output, "samples.npz")));
        Assert.Single(Directory.GetFiles(Output));
    }

    [Theory]
    [InlineData(0, "0 bytes at 0 of a file of 5")]
    [InlineData(6, "6 bytes at 0 of a file of 5")]
    public void Pieces_that_do_not_fit_are_refused_and_leave_no_file(int bytes, string what)
    {
        _cluster.Answer = request =>
        {
            var reply = FakeCluster.Accepted("");
            (reply.Length, reply.Bytes) = (5, ByteString.CopyFrom(new byte[bytes]));
            return reply;
        };
        Assert.Equal(1, Fetch("x.csv"));
        Assert.Equal($"leaps: x.csv of run my-run: the cluster sent {what}: run the same version of Leaps "
            + "here and on the nodes", _cluster.Error);
        Assert.Empty(Directory.GetFiles(Output));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/etc/passwd")]
    [InlineData(".bashrc")]
    [InlineData("a\nb")]
    public void A_name_that_leads_elsewhere_is_refused(string name)
    {
        string refusal = $"leaps: '{name}' is no name of a run's file: a run has files such as samples.npz";
        Assert.Equal(1, Fetch(name));
        Assert.Equal(refusal, _cluster.Error);
        Assert.Empty(_cluster.Asked);
        _files[name] = [1];
        Assert.Equal(1, Fetch());
        Assert.Equal(refusal, _cluster.Error);
        Assert.False(Directory.Exists(Output));
    }

    [Fact]
    public void The_directory_of_a_run_of_this_machine_is_not_touched()
    {
        Directory.CreateDirectory(Output);
        File.WriteAllText(Path.Combine(Output, "journal.db"), "");
        Assert.Equal(1, Fetch());
        Assert.Equal($"leaps: {Output} holds a run of this machine: choose "
            + "another with --output; nothing was changed", _cluster.Error);
        Assert.Single(Directory.GetFiles(Output));
    }

    [Fact]
    public void A_missing_file_and_a_run_without_files_are_said_in_one_line()
    {
        Assert.Equal(1, Fetch("none.csv"));
        Assert.Equal("leaps: cluster lab: the run has no file none.csv", _cluster.Error);
        _files.Clear();
        Assert.Equal(0, Fetch());
        Assert.Equal("run my-run has no files yet\n", _cluster.Output);
    }
}
