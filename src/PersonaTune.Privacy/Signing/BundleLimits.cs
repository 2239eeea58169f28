namespace PersonaTune.Privacy.Signing;

/// <summary>Sizes above which a bundle is refused before anything of that size is read or allocated. Immutable.</summary>
public sealed record BundleLimits
{
    /// <summary>The limits that apply where none are given.</summary>
    public static BundleLimits Default { get; } = new();

    /// <summary>Bytes of the manifest; default 1 MiB.</summary>
    public int MaxManifestBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of the signature with its certificates; default 32 KiB.</summary>
    public int MaxSignatureBytes { get; init; } = 32 << 10;

    /// <summary>Bytes of the payload; default 4 GiB.</summary>
    public long MaxPayloadBytes { get; init; } = 4L << 30;

    /// <summary>The number of tensors; default 16,384.</summary>
    public int MaxTensors { get; init; } = 16_384;
}
