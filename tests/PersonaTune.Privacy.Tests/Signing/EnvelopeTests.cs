using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Privacy.Tests.Signing;

public sealed class EnvelopeTests : IDisposable
{
    private const string Task = "PersonaTune/task/1";
    private static readonly byte[] Payload = "a task"u8.ToArray();
    private readonly EcdsaEnvelopeSigner _signer = EcdsaEnvelopeSigner.Generate();

    private EnvelopeVerifier Verifier => new([_signer.PublicKey]);

    public void Dispose() => _signer.Dispose();

    [Fact]
    public void A_signed_statement_opens_to_its_payload()
    {
        foreach (var payload in new[] { [], Payload, new byte[100_000] })
            Assert.Equal(payload, Verifier.Open(SignedEnvelope.Create(_signer, Task, payload).Encode(), Task).ToArray());
    }

    [Fact]
    public void A_statement_of_another_kind_is_refused()
    {
        var envelope = SignedEnvelope.Create(_signer, Task, Payload);
        Assert.Equal(SigningFault.WrongContext, Refused(envelope, "PersonaTune/release/1"));
        Assert.Equal(SigningFault.BadSignature, Refused(envelope with { Context = "PersonaTune/release/1" }, "PersonaTune/release/1"));
    }

    [Fact]
    public void Context_and_payload_cannot_be_shifted_into_each_other() =>
        Assert.NotEqual(SignedEnvelope.Message("ab", "c"u8), SignedEnvelope.Message("a", "bc"u8));

    [Fact]
    public void A_stranger_is_refused()
    {
        using var stranger = EcdsaEnvelopeSigner.Generate();
        var envelope = SignedEnvelope.Create(stranger, Task, Payload);
        Assert.Equal(SigningFault.UntrustedSigner, Refused(envelope, Task));
        Assert.Equal(SigningFault.BadSignature, Refused(envelope with { KeyId = _signer.KeyId }, Task));
        new EnvelopeVerifier([_signer.PublicKey, stranger.PublicKey]).Verify(envelope, Task);
    }

    [Fact]
    public void Every_flipped_bit_truncation_and_extension_is_refused()
    {
        var bytes = SignedEnvelope.Create(_signer, Task, Payload).Encode();
        var verifier = Verifier;
        for (var i = 0; i < bytes.Length * 8; i++)
        {
            var altered = (byte[])bytes.Clone();
            altered[i / 8] ^= (byte)(1 << (i % 8));
            Assert.Throws<SigningException>(() => verifier.Open(altered, Task));
        }
        for (var length = 0; length < bytes.Length; length++)
            Assert.Equal(SigningFault.Malformed, Assert.Throws<SigningException>(() =>
                SignedEnvelope.Parse(bytes.AsSpan(0, length))).Fault);
        Assert.Equal(SigningFault.Malformed, Assert.Throws<SigningException>(() => SignedEnvelope.Parse([.. bytes, 0])).Fault);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\n")]
    [InlineData("é")]
    public void A_context_that_is_not_printable_ASCII_is_refused(string context) =>
        Assert.Equal(SigningFault.Malformed, Assert.Throws<SigningException>(() => SignedEnvelope.Create(_signer, context, Payload)).Fault);

    [Fact]
    public void Sizes_are_limited()
    {
        Assert.Equal(SigningFault.Malformed, Assert.Throws<SigningException>(() => SignedEnvelope.Message(new string('a', 129), [])).Fault);
        Assert.Equal(SigningFault.TooLarge, Assert.Throws<SigningException>(() =>
            SignedEnvelope.Message("a", new byte[SignedEnvelope.MaxPayload + 1])).Fault);
    }

    [Fact]
    public void Keys_of_other_curves_and_no_keys_are_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Equal(SigningFault.RefusedAlgorithm, Assert.Throws<SigningException>(() => new EcdsaEnvelopeSigner(key)).Fault);
        Assert.Throws<InvalidPublicKeyException>(() => new EnvelopeVerifier([new byte[65]]));
    }

    // The key id is the same as that which a trust store pins.
    [Fact]
    public void The_key_id_is_the_digest_of_the_public_key_info()
    {
        using var key = ECDsa.Create();
        key.ImportParameters(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = _signer.PublicKey[1..33].ToArray(), Y = _signer.PublicKey[33..].ToArray() },
        });
        Assert.Equal(new Sha256Digest(SHA256.HashData(key.ExportSubjectPublicKeyInfo())), _signer.KeyId);
    }

    private SigningFault Refused(SignedEnvelope envelope, string context) =>
        Assert.Throws<SigningException>(() => Verifier.Verify(envelope, context)).Fault;
}
