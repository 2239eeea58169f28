namespace KeyboardStyle;

/// <summary>The command line: nothing for the two shipped writers, or a file of one's own.</summary>
internal sealed record DemoArguments
{
    public const string Usage = """
        usage: dotnet run -c Release --project examples/KeyboardStyle [-- --text FILE [--name NAME]] [--out DIR] [--threads N]
          --text FILE    learn from this file instead of the two shipped writers: one message a line, or JSON lines {"text": ...}, oldest first
          --name NAME    the writer's name; default: the file's
          --out DIR      folder of the encrypted store and the picture; default: personatune-keyboard-style in the folder for temporary files
          --threads N    threads to compute with; default: all
        """;

    public string? Text { get; init; }

    public string? Name { get; init; }

    public string Out { get; init; } = Path.Combine(Path.GetTempPath(), "personatune-keyboard-style");

    public int Threads { get; init; }

    public bool Help { get; init; }

    public static DemoArguments Parse(string[] args)
    {
        var parsed = new DemoArguments();
        for (var i = 0; i < args.Length; i++)
        {
            parsed = args[i] switch
            {
                "--help" or "-h" => parsed with { Help = true },
                "--text" => parsed with { Text = Value(ref i) },
                "--name" => parsed with { Name = Value(ref i) },
                "--out" => parsed with { Out = Value(ref i) },
                "--threads" => parsed with { Threads = int.TryParse(Value(ref i), out var n) && n is > 0 and <= 1024 ? n : throw Wrong("--threads: expected 1 to 1024") },
                _ => throw Wrong($"'{args[i]}' is no option"),
            };
        }

        return parsed.Name is not null && parsed.Text is null ? throw Wrong("--name: expected with --text") : parsed;

        string Value(ref int i) => ++i < args.Length ? args[i] : throw Wrong($"{args[i - 1]}: expected a value");
    }

    private static DemoException Wrong(string problem) => new(2, $"{problem}\n{Usage}");
}
