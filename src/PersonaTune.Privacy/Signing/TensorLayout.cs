namespace PersonaTune.Privacy.Signing;

/// <summary>The rules for the tensors of a manifest: back to back from offset 0, lengths that follow from shapes, unique names.</summary>
internal static class TensorLayout
{
    public const int MaxRank = 8;
    private const int MaxNameLength = 256;

    /// <summary>The payload's length; throws where a rule is broken.</summary>
    public static long Check(IReadOnlyList<BundleTensor> tensors, BundleLimits limits, string subject)
    {
        if (tensors.Count > limits.MaxTensors)
            throw new SigningException(SigningFault.TooLarge, subject,
                $"it has {tensors.Count} tensors, expected at most {limits.MaxTensors}");
        var names = new HashSet<string>(StringComparer.Ordinal);
        var end = 0L;
        foreach (var tensor in tensors)
        {
            if (tensor.Name.Length is 0 or > MaxNameLength || tensor.Name.AsSpan().ContainsAnyExceptInRange('!', '~'))
                throw Invalid(subject, tensor, "its name is empty, too long or not printable ASCII");
            if (!names.Add(tensor.Name)) throw Invalid(subject, tensor, "its name occurs twice");
            var length = LengthOf(tensor, subject);
            if (tensor.Length != length)
                throw Invalid(subject, tensor, $"it states {tensor.Length} bytes, but its shape and type make {length}");
            if (tensor.Offset != end)
                throw Invalid(subject, tensor,
                    $"it starts at {tensor.Offset}, expected {end}: tensors must neither overlap nor leave holes");
            if (length > limits.MaxPayloadBytes - end)
                throw new SigningException(SigningFault.TooLarge, subject, $"its payload is longer than {limits.MaxPayloadBytes} bytes");
            end += length;
        }
        return end;
    }

    /// <summary>Bytes of an element as safetensors names types; 0 for an unknown type.</summary>
    public static int SizeOf(string dtype) => dtype switch
    {
        "BOOL" or "I8" or "U8" or "F8_E5M2" or "F8_E4M3" => 1,
        "I16" or "U16" or "F16" or "BF16" => 2,
        "I32" or "U32" or "F32" => 4,
        "I64" or "U64" or "F64" => 8,
        _ => 0,
    };

    private static long LengthOf(BundleTensor tensor, string subject)
    {
        long length = SizeOf(tensor.Dtype);
        if (length == 0) throw Invalid(subject, tensor, $"its type '{tensor.Dtype}' is unknown");
        if (tensor.Shape.Count > MaxRank)
            throw Invalid(subject, tensor, $"it has {tensor.Shape.Count} dimensions, expected at most {MaxRank}");
        if (tensor.Shape.Any(dimension => dimension < 0)) throw Invalid(subject, tensor, "a dimension is negative");
        if (tensor.Shape.Contains(0)) return 0;
        foreach (var dimension in tensor.Shape)
        {
            if (length > CanonicalJson.MaxInteger / dimension)
                throw Invalid(subject, tensor, "its shape has more bytes than can be counted");
            length *= dimension;
        }
        return length;
    }

    private static SigningException Invalid(string subject, BundleTensor tensor, string problem) =>
        new(SigningFault.InvalidTensors, subject, $"tensor '{tensor.Name}': {problem}; export the adapter again");
}
