namespace PersonaTune.Privacy.Sealing;

/// <summary>A public key is not the encoding of a point of its curve.</summary>
public sealed class InvalidPublicKeyException : SealException
{
    /// <summary>Creates the exception.</summary>
    public InvalidPublicKeyException(string subject, string problem, Exception? innerException = null)
        : base(subject, problem, innerException)
    {
    }
}
