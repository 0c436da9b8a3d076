using Leaps.Actors.Cluster;
using Leaps.Actors.Journal;
using Leaps.Actors.Journal.PostgreSql;
using Leaps.Actors.Runtime;
using Leaps.Actors.Tests.Journal.PostgreSql;

namespace Leaps.Actors.Tests.Cluster;

/// <summary>A run has one home: a former one that still lives, without its broker, changes nothing.</summary>
[Collection(SharedPostgreSqlTests.Name)]
public sealed class RunHomeTests(SharedPostgreSql shared)
{
    private readonly Guid _run = Guid.NewGuid();

    [Fact]
    public void A_former_home_writes_no_file_that_there_is_and_none_that_is_new()
    {
        using var here = Open();
        using var there = Open();
        using var former = Home(here);
        former.Files.WriteText("metrics.csv", "of the former home");
        using var home = Home(there);
        foreach (string name in (string[])["metrics.csv", "report.html"])
        {
            var refusal = Assert.Throws<FencedException>(() => former.Files.WriteText(name, "late"));
            Assert.Equal(ActorNames.Home, refusal.Actor);
        }
        Assert.Equal(["metrics.csv"], home.Files.Names());
        Assert.Equal("of the former home", home.Files.ReadText("metrics.csv"));

        foreach (string name in (string[])["metrics.csv", "report.html"])
        {
            home.Files.WriteText(name, "of the home");
            home.Files.WriteText(name, "of the home, again");
            Assert.Throws<FencedException>(() => former.Files.WriteText(name, "late"));
            Assert.Equal("of the home, again", home.Files.ReadText(name));
        }
        Assert.Equal(["metrics.csv", "report.html"], home.Files.Names());
    }

    private PostgreSqlDatabase Open() => PostgreSqlDatabase.Open(SharedPostgreSql.Options(shared.Server),
        "cluster", cancellation: TestContext.Current.CancellationToken);

    private RunHome Home(PostgreSqlDatabase database) =>
        new(new Journals(database), _run, nodeThreads: 1, clusterThreads: 1, _ => { }, _ => { });

    // A home has its journal before anything else.
    private sealed class Journals(PostgreSqlDatabase database) : IClusterServices
    {
        public Guid Cluster => database.Cluster;

        public IFencedJournal Journal(Guid run, string part) =>
            database.Journal(run, part, cancellation: TestContext.Current.CancellationToken);

        public IMailboxes Mailboxes(Guid run, string part, bool signed = false) =>
            throw new NotSupportedException();

        public Task<int?> Consumers(string actor) => throw new NotSupportedException();

        public Task Evict(string actor, Func<bool> isDue) => throw new NotSupportedException();

        public Task<ServerTrouble?> Trouble(CancellationToken cancellation) =>
            throw new NotSupportedException();

        public void EndJournals(TimeSpan limit) => throw new NotSupportedException();
    }
}
