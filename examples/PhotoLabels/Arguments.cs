namespace PhotoLabels;

/// <summary>The example's arguments.</summary>
internal sealed record Arguments(string Encoder, string Pictures, string Report)
{
    private const string Usage = "usage: PhotoLabels [--encoder FILE] [--pictures DIR] [--report FILE]";

    public static bool TryParse(string[] args, out Arguments arguments, out string problem)
    {
        arguments = new Arguments(Shipped() ?? string.Empty, Path.Combine(AppContext.BaseDirectory, "pictures"), "photo-labels.html");
        problem = string.Empty;
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length)
            {
                problem = $"{args[i]}: expected a value; {Usage}";
                return false;
            }

            switch (args[i])
            {
                case "--encoder":
                    arguments = arguments with { Encoder = args[i + 1] };
                    break;
                case "--pictures":
                    arguments = arguments with { Pictures = args[i + 1] };
                    break;
                case "--report":
                    arguments = arguments with { Report = args[i + 1] };
                    break;
                default:
                    problem = $"{args[i]}: not known; {Usage}";
                    return false;
            }
        }

        if (!File.Exists(arguments.Encoder) && !Directory.Exists(arguments.Encoder))
            problem = arguments.Encoder.Length == 0 ? "no models/photo-base-q8_0.gguf above the program; give an encoder with --encoder" : $"{arguments.Encoder}: no such encoder; give a .tflite or GGUF file or a folder";
        else if (!Directory.Exists(Path.Combine(arguments.Pictures, "teach")) || !Directory.Exists(Path.Combine(arguments.Pictures, "test")))
            problem = $"{arguments.Pictures}: expected the folders teach and test in it, each with a folder of pictures for each label";
        return problem.Length == 0;
    }

    private static string? Shipped()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "models", "photo-base-q8_0.gguf") is var file && File.Exists(file)) return file;
        return null;
    }
}
