namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Adds up what a sequence of adaptively chosen mechanisms costs and states it as (epsilon, delta). An accountant holds for exactly one
/// neighbouring relation. Implementations are mutable and not thread-safe.
/// </summary>
public interface IPrivacyAccountant
{
    /// <summary>The relation for which every answer holds.</summary>
    NeighbouringRelation Relation { get; }

    /// <summary>Whether <see cref="Compose"/> would accept the event: this accountant can analyse it under its relation.</summary>
    /// <param name="privacyEvent">The event.</param>
    bool Supports(PrivacyEvent privacyEvent);

    /// <summary>Adds an event to what was released so far. Changes this accountant.</summary>
    /// <param name="privacyEvent">The event.</param>
    /// <param name="count">How many times in a row it happened, 0 or more.</param>
    /// <returns>This accountant, so that calls can be chained.</returns>
    /// <exception cref="UnsupportedEventException">
    /// The accountant cannot analyse the event under its relation; nothing was added.
    /// </exception>
    IPrivacyAccountant Compose(PrivacyEvent privacyEvent, long count = 1);

    /// <summary>An upper bound on the smallest epsilon for which everything composed so far is (epsilon, delta)-private.</summary>
    /// <param name="delta">Delta, 0 to 1.</param>
    /// <returns>Epsilon, 0 or more; infinite if there is no bound.</returns>
    double GetEpsilon(double delta);

    /// <summary>An upper bound on the smallest delta for which everything composed so far is (epsilon, delta)-private.</summary>
    /// <param name="epsilon">Epsilon, 0 or more.</param>
    /// <returns>Delta, 0 to 1.</returns>
    double GetDelta(double epsilon);
}
