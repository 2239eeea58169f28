using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace PersonaTune.Testing;

/// <summary>
/// A PostgreSQL cluster of this test process: in a temporary folder, on a free loopback port, gone at its end. PostgreSQL does not run as root; then it runs as the user
/// <c>postgres</c>.
/// </summary>
public sealed class PostgresServer : IDisposable
{
    private static readonly Lazy<PostgresServer?> Shared = new(Start);
    private readonly string _folder;
    private readonly Process _process;
    private int _databases;

    private PostgresServer(string folder, int port, Process process) => (_folder, Port, _process) = (folder, port, process);

    /// <summary>The port on the loopback interface.</summary>
    public int Port { get; }

    /// <summary>Why there is none, or null. In CI its absence is an error.</summary>
    public static string? SkipReason => Binary("initdb") is not null || string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase)
        ? null
        : "PostgreSQL is not installed: apt-get install postgresql";

    /// <summary>The process's cluster, started at the first use.</summary>
    public static PostgresServer Instance => Shared.Value ?? throw new InvalidOperationException("PostgreSQL is not installed: apt-get install postgresql");

    /// <summary>Makes an empty database and gives its connection string.</summary>
    public string CreateDatabase()
    {
        var name = $"test{Interlocked.Increment(ref _databases)}";
        Run("psql", ["-h", "127.0.0.1", "-p", $"{Port}", "-U", "postgres", "-c", $"CREATE DATABASE {name}"]);
        return $"Host=127.0.0.1;Port={Port};Username=postgres;Database={name};Maximum Pool Size=40;Include Error Detail=true";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (IOException)
        {
            // A backend may still be ending; the folder is temporary.
        }
    }

    private static PostgresServer? Start()
    {
        if (Binary("initdb") is not { } initdb) return null;
        var folder = Directory.CreateTempSubdirectory("personatune-postgres-").FullName;
        var data = Path.Combine(folder, "data");
        if (!OperatingSystem.IsWindows() && IsRoot)
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
            Run("chown", ["postgres", folder]);
        }

        Run(initdb, ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"], asPostgres: true);
        var port = FreePort();
        var process = Launch(Binary("postgres")!, [
            "-D", data, "-p", $"{port}", "-c", "listen_addresses=127.0.0.1", "-c", $"unix_socket_directories={folder}", "-c", "fsync=off", "-c", "max_connections=200",
            "-c", "logging_collector=off", "-c", "log_min_messages=fatal"], asPostgres: true);
        var server = new PostgresServer(folder, port, process);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Dispose();
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < TimeSpan.FromSeconds(60))
        {
            try
            {
                using var client = new TcpClient();
                client.Connect(IPAddress.Loopback, port);
                Run("psql", ["-h", "127.0.0.1", "-p", $"{port}", "-U", "postgres", "-c", "SELECT 1"]);
                return server;
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                using var pause = new ManualResetEventSlim();
                pause.Wait(100);
            }
        }

        throw new InvalidOperationException("PostgreSQL did not start within a minute");
    }

    private static bool IsRoot => !OperatingSystem.IsWindows() && Environment.UserName == "root";

    private static string? Binary(string name)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator).AsEnumerable();
        if (Directory.Exists("/usr/lib/postgresql")) folders = Directory.GetDirectories("/usr/lib/postgresql").Order().Reverse().Select(version => Path.Combine(version, "bin")).Concat(folders);
        return folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Process Launch(string file, IEnumerable<string> arguments, bool asPostgres)
    {
        var switched = asPostgres && IsRoot;
        var start = new ProcessStartInfo(switched ? "setpriv" : file) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        if (switched) foreach (var argument in (string[])["--reuid=postgres", "--regid=postgres", "--clear-groups", file]) start.ArgumentList.Add(argument);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static void Run(string file, IEnumerable<string> arguments, bool asPostgres = false)
    {
        using var process = Launch(Binary(file) ?? file, arguments, asPostgres);
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{file} ended with {process.ExitCode}");
    }
}
