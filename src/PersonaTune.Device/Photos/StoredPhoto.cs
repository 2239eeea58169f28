using PersonaTune.Device.Storage;

namespace PersonaTune.Device.Photos;

/// <summary>A stored picture as it is listed.</summary>
/// <param name="Id">Its identity in the store.</param>
/// <param name="Name">The name it was given.</param>
/// <param name="Label">Its label, or null where it was only remembered.</param>
/// <param name="Time">When it was stored.</param>
/// <param name="HasPixels">Whether its pixels are stored, or its embeddings alone.</param>
public sealed record StoredPhoto(RecordId Id, string Name, string? Label, DateTimeOffset Time, bool HasPixels);
