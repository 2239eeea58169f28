namespace PersonaTune.Privacy.Sealing;

/// <summary>The sealed value is of a format version that this library does not read.</summary>
public sealed class UnsupportedSealVersionException : SealException
{
    /// <summary>Creates the exception.</summary>
    public UnsupportedSealVersionException(string subject, int found, int supported)
        : base(subject, $"expected format version {supported}, found {found}; it was written by a newer release or its first bytes were altered: "
            + "update PersonaTune, or restore the file")
    {
        Found = found;
        Supported = supported;
    }

    /// <summary>The version that the sealed value states.</summary>
    public int Found { get; }

    /// <summary>The newest version that this library reads.</summary>
    public int Supported { get; }
}
