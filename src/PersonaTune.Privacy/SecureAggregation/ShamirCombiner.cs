using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// Reconstructs many shared secrets. The Lagrange coefficients of a set of positions are computed once and kept, so that a
/// server pays for them once for all secrets whose holders sit at the same positions. Not thread-safe: one a thread.
/// </summary>
public sealed class ShamirCombiner
{
    private const int MaxSets = 4096; // 4096 sets of 44 positions take 1.6 MiB

    private readonly Dictionary<string, ulong[]> _sets = new(StringComparer.Ordinal);

    /// <summary>The number of position sets whose coefficients are kept.</summary>
    public int CachedSets => _sets.Count;

    /// <summary>As <see cref="ShamirSharing.Combine"/>.</summary>
    /// <exception cref="ShareException">Too few shares, a position twice, the wrong number of limbs, or no secret of that length.</exception>
    public byte[] Combine(ReadOnlySpan<KeyShare> shares, int threshold, int secretLength)
    {
        ShamirSharing.Check(shares, threshold, secretLength);
        var used = shares[..threshold];
        var coefficients = Coefficients(used);
        var secret = GC.AllocateArray<byte>(secretLength, pinned: true);
        try
        {
            for (var limb = 0; limb < ShamirSharing.LimbCount(secretLength); limb++)
            {
                ulong value = 0;
                for (var i = 0; i < used.Length; i++) value = Field61.Add(value, Field61.Multiply(coefficients[i], used[i].Limbs[limb]));
                ShamirSharing.WriteLimb(value, limb, secret);
            }

            return secret;
        }
        catch
        {
            CryptographicOperations.ZeroMemory(secret);
            throw;
        }
    }

    private ulong[] Coefficients(ReadOnlySpan<KeyShare> shares)
    {
        Span<char> positions = shares.Length <= 256 ? stackalloc char[shares.Length] : new char[shares.Length];
        for (var i = 0; i < shares.Length; i++) positions[i] = (char)shares[i].X;
        var lookup = _sets.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(positions, out var known)) return known;
        if (_sets.Count >= MaxSets) _sets.Clear();
        var coefficients = LagrangeAtZero(positions);
        lookup[positions] = coefficients;
        return coefficients;
    }

    /// <summary>For each position x_i: the product over j other than i of x_j / (x_j - x_i), with one inversion for all.</summary>
    private static ulong[] LagrangeAtZero(ReadOnlySpan<char> positions)
    {
        // With P the product of all x_j, coefficient i is P / d_i, where d_i = x_i times the product of x_j - x_i.
        var denominators = new ulong[positions.Length];
        var before = new ulong[positions.Length]; // d_0 ... d_(i-1)
        ulong all = 1, product = 1;
        for (var i = 0; i < positions.Length; i++)
        {
            ulong denominator = positions[i];
            for (var j = 0; j < positions.Length; j++)
                if (j != i) denominator = Field61.Multiply(denominator, Field61.Subtract(positions[j], positions[i]));
            denominators[i] = denominator;
            before[i] = product;
            product = Field61.Multiply(product, denominator);
            all = Field61.Multiply(all, positions[i]);
        }

        var inverse = Field61.Inverse(product); // 1 / (d_0 ... d_i) as i falls
        for (var i = positions.Length - 1; i >= 0; i--)
        {
            var own = Field61.Multiply(inverse, before[i]);
            inverse = Field61.Multiply(inverse, denominators[i]);
            denominators[i] = Field61.Multiply(all, own);
        }

        return denominators;
    }
}
