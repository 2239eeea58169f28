using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Adapters;

namespace PersonaTune.Cli.Adapters;

/// <summary>What is active now.</summary>
internal static class ActiveReport
{
    public static void Write(Invocation invocation, AdapterEntry? active)
    {
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("user", invocation.User);
                json.WriteString("active", active?.Id);
            });
        }
        else invocation.Console.Out.WriteLine(active is null ? $"'{invocation.User}' now uses the base model" : $"'{invocation.User}' now uses adapter {active.Id}");
    }
}
