namespace PersonaTune.Privacy.Sealing;

/// <summary>AEAD identifiers (RFC 9180, 7.3). Only AES-256-GCM is offered; AES-128-GCM lets the RFC's printed vectors be checked.</summary>
internal enum HpkeAead
{
    Aes128Gcm = 1,
    Aes256Gcm = 2,
}
