using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Leaps.Actors.Runtime.RabbitMq;

namespace Leaps.Host.Tests.Deployment;

/// <summary>The rights and the hash that broker/users makes, compared with the names that the program
/// uses.</summary>
public sealed class BrokerUsersTests
{
    private const string Password = "correct-horse-battery";

    private static (int Code, string Written) Users(params string[] arguments) =>
        Script.Run("cluster-config/broker/users", new Dictionary<string, string?>(), Password + "\n",
            arguments);

    private static JsonElement Definitions(string role)
    {
        var (code, written) = Users("--definitions", "lab.1", role, "ada");
        Assert.True(code == 0, written);
        return JsonDocument.Parse(written).RootElement;
    }

    private static bool May(JsonElement definitions, string right, string name) =>
        Regex.IsMatch(name, definitions.GetProperty("permissions")[0].GetProperty(right).GetString()!);

    [Fact]
    public void The_hash_is_that_of_the_password()
    {
        byte[] hash = Convert.FromBase64String(
            Definitions("node").GetProperty("users")[0].GetProperty("password_hash").GetString()!);
        byte[] salted = [.. hash.AsSpan(0, 4), .. Encoding.UTF8.GetBytes(Password)];
        Assert.Equal(SHA256.HashData(salted), hash[4..]);
    }

    [Fact]
    public void Nodes_have_what_is_of_their_cluster_and_nothing_of_others()
    {
        var node = Definitions("node");
        string[] own =
        [
            BrokerNames.Cluster("lab.1"), BrokerNames.Identity("lab.1"), BrokerNames.Root("lab.1") + ".dead",
            BrokerNames.Run("lab.1", Guid.NewGuid(), "sampling-1") + ".group-3",
        ];
        string[] rights = ["configure", "write", "read"];
        Assert.All(rights, right => Assert.All(own, name =>
            Assert.True(May(node, right, name), $"{right} {name}")));
        string[] foreign =
            ["leaps.lab.2.cluster", "leaps.labx1.cluster", "other", "xleaps.lab.1.cluster", "amq.topic"];
        Assert.All(rights, right => Assert.All(foreign, name =>
            Assert.False(May(node, right, name), $"{right} {name}")));
    }

    [Theory]
    [InlineData("submitter", false)]
    [InlineData("administrator", true)]
    public void People_ask_and_hear_the_answer(string role, bool deadLetters)
    {
        var person = Definitions(role);
        string cluster = BrokerNames.Cluster("lab.1"), client = cluster + ".client-0123abcd";
        Assert.True(May(person, "configure", client) && May(person, "write", client) && May(person, "read",
            client));
        Assert.True(May(person, "write", cluster) && May(person, "read", cluster));
        Assert.False(May(person, "configure", cluster));
        Assert.False(May(person, "read", cluster + ".scheduler") || May(person, "configure",
            cluster + ".scheduler"));
        string run = BrokerNames.Run("lab.1", Guid.NewGuid(), "sampling-1");
        Assert.False(May(person, "read", run + ".group-3") || May(person, "configure", run));
        Assert.Equal(deadLetters, May(person, "write", run));
        Assert.Equal(deadLetters, May(person, "read", BrokerNames.Root("lab.1") + ".dead-letters"));
    }

    [Theory]
    [InlineData("the role is node, submitter or administrator", "lab", "king", "ada")]
    [InlineData("'la b' is no name", "la b", "node", "ada")]
    [InlineData("20 at most", "a-cluster-of-a-long-name", "node", "ada")]
    public void What_is_wrong_is_said(string expected, params string[] arguments)
    {
        var (code, written) = Users([.. arguments.Prepend("--definitions")]);
        Assert.Equal((2, true), (code, written.Contains(expected, StringComparison.Ordinal)));
    }
}
