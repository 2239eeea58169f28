using Microsoft.Extensions.DependencyInjection;
using PersonaTune.Device.Consent;
using PersonaTune.Device.DependencyInjection;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Storage;

namespace PersonaTune.Device.Tests;

/// <summary>The README's snippet, to the letter (an architecture test compares them), compiled and run by <see cref="ReadmeSampleTests"/>.</summary>
internal static class ReadmeSample
{
    public static async Task<IReadOnlyList<WordSuggestion>> RunAsync(string modelPath, string storeFolder, string passphrase, IReadOnlyList<NewExample> messages)
    {
        // <readme>
        var services = new ServiceCollection();
        services.AddPersonaTune(options =>
        {
            options.ModelPath = modelPath;       // models/keyboard-base-q8_0.gguf, or your own GGUF of the Llama family
            options.StoreFolder = storeFolder;   // the encrypted store; created on first use
            options.KeyProtector = _ => PassphraseProtector.FromArgon2id(passphrase);
            options.ConsentMode = ConsentMode.ImplicitPersonalization; // or record a signed ConsentReceipt
        });
        await using var provider = services.BuildServiceProvider();

        var store = provider.GetRequiredService<SealedStore>();
        var personalizer = provider.GetRequiredService<Personalizer>();
        await store.Examples.AddRangeAsync("user", personalizer.Options.Collection, messages); // sealed before SQLite sees them

        await personalizer.UseAsync("user");                     // the person's active adapter, if any
        var outcome = await personalizer.TrainAsync("user");     // trains, gates on held-out messages, swaps in
        Console.WriteLine($"{outcome.Status}: {outcome.Decision?.Reason}");

        var suggester = provider.GetRequiredService<WordSuggester>();
        return suggester.Suggest("see you at the tha");           // top words, best first
        // </readme>
    }
}
