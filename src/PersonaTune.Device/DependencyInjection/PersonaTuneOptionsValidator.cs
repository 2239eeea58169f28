using Microsoft.Extensions.Options;

namespace PersonaTune.Device.DependencyInjection;

/// <summary>Names every problem of the options at once. Written by hand, so that nothing needs reflection.</summary>
internal sealed class PersonaTuneOptionsValidator : IValidateOptions<PersonaTuneOptions>
{
    public ValidateOptionsResult Validate(string? name, PersonaTuneOptions options)
    {
        var problems = new List<string>();
        if (string.IsNullOrWhiteSpace(options.ModelPath))
            problems.Add($"{nameof(options.ModelPath)} is empty; set it to the GGUF file of the base model");
        else if (!File.Exists(options.ModelPath))
            problems.Add($"{nameof(options.ModelPath)} is '{options.ModelPath}', where there is no file");
        if (string.IsNullOrWhiteSpace(options.StoreFolder))
            problems.Add($"{nameof(options.StoreFolder)} is empty; set it to a folder that only this application writes");
        if (options.KeyProtector is null)
            problems.Add($"{nameof(options.KeyProtector)} is not set; choose a passphrase, a key file or the platform's keystore");
        if (string.IsNullOrWhiteSpace(options.User)) problems.Add($"{nameof(options.User)} is empty; expected a name");
        if (!Enum.IsDefined(options.ConsentMode)) problems.Add($"{nameof(options.ConsentMode)} is {(int)options.ConsentMode}; expected a known mode");
        if (options.Threads is < 0 or > 1024) problems.Add($"{nameof(options.Threads)} is {options.Threads}; expected 0 to 1024");
        if (options.KeepInactiveAdapters < 0)
            problems.Add($"{nameof(options.KeepInactiveAdapters)} is {options.KeepInactiveAdapters}; expected 0 or more");
        problems.AddRange((options.Personalization?.Validate() ?? ["is null"]).Select(p => $"{nameof(options.Personalization)}.{p}"));
        problems.AddRange((options.Scheduling?.Validate() ?? ["is null"]).Select(p => $"{nameof(options.Scheduling)}.{p}"));
        problems.AddRange((options.Chat?.Validate() ?? ["is null"]).Select(p => $"{nameof(options.Chat)}.{p}"));
        try
        {
            options.Suggestions.Validate();
        }
        catch (ArgumentOutOfRangeException e)
        {
            problems.Add(e.Message);
        }
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
