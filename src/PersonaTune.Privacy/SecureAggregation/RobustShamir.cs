using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// Reconstruction that survives false shares and names them. Shares are a Reed-Solomon code: of m shares with threshold t, up
/// to floor((m - t) / 2) may be false. With more false ones the result may be refused or wrong, so it still has to match its
/// commitment. Costs O(m^2); use it after <see cref="ShamirSharing.Combine"/> has given a wrong secret. Thread-safe.
/// </summary>
/// <remarks>Gao, "A new algorithm for decoding Reed-Solomon codes", 2003.</remarks>
public static class RobustShamir
{
    /// <summary>
    /// The secret, and in <paramref name="falsePositions"/> the positions of the shares that do not belong to it, ascending. The
    /// caller zeroes the result.
    /// </summary>
    /// <exception cref="ShareException">
    /// Too few shares, a position twice, the wrong number of limbs, or more false shares than can be corrected.
    /// </exception>
    public static byte[] Combine(ReadOnlySpan<KeyShare> shares, int threshold, int secretLength, out int[] falsePositions)
    {
        ShamirSharing.Check(shares, threshold, secretLength);
        var secret = GC.AllocateArray<byte>(secretLength, pinned: true);
        var positions = new ulong[shares.Length];
        var values = new ulong[shares.Length];
        ulong[] polynomial = [];
        var found = new SortedSet<int>();
        try
        {
            for (var i = 0; i < shares.Length; i++) positions[i] = (ulong)shares[i].X;
            var vanishing = Vanishing(positions);
            for (var limb = 0; limb < ShamirSharing.LimbCount(secretLength); limb++)
            {
                for (var i = 0; i < shares.Length; i++) values[i] = shares[i].Limbs[limb];
                Zero(polynomial);
                polynomial = Decode(vanishing, positions, values, threshold);
                ShamirSharing.WriteLimb(polynomial.Length == 0 ? 0 : polynomial[0], limb, secret);
                for (var i = 0; i < shares.Length; i++)
                    if (ShamirSharing.Evaluate(polynomial, positions[i]) != values[i]) found.Add(shares[i].X);
            }

            // Limbs that blame different shares could exceed the bound together although each respects it.
            if (found.Count > (shares.Length - threshold) / 2) throw TooManyFalse(shares.Length, threshold);
            falsePositions = [.. found];
            return secret;
        }
        catch
        {
            CryptographicOperations.ZeroMemory(secret);
            throw;
        }
        finally
        {
            Zero(values);
            Zero(polynomial);
        }
    }

    // Polynomials are coefficients from the constant up, without leading zeros. Euclid's algorithm on the polynomial that vanishes at
    // all positions and the one through all values, stopped at degree (m + t) / 2, gives the secret's polynomial times the
    // polynomial that vanishes at the false positions, and the latter as a cofactor.
    private static ulong[] Decode(ulong[] vanishing, ulong[] positions, ulong[] values, int threshold)
    {
        var (m, r0, r1) = (positions.Length, vanishing, Interpolate(positions, values));
        ulong[] v0 = [], v1 = [1];
        while (2 * (r1.Length - 1) >= m + threshold)
        {
            var quotient = Divide(r0, r1, out var remainder);
            var v2 = SubtractProduct(v0, quotient, v1);
            Zero(quotient);
            if (!ReferenceEquals(r0, vanishing)) Zero(r0);
            Zero(v0);
            (r0, r1, v0, v1) = (r1, remainder, v1, v2);
        }

        var polynomial = Divide(r1, v1, out var rest);
        Zero(r1);
        if (!ReferenceEquals(r0, vanishing)) Zero(r0);
        if (rest.Length == 0 && polynomial.Length <= threshold) return polynomial;
        Zero(polynomial);
        throw TooManyFalse(m, threshold);
    }

    private static ulong[] Vanishing(ulong[] positions)
    {
        var product = new ulong[positions.Length + 1];
        product[0] = 1;
        for (var degree = 0; degree < positions.Length; degree++) MultiplyByRoot(product, degree + 1, positions[degree]);
        return product;
    }

    /// <summary>Newton's divided differences, then expansion.</summary>
    private static ulong[] Interpolate(ulong[] positions, ulong[] values)
    {
        var m = positions.Length;
        var differences = (ulong[])values.Clone();
        for (var order = 1; order < m; order++)
        {
            for (var i = m - 1; i >= order; i--)
            {
                var width = Field61.Subtract(positions[i], positions[i - order]);
                differences[i] = Field61.Multiply(Field61.Subtract(differences[i], differences[i - 1]), Field61.Inverse(width));
            }
        }

        var polynomial = new ulong[m];
        for (var i = m - 1; i >= 0; i--)
        {
            MultiplyByRoot(polynomial, m - 1 - i, positions[i]);
            polynomial[0] = Field61.Add(polynomial[0], differences[i]);
        }

        Zero(differences);
        return Trim(polynomial);
    }

    /// <summary>Multiplies the first <paramref name="length"/> coefficients by (x - root); the product has one more.</summary>
    private static void MultiplyByRoot(ulong[] polynomial, int length, ulong root)
    {
        var negative = Field61.Subtract(0, root);
        for (var i = length; i > 0; i--)
        {
            var above = i < length ? Field61.Multiply(polynomial[i], negative) : 0;
            polynomial[i] = Field61.Add(polynomial[i - 1], above);
        }

        polynomial[0] = Field61.Multiply(polynomial[0], negative);
    }

    private static ulong[] Divide(ulong[] dividend, ulong[] divisor, out ulong[] remainder)
    {
        var rest = (ulong[])dividend.Clone();
        if (dividend.Length < divisor.Length)
        {
            remainder = rest;
            return [];
        }

        var quotient = new ulong[dividend.Length - divisor.Length + 1];
        var inverse = Field61.Inverse(divisor[^1]);
        for (var i = quotient.Length - 1; i >= 0; i--)
        {
            quotient[i] = Field61.Multiply(rest[i + divisor.Length - 1], inverse);
            for (var j = 0; j < divisor.Length; j++)
                rest[i + j] = Field61.Subtract(rest[i + j], Field61.Multiply(quotient[i], divisor[j]));
        }

        remainder = Trim(rest);
        return quotient;
    }

    /// <summary>a - b c.</summary>
    private static ulong[] SubtractProduct(ulong[] a, ulong[] b, ulong[] c)
    {
        var result = new ulong[Math.Max(a.Length, b.Length + c.Length - 1)];
        a.CopyTo(result, 0);
        for (var i = 0; i < b.Length; i++)
            for (var j = 0; j < c.Length; j++) result[i + j] = Field61.Subtract(result[i + j], Field61.Multiply(b[i], c[j]));
        return Trim(result);
    }

    private static ulong[] Trim(ulong[] polynomial)
    {
        var length = polynomial.Length;
        while (length > 0 && polynomial[length - 1] == 0) length--;
        if (length == polynomial.Length) return polynomial;
        var trimmed = polynomial[..length];
        Zero(polynomial);
        return trimmed;
    }

    private static void Zero(ulong[] values) => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(values.AsSpan()));

    private static ShareException TooManyFalse(int shares, int threshold) => new(ShareDefect.Inconsistent, 0,
        $"more than {(shares - threshold) / 2} of {shares} shares are false, more than can be corrected; ask other neighbours or abandon the round");
}
