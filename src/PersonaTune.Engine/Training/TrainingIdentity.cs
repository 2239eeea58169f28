namespace PersonaTune.Engine.Training;

/// <summary>What a checkpoint belongs to.</summary>
/// <param name="BaseDigest">The model's SHA-256, lower-case hex.</param>
/// <param name="Options">Digest of the options.</param>
/// <param name="Examples">Digest of the examples.</param>
internal sealed record TrainingIdentity(string BaseDigest, byte[] Options, byte[] Examples);
