using PersonaTune.Device.Adapters;
using PersonaTune.Device.Tests.Storage;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Tests.Adapters;

public sealed class InstalledGlobalAdapterTests
{
    private static LoraAdapter Adapter(float value = 0.25f)
    {
        var adapter = LoraInitialization.Create(TestModel.Keyboard, new LoraConfig { Rank = 2, Targets = [LoraTarget.Output] });
        foreach (var (_, _, pair) in adapter.Pairs()) Array.Fill(pair.B, value);
        return adapter;
    }

    [Fact]
    public async Task Is_there_after_a_restart_for_its_model_alone_and_can_be_replaced_and_taken_away()
    {
        using var folder = new StoreFolder();
        using var other = ModelLoader.Load(SharedData.Reference("models", "llama.gguf"));
        await using (var store = await folder.OpenAsync())
        {
            Assert.Null(await InstalledGlobalAdapter.LoadAsync(store, TestModel.Keyboard));
            await InstalledGlobalAdapter.SaveAsync(store, TestModel.Keyboard, new InstalledGlobalAdapter("first", Adapter(), 1f));
            await InstalledGlobalAdapter.SaveAsync(store, TestModel.Keyboard, new InstalledGlobalAdapter("release 3", Adapter(0.5f), 0.75f));
        }

        await using (var store = await folder.OpenAsync())
        {
            var (name, adapter, scale) = (await InstalledGlobalAdapter.LoadAsync(store, TestModel.Keyboard))!;
            Assert.Equal(("release 3", 0.75f), (name, scale));
            Assert.Equal(LoraSafetensors.Write(Adapter(0.5f)), LoraSafetensors.Write(adapter));
            Assert.Null(await InstalledGlobalAdapter.LoadAsync(store, other));
            Assert.False(await InstalledGlobalAdapter.DeleteAsync(store, other));
            Assert.True(await InstalledGlobalAdapter.DeleteAsync(store, TestModel.Keyboard));
            Assert.False(await InstalledGlobalAdapter.DeleteAsync(store, TestModel.Keyboard));
            Assert.Null(await InstalledGlobalAdapter.LoadAsync(store, TestModel.Keyboard));
        }
    }

    [Fact]
    public async Task What_nothing_can_be_trained_above_is_refused_and_the_former_one_stays()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        using var other = ModelLoader.Load(SharedData.Reference("models", "llama.gguf"));
        await InstalledGlobalAdapter.SaveAsync(store, TestModel.Keyboard, new InstalledGlobalAdapter("good", Adapter(), 1f));
        var dora = Adapter();
        var pair = dora[0, LoraTarget.Output]!;
        dora[0, LoraTarget.Output] = new LoraPair(pair.Rank, pair.Inputs, pair.Outputs, pair.Scale, pair.A, pair.B, new float[pair.Outputs]);
        var foreign = LoraGguf.Read(SharedData.Reference("models", "llama-lora.gguf"), other);
        foreach (var adapter in new[] { dora, foreign })
            await Assert.ThrowsAsync<AdapterMismatchException>(() => InstalledGlobalAdapter.SaveAsync(store, TestModel.Keyboard, new InstalledGlobalAdapter("bad", adapter, 1f)));
        foreach (var (name, scale) in new[] { (" ", 1f), ("bad", float.NaN) })
            await Assert.ThrowsAsync<ArgumentException>(() => InstalledGlobalAdapter.SaveAsync(store, TestModel.Keyboard, new InstalledGlobalAdapter(name, Adapter(), scale)));
        Assert.Equal("good", (await InstalledGlobalAdapter.LoadAsync(store, TestModel.Keyboard))!.Name);
    }
}
