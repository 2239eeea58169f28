namespace PersonaTune.Engine.Formats;

/// <summary>The digest by which adapters name their base model. Thread-safe.</summary>
public static class ModelDigest
{
    /// <summary>SHA-256 of a file, lower-case hex: equals <see cref="GgufFile.Digest"/> of the same file without parsing it.</summary>
    /// <exception cref="FileFormatException">The file is empty.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static string OfFile(string path)
    {
        using var memory = MappedMemory.Open(path);
        return memory.Sha256();
    }
}
