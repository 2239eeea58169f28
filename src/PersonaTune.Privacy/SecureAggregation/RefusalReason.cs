namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// Why a device or a server refused a message, a configuration or a whole round. The names are stable: they may travel and be
/// counted.
/// </summary>
public enum RefusalReason
{
    /// <summary>
    /// The bytes are not the one encoding of a message: truncated, oversized, trailing bytes, impossible counts, unknown
    /// version.
    /// </summary>
    Malformed,

    /// <summary>The message belongs to another session.</summary>
    ForeignSession,

    /// <summary>The message's type does not fit the stage.</summary>
    UnexpectedMessage,

    /// <summary>The sender is not part of the round.</summary>
    UnknownSender,

    /// <summary>The signature does not verify, which covers header and body.</summary>
    WrongSignature,

    /// <summary>The certificate was not issued by the enrolment authority, is altered, expired, or names another device.</summary>
    CertificateRefused,

    /// <summary>A device sent two different messages of a kind that it may send once.</summary>
    ConflictingMessage,

    /// <summary>The stage is over.</summary>
    StageClosed,

    /// <summary>The round ended for this party: finished, refused or abandoned.</summary>
    RoundOver,

    /// <summary>The round or the stage has passed its deadline.</summary>
    DeadlinePassed,

    /// <summary>The configuration contradicts itself or lies outside what the protocol supports.</summary>
    ConfigurationInvalid,

    /// <summary>The round number is not greater than the last one seen for the task.</summary>
    ReplayedRound,

    /// <summary>The round asks for a report on other model bytes than those the device trained on.</summary>
    ModelMismatch,

    /// <summary>The adapter's layout is another than the one the device trained.</summary>
    SchemaMismatch,

    /// <summary>The configured minimum cohort is below the device's floor.</summary>
    CohortFloor,

    /// <summary>The sum could wrap in the ring.</summary>
    WidthOverflow,

    /// <summary>Degree or threshold is lower than the cohort's size demands, or cannot work.</summary>
    ThresholdTooLow,

    /// <summary>No noise share is asked for, or the device cannot draw it.</summary>
    NoiseMissing,

    /// <summary>The user's privacy budget does not cover the round.</summary>
    BudgetExhausted,

    /// <summary>The roster, or the devices that remain of it, are fewer than the minimum cohort.</summary>
    RosterTooSmall,

    /// <summary>The roster holds its largest number of devices.</summary>
    RosterFull,

    /// <summary>The device itself is missing from a list that must contain it.</summary>
    NotInRoster,

    /// <summary>One identity stands in the roster twice.</summary>
    DuplicateIdentity,

    /// <summary>One ephemeral key stands in the roster twice.</summary>
    DuplicateKey,

    /// <summary>The device's own ephemeral key stands under another identity, or its entry holds another key.</summary>
    ReflectedKey,

    /// <summary>A public key is no point of the curve.</summary>
    InvalidPoint,

    /// <summary>An opened nonce does not fit its commitment.</summary>
    NonceMismatch,

    /// <summary>Two parties do not see the same roster, openings or graph.</summary>
    ViewMismatch,

    /// <summary>The report has another length, or a coordinate outside the range that the configuration allows.</summary>
    ReportOutOfRange,

    /// <summary>Secrets of this session were used before, for example by the same device before a restart.</summary>
    SecretsAlreadyUsed,

    /// <summary>Too few devices are left for the minimum cohort, the threshold or the quorum.</summary>
    TooFewSurvivors,

    /// <summary>The sets of survivors contradict each other or what the device has seen.</summary>
    InconsistentSurvivors,

    /// <summary>A second pair of roots was offered in a session in which the device has signed one.</summary>
    TwoRoots,

    /// <summary>The consistency certificate has fewer signatures than the quorum.</summary>
    SubQuorum,

    /// <summary>The consistency certificate holds a signature that does not verify, or of a device that could not have signed.</summary>
    CertificateForged,

    /// <summary>A device was asked for a share of its own secrets.</summary>
    OwnShareRequested,

    /// <summary>Both shares were requested for one peer, which together would reveal its report.</summary>
    BothSharesRequested,

    /// <summary>The share of the wrong kind was requested: the mask key of a survivor or the seed of a device that dropped out.</summary>
    WrongShareRequested,

    /// <summary>A share was requested or sent for a device that is not a neighbour.</summary>
    NotNeighbour,

    /// <summary>A device counts as alive and as dropped.</summary>
    AliveAndDropped,

    /// <summary>Fewer shares than the threshold arrived for a secret that the sum needs.</summary>
    TooFewShares,

    /// <summary>Shares do not open what was committed to, and the false ones could not be told from the true ones.</summary>
    BadShares,

    /// <summary>
    /// A window's proposal overlaps a set that was answered before: the difference of the two sums would reveal the devices in
    /// which they differ.
    /// </summary>
    OverlappingSet,

    /// <summary>The other server's answer belongs to another set of reports.</summary>
    ForeignSet,
}
