namespace PersonaTune.Cli.Stores;

/// <summary>Messages added, and those left out because the store holds them already.</summary>
internal sealed record ImportResult(int Added, int Known);
