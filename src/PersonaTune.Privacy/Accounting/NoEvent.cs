namespace PersonaTune.Privacy.Accounting;

/// <summary>Nothing was released: epsilon 0, delta 0.</summary>
public sealed record NoEvent : PrivacyEvent;
