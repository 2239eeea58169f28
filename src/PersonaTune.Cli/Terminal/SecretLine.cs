using System.Text;

namespace PersonaTune.Cli.Terminal;

/// <summary>Reads a passphrase from the terminal without echoing it.</summary>
internal static class SecretLine
{
    public static string Read()
    {
        var line = new StringBuilder();
        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
        {
            if (key.Key == ConsoleKey.Backspace)
                line.Length = Math.Max(0, line.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                line.Append(key.KeyChar);
        }

        Console.Error.WriteLine();
        return line.ToString();
    }
}
