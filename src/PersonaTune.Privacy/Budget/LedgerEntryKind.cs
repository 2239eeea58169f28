namespace PersonaTune.Privacy.Budget;

/// <summary>What a ledger entry records. The numbers are stored.</summary>
public enum LedgerEntryKind : byte
{
    /// <summary>A privacy loss, recorded before the release that it pays for. It counts from then on, whatever happens.</summary>
    Spend = 1,

    /// <summary>A remark that the release of an earlier spend happened.</summary>
    Released = 2,

    /// <summary>A remark that the release of an earlier spend did not happen as far as is known. The spend still counts.</summary>
    Abandoned = 3,
}
