using System.Security.Cryptography;

namespace PersonaTune.Privacy.Tests.Sealing;

public class AeadVectorTests
{
    // n4: every row by another implementation. ChaCha20-Poly1305 is used nowhere here, but where the platform has it, it must
    // agree, so that a later suite can rely on it.
    [Theory]
    [InlineData("AES-256-GCM")]
    [InlineData("ChaCha20-Poly1305")]
    public void The_platforms_ciphers_equal_all_reference_vectors(string algorithm)
    {
        var all = ReferenceRows.Read("n4_aead_vectors.csv");
        Assert.All(all, row => Assert.True(row[0] is "AES-256-GCM" or "ChaCha20-Poly1305", $"unknown algorithm {row[0]}"));
        var rows = all.Where(row => string.Equals(row[0], algorithm, StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(rows);
        if (algorithm == "ChaCha20-Poly1305" && !ChaCha20Poly1305.IsSupported)
        {
            Assert.Throws<PlatformNotSupportedException>(() => new ChaCha20Poly1305(new byte[32]));
            return;
        }
        foreach (var row in rows)
        {
            var (key, nonce, associatedData, plaintext) =
                (ReferenceRows.Bytes(row[1]), ReferenceRows.Bytes(row[2]), ReferenceRows.Bytes(row[3]), ReferenceRows.Bytes(row[4]));
            var output = new byte[plaintext.Length + 16];
            var opened = new byte[plaintext.Length];
            var (ciphertext, tag) = (output.AsMemory(0, plaintext.Length), output.AsMemory(plaintext.Length));
            if (algorithm == "AES-256-GCM")
            {
                using var gcm = new AesGcm(key, 16);
                gcm.Encrypt(nonce, plaintext, ciphertext.Span, tag.Span, associatedData);
                gcm.Decrypt(nonce, ciphertext.Span, tag.Span, opened, associatedData);
            }
            else
            {
                using var chaCha = new ChaCha20Poly1305(key);
                chaCha.Encrypt(nonce, plaintext, ciphertext.Span, tag.Span, associatedData);
                chaCha.Decrypt(nonce, ciphertext.Span, tag.Span, opened, associatedData);
            }
            Assert.Equal(row[5], Convert.ToHexStringLower(output));
            Assert.Equal(plaintext, opened);
        }
    }
}
