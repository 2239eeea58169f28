using System.Diagnostics;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using System.Text;

namespace PersonaTune.Fuzz;

/// <summary>
/// Mutates valid files for a given time and stops at the first input that makes a parser throw what it does not document, allocate more than its bound, or take longer than
/// the limit; that input is written into the corpus. An input that gives a new kind of outcome (the message without its numbers and names) is kept as a further seed: a
/// cheap stand-in for coverage. The input in progress lies in a mapped file, so that it survives a crash of the process.
/// </summary>
internal static class Fuzzer
{
    private const int MaxPool = 600;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static readonly ManualResetEvent Pause = new(false);

    private static long _started; // of the input in progress; 0 between inputs
    private static string _current = string.Empty;

    /// <summary>The committed inputs.</summary>
    public static string Corpus { get; } = Path.Combine(Seeds.Root, "tests", "PersonaTune.Fuzz", "corpus");

    public static int Run(string[] args)
    {
        var (names, minutes, seed, kept, replay) = (args.TakeWhile(arg => !arg.StartsWith('-')).ToArray(), 10.0, 1, 0, args.Contains("--replay"));
        var corpus = Corpus;
        for (var i = 0; i + 1 < args.Length; i++)
        {
            if (args[i] == "--minutes") minutes = double.Parse(args[i + 1], CultureInfo.InvariantCulture);
            if (args[i] == "--seed") seed = int.Parse(args[i + 1], CultureInfo.InvariantCulture);
            if (args[i] == "--corpus") corpus = args[i + 1];
            if (args[i] == "--keep") kept = int.Parse(args[i + 1], CultureInfo.InvariantCulture);
        }

        var parsers = Parsers.All().Where(parser => names.Contains("all") || names.Contains(parser.Name)).ToArray();
        if (parsers.Length == 0)
        {
            Console.Error.WriteLine($"usage: all|{string.Join('|', Parsers.All().Select(parser => parser.Name))} ... [--minutes m] [--seed n] [--corpus folder] [--keep n] [--replay]");
            return 2;
        }

        new Thread(Watch) { IsBackground = true }.Start();
        var good = true;
        foreach (var parser in parsers) good &= replay ? Replay(parser, corpus) : Fuzz(parser, corpus, minutes, seed, long.MaxValue, kept);
        return good ? 0 : 1;
    }

    /// <summary>Every kept input of the corpus once.</summary>
    public static bool Replay(Parser parser, string corpus)
    {
        var files = Files(parser, corpus);
        var failed = files.Count(file => Try(parser, File.ReadAllBytes(file), out _) is not null);
        Console.WriteLine($"{parser.Name}: {files.Length} kept inputs, {failed} failed");
        return failed == 0;
    }

    /// <summary>Mutates for some minutes or a number of inputs, whichever ends first; keeps the smallest inputs that gave new kinds of outcome.</summary>
    public static bool Fuzz(Parser parser, string corpus, double minutes, int seed, long inputs, int kept)
    {
        var mutator = new Mutator(seed);
        var random = new Random(seed);
        var pool = parser.Seeds.Concat(Files(parser, corpus).Select(File.ReadAllBytes)).ToList();
        // Changes of what opens reach deepest: three of four inputs begin there.
        var good = parser.Seeds.ToList();
        var outcomes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var input in pool) Try(parser, input, out _);
        using var scratch = new Scratch($"{parser.Name}-{Environment.ProcessId}");
        var watch = Stopwatch.StartNew();
        long runs = 0, opened = 0, greatest = 0;
        while (runs < inputs && watch.Elapsed.TotalMinutes < minutes)
        {
            var from = random.Next(4) == 0 ? pool : good;
            var input = mutator.Mutate(from[random.Next(from.Count)], pool);
            if (parser.Repair is not null && random.Next(8) != 0) input = parser.Repair(input);
            scratch.Put(input);
            var problem = Try(parser, input, out var outcome);
            runs++;
            greatest = Math.Max(greatest, _allocated);
            if (outcome == "opened")
            {
                opened++;
                if (good.Count < MaxPool && opened % 50 == 0) good.Add(input);
            }

            if (problem is not null)
            {
                Keep(parser, corpus, input, "bad");
                Console.WriteLine($"{parser.Name}: FAILED after {runs} inputs: {problem}");
                return false;
            }

            if (!outcomes.TryAdd(outcome, 1))
            {
                outcomes[outcome]++;
            }
            else if (pool.Count < MaxPool)
            {
                pool.Add(input);
            }
        }

        foreach (var input in pool.Skip(parser.Seeds.Count).Where(input => input.Length < 8_192).OrderBy(input => input.Length).Take(kept)) Keep(parser, corpus, input, "kept");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{parser.Name}: {runs:N0} inputs in {watch.Elapsed.TotalMinutes:F1} minutes, {opened:N0} accepted, {outcomes.Count} kinds of outcome, most allocated {greatest / 1048576.0:F1} MiB, no failure"));
        return true;
    }

    [ThreadStatic]
    private static long _allocated;

    // Null where the parser behaved; else what it did.
    private static string? Try(Parser parser, byte[] input, out string outcome)
    {
        outcome = "opened";
        Volatile.Write(ref _current, parser.Name);
        Volatile.Write(ref _started, Stopwatch.GetTimestamp());
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            parser.Parse(input);
        }
        catch (Exception exception) when (parser.Expected(exception))
        {
            outcome = Kind(exception);
        }
        catch (Exception exception)
        {
            outcome = Kind(exception);
            return exception.ToString();
        }
        finally
        {
            Volatile.Write(ref _started, 0);
            _allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        return _allocated <= Parser.Bound(input.Length) ? null : $"{_allocated:N0} bytes allocated for an input of {input.Length:N0}";
    }

    // The message without numbers, quoted names and what follows a colon at its end.
    private static string Kind(Exception exception)
    {
        var text = new StringBuilder(exception.GetType().Name);
        var quoted = false;
        foreach (var c in exception.Message)
        {
            if (c == '\'') quoted = !quoted;
            else if (!quoted && !char.IsAsciiDigit(c) && c < 128) text.Append(c);
            if (text.Length > 90) break;
        }

        return text.ToString();
    }

    private static string[] Files(Parser parser, string corpus) =>
        Path.Combine(corpus, parser.Name) is var folder && Directory.Exists(folder) ? [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)] : [];

    private static void Keep(Parser parser, string corpus, byte[] input, string kind)
    {
        var folder = Directory.CreateDirectory(Path.Combine(corpus, parser.Name)).FullName;
        File.WriteAllBytes(Path.Combine(folder, $"{kind}-{Convert.ToHexStringLower(SHA256.HashData(input))[..12]}"), input);
    }

    private static void Watch()
    {
        while (true)
        {
            Pause.WaitOne(500);
            var started = Volatile.Read(ref _started);
            if (started == 0 || Stopwatch.GetElapsedTime(started) < Limit) continue;
            Console.WriteLine($"{Volatile.Read(ref _current)}: HANGS: an input takes longer than {Limit.TotalSeconds} s; it lies in {Scratch.PathOf($"{_current}-{Environment.ProcessId}")}");
            Environment.Exit(1);
        }
    }

    /// <summary>The input in progress in a mapped file: length, then bytes.</summary>
    private sealed class Scratch(string name) : IDisposable
    {
        private readonly MemoryMappedFile _file = MemoryMappedFile.CreateFromFile(PathOf(name), FileMode.Create, null, (1 << 20) + 4096);
        private MemoryMappedViewAccessor? _view;

        public static string PathOf(string name) => Path.Combine(Path.GetTempPath(), $"personatune-fuzz-{name}");

        public void Put(byte[] input)
        {
            _view ??= _file.CreateViewAccessor();
            _view.Write(0, input.Length);
            _view.WriteArray(4, input, 0, Math.Min(input.Length, 1 << 20));
        }

        public void Dispose()
        {
            _view?.Dispose();
            _file.Dispose();
        }
    }
}
