using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>
/// A trained update as a round's report: encoded by <see cref="UpdateEncoder"/> (clipped, rotated, scaled, rounded, norm checked in integers) when the
/// round asks for it. Not thread-safe; the update stays the caller's to erase.
/// </summary>
public sealed class EncodedReport : IRoundReport
{
    private readonly ReadOnlyMemory<float> _update;
    private readonly UpdateEncoder _encoder;
    private readonly UpdateEncodingOptions _options;
    private readonly INoiseSource? _source;

    /// <summary>A report of <paramref name="update"/>.</summary>
    /// <param name="update">The update.</param>
    /// <param name="options">How to encode; its clip norm and scale must be those of the round.</param>
    /// <param name="modelHash">SHA-256 of the model bytes that it was trained on.</param>
    /// <param name="adapterSchemaHash">SHA-256 of the adapter's layout.</param>
    /// <param name="source">Random bits of the rounding; null for the system's cryptographic generator (default).</param>
    public EncodedReport(ReadOnlyMemory<float> update, UpdateEncodingOptions options, ReadOnlyMemory<byte> modelHash, ReadOnlyMemory<byte> adapterSchemaHash,
        INoiseSource? source = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_update, _options, ModelHash, AdapterSchemaHash, _source) = (update, options, modelHash, adapterSchemaHash, source);
        _encoder = new UpdateEncoder(options);
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> ModelHash { get; }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> AdapterSchemaHash { get; }

    /// <inheritdoc/>
    /// <exception cref="RefusalException">The round states another clip norm, scale or dimension than the encoding.</exception>
    public void Encode(RoundConfiguration configuration, Span<int> values)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (configuration.Clip != _options.ClipNorm || configuration.Scale != _options.Scale || configuration.Dimension != _encoder.PaddedDimension)
        {
            throw new RefusalException(RefusalReason.ConfigurationInvalid, "report",
                $"it is encoded with clip norm {_options.ClipNorm}, scale {_options.Scale} and {_encoder.PaddedDimension} coordinates, the round states "
                + $"{configuration.Clip}, {configuration.Scale} and {configuration.Dimension}; encode it for this round");
        }

        if (_source is not null)
        {
            Copy(_encoder.Encode(_update.Span, _source), values);
            return;
        }

        using var system = new CryptographicNoiseSource();
        Copy(_encoder.Encode(_update.Span, system), values);
    }

    private static void Copy(int[] encoded, Span<int> values)
    {
        encoded.CopyTo(values);
        Array.Clear(encoded);
    }
}
