namespace PersonaTune.Device.Photos;

/// <summary>A label of a person.</summary>
/// <param name="Name">Its name now.</param>
/// <param name="Photos">Pictures taught for it.</param>
/// <param name="Learned">Whether the present model knows it; train to learn it.</param>
public sealed record PhotoLabel(string Name, int Photos, bool Learned);
