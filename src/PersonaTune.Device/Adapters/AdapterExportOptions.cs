namespace PersonaTune.Device.Adapters;

/// <summary>What a bundle says beside the adapter.</summary>
public sealed record AdapterExportOptions
{
    /// <summary>Name under which versions of this adapter replace each other: letters, digits, '.', '_', '-'.</summary>
    public required string Name { get; init; }

    /// <summary>The adapter's number; a recipient takes no lower one after it.</summary>
    public required long Version { get; init; }

    /// <summary>The application that may import it.</summary>
    public required string Audience { get; init; }

    /// <summary>How long it may be used. Default 90 days.</summary>
    public TimeSpan Validity { get; init; } = TimeSpan.FromDays(90);

    /// <summary>What to tell about the data. Default: that it learned from one person's own data and is meant for that person's devices.</summary>
    public string PrivacyStatement { get; init; } = "Trained on one person's own data on that person's device, without differential privacy. For that person's other devices only.";

    /// <summary>The recipient's public key (<see cref="TransferKey"/>), to which the bundle is encrypted; empty writes it in the clear.</summary>
    public ReadOnlyMemory<byte> Recipient { get; init; }
}
