namespace PersonaTune.Device.Federation;

/// <summary>
/// One participation as its user may see it. It names task, round and receipt, and holds nothing of what was learned from: reasons are codes, never text of the aggregator or of the application.
/// </summary>
/// <param name="Id">The record's random identity: 32 hexadecimal digits.</param>
/// <param name="Task">The task.</param>
/// <param name="Round">The round, from 1.</param>
/// <param name="Started">When the device got its seat, by its own clock.</param>
/// <param name="Ended">When it ended; null while it goes on and after a crash.</param>
/// <param name="ConsentReceipt">The id of the consent receipt that covered it: 32 hexadecimal digits.</param>
/// <param name="Epsilon">
/// What it cost on its own: 0 if the user's budget was not charged, infinite without differential privacy. It is written before the charge, so a crash in between overstates it. Epsilons of several
/// participations do not add up; what all of them cost together is what the privacy ledger says.
/// </param>
/// <param name="Delta">The delta of that epsilon.</param>
/// <param name="Status">What became of it.</param>
/// <param name="Reason">A code of at most 64 letters, digits and hyphens, for example "late" or "consent-ended"; null if there is none.</param>
public sealed record ParticipationRecord(
    string Id, string Task, int Round, DateTimeOffset Started, DateTimeOffset? Ended, string ConsentReceipt, double Epsilon, double Delta, ParticipationStatus Status, string? Reason);
