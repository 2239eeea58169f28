using System.Globalization;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.Signing;

namespace AdapterExchange;

/// <summary>The journey of an adapter from one device to another, and of its forgeries.</summary>
internal static class Exchange
{
    private const string User = "kai";
    private const string Audience = "example.keyboard";

    public static async Task<int> RunAsync(TextWriter output, TextWriter error)
    {
        if (FindModel() is not { } path)
        {
            await error.WriteLineAsync($"models/keyboard-base-q8_0.gguf is in no folder above '{AppContext.BaseDirectory}'; run this from a checkout that has it");
            return 3;
        }

        var folder = Directory.CreateTempSubdirectory("personatune-exchange-");
        try
        {
            using var model = ModelLoader.Load(path);
            using var pool = new WorkerPool();
            await using var phone = await Device.CreateAsync("phone", Path.Combine(folder.FullName, "phone"), model, pool);
            await using var tablet = await Device.CreateAsync("tablet", Path.Combine(folder.FullName, "tablet"), model, pool);
            return await RunAsync(phone, tablet, model, pool, output) ? 0 : 1;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<bool> RunAsync(Device phone, Device tablet, DecoderModel model, WorkerPool pool, TextWriter output)
    {
        // 1. The phone learns.
        var messages = MessageFile.Read(Path.Combine(AppContext.BaseDirectory, "kai.jsonl")).ToArray();
        await phone.Store.Examples.AddRangeAsync(User, phone.Personalizer.Options.Collection, [.. messages.Select((message, i) => NewExample.FromText(message.Text, message.Time ?? DateTimeOffset.UnixEpoch.AddSeconds(i)))]);
        var outcome = await phone.Personalizer.TrainAsync(User);
        var active = (await phone.Library.GetActiveAsync(User))!;
        await output.WriteLineAsync($"phone: learned from {messages.Length} messages: {outcome.Decision!.Reason}");

        // 2. The user shows both devices each other's keys once: the tablet pins the phone's signing key, the phone takes the tablet's transfer key.
        using var certificate = phone.Store.Keyring.Identity.CreateCertificate("kai phone", TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(365));
        var signer = new ManifestSigner(certificate);
        var trust = new TrustStore { Audience = Audience, PinnedKeys = [signer.KeyId] };
        var terms = new AdapterExportOptions { Name = "kai.keyboard", Version = 2, Audience = Audience, Recipient = tablet.TransferKey.PublicKey };
        await output.WriteLineAsync($"tablet: trusts the phone's key {signer.KeyId.ToString()[..16]}...");

        // 3. The adapter travels, sealed to the tablet.
        var sealedBundle = await ExportAsync(phone, active.Id, terms, signer);
        var imported = await ImportAsync(tablet, sealedBundle, trust);
        await tablet.Personalizer.ActivateAsync(User, imported.Id);
        var same = Same(phone, tablet, model, pool);
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"tablet: imported {sealedBundle.Length:N0} sealed bytes as {imported.Id} ({imported.Manifest.Provenance!.SignerName}, version {imported.Manifest.Provenance.Version}), activated; it predicts {(same ? "exactly as the phone does" : "SOMETHING ELSE than the phone")}"));

        // 4. What must be refused, and is.
        var refused = new Refusals(output, attempt => ImportAsync(tablet, attempt, trust), tablet);
        var next = await ExportAsync(phone, active.Id, terms with { Version = 3 }, signer);
        var tampered = (byte[])next.Clone();
        tampered[^40] ^= 1;
        await refused.ExpectAsync("a newer one with a byte changed on the way", tampered);
        await refused.ExpectAsync("a newer one with its end cut off", next[..^100]);
        await refused.ExpectAsync("the same bundle again (replayed)", sealedBundle);
        await refused.ExpectAsync("an older version", await ExportAsync(phone, active.Id, terms with { Version = 1 }, signer));
        await refused.ExpectAsync("another one under the same version", await ExportAsync(phone, active.Id, terms with { PrivacyStatement = "another statement" }, signer));
        await refused.ExpectAsync("one for another application", await ExportAsync(phone, active.Id, terms with { Version = 4, Audience = "other.application" }, signer));
        await refused.ExpectAsync("one that has expired", await ExportAsync(phone, active.Id, terms with { Version = 5, Validity = TimeSpan.FromSeconds(1) }, signer), TimeSpan.FromSeconds(2.5));
        using var stranger = HpkeKeyPair.Generate();
        await refused.ExpectAsync("one that is sealed to another device", await ExportAsync(phone, active.Id, terms with { Version = 6, Recipient = stranger.PublicKey }, signer));
        using var foreign = tablet.Store.Keyring.Identity.CreateCertificate("a stranger", TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(1));
        await refused.ExpectAsync("one that a stranger signed", await ExportAsync(phone, active.Id, terms with { Version = 7 }, new ManifestSigner(foreign)));
        var revoking = trust with { RevokedKeys = [signer.KeyId] };
        await new Refusals(output, attempt => ImportAsync(tablet, attempt, revoking), tablet).ExpectAsync("one of the phone after its key was revoked", await ExportAsync(phone, active.Id, terms with { Version = 8 }, signer));

        // 5. A revocation reaches what was imported before.
        var gone = await tablet.Library.EnforceAsync(User, revoking);
        await tablet.Personalizer.UseAsync(User);
        var back = tablet.Slot.Current.Stack.IsEmpty;
        await output.WriteLineAsync($"tablet: after the revocation {gone.Count} adapter was erased, and {(back ? "the base model runs again" : "SOMETHING ELSE runs")}");
        return same && refused.All && gone.Count == 1 && back;
    }

    private static async Task<byte[]> ExportAsync(Device device, string adapterId, AdapterExportOptions options, ManifestSigner signer)
    {
        using var stream = new MemoryStream();
        await device.Transfer.ExportAsync(User, adapterId, stream, options, signer);
        return stream.ToArray();
    }

    private static async Task<AdapterEntry> ImportAsync(Device device, byte[] bundle, TrustStore trust)
    {
        using var stream = new MemoryStream(bundle, writable: false);
        return await device.Transfer.ImportAsync(User, stream, new BundleVerifier(trust, device.TrustState), device.TransferKey);
    }

    private static bool Same(Device left, Device right, DecoderModel model, WorkerPool pool)
    {
        int[] ids = [.. model.Tokenizer!.Encode("see you at the")];
        using var first = new DecoderSession(left.Slot, pool);
        using var second = new DecoderSession(right.Slot, pool);
        return first.Logits(ids).SequenceEqual(second.Logits(ids));
    }

    private static string? FindModel()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "models", "keyboard-base-q8_0.gguf") is var file && File.Exists(file)) return file;
        return null;
    }

    /// <summary>Attempts that must fail and leave the library as it was.</summary>
    private sealed class Refusals(TextWriter output, Func<byte[], Task<AdapterEntry>> import, Device device)
    {
        public bool All { get; private set; } = true;

        public async Task ExpectAsync(string what, byte[] bundle, TimeSpan wait = default)
        {
            await Task.Delay(wait);
            var before = (await device.Library.ListAsync(User)).Count;
            try
            {
                await import(bundle);
                All = false;
                await output.WriteLineAsync($"  {what}: ACCEPTED");
            }
            catch (Exception exception) when (exception is SigningException or SealException or AdapterImportException)
            {
                var kept = (await device.Library.ListAsync(User)).Count == before;
                All &= kept;
                await output.WriteLineAsync($"  {what}: refused{(kept ? string.Empty : " BUT SOMETHING WAS STORED")} ({exception.Message})");
            }
        }
    }
}
