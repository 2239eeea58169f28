namespace PersonaTune.Device.Chat;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">"system", "user" or "assistant".</param>
/// <param name="Text">The text.</param>
public readonly record struct ChatTurn(string Role, string Text);
