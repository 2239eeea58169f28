using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.DependencyInjection;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Scheduling;
using PersonaTune.Device.Storage;
using PersonaTune.Device.Tests.Storage;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Tests.DependencyInjection;

public sealed class AddPersonaTuneTests
{
    [Fact]
    public async Task Everything_is_resolved_once_and_disposed_with_the_container()
    {
        using var folder = new StoreFolder();
        var services = new ServiceCollection();
        var conditions = new ManualDeviceConditions();
        services.AddSingleton<IDeviceConditions>(conditions); // the application's own wins
        services.AddPersonaTune(options => Configure(options, folder));
        SealedStore store;
        await using (var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true }))
        {
            store = provider.GetRequiredService<SealedStore>();
            Assert.Same(store, provider.GetRequiredService<SealedStore>());
            Assert.Same(conditions, provider.GetRequiredService<IDeviceConditions>());
            Assert.Same(provider.GetRequiredService<DecoderModel>(), provider.GetRequiredService<AdapterSlot>().Model);
            Assert.Same(provider.GetRequiredService<AdapterSlot>(), provider.GetRequiredService<IChatClient>().GetService<AdapterSlot>());
            Assert.NotNull(provider.GetRequiredService<AdapterLibrary>());
            Assert.Null(await provider.GetRequiredService<Personalizer>().UseAsync("user"));
            Assert.NotEmpty(provider.GetRequiredService<WordSuggester>().Suggest("hel"));
            await Assert.ThrowsAsync<ConsentRequiredException>(() => provider.GetRequiredService<Personalizer>().TrainAsync("user"));
        }
        // The store let go of its folder: another process could open it.
        using var protector = StoreFolder.Passphrase();
        await using var again = await SealedStore.OpenAsync(new SealedStoreOptions { Folder = folder.Store }, protector);
        Assert.NotSame(store, again);
    }

    [Fact]
    public void Every_problem_of_the_options_is_named_at_once()
    {
        var services = new ServiceCollection();
        services.AddPersonaTune(options =>
        {
            options.ModelPath = "/nowhere/model.gguf";
            options.Threads = -1;
            options.Personalization = new PersonalizationOptions { MinimumExamples = 1, Recipe = new TrainingRecipe { LearningRate = -1 } };
            options.Scheduling = new SchedulingOptions { MinimumBattery = 7 };
            options.Suggestions = new SuggestionOptions { Count = 0 };
        });
        using var provider = services.BuildServiceProvider();
        var error = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<Personalizer>());
        foreach (var part in new[] { "ModelPath is '/nowhere/model.gguf'", "StoreFolder is empty", "KeyProtector is not set", "Threads is -1",
            "Personalization.MinimumExamples is 1", "Personalization.Recipe.LearningRate is -1", "Scheduling.MinimumBattery is 7", "SuggestionOptions.Count" })
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        // A host checks at its start, before anything is resolved.
        Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
    }

    [Fact]
    public void A_passphrase_that_does_not_open_the_store_says_so()
    {
        using var folder = new StoreFolder();
        foreach (var passphrase in new[] { "right", "wrong" })
        {
            var services = new ServiceCollection();
            services.AddPersonaTune(options =>
            {
                Configure(options, folder);
                options.KeyProtector = _ => StoreFolder.Passphrase(passphrase);
            });
            using var provider = services.BuildServiceProvider();
            if (passphrase is "right") Assert.NotNull(provider.GetRequiredService<SealedStore>());
            else Assert.Throws<Privacy.Sealing.WrongKeyException>(() => provider.GetRequiredService<SealedStore>());
        }
    }

    private static void Configure(PersonaTuneOptions options, StoreFolder folder)
    {
        options.ModelPath = TestModel.Path;
        options.StoreFolder = folder.Store;
        options.KeyProtector = _ => StoreFolder.Passphrase();
        options.Threads = 1;
    }
}
