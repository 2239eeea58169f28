namespace PersonaTune.Privacy.Sealing;

/// <summary>How Argon2 mixes a block; all give the same bytes.</summary>
internal enum Argon2Compression
{
    Scalar,
    Vector128,
    Vector256,
}
