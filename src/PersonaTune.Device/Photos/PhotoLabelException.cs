namespace PersonaTune.Device.Photos;

/// <summary>A label or picture that was asked for does not exist, or what was asked cannot be done with it.</summary>
public sealed class PhotoLabelException(string message) : Exception(message);
