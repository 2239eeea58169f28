using PersonaTune.Device.Personalization;

namespace PersonaTune.Device.Tests.Personalization;

/// <summary>Reports on the thread that makes progress, unlike <see cref="Progress{T}"/>.</summary>
internal sealed class Immediate(Action<PersonalizationProgress> report) : IProgress<PersonalizationProgress>
{
    public void Report(PersonalizationProgress value) => report(value);
}
