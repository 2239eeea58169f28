namespace PersonaTune.Protocol.Tasks;

/// <summary>
/// A federated task: what devices are asked to do and what they are promised. The operator signs its JSON bytes
/// (<see cref="SigningContext"/>); devices check every term against their user's limits before they take part.
/// </summary>
/// <param name="Name">1 to 64 characters of a-z, 0-9 and hyphens.</param>
/// <param name="Purpose">One sentence for the user.</param>
/// <param name="Rounds">Rounds in all.</param>
/// <param name="NotBefore">From when.</param>
/// <param name="NotAfter">Until when.</param>
/// <param name="Adapter">What is trained.</param>
/// <param name="Training">What a device does.</param>
/// <param name="Aggregation">How reports are summed.</param>
/// <param name="Cohorts">Whom a round needs.</param>
/// <param name="Encoding">How an update becomes integers.</param>
/// <param name="Privacy">What is promised.</param>
/// <param name="Server">What becomes of the sums.</param>
public sealed record TaskDefinition(
    string Name, string Purpose, int Rounds, DateTimeOffset NotBefore, DateTimeOffset NotAfter, AdapterTerms Adapter, LocalTrainingTerms Training,
    AggregationKind Aggregation, CohortTerms Cohorts, EncodingTerms Encoding, PrivacyTerms Privacy, ServerTerms Server)
{
    /// <summary>The context of the operator's signature.</summary>
    public const string SigningContext = "PersonaTune/task/1";

    /// <summary>The largest definition in bytes of JSON.</summary>
    public const int MaximumLength = 64 << 10;
}
