using System.Text;
using Leaps.Model.Storage.Import;

namespace Leaps.Model.Tests.Storage;

/// <summary>Checkpoints that would run a program in Python: here they are refused by name.</summary>
public class RestrictedUnpicklerTests
{
    [Theory]
    [InlineData("os", "system")]
    [InlineData("posix", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("__builtin__", "exec")]
    [InlineData("torch", "LongStorage")]
    [InlineData("torch._utils", "_rebuild_parameter")]
    [InlineData("collections", "OrderedDict.__class__")]
    [InlineData("argparse", "namespace")]
    public void Any_other_global_is_refused_by_name(string module, string name)
    {
        Refused(p => p.Global(module, name).Raw("(").Value("ls").Raw("tR"), $"uses {module}.{name}, which");
        Refused(p => p.Raw("(").Value("ls").Raw($"i{module}\n{name}\n"), $"uses {module}.{name}, which");
        Refused(p => p.Value(module).Value(name).Raw(0x93), $"uses {module}.{name}, which");
    }

    [Theory]
    [InlineData("import os\nclass X:\n  def __reduce__(self): return (os.system, ('ls',))", "system")]
    [InlineData("class X:\n  def __reduce__(self): return (eval, ('1',))", "eval")]
    public void What_Python_pickles_itself_is_refused_by_name_in_every_protocol(string program, string name)
    {
        for (int protocol = 1; protocol <= 5; protocol++)
        {
            string script = $"{program}\nimport pickle\nprint(pickle.dumps(X(), {protocol}).hex())";
            string hex = Python.Run(script, null);
            Refused(Convert.FromHexString(hex), $".{name}, which");
        }
    }

    [Theory]
    [InlineData(0x82)] // EXT1
    [InlineData(0x92)] // NEWOBJ_EX
    [InlineData('o')]  // OBJ
    [InlineData('P')]  // PERSID
    [InlineData('S')]  // STRING
    [InlineData('2')]  // DUP
    [InlineData(0x96)] // BYTEARRAY8
    [InlineData(0xFF)]
    public void Any_other_opcode_is_refused_with_its_place(int opcode) =>
        Refused(p => p.Raw((byte)opcode), $"opcode 0x{opcode:X2} at byte ");

    [Fact]
    public void Misused_opcodes_are_refused()
    {
        Refused(p => p.Raw("0"), "opcode 0x30");
        Refused(p => p.Raw("t"), "takes more values");
        Refused(p => p.Raw("a"), "appends to something else");
        Refused(p => p.Value("f").Raw(")R"), "can't be called");
        Refused(p => p.Global("torch", "FloatStorage").Raw(")R"), "not understood");
        Refused(p => p.Global("argparse", "Namespace").Raw(")R").Value(1).Raw("b"), "not a dictionary");
        Refused(p => p.Value(1).Raw("}b"), "has none");
        Refused(p => p.Raw("h\u0009"), "never stored");
        Refused(p => p.Value(1).Raw("r").Raw(0xFF, 0xFF, 0xFF, 0xFF), "stores a value under");
        Refused(p => p.Raw(0x8A, 9).Raw(new byte[9]), "more than 64 bits");
        Refused(p => p.Raw("X").Raw(0xFF, 0xFF, 0xFF, 0x7F), "cut short");
        Refused(p => p.Raw("}").Value(2_000_000).Value(1).Raw("s"), "dictionary key");
        Refused(p => p.Raw("})").Value(1).Raw("s"), "dictionary key");
        Refused(p => p.Value("other").Raw("Q"), "stored float32 tensor");
        Refused(p => p.Raw("c" + new string('x', 300)), "without an end");
        Refused(p => p.Raw(0x80, 6), "protocol 6");
    }

    [Fact]
    public void Deep_long_and_self_containing_pickles_end_soon()
    {
        Refused(p => p.Raw(new string('(', 5000)), "nested deeper");
        Refused(p => p.Raw(string.Concat(Enumerable.Repeat("]]a", 10)) + "1"), "opcode 0x31");
        Refused([0x80, 2, .. Enumerable.Repeat((byte)'N', 2_000_000), (byte)'.'], "opcodes; refused");
        Refused(new byte[17 << 20], "at most");
        Refused(Encoding.ASCII.GetBytes("]q\u0001h\u0001a."), "not a dictionary");
        string nested = string.Concat(Enumerable.Repeat("]", 100_000)) + new string('a', 99_999) + ".";
        Refused(Encoding.ASCII.GetBytes(nested), "not a dictionary");
    }

    [Fact]
    public void Escape_sequences_in_a_name_do_not_reach_the_terminal() =>
        Refused(p => p.Global("evil\u001b[2J", "x\r"), "uses evil?[2J.x?, which");

    private static void Refused(Action<PickleWriter> more, string reason)
    {
        using var folder = new TemporaryFolder();
        var writer = new CheckpointWriter { More = more };
        Hostile.Refuses(writer.Write(folder), Import, reason);
    }

    private static void Refused(byte[] pickle, string reason)
    {
        using var folder = new TemporaryFolder();
        Hostile.Refuses(new CheckpointWriter().Write(folder, pickle), Import, reason);
    }

    private static void Import(string path) => ReferenceCheckpoint.Import(path);
}
