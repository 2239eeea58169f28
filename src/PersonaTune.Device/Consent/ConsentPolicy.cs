namespace PersonaTune.Device.Consent;

/// <summary>Decides whether something may be done with a user's examples. Immutable and thread-safe.</summary>
/// <param name="ledger">The consent ledger.</param>
/// <param name="mode">What counts where no receipt was recorded.</param>
/// <param name="time">The clock that expiry is compared with.</param>
public sealed class ConsentPolicy(ConsentLedger ledger, ConsentMode mode, TimeProvider time)
{
    /// <summary>What counts where no receipt was recorded.</summary>
    public ConsentMode Mode => mode;

    /// <summary>
    /// The receipt that covers the purpose, or null where the mode needs none. The newest entry about this user, purpose and
    /// collection decides, so a withdrawal holds until consent is given again.
    /// </summary>
    /// <exception cref="ConsentException">There is no consent, it was withdrawn, expired, or is for another base model.</exception>
    /// <exception cref="Privacy.Sealing.TamperedException">The ledger was altered.</exception>
    public async Task<ConsentReceipt?> RequireAsync(string user, ConsentPurpose purpose, string collection, ReadOnlyMemory<byte> baseModelDigest,
        CancellationToken cancellationToken = default)
    {
        ConsentEntry? last = null;
        foreach (var entry in await ledger.ReadAsync(user, cancellationToken).ConfigureAwait(false))
        {
            var terms = entry.Receipt.Terms;
            if (terms.Purpose == purpose && string.Equals(terms.Collection, collection, StringComparison.Ordinal)) last = entry;
        }
        if (last is null)
        {
            if (mode == ConsentMode.ImplicitPersonalization && purpose == ConsentPurpose.Personalization) return null;
            throw new ConsentException(user, purpose, collection, "none was recorded");
        }
        if (last.Kind == ConsentEntryKind.Withdrawn) throw new ConsentException(user, purpose, collection, $"it was withdrawn at {last.Time:O}");
        var receipt = last.Receipt;
        if (receipt.Terms.Expires <= time.GetUtcNow()) throw new ConsentException(user, purpose, collection, $"it expired at {receipt.Terms.Expires:O}");
        if (!receipt.Terms.BaseModelDigest.IsEmpty && !receipt.Terms.BaseModelDigest.Span.SequenceEqual(baseModelDigest.Span))
            throw new ConsentException(user, purpose, collection, "it was given for another base model");
        return receipt;
    }
}
