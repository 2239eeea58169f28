using PersonaTune.Device.Adapters;
using PersonaTune.Device.Storage;
using PersonaTune.Device.Tests.Storage;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Device.Tests.Adapters;

/// <summary>Adapters between two devices: what arrives, and everything that is refused before it is stored.</summary>
public sealed class AdapterTransferTests : IDisposable
{
    private const string User = "ada";

    private static readonly AdapterExportOptions Terms = new() { Name = "ada.keyboard", Version = 3, Audience = "keyboard" };

    private readonly StoreFolder _first = new();
    private readonly StoreFolder _second = new();
    private readonly LoraAdapter _adapter = Random(1);

    [Fact]
    public async Task A_sealed_bundle_arrives_bit_by_bit_with_its_provenance()
    {
        using var source = await _first.OpenAsync();
        using var target = await _second.OpenAsync();
        using var key = await TransferKey.OpenAsync(target);
        var bundle = await BundleAsync(source, Terms with { Recipient = key.PublicKey });
        using var library = new AdapterLibrary(target);
        var entry = await ImportAsync(target, library, bundle, Trust(source), key);
        Assert.Equal(AdapterState.Candidate, entry.State);
        Assert.Equal(("ada.keyboard", 3, "CN=first", true), (entry.Manifest.Provenance!.Name, entry.Manifest.Provenance.Version, entry.Manifest.Provenance.SignerName, entry.Manifest.Provenance.Pinned));
        using var file = Engine.Formats.GgufFile.FromBytes((await library.ReadWeightsAsync(User, entry.Id)).Span);
        var read = LoraGguf.Read(file, TestModel.Keyboard);
        foreach (var (block, target2, pair) in _adapter.Pairs())
        {
            Assert.Equal(pair.A, read[block, target2]!.A);
            Assert.Equal(pair.B, read[block, target2]!.B);
            Assert.Equal(pair.Scale, read[block, target2]!.Scale);
        }

        // The key pair is the same after a restart, and the bundle does not show the manifest.
        using var again = await TransferKey.OpenAsync(target);
        Assert.Equal(key.PublicKey.ToArray(), again.PublicKey.ToArray());
        Assert.True(bundle.AsSpan().IndexOf("ada.keyboard"u8) < 0);
    }

    [Fact]
    public async Task Every_changed_byte_and_every_shortening_is_refused_and_nothing_is_stored()
    {
        using var source = await _first.OpenAsync();
        using var target = await _second.OpenAsync();
        using var library = new AdapterLibrary(target);
        var (bundle, trust) = (await BundleAsync(source, Terms), Trust(source));
        var state = await SealedTrustState.OpenAsync(target);
        var random = new Random(5);
        for (var round = 0; round < 120; round++)
        {
            var bytes = (byte[])bundle.Clone();
            var at = round < 60 ? random.Next(4_000) : random.Next(bytes.Length);
            bytes[at] ^= (byte)(1 << random.Next(8));
            await Assert.ThrowsAsync<SigningException>(() => ImportAsync(target, library, bytes, trust, null, state));
        }

        foreach (var length in new[] { 0, 7, 27, 28, 900, bundle.Length / 2, bundle.Length - 1 })
            await Assert.ThrowsAsync<SigningException>(() => ImportAsync(target, library, bundle[..length], trust, null, state));
        await Assert.ThrowsAsync<SigningException>(() => ImportAsync(target, library, [.. bundle, 0], trust, null, state));
        Assert.Empty(await library.ListAsync(User));
        Assert.Null(state.Find("ada.keyboard"));
        await ImportAsync(target, library, bundle, trust, null, state);
    }

    [Fact]
    public async Task Policy_is_enforced_with_a_typed_reason()
    {
        using var source = await _first.OpenAsync();
        using var target = await _second.OpenAsync();
        using var library = new AdapterLibrary(target);
        var trust = Trust(source);
        await ImportAsync(target, library, await BundleAsync(source, Terms), trust);

        Assert.Equal(SigningFault.Rollback, await FaultAsync(Terms with { Version = 2 }, trust));
        Assert.Equal(SigningFault.Conflict, await FaultAsync(Terms with { PrivacyStatement = "other" }, trust));
        Assert.Equal(SigningFault.WrongAudience, await FaultAsync(Terms with { Version = 4, Audience = "photos" }, trust));
        Assert.Equal(SigningFault.Expired, await FaultAsync(Terms with { Version = 4, Validity = TimeSpan.FromHours(1) }, trust, hours: 2));
        Assert.Equal(SigningFault.RevokedKey, await FaultAsync(Terms with { Version = 4 }, trust with { RevokedKeys = trust.PinnedKeys }));
        Assert.Equal(SigningFault.RevokedAdapter, await FaultAsync(Terms with { Version = 4 }, trust with { RevokedAdapters = ["ada.keyboard"] }));
        Assert.Equal(SigningFault.Rollback, await FaultAsync(Terms with { Version = 4 }, trust with { MinimumVersions = new Dictionary<string, long> { ["ada.keyboard"] = 9 } }));
        Assert.Equal(SigningFault.UntrustedSigner, await FaultAsync(Terms with { Version = 4 }, trust with { PinnedKeys = [] }));
        var large = await Assert.ThrowsAsync<SigningException>(async () => await Transfer(library).ImportAsync(User, new MemoryStream(await BundleAsync(source, Terms with { Version = 4 })),
            new BundleVerifier(trust, await SealedTrustState.OpenAsync(target)), limits: new BundleLimits { MaxPayloadBytes = 1000 }));
        Assert.Equal(SigningFault.TooLarge, large.Fault);

        // Replayed: the floor permits the same manifest again, the library does not.
        var replayed = await Assert.ThrowsAsync<AdapterImportException>(async () =>
        {
            var now = new FixedClock(TimeSpan.Zero);
            var bundle = await BundleAsync(source, Terms with { Version = 5 }, now);
            await ImportAsync(target, library, bundle, trust);
            await ImportAsync(target, library, bundle, trust);
        });
        Assert.Equal(AdapterImportFault.AlreadyImported, replayed.Fault);
        Assert.Equal(2, (await library.ListAsync(User)).Count);

        async Task<SigningFault> FaultAsync(AdapterExportOptions terms, TrustStore store, int hours = 0)
        {
            var bundle = await BundleAsync(source, terms);
            var error = await Assert.ThrowsAsync<SigningException>(() => ImportAsync(target, library, bundle, store, null, null, hours));
            return error.Fault;
        }
    }

    [Fact]
    public async Task A_bundle_for_another_device_or_base_is_refused()
    {
        using var source = await _first.OpenAsync();
        using var target = await _second.OpenAsync();
        using var library = new AdapterLibrary(target);
        using var stranger = HpkeKeyPair.Generate();
        using var own = await TransferKey.OpenAsync(target);
        var foreign = await BundleAsync(source, Terms with { Recipient = stranger.PublicKey });
        await Assert.ThrowsAnyAsync<SealException>(() => ImportAsync(target, library, foreign, Trust(source), own));

        using var other = ModelLoader.Load(SharedData.Reference("models", "llama.gguf"));
        Assert.Null(other.Tokenizer);
        var folder = Directory.CreateTempSubdirectory();
        var path = Path.Combine(folder.FullName, "q4.gguf");
        Engine.Formats.ModelConverter.Convert(TestModel.Path, path, new Engine.Formats.QuantizeOptions { Type = Engine.Tensors.TensorType.Q4_0 });
        using (var quantized = ModelLoader.Load(path))
        {
            var error = await Assert.ThrowsAsync<AdapterImportException>(async () => await new AdapterTransfer(quantized, library).ImportAsync(User, new MemoryStream(await BundleAsync(source, Terms)),
                new BundleVerifier(Trust(source), await SealedTrustState.OpenAsync(target))));
            Assert.Equal(AdapterImportFault.WrongBaseModel, error.Fault);
        }

        folder.Delete(recursive: true);
        Assert.Empty(await library.ListAsync(User));
    }

    [Fact]
    public async Task Expiry_and_revocation_reach_what_was_imported()
    {
        using var source = await _first.OpenAsync();
        using var target = await _second.OpenAsync();
        var clock = new FixedClock(TimeSpan.Zero);
        using var library = new AdapterLibrary(target, clock);
        var trust = Trust(source);
        var first = await ImportAsync(target, library, await BundleAsync(source, Terms with { Validity = TimeSpan.FromDays(1) }), trust);
        var second = await ImportAsync(target, library, await BundleAsync(source, Terms with { Version = 4 }), trust);
        await library.ActivateAsync(User, first.Id, "test");
        await library.ActivateAsync(User, second.Id, "test");
        Assert.Empty(await library.EnforceAsync(User, trust));
        var revoked = await library.EnforceAsync(User, trust with { MinimumVersions = new Dictionary<string, long> { ["ada.keyboard"] = 4 } });
        Assert.Equal([first.Id], revoked.Select(entry => entry.Id));
        Assert.Equal(second.Id, (await library.GetActiveAsync(User))!.Id);
        await Assert.ThrowsAsync<AdapterNotFoundException>(() => library.ReadWeightsAsync(User, first.Id));
        clock.Now += TimeSpan.FromDays(91);
        await Assert.ThrowsAsync<AdapterStateException>(() => library.ActivateAsync(User, second.Id, "test"));
        Assert.Equal([second.Id], (await library.EnforceAsync(User)).Select(entry => entry.Id));
        Assert.Null(await library.GetActiveAsync(User));
    }

    [Fact]
    public async Task A_bundle_names_the_global_adapter_above_which_it_was_trained()
    {
        using var source = await _first.OpenAsync();
        using var target = await _second.OpenAsync();
        using var library = new AdapterLibrary(source);
        var weights = LoraGguf.Write(_adapter, TestModel.Keyboard);
        var manifest = TestManifests.Create("00112233aabbccdd", null, "e1", "e2") with
        {
            BaseDigest = TestModel.Keyboard.Digest,
            TokenizerDigest = TestModel.Keyboard.Tokenizer!.Digest,
            GlobalDigest = new string('e', 64),
            WeightsDigest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(weights)),
            WeightsLength = weights.Length,
        };
        await library.AddAsync(manifest, weights);
        using var received = new AdapterLibrary(target);
        Assert.Equal(manifest.GlobalDigest, (await ImportAsync(target, received, await BundleAsync(source, Terms), Trust(source))).Manifest.GlobalDigest);
    }

    [Fact]
    public async Task An_unsigned_adapter_is_stored_as_such_once()
    {
        using var target = await _second.OpenAsync();
        using var library = new AdapterLibrary(target);
        var entry = await Transfer(library).ImportUnsignedAsync(User, _adapter, "from-peft");
        Assert.Null(entry.Manifest.Provenance!.SignerName);
        var error = await Assert.ThrowsAsync<AdapterImportException>(() => Transfer(library).ImportUnsignedAsync(User, _adapter, "from-peft"));
        Assert.Equal(AdapterImportFault.AlreadyImported, error.Fault);
        var slot = new AdapterSlot(TestModel.Keyboard);
        using var file = Engine.Formats.GgufFile.FromBytes((await library.ReadWeightsAsync(User, entry.Id)).Span);
        Assert.Equal(1, slot.Swap(AdapterStack.Of(LoraGguf.Read(file, TestModel.Keyboard))));
    }

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }

    private static LoraAdapter Random(int seed)
    {
        var random = new Random(seed);
        var adapter = LoraInitialization.Create(TestModel.Keyboard, new LoraConfig { Rank = 4, Alpha = 8, Targets = [LoraTarget.Query, LoraTarget.Down] });
        foreach (var (_, _, pair) in adapter.Pairs())
            for (var i = 0; i < pair.B.Length; i++) pair.B[i] = (float)random.NextDouble() - 0.5f;
        return adapter;
    }

    private static AdapterTransfer Transfer(AdapterLibrary library, TimeProvider? time = null) => new(TestModel.Keyboard, library, time);

    private static TrustStore Trust(SealedStore source)
    {
        using var certificate = source.Keyring.Identity.CreateCertificate("first", TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(3650));
        return new TrustStore { Audience = "keyboard", PinnedKeys = [new ManifestSigner(certificate).KeyId] };
    }

    private async Task<byte[]> BundleAsync(SealedStore source, AdapterExportOptions options, TimeProvider? time = null)
    {
        using var library = new AdapterLibrary(source);
        var known = await library.ListAsync(User);
        var entry = known.Count > 0 ? known[0] : await Transfer(library).ImportUnsignedAsync(User, _adapter, "trained");
        using var certificate = source.Keyring.Identity.CreateCertificate("first", TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(3650));
        using var stream = new MemoryStream();
        await Transfer(library, time).ExportAsync(User, entry.Id, stream, options, new ManifestSigner(certificate));
        return stream.ToArray();
    }

    private static async Task<AdapterEntry> ImportAsync(SealedStore target, AdapterLibrary library, byte[] bundle, TrustStore trust, HpkeKeyPair? key = null, ITrustState? state = null, int hours = 0)
    {
        var time = new FixedClock(TimeSpan.FromHours(hours));
        return await Transfer(library).ImportAsync(User, new MemoryStream(bundle, writable: false), new BundleVerifier(trust, state ?? await SealedTrustState.OpenAsync(target), time), key);
    }

    private sealed class FixedClock(TimeSpan offset) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = System.GetUtcNow() + offset;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
