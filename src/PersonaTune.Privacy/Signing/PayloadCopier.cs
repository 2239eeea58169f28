using System.Buffers;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Signing;

/// <summary>Copies a payload tensor by tensor and checks each one's digest when it has passed.</summary>
internal static class PayloadCopier
{
    private const int BufferLength = 1 << 16;

    public static void Copy(BundleManifest manifest, Stream input, Stream output)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Span<byte> digest = stackalloc byte[Sha256Digest.Length];
            foreach (var tensor in manifest.Tensors)
            {
                for (var rest = tensor.Length; rest > 0;)
                {
                    var read = input.Read(buffer, 0, (int)Math.Min(rest, BufferLength));
                    if (read == 0)
                        throw new SigningException(SigningFault.Truncated, BundleFormat.Subject,
                            $"it ends inside tensor '{tensor.Name}', {rest} bytes early; fetch it again");
                    hash.AppendData(buffer, 0, read);
                    output.Write(buffer, 0, read);
                    rest -= read;
                }
                hash.GetHashAndReset(digest);
                if (new Sha256Digest(digest) != tensor.Sha256)
                    throw new SigningException(SigningFault.TensorAltered, BundleFormat.Subject,
                        $"the bytes of tensor '{tensor.Name}' are not those of its manifest; fetch it again");
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }
}
