namespace PersonaTune.FaultProbe;

/// <summary>Each command works until the process is killed; arguments: the command, then its own.</summary>
internal static class Program
{
    // A new command: a file with one static class, and one line here.
    private static readonly Dictionary<string, Func<string[], Task>> Commands = new(StringComparer.Ordinal)
    {
        ["writes"] = WritesCommand.RunAsync,
        ["rotate"] = RotateCommand.RunAsync,
        ["forget"] = ForgetCommand.RunAsync,
        ["train"] = TrainCommand.RunAsync,
        ["promote"] = PromoteCommand.RunAsync,
        ["spend"] = SpendCommand.RunAsync,
    };

    private static async Task<int> Main(string[] arguments)
    {
        if (arguments.Length == 0 || !Commands.TryGetValue(arguments[0], out var command))
        {
            await Console.Error.WriteLineAsync($"expected a command: {string.Join(", ", Commands.Keys)}");
            return 2;
        }
        await command(arguments[1..]);
        return 0;
    }
}
