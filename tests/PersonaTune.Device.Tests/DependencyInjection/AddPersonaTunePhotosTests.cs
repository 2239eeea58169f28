using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Consent;
using PersonaTune.Device.DependencyInjection;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Photos;
using PersonaTune.Device.Storage;
using PersonaTune.Device.Tests.Storage;

namespace PersonaTune.Device.Tests.DependencyInjection;

public sealed class AddPersonaTunePhotosTests : IDisposable
{
    private static readonly string Encoder = Path.Combine(SharedData.SolutionRoot, "models", "photo-base-q8_0.gguf");
    private readonly StoreFolder _folder = new();

    [Fact]
    public async Task Photos_alone_bring_their_own_store_and_ask_for_consent()
    {
        var services = new ServiceCollection();
        services.AddPersonaTunePhotos(options =>
        {
            options.EncoderPath = Encoder;
            options.StoreFolder = _folder.Store;
            options.KeyProtector = _ => StoreFolder.Passphrase();
        });
        await using var provider = services.BuildServiceProvider();
        var labeler = provider.GetRequiredService<PhotoLabeler>();
        Assert.Same(labeler, provider.GetRequiredService<PhotoLabeler>());
        Assert.Empty(await labeler.LabelsAsync("user"));
        Assert.True(SealedStore.Exists(_folder.Store));
        await Assert.ThrowsAsync<ConsentRequiredException>(() => labeler.TrainAsync("user"));
    }

    [Fact]
    public async Task Beside_the_keyboard_both_share_a_store()
    {
        var services = new ServiceCollection();
        services.AddPersonaTune(options =>
        {
            options.ModelPath = TestModel.Path;
            options.StoreFolder = _folder.Store;
            options.KeyProtector = _ => StoreFolder.Passphrase();
            options.ConsentMode = ConsentMode.ImplicitPersonalization;
        });
        services.AddPersonaTunePhotos(options => options.EncoderPath = Encoder);
        await using var provider = services.BuildServiceProvider();
        Assert.NotNull(provider.GetRequiredService<AdapterTransfer>());
        // Implicit consent is the keyboard's policy, so that training gets as far as missing pictures.
        await Assert.ThrowsAsync<PhotoLabelException>(() => provider.GetRequiredService<PhotoLabeler>().TrainAsync("user"));
        Assert.Equal(ConsentMode.ImplicitPersonalization, provider.GetRequiredService<ConsentPolicy>().Mode);
    }

    [Fact]
    public void Missing_settings_are_named()
    {
        var services = new ServiceCollection();
        services.AddPersonaTunePhotos(options => options.StoreFolder = _folder.Store);
        using (var provider = services.BuildServiceProvider())
            Assert.Contains("EncoderPath", Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<PhotoLabeler>()).Message, StringComparison.Ordinal);
        services.Configure<PersonaTunePhotosOptions>(options => options.EncoderPath = Encoder);
        using (var provider = services.BuildServiceProvider())
            Assert.Contains("KeyProtector", Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<PhotoLabeler>()).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
