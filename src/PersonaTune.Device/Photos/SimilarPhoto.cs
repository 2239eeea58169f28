using PersonaTune.Device.Storage;

namespace PersonaTune.Device.Photos;

/// <summary>A stored picture that resembles another.</summary>
/// <param name="Id">Its identity in the store.</param>
/// <param name="Name">The name it was given.</param>
/// <param name="Label">Its label, or null where it was only remembered.</param>
/// <param name="Similarity">Cosine of the embeddings less the stored pictures' mean, -1 to 1.</param>
public sealed record SimilarPhoto(RecordId Id, string Name, string? Label, double Similarity);
