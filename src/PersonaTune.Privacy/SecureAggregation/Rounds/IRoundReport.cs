namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>What a device has trained and is about to report.</summary>
public interface IRoundReport
{
    /// <summary>SHA-256 of the model bytes that it was trained on.</summary>
    ReadOnlyMemory<byte> ModelHash { get; }

    /// <summary>SHA-256 of the adapter's layout.</summary>
    ReadOnlyMemory<byte> AdapterSchemaHash { get; }

    /// <summary>
    /// Writes the clipped, scaled and rounded coordinates, without noise, each of magnitude up to
    /// <see cref="RoundConfiguration.CoordinateBound"/>. Called once, when the report is masked.
    /// </summary>
    void Encode(RoundConfiguration configuration, Span<int> values);
}
