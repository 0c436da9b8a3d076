using Leaps.Host.Commands;
using Leaps.Host.Terminal;

using var interruption = new Interruption();
return LeapsCommandLine.Run(args, new Jobs(), Surroundings.OfProcess(interruption.Token));
