using System.Text;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Personalization;

namespace PersonaTune.Device.Tests.Personalization;

public sealed class PersonalNGramsTests
{
    [Fact]
    public async Task Weights_of_an_earlier_version_keep_their_order_and_are_not_taken_for_todays()
    {
        await using var bench = await PersonalBench.CreateAsync();
        var nGrams = new PersonalNGrams(bench.Store, bench.Slot.Model, TestModel.Pool);
        await nGrams.RebuildAsync(PersonalBench.User, [], null, keepMixture: false, CancellationToken.None);
        var weights = string.Join(',', Enumerable.Repeat("0.25", CacheMixture.Default.ToWeights().Length));
        // As it was written before records named their version, when a weight was that of the model.
        var old = Encoding.UTF8.GetBytes($$"""{"baseDigest":"{{bench.Slot.Model.Digest}}","order":2,"weights":[{{weights}}]}""");
        await bench.Store.Blobs.PutAsync(PersonalBench.User, "keyboard", "mixture", old);
        var (_, mixture) = await nGrams.LoadAsync(PersonalBench.User, CancellationToken.None);
        Assert.Equal(CacheMixture.Default.ToWeights(), mixture.ToWeights());
        await nGrams.RebuildAsync(PersonalBench.User, [], null, keepMixture: true, CancellationToken.None);
        Assert.Equal(2, (await nGrams.LoadAsync(PersonalBench.User, CancellationToken.None)).Cache.Options.Order);

        var record = new MixtureRecord(bench.Slot.Model.Digest, 4, CacheMixture.Constant(0.25).ToWeights(), CacheMixture.Version);
        await nGrams.RebuildAsync(PersonalBench.User, [], record, keepMixture: true, CancellationToken.None);
        Assert.Equal(0.25, (await nGrams.LoadAsync(PersonalBench.User, CancellationToken.None)).Mixture.Weight(1, 1));
    }
}
