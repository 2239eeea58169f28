namespace PersonaTune.Device.Adapters;

/// <summary>An adapter was not imported; the library is as it was.</summary>
public sealed class AdapterImportException : Exception
{
    /// <summary>Creates the exception.</summary>
    public AdapterImportException(AdapterImportFault fault, string adapter, string problem, Exception? innerException = null)
        : base($"adapter '{adapter}': {problem}", innerException) => (Fault, Adapter, Problem) = (fault, adapter, problem);

    /// <summary>Why.</summary>
    public AdapterImportFault Fault { get; }

    /// <summary>The adapter's name.</summary>
    public string Adapter { get; }

    /// <summary>What was expected and found, and what to do.</summary>
    public string Problem { get; }
}
