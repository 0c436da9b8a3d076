using System.IO.Compression;
using System.Text;
using Leaps.Model.Storage;

namespace Leaps.Model.Tests.Storage;

public class NpzFileTests
{
    private static readonly NamedTensor[] Sample =
    [
        NamedTensor.Create<sbyte>("bytes", [2, 1, 2], [-1, 1, 0, 127]),
        NamedTensor.Create<byte>("unsigned", [2], [0, 255]),
        NamedTensor.Create<int>("ints", [3], [int.MinValue, 0, 5]),
        NamedTensor.Create<long>("longs", [], [-9]),
        NamedTensor.Create<float>("singles", [2], [1.5f, float.NegativeInfinity]),
        NamedTensor.Create<double>("doubles", [1, 2], [Math.PI, 1e-300]),
        NamedTensor.Create<bool>("flags", [2], [true, false]),
        NamedTensor.Create<double>("none", [0, 3], []),
    ];

    [Fact]
    public void Every_type_and_shape_comes_back_as_it_was_from_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        NpzFile.Write(folder["a.npz"], Sample);
        NpzFile.Write(folder["b.npz"], Sample);
        Assert.Equal(File.ReadAllBytes(folder["a.npz"]), File.ReadAllBytes(folder["b.npz"]));
        var read = NpzFile.Read(folder["a.npz"]);
        foreach (var (expected, actual) in Sample.Zip(read.Tensors))
            AssertEqual(expected, actual);
        NpyFile.Write(folder["doubles.npy"], Sample[5]);
        AssertEqual(Sample[5], NpyFile.Read(folder["doubles.npy"]));
    }

    [Fact]
    public void NumPy_reads_what_we_write()
    {
        const string script = """
            import numpy, sys
            with numpy.load(sys.argv[1], allow_pickle=False) as z:
                for n in z.files:
                    print(n, z[n].dtype.str, z[n].shape, z[n].ravel().tolist())
            """;
        using var folder = new TemporaryFolder();
        NpzFile.Write(folder["a.npz"], Sample);
        string[] lines = Python.Run(script, "numpy", folder["a.npz"]).Split('\n');
        Assert.Equal(
        [
            "bytes |i1 (2, 1, 2) [-1, 1, 0, 127]", "unsigned |u1 (2,) [0, 255]",
            "ints <i4 (3,) [-2147483648, 0, 5]", "longs <i8 () [-9]", "singles <f4 (2,) [1.5, -inf]",
            "doubles <f8 (1, 2) [3.141592653589793, 1e-300]", "flags |b1 (2,) [True, False]",
            "none <f8 (0, 3) []",
        ], lines);
    }

    [Fact]
    public void We_read_what_NumPy_writes_compressed_or_not_and_refuse_what_we_should()
    {
        const string script = """
            import numpy as np, sys
            from numpy.lib import format
            f = sys.argv[1]
            a = np.arange(6, dtype='<i4').reshape(2, 3)
            np.savez(f + '/plain.npz', a=a, b=np.float64(2.5))
            np.savez_compressed(f + '/packed.npz', a=a, zeros=np.zeros(100000))
            with open(f + '/v2.npy', 'wb') as o: format.write_array(o, a, version=(2, 0))
            with open(f + '/v3.npy', 'wb') as o: format.write_array(o, a, version=(3, 0))
            np.save(f + '/fortran.npy', np.asfortranarray(a))
            np.save(f + '/object.npy', np.array([{}, 1], dtype=object))
            np.save(f + '/record.npy', np.zeros(2, dtype=[('x', '<f4')]))
            np.save(f + '/big.npy', a.astype('>i4'))
            np.save(f + '/complex.npy', a.astype('<c16'))
            """;
        using var folder = new TemporaryFolder();
        Python.Run(script, "numpy", folder.Path);
        Assert.Equal([0, 1, 2, 3, 4, 5], NpzFile.Read(folder["plain.npz"])["a"].ToDoubles());
        Assert.Equal([2, 3], NpzFile.Read(folder["packed.npz"])["a"].Shape);
        Assert.Equal(100_000, NpzFile.Read(folder["packed.npz"])["zeros"].Length);
        Assert.Equal([0, 1, 2, 3, 4, 5], NpyFile.Read(folder["v2.npy"]).ToDoubles());
        foreach (var (name, reason) in (ReadOnlySpan<(string, string)>)[("v3", "version 3.0"),
            ("fortran", "Fortran order"), ("object", "pickled Python objects"), ("record", "records"),
            ("big", "'>i4'"), ("complex", "'<c16'")])
            Hostile.Refuses(folder[name + ".npy"], ReadArray, reason);
    }

    [Theory]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", 7)]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", 9)]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", 8)]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (2147483647, 2147483647, 9), }", 8)]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999,), }", 8)]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (1,) ", 8)]
    [InlineData("{'descr': '<f8', 'fortran_order': False, }", 8)]
    [InlineData("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", 8)]
    [InlineData("{'descr': '<f8', 'fortran_order': 0, 'shape': (1,), }", 8)]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'more': '', }", 8)]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), } ()", 8)]
    [InlineData("{'descr': '<f8", 8)]
    [InlineData("", 8)]
    public void A_malformed_npy_header_is_refused(string header, int dataBytes)
    {
        using var folder = new TemporaryFolder();
        Hostile.Refuses(folder.Write("bad.npy", Npy(header, dataBytes)), ReadArray);
    }

    [Fact]
    public void An_absurd_npy_header_length_is_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = Npy("{}", 0);
        bytes[6] = 2;
        bytes.AsSpan(8, 4).Fill(0xFF);
        Hostile.Refuses(folder.Write("bad.npy", bytes), ReadArray, "claims a header");
    }

    [Fact]
    public void A_single_array_is_told_from_a_damaged_npz()
    {
        using var folder = new TemporaryFolder();
        NpyFile.Write(folder["array.npz"], Sample[2]);
        Hostile.Refuses(folder["array.npz"], Read,
            "it is a .npy, a single array; make an .npz of it in Python: "
            + "numpy.savez('new.npz', name=numpy.load('old.npy'))");
        Hostile.Refuses(folder.Write("short.npz", [0x93, (byte)'N']), Read, "not a sound zip file");
    }

    [Fact]
    public void An_entry_that_claims_more_than_it_has_is_refused_without_the_memory()
    {
        using var folder = new TemporaryFolder();
        string path = folder["bomb.npz"];
        NpzFile.Write(path, [Sample[2]]);
        byte[] bytes = File.ReadAllBytes(path);
        int central = bytes.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        foreach (uint claim in (uint[])[0x7F000000, 0xFFFFFFFE, 150, 0])
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(central + 24), claim);
            File.WriteAllBytes(path, bytes);
            Hostile.Refuses(path, Read);
        }
        using (var zip = new ZipArchive(File.Create(folder["zeros.npz"]), ZipArchiveMode.Create))
        {
            using var stream = zip.CreateEntry("z.npy", CompressionLevel.SmallestSize).Open();
            stream.Write(Npy("{'descr': '|u1', 'fortran_order': False, 'shape': (4000000,), }", 4_000_000));
        }
        Assert.Equal(4_000_000, NpzFile.Read(folder["zeros.npz"])["z"].Length);
        Assert.Throws<LeapsException>(() => NpzFile.Read(folder["zeros.npz"], largestData: 1_000_000));
    }

    [Fact]
    public void Foreign_doubled_and_damaged_entries_are_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] array = Npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", 8);
        Hostile.Refuses(Zip("x.txt"), Read, "'x.txt'");
        Hostile.Refuses(Zip("a.npy", "a.npy"), Read, "twice");
        byte[] bytes = File.ReadAllBytes(Zip("a.npy"));
        int data = bytes.AsSpan().IndexOf("NUMPY"u8) + 70;
        bytes[data] ^= 1;
        Hostile.Refuses(folder.Write("z.npz", bytes), Read, "checksum");

        string Zip(params string[] names)
        {
            using var zip = new ZipArchive(File.Create(folder["z.npz"]), ZipArchiveMode.Create);
            foreach (string name in names)
            {
                using var stream = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                stream.Write(array);
            }
            return folder["z.npz"];
        }
    }

    [Fact]
    public void Truncated_and_damaged_files_give_one_clear_line()
    {
        using var folder = new TemporaryFolder();
        NpzFile.Write(folder["a.npz"], Sample[..3]);
        Hostile.RefusesEveryTruncation(folder["a.npz"], Read, step: 3);
        Hostile.SurvivesDamage(folder["a.npz"], Read, rounds: 500);
        NpyFile.Write(folder["a.npy"], Sample[5]);
        Hostile.RefusesEveryTruncation(folder["a.npy"], ReadArray);
        Hostile.SurvivesDamage(folder["a.npy"], ReadArray, rounds: 500);
    }

    private static void Read(string path) => NpzFile.Read(path);

    private static void ReadArray(string path) => NpyFile.Read(path);

    private static byte[] Npy(string header, int dataBytes)
    {
        byte[] text = Encoding.ASCII.GetBytes(header + "\n");
        byte[] length = [(byte)text.Length, (byte)(text.Length >> 8)];
        return [0x93, .. "NUMPY"u8, 1, 0, .. length, .. text, .. new byte[dataBytes]];
    }

    private static void AssertEqual(NamedTensor expected, NamedTensor actual)
    {
        Assert.Equal(expected.Name, actual.Name);
        Assert.Equal(expected.Type, actual.Type);
        Assert.Equal(expected.Shape, actual.Shape);
        Assert.Equal(expected.Data.ToArray(), actual.Data.ToArray());
    }
}
