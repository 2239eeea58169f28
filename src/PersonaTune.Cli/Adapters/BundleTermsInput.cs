using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Device.Adapters;
using PersonaTune.Engine.Formats;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Cli.Adapters;

/// <summary>Argument and options of commands that write a signed bundle.</summary>
internal sealed class BundleTermsInput
{
    private readonly string _suffix;
    private readonly Argument<string> _file = new("file") { Description = "Bundle (.ptad) to write.", HelpName = "FILE" };
    private readonly Option<string?> _name;
    private readonly Option<long> _version = new("--bundle-version") { Description = "Number of this version, rising. Default: 1.", HelpName = "N", DefaultValueFactory = _ => 1 };
    private readonly Option<string> _audience = new("--audience") { Description = "Application that may import it.", HelpName = "NAME", Required = true };
    private readonly Option<string?> _recipient = new("--recipient") { Description = "Transfer key of the receiving device ('adapter keys' there), to which the bundle is encrypted. Without it, anyone can read the bundle.", HelpName = "KEY" };
    private readonly Option<int> _days = new("--days") { Description = "Days for which it may be used. Default: 90.", HelpName = "N", DefaultValueFactory = _ => 90 };
    private readonly Option<bool> _force = new("--force") { Description = "Overwrite an existing file." };

    /// <summary>Creates them; a bundle is called USER.<paramref name="suffix"/> unless it is named.</summary>
    public BundleTermsInput(string suffix)
    {
        _suffix = suffix;
        _name = new Option<string?>("--name") { Description = $"Name under which versions replace each other. Default: USER.{suffix}.", HelpName = "NAME" };
        _version.Require("1 or more", value => value >= 1);
        _days.Require("1 to 3650", value => value is >= 1 and <= 3650);
    }

    public void AddTo(Command command)
    {
        command.Add(_file);
        foreach (Option option in (Option[])[_name, _version, _audience, _recipient, _days, _force]) command.Add(option);
    }

    /// <summary>The file to write and what the bundle says.</summary>
    /// <exception cref="ToolException">The file exists and is not to be overwritten, or the recipient's key is none.</exception>
    public (string Path, AdapterExportOptions Terms) Read(Invocation invocation)
    {
        var parse = invocation.Parse;
        var path = parse.GetValue(_file)!;
        if (File.Exists(path) && !parse.GetValue(_force)) throw new ToolException(ExitCode.Usage, $"{path}: the file exists; choose another name, or overwrite it with --force");
        return (path, new AdapterExportOptions
        {
            Name = parse.GetValue(_name) ?? $"{invocation.User}.{_suffix}",
            Version = parse.GetValue(_version),
            Audience = parse.GetValue(_audience)!,
            Validity = TimeSpan.FromDays(parse.GetValue(_days)),
            Recipient = parse.GetValue(_recipient) is { } key ? Key(key) : default(ReadOnlyMemory<byte>),
        });
    }

    /// <summary>Writes the bundle's file at once or not at all, says what it holds, and on stderr when anyone can read <paramref name="secret"/>.</summary>
    public static void Write(Invocation invocation, string path, AdapterExportOptions terms, MemoryStream bundle, string content, string secret)
    {
        AtomicFile.Write(path, bundle.WriteTo);
        var encrypted = !terms.Recipient.IsEmpty;
        if (!encrypted) invocation.Note($"{path}: is not encrypted; whoever has it can read {secret}. Name a device with --recipient");
        invocation.Report(string.Create(CultureInfo.InvariantCulture, $"{path}: {content} as {terms.Name} version {terms.Version} for '{terms.Audience}', {bundle.Length} bytes{(encrypted ? ", encrypted" : string.Empty)}"), json =>
        {
            json.WriteString("file", path);
            json.WriteString("content", content);
            json.WriteString("name", terms.Name);
            json.WriteNumber("version", terms.Version);
            json.WriteString("audience", terms.Audience);
            json.WriteNumber("bytes", bundle.Length);
            json.WriteBoolean("encrypted", encrypted);
        });
    }

    private static byte[] Key(string text)
    {
        var bytes = new byte[HpkeKeyPair.PublicKeyLength];
        return Convert.TryFromBase64String(text, bytes, out var length) && length == bytes.Length
            ? bytes
            : throw new ToolException(ExitCode.Usage, $"'{text}' is no transfer key; give what 'personatune adapter keys' shows on the receiving device");
    }
}
