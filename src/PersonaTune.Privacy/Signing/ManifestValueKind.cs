namespace PersonaTune.Privacy.Signing;

/// <summary>What a <see cref="ManifestValue"/> holds.</summary>
public enum ManifestValueKind
{
    /// <summary>Text.</summary>
    Text,

    /// <summary>An integer.</summary>
    Integer,

    /// <summary>A decimal fraction, exact.</summary>
    Decimal,
}
