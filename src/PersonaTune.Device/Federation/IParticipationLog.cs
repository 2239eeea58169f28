namespace PersonaTune.Device.Federation;

/// <summary>What a device has contributed, for its user to see. Implementations are thread-safe.</summary>
public interface IParticipationLog
{
    /// <summary>Keeps a record in place of the one with the same id; durable when the call returns. It waits for the store: do not call it on a thread that must not wait.</summary>
    void Save(ParticipationRecord record);

    /// <summary>All records, oldest first.</summary>
    Task<IReadOnlyList<ParticipationRecord>> ListAsync(CancellationToken cancellationToken = default);
}
