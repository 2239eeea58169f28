namespace PersonaTune.Privacy.Accounting;

/// <summary>Something was released without protection: epsilon is infinite.</summary>
public sealed record NonPrivateEvent : PrivacyEvent;
