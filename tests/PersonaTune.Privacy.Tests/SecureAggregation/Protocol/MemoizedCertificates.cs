using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>
/// The real validator and real verification, each asked once for the same question: all devices of a simulated cohort check the same
/// certificates and signatures.
/// </summary>
internal sealed class MemoizedCertificates : ICertificateValidator, IDisposable
{
    private readonly EnrolmentAuthority _authority = new(Fleet.Root);
    private readonly Dictionary<string, IMessageVerifier> _known = new(StringComparer.Ordinal);

    public IMessageVerifier Validate(ReadOnlySpan<byte> certificate, DateTimeOffset now)
    {
        var name = Convert.ToBase64String(certificate);
        return _known.TryGetValue(name, out var verifier) ? verifier : _known[name] = new Memoized(_authority.Validate(certificate, now));
    }

    public void Dispose() => _authority.Dispose();

    private sealed class Memoized(IMessageVerifier inner) : IMessageVerifier
    {
        private readonly Dictionary<string, bool> _known = new(StringComparer.Ordinal);

        public DeviceId Id => inner.Id;

        public bool Verify(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
        {
            var question = Convert.ToBase64String(digest) + Convert.ToBase64String(signature);
            return _known.TryGetValue(question, out var answer) ? answer : _known[question] = inner.Verify(digest, signature);
        }
    }
}
