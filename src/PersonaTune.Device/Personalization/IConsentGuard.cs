namespace PersonaTune.Device.Personalization;

/// <summary>Says whether the person agreed. Implementations are thread-safe.</summary>
public interface IConsentGuard
{
    /// <summary>Returns if a valid receipt covers training on the collection with this base model.</summary>
    /// <exception cref="ConsentRequiredException">None does.</exception>
    Task RequireTrainingAsync(string user, string collection, string baseDigest, CancellationToken cancellationToken = default);
}
