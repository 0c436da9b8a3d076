using Leaps.Model.Storage;

namespace Leaps.Model.Tests.Storage;

public class AtomicFileTests
{
    [Fact]
    public void A_written_file_appears_whole_and_alone()
    {
        using var folder = new TemporaryFolder();
        AtomicFile.WriteText(folder["a.txt"], "one\n");
        AtomicFile.WriteText(folder["a.txt"], "two\n");
        Assert.Equal("two\n", File.ReadAllText(folder["a.txt"]));
        Assert.Equal(["a.txt"], folder.Names);
    }

    [Fact]
    public void A_full_disk_leaves_the_former_file_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.bin", [1, 2, 3]);
        var error = Assert.Throws<LeapsException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write(new byte[100_000]);
            throw new IOException("No space left on device");
        }));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("No space left on device", error.Message, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal(["a.bin"], folder.Names);
    }

    [Fact]
    public void An_exception_of_the_writer_passes_through_and_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(folder["a.bin"], stream =>
        {
            stream.WriteByte(1);
            throw new InvalidOperationException();
        }));
        Assert.Empty(folder.Names);
    }

    [Fact]
    public void An_existing_file_is_refused_when_asked_even_if_it_appears_meanwhile()
    {
        using var folder = new TemporaryFolder();
        string path = folder["a.txt"];
        var late = Assert.Throws<LeapsException>(() => AtomicFile.Write(
            path, _ => File.WriteAllText(path, "first"), refuseExisting: true));
        var early = Assert.Throws<LeapsException>(() => AtomicFile.WriteText(
            path, "second", refuseExisting: true));
        Assert.Equal(early.Message, late.Message);
        Assert.Contains("exists already", early.Message, StringComparison.Ordinal);
        Assert.Equal("first", File.ReadAllText(path));
        Assert.Equal(["a.txt"], folder.Names);
    }

    [Fact]
    public void A_missing_folder_and_a_folder_in_the_way_are_named()
    {
        using var folder = new TemporaryFolder();
        string path = folder[Path.Combine("none", "a.txt")];
        var missing = Assert.Throws<LeapsException>(() => AtomicFile.WriteText(path, "x"));
        Assert.Contains("does not exist", missing.Message, StringComparison.Ordinal);
        Assert.Contains(path, missing.Message, StringComparison.Ordinal);
        Directory.CreateDirectory(folder["b"]);
        var inTheWay = Assert.Throws<LeapsException>(() => AtomicFile.WriteText(folder["b"], "x"));
        Assert.Contains(folder["b"], inTheWay.Message, StringComparison.Ordinal);
        Assert.Equal(["b"], folder.Names);
        Assert.Throws<LeapsException>(() => AtomicFile.WriteText("", "x"));
    }
}
