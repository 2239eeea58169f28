using System.Globalization;
using System.Security.Cryptography;
using KeyboardStyle.Charts;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Scheduling;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;
using Spectre.Console;

namespace KeyboardStyle;

/// <summary>Learns the style of each writer on this machine and shows what changed.</summary>
internal static class Demo
{
    private const string ModelName = "keyboard-base-q8_0.gguf";

    /// <summary>Exit code 0, or that of a <see cref="DemoException"/>; 130 when interrupted.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        try
        {
            var arguments = DemoArguments.Parse(args);
            if (arguments.Help)
            {
                await output.WriteLineAsync(DemoArguments.Usage);
                return 0;
            }

            IReadOnlyList<Writer> writers = arguments.Text is { } text
                ? [Writer.Read(text, arguments.Name)]
                : [Shipped("kai"), Shipped("eleanor")];
            await RunAsync(writers, arguments, CreateConsole(output), cancellation);
            return 0;
        }
        catch (DemoException exception)
        {
            await error.WriteLineAsync(exception.Message);
            return exception.ExitCode;
        }
        catch (MessageFileException exception)
        {
            await error.WriteLineAsync(exception.Message);
            return 3;
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("interrupted");
            return 130;
        }
    }

    private static async Task RunAsync(IReadOnlyList<Writer> writers, DemoArguments arguments, IAnsiConsole console, CancellationToken cancellation)
    {
        using var model = ModelLoader.Load(FindModel());
        using var pool = new WorkerPool(arguments.Threads);

        // A passphrase nobody knows: the store of this demonstration opens until the process ends, and never again.
        var folder = Path.Combine(arguments.Out, "store");
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        using var protector = PassphraseProtector.FromArgon2id(Convert.ToHexString(RandomNumberGenerator.GetBytes(16)));
        await using var store = await SealedStore.CreateAsync(new SealedStoreOptions { Folder = folder }, protector, cancellation);
        using var library = new AdapterLibrary(store);
        var slot = new AdapterSlot(model);
        var consent = new ConsentPolicy(new ConsentLedger(store, TimeProvider.System), ConsentMode.ImplicitPersonalization, TimeProvider.System);
        var scheduler = new TrainingScheduler(new UnknownDeviceConditions(), SchedulingOptions.Unrestricted, TimeProvider.System);
        using var personalizer = new Personalizer(model, pool, store, library, slot, scheduler, consent);
        console.WriteLine($"base model {ModelName}, {pool.Threads} threads; encrypted store (passphrase made for this run): {folder}");

        var curves = new List<LossCurve>();
        foreach (var writer in writers)
        {
            var journey = new Journey(writer, model, pool, store, slot, personalizer, console);
            curves.Add(await journey.RunAsync(cancellation));
        }

        var picture = Path.Combine(arguments.Out, "held-out-loss.svg");
        await File.WriteAllTextAsync(picture, LossSvg.Draw(curves), cancellation);
        console.WriteLine();
        console.WriteLine($"picture of the held-out loss: {picture}");
        var bytes = new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length);
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the store holds messages, n-grams and adapters of {writers.Count} writers, sealed, in {bytes / 1048576.0:F1} MiB; nothing left this machine"));
    }

    private static Writer Shipped(string name) => Writer.Read(Path.Combine(AppContext.BaseDirectory, "messages", $"{name}.jsonl"), name);

    private static string FindModel()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "models", ModelName) is var file && File.Exists(file)) return file;
        throw new DemoException(3, $"models/{ModelName} is in no folder above '{AppContext.BaseDirectory}'; run this from a checkout that has it");
    }

    private static IAnsiConsole CreateConsole(TextWriter output)
    {
        var redirected = Console.IsOutputRedirected || !ReferenceEquals(output, Console.Out);
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (redirected) console.Profile.Width = 130;
        return console;
    }
}
