namespace PersonaTune.Device.Keyboard;

/// <summary>One message of a <see cref="MessageFile"/>.</summary>
/// <param name="User">Who wrote it, or null where the file does not say.</param>
/// <param name="Id">The file's own name for it, or null.</param>
/// <param name="Time">When it was written; a time without an offset counts as UTC. Null where the file does not say.</param>
/// <param name="Text">The text, without surrounding white space; never empty.</param>
public sealed record FileMessage(string? User, string? Id, DateTimeOffset? Time, string Text);
