namespace PersonaTune.Device.Keyboard;

/// <summary>Reported when a phase begins.</summary>
/// <param name="Person">Number of the person, from 1.</param>
/// <param name="People">How many there are.</param>
/// <param name="User">Whose turn it is.</param>
/// <param name="Phase">What begins.</param>
/// <param name="Result">The person's result with <see cref="KeyboardPhase.Done"/>; otherwise null.</param>
public sealed record KeyboardProgress(int Person, int People, string User, KeyboardPhase Phase, KeyboardPersonResult? Result);
