using Leaps.Actors.Runtime;
using Leaps.Actors.Runtime.Embedded;

namespace Leaps.Actors.Tests.Runtime.Embedded;

public sealed class EmbeddedMailboxesTests : MailboxesContract
{
    private protected override Task<(IMailboxes Here, IMailboxes There)> Start()
    {
        var mailboxes = new EmbeddedMailboxes(Refused.Enqueue);
        return Task.FromResult<(IMailboxes, IMailboxes)>((mailboxes, mailboxes));
    }
}
