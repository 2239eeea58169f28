namespace PersonaTune.Engine.Inference;

/// <summary>One step of a generation.</summary>
/// <param name="Id">The token drawn.</param>
/// <param name="Text">
/// Text that became certain with it: whole characters only; empty while a character or a possible stop string is incomplete.
/// </param>
/// <param name="Finish">Null until the last step, which says why the generation ended.</param>
public readonly record struct GeneratedToken(int Id, string Text, FinishReason? Finish);
