using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Sealing;

/// <summary>One published set-up, hexadecimal. R is the recipient, E the ephemeral pair, S the sender of auth mode.</summary>
internal sealed record HpkeVector
{
    public HpkeAead Aead { get; init; }

    public string SeedR { get; init; } = "";

    public string SeedE { get; init; } = "";

    public string? SeedS { get; init; }

    public string PublicS { get; init; } = "";

    public string PrivateR { get; init; } = "";

    public string PublicR { get; init; } = "";

    public string Encapsulated { get; init; } = "";

    public string SharedSecret { get; init; } = "";

    public string Key { get; init; } = "";

    public string BaseNonce { get; init; } = "";

    public string? ExporterSecret { get; init; }

    public (int Sequence, string AssociatedData, string Ciphertext)[] Messages { get; init; } = [];

    public (string Context, string Value)[] Exports { get; init; } = [];
}
