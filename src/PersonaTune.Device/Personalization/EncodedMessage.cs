namespace PersonaTune.Device.Personalization;

/// <summary>A message as tokens.</summary>
/// <param name="Words">Words of the text.</param>
/// <param name="Pieces">Its pieces, first to last; none for a text without tokens.</param>
public sealed record EncodedMessage(int Words, IReadOnlyList<MessagePiece> Pieces);
