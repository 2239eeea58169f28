using System.CommandLine;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Privacy;

/// <summary><c>privacy</c>: planning, accounting and auditing of differential privacy.</summary>
internal static class PrivacyCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console) =>
        new("privacy", "Plan, account and audit differential privacy.")
        {
            PlanCommand.Build(shared, console),
            AccountCommand.Build(shared, console),
            AuditCommand.Build(shared, console),
        };
}
