using System.Runtime.InteropServices;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Photos;

/// <summary>
/// A picture as it lies, sealed, in the store: version, label identity (empty: none), name, digest of the encoder, the frozen encoder's embeddings of its views,
/// and the prepared pixels (empty where they are not kept).
/// </summary>
internal sealed record PhotoRecord(string LabelId, string Name, string EncoderDigest, IReadOnlyList<float[]> Embeddings, byte[] Pixels)
{
    private const byte Version = 1;

    public byte[] Encode()
    {
        using var writer = new SealWriter();
        writer.WriteByte(Version);
        writer.WriteText(LabelId);
        writer.WriteText(Name);
        writer.WriteText(EncoderDigest);
        writer.WriteInt32(Embeddings.Count);
        foreach (var embedding in Embeddings) writer.WriteField(MemoryMarshal.AsBytes<float>(embedding));
        writer.WriteField(Pixels);
        return writer.ToArray();
    }

    /// <exception cref="SealException">The content is no picture of this version.</exception>
    public static PhotoRecord Decode(Example example)
    {
        var reader = new SealReader(example.Content.Span, $"photo {example.Id}");
        var version = reader.ReadByte();
        if (version != Version) throw new SealException($"photo {example.Id}", $"version {version} is not known to this version of the library; update it");
        var (label, name, digest) = (reader.ReadText(), reader.ReadText(), reader.ReadText());
        var embeddings = new float[reader.ReadCount(4)][];
        for (var i = 0; i < embeddings.Length; i++) embeddings[i] = MemoryMarshal.Cast<byte, float>(reader.ReadField()).ToArray();
        var pixels = reader.ReadField().ToArray();
        reader.End();
        return new PhotoRecord(label, name, digest, embeddings, pixels);
    }
}
