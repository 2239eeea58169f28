namespace PersonaTune.Device.Photos;

/// <summary>Labels were not imported; the person's labels, pictures and model are as they were.</summary>
public sealed class PhotoImportException : Exception
{
    /// <summary>Creates the exception.</summary>
    public PhotoImportException(PhotoImportFault fault, string bundle, string problem, Exception? innerException = null)
        : base($"photo labels '{bundle}': {problem}", innerException) => (Fault, Bundle, Problem) = (fault, bundle, problem);

    /// <summary>Why.</summary>
    public PhotoImportFault Fault { get; }

    /// <summary>The bundle's name.</summary>
    public string Bundle { get; }

    /// <summary>What was expected and found, and what to do.</summary>
    public string Problem { get; }
}
