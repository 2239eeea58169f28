namespace PersonaTune.Protocol.Releases;

/// <summary>The differential privacy of everything that a task released so far, for one device's whole contribution.</summary>
/// <param name="Epsilon">Epsilon; null if releases carry no differential privacy.</param>
/// <param name="Delta">Delta.</param>
/// <param name="Relation">The neighbouring relation, for example <c>add-or-remove-one</c>.</param>
public sealed record PrivacyStatement(double? Epsilon, double Delta, string Relation);
