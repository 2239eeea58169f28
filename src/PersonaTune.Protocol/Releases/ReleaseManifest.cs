namespace PersonaTune.Protocol.Releases;

/// <summary>
/// What the operator signs about a global adapter (<see cref="SigningContext"/>, over the JSON bytes). Numbers only grow, also on a
/// rollback, which releases older content again: a device never goes back to a smaller number.
/// </summary>
/// <param name="Task">The task's name.</param>
/// <param name="Number">The release's number within the task, from 1.</param>
/// <param name="Parent">The release it was trained from; 0 for the initial adapter.</param>
/// <param name="Round">The round that made it.</param>
/// <param name="RestoredFrom">The release whose content this repeats, on a rollback; else null.</param>
/// <param name="BaseModelDigest">SHA-256 of the frozen model, lower-case hexadecimal.</param>
/// <param name="SchemaHash">SHA-256 of the layout, lower-case hexadecimal.</param>
/// <param name="Dimension">The number of coordinates.</param>
/// <param name="VectorDigest">SHA-256 of the encoded vector (<see cref="Wire.VectorEncoding"/>), lower-case hexadecimal.</param>
/// <param name="Contributors">The number of devices in the sum, rounded down to a multiple of 10.</param>
/// <param name="Privacy">What was spent on the task up to this release.</param>
/// <param name="Created">When.</param>
public sealed record ReleaseManifest(
    string Task, int Number, int Parent, int Round, int? RestoredFrom, string BaseModelDigest, string SchemaHash, int Dimension, string VectorDigest,
    int Contributors, PrivacyStatement Privacy, DateTimeOffset Created)
{
    /// <summary>The context of the operator's signature.</summary>
    public const string SigningContext = "PersonaTune/release/1";
}
