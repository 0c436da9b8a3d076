using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Leaps.Model.Storage;

namespace Leaps.Model.Tests.Storage;

public class SafeTensorsTests
{
    private static readonly TensorFile Sample = new(
    [
        NamedTensor.Create<sbyte>("bytes", [3], [-1, 0, 127]),
        NamedTensor.Create<double>("doubles", [2, 1], [Math.PI, -0.0]),
        NamedTensor.Create<float>("singles", [1, 2, 2], [1.5f, float.MinValue, 1e-40f, float.NaN]),
        NamedTensor.Create<long>("longs", [1], [long.MinValue]),
        NamedTensor.Create<int>("ints", [], [-7]),
        NamedTensor.Create<byte>("unsigned", [2], [0, 255]),
        NamedTensor.Create<bool>("flags", [1], [true]),
        NamedTensor.Create<float>("none", [0, 5], []),
    ], new Dictionary<string, string> { ["key"] = "a \"quoted\" näme", ["empty"] = "" });

    [Fact]
    public void Every_type_and_the_metadata_come_back_as_they_were()
    {
        using var folder = new TemporaryFolder();
        SafeTensors.Write(folder["a.safetensors"], Sample);
        var read = SafeTensors.Read(folder["a.safetensors"]);
        Assert.Equal(Sample.Metadata.OrderBy(pair => pair.Key), read.Metadata.OrderBy(pair => pair.Key));
        Assert.Equal(Sample.Tensors.Count, read.Tensors.Count);
        foreach (var tensor in Sample.Tensors)
        {
            Assert.Equal(tensor.Type, read[tensor.Name].Type);
            Assert.Equal(tensor.Shape, read[tensor.Name].Shape);
            Assert.Equal(tensor.Data.ToArray(), read[tensor.Name].Data.ToArray());
        }
        Assert.Equal([-1, 0, 127], read["bytes"].ToDoubles());
        Assert.Equal([(double)long.MinValue], read["longs"].ToDoubles());
        Assert.True(double.IsNegative(read["doubles"].ToDoubles()[1]));
    }

    [Fact]
    public void Equal_content_gives_equal_bytes_and_every_tensor_is_aligned()
    {
        byte[] first = Bytes(Sample);
        byte[] second = Bytes(new TensorFile(Sample.Tensors.Reverse(), Sample.Metadata));
        Assert.Equal(first, second);
        Assert.Equal(0ul, BinaryPrimitives.ReadUInt64LittleEndian(first) % 8);
        Assert.Equal((byte)'{', first[8]);
    }

    [Fact]
    public void A_reader_of_a_few_lines_of_Python_finds_the_same_numbers()
    {
        const string script = """
            import json, struct, sys
            raw = open(sys.argv[1], 'rb').read()
            n = struct.unpack('<Q', raw[:8])[0]
            header = json.loads(raw[8:8 + n])
            print(header.pop('__metadata__')['key'])
            codes = dict(F32='f', F64='d', I8='b', U8='B', I32='i', I64='q', BOOL='?')
            for name in sorted(header):
                t = header[name]
                b, e = t['data_offsets']
                code = codes[t['dtype']]
                assert (8 + n + b) % struct.calcsize(code) == 0
                values = struct.unpack(f"<{(e - b) // struct.calcsize(code)}{code}", raw[8 + n + b:8 + n + e])
                print(name, t['shape'], *(repr(float(v)) for v in values), sep=';')
            """;
        using var folder = new TemporaryFolder();
        SafeTensors.Write(folder["a.safetensors"], Sample);
        string[] lines = Python.Run(script, null, folder["a.safetensors"]).Split('\n');
        Assert.Equal("a \"quoted\" näme", lines[0]);
        foreach (string line in lines[1..])
        {
            string[] parts = line.Split(';');
            var tensor = Sample[parts[0]];
            Assert.Equal($"[{string.Join(", ", tensor.Shape)}]", parts[1]);
            Assert.Equal(tensor.ToDoubles(), parts[2..].Select(Parse));
        }
        Assert.Equal(Sample.Tensors.Count, lines.Length - 1);

        static double Parse(string text) =>
            text == "nan" ? double.NaN : double.Parse(text, CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Python_writes_a_padded_file_that_is_read()
    {
        const string script = """
            import json, struct, sys
            w = {"shape": [2, 1], "data_offsets": [0, 8], "dtype": "F32", "note": {"a": [1]}}
            header = json.dumps({"w": w, "__metadata__": {"format": "pt"}}).encode() + b"   "
            with open(sys.argv[1], 'wb') as f:
                f.write(struct.pack('<Q', len(header)) + header + struct.pack('<2f', 1.5, -2))
            """;
        using var folder = new TemporaryFolder();
        Python.Run(script, null, folder["p.safetensors"]);
        var read = SafeTensors.Read(folder["p.safetensors"]);
        Assert.Equal([1.5, -2], read["w"].ToDoubles());
        Assert.Equal("pt", read.Metadata["format"]);
    }

    [Theory]
    [InlineData("", 0, "does not start with '{'")]
    [InlineData(" {}", 0, "does not start with '{'")]
    [InlineData("{", 0, "not valid JSON")]
    [InlineData("{} x", 0, "not valid JSON")]
    [InlineData("{'a':{}}", 0, "lacks its dtype")]
    [InlineData("{'a':[]}", 0, "not an object")]
    [InlineData("{'a':{'D':'F32','S':[1],'O':[0,4]}}", 3, "cut short")]
    [InlineData("{'a':{'D':'F32','S':[1],'O':[0,4]}}", 5, "1 bytes follow")]
    [InlineData("{'a':{'D':'F32','S':[1],'O':[4,8]}}", 8, "hole or an overlap")]
    [InlineData("{'a':{'D':'F32','S':[1],'O':[4,0]}}", 4, "hole or an overlap")]
    [InlineData("{'a':{'D':'F32','S':[1],'O':[-4,0]}}", 4, "whole numbers")]
    [InlineData("{'a':{'D':'F32','S':[1.0],'O':[0,4]}}", 4, "whole numbers")]
    [InlineData("{'a':{'D':'F32','S':[1],'O':[0,18446744073709551615]}}", 4, "whole numbers")]
    [InlineData("{'a':{'D':'F32','S':[1],'O':[0,9223372036854775807]}}", 4, "cut short")]
    [InlineData("{'a':{'D':'F32','S':[2],'O':[0,4]}}", 4, "do not make Float32 [2]")]
    [InlineData("{'a':{'D':'F32','S':[1],'O':[0,3]}}", 3, "do not make Float32 [1]")]
    [InlineData("{'a':{'D':'F32','S':[4294967297],'O':[0,4]}}", 4, "side longer")]
    [InlineData("{'a':{'D':'I8','S':[2147483647,2147483647,2147483647,4],'O':[0,4]}}", 4, "do not make")]
    [InlineData("{'a':{'D':'BF16','S':[2],'O':[0,4]}}", 4, "'BF16'")]
    [InlineData("{'a':{'D':'U8','D':'I8','S':[4],'O':[0,4]}}", 4, "'dtype' twice")]
    [InlineData("{'a':{'D':'U8','S':[2],'O':[0,2]},'a':{'D':'U8','S':[2],'O':[2,4]}}", 4, "'a' twice")]
    [InlineData("{'a':{'D':'U8','S':[3],'O':[0,3]},'b':{'D':'U8','S':[2],'O':[2,4]}}", 4,
        "hole or an overlap")]
    [InlineData("{'__metadata__':{'a':1}}", 0, "not a map of strings")]
    [InlineData("{'__metadata__':{'a':'1','a':'2'}}", 0, "'a' twice")]
    [InlineData("{'\\ud800':{}}", 0, "not valid JSON")]
    public void A_header_that_breaks_the_format_is_refused(string header, int dataBytes, string reason)
    {
        using var folder = new TemporaryFolder();
        string json = header.Replace("'D'", "'dtype'").Replace("'S'", "'shape'")
            .Replace("'O'", "'data_offsets'");
        string path = folder.Write("bad.safetensors", File(json.Replace('\'', '"'), dataBytes));
        Hostile.Refuses(path, Read, reason);
    }

    [Theory]
    [InlineData(100_000_001ul)]
    [InlineData(ulong.MaxValue)]
    [InlineData(50_000_000ul)]
    [InlineData(3ul)]
    public void A_header_longer_than_the_limit_or_the_file_is_refused(ulong length)
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = File("{}", 0);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        Hostile.Refuses(folder.Write("bad.safetensors", bytes), Read, "header");
    }

    [Fact]
    public void Truncated_and_damaged_files_give_one_clear_line()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.safetensors", Bytes(Sample));
        Hostile.RefusesEveryTruncation(path, Read);
        Hostile.SurvivesDamage(path, Read, rounds: 1500);
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_named()
    {
        using var folder = new TemporaryFolder();
        Hostile.Refuses(folder["none"], Read, "no such file");
        Hostile.Refuses(folder.Path, Read, "is a folder");
        Assert.Throws<LeapsException>(() => Read(""));
    }

    private static void Read(string path) => SafeTensors.Read(path);

    private static byte[] Bytes(TensorFile file)
    {
        using var stream = new MemoryStream();
        SafeTensors.Write(stream, file);
        return stream.ToArray();
    }

    private static byte[] File(string header, int dataBytes)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)json.Length);
        json.CopyTo(bytes, 8);
        return bytes;
    }
}
