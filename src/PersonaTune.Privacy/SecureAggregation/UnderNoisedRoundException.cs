namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>Fewer devices reported than the noise shares were sized for, so the sum would be released with too little noise.</summary>
public sealed class UnderNoisedRoundException : SecureAggregationException
{
    /// <summary>Creates the exception.</summary>
    public UnderNoisedRoundException(int reports, int minimumReports)
        : base("round", $"the noise needs {minimumReports} reports, got {reports}; abandon the round and recruit again")
    {
        Reports = reports;
        MinimumReports = minimumReports;
    }

    /// <summary>The number of reports received.</summary>
    public int Reports { get; }

    /// <summary>The smallest number of reports that carries the promised noise.</summary>
    public int MinimumReports { get; }
}
