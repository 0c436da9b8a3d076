namespace Leaps.Host.Tests.Deployment;

/// <summary>
/// What can be said of the image without a container engine. `cluster-config/check-dockerfile` without
/// --copies also
/// restores, publishes and starts the program, which takes minutes.
/// </summary>
public sealed class DockerfileTests
{
    private static readonly string[] Lines = Repository.Read("Dockerfile").Split('\n');

    [Fact]
    public void Everything_that_is_copied_is_there_and_not_ignored()
    {
        var (code, written) = Script.Run(
            "cluster-config/check-dockerfile", new Dictionary<string, string?>(), "", "--copies");
        Assert.Equal((0, "Dockerfile: 12 sources copied, 0 commands run\n"), (code, written));
    }

    [Fact]
    public void It_publishes_a_self_contained_program_for_linux() => Assert.Contains(
        "RUN dotnet publish src/Leaps.Host -c Release -r linux-x64 --self-contained --no-restore -o /publish",
            Lines);

    [Fact]
    public void The_image_runs_leaps_as_a_user_without_rights_and_sees_NVIDIA_devices()
    {
        string[] last = Lines[Array.FindLastIndex(Lines, line =>
            line.StartsWith("FROM ", StringComparison.Ordinal))..];
        Assert.Equal("FROM mcr.microsoft.com/dotnet/runtime-deps:10.0", last[0]);
        Assert.Contains("USER 1654:1654", last);
        Assert.Contains("ENTRYPOINT [\"leaps\"]", last);
        Assert.Contains("ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility", last);
    }

    [Fact]
    public void No_secret_and_no_build_of_this_machine_gets_into_the_image()
    {
        string[] rules = [.. Repository.Read(".dockerignore").Split('\n').Where(line =>
            line.Length > 0 && line[0] != '#')];
        Assert.Equal("*", rules[0]);
        Assert.DoesNotContain(rules, rule => rule.StartsWith("!cluster-config", StringComparison.Ordinal));
        Assert.Contains("src/**/obj", rules);
    }
}
