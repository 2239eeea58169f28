namespace PersonaTune.Privacy.Signing;

/// <summary>Why a bundle, a manifest, a trust store or an envelope was refused.</summary>
public enum SigningFault
{
    /// <summary>The bytes do not have the form that the format prescribes.</summary>
    Malformed,

    /// <summary>The bytes say what they should, but not in the one permitted encoding.</summary>
    NonCanonical,

    /// <summary>A stated or found size is above its limit.</summary>
    TooLarge,

    /// <summary>The bytes end early.</summary>
    Truncated,

    /// <summary>Bytes follow the end.</summary>
    TrailingData,

    /// <summary>The format version is not one that this library reads.</summary>
    UnsupportedVersion,

    /// <summary>Tensors overlap, leave holes, or their lengths do not follow from their shapes.</summary>
    InvalidTensors,

    /// <summary>There is not exactly one signer.</summary>
    SignerCount,

    /// <summary>A digest, signature algorithm or key is not strong enough, or of an unknown kind.</summary>
    RefusedAlgorithm,

    /// <summary>The signature does not belong to the content.</summary>
    BadSignature,

    /// <summary>The signer is neither pinned nor certified by a pinned root.</summary>
    UntrustedSigner,

    /// <summary>The signer's certificate is expired, not valid yet, or not meant for signing.</summary>
    CertificateNotValid,

    /// <summary>The signer's key, or one above it, is revoked.</summary>
    RevokedKey,

    /// <summary>The adapter is revoked.</summary>
    RevokedAdapter,

    /// <summary>The manifest is not valid yet.</summary>
    NotYetValid,

    /// <summary>The manifest is not valid any more.</summary>
    Expired,

    /// <summary>The content is addressed to another audience.</summary>
    WrongAudience,

    /// <summary>A newer version of the adapter was accepted before, or a least version is demanded.</summary>
    Rollback,

    /// <summary>Another manifest with the same adapter and version was accepted before.</summary>
    Conflict,

    /// <summary>A tensor's bytes are not those that were signed.</summary>
    TensorAltered,

    /// <summary>The envelope was signed for another context.</summary>
    WrongContext,
}
