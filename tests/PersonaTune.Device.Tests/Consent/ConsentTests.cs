using System.Text;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Tests.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Tests.Consent;

public class ConsentTests
{
    private static readonly byte[] Model = [.. Enumerable.Repeat((byte)7, 32)];
    private readonly SettableClock _clock = new() { Now = StoreFolder.Noon };

    [Fact]
    public async Task Consent_is_given_withdrawn_given_again_and_survives_closing()
    {
        using var folder = new StoreFolder();
        ConsentReceipt receipt;
        await using (var store = await folder.OpenAsync(pageSize: 1))
        {
            var ledger = new ConsentLedger(store, _clock);
            var policy = new ConsentPolicy(ledger, ConsentMode.Explicit, _clock);
            await Assert.ThrowsAsync<ConsentException>(() => Require(policy));
            receipt = await ledger.GiveAsync(Terms());
            Assert.Equal(receipt.Id, (await Require(policy))!.Id);
            Assert.True(await ledger.WithdrawAsync("ada", ConsentPurpose.FederatedLearning, "messages"));
            Assert.False(await ledger.WithdrawAsync("ada", ConsentPurpose.FederatedLearning, "messages"));
            Assert.Contains("withdrawn", (await Assert.ThrowsAsync<ConsentException>(() => Require(policy))).Reason, StringComparison.Ordinal);
            await ledger.GiveAsync(Terms());
            await Require(policy);
        }
        await using (var store = await folder.OpenAsync())
        {
            var entries = await new ConsentLedger(store, _clock).ReadAsync("ada");
            Assert.Equal([ConsentEntryKind.Given, ConsentEntryKind.Withdrawn, ConsentEntryKind.Given], entries.Select(e => e.Kind));
            Assert.Equal(Terms(), entries[0].Receipt.Terms with { BaseModelDigest = Terms().BaseModelDigest });
            Assert.Equal(receipt.Id, entries[1].Receipt.Id);
            await store.ForgetAsync("ada");
            Assert.Empty(await new ConsentLedger(store, _clock).ReadAsync("ada"));
        }
    }

    [Fact]
    public async Task Consent_covers_its_purpose_collection_user_model_and_time_only()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var ledger = new ConsentLedger(store, _clock);
        var policy = new ConsentPolicy(ledger, ConsentMode.Explicit, _clock);
        await ledger.GiveAsync(Terms());
        await Assert.ThrowsAsync<ConsentException>(() => policy.RequireAsync("bob", ConsentPurpose.FederatedLearning, "messages", Model));
        await Assert.ThrowsAsync<ConsentException>(() => policy.RequireAsync("ada", ConsentPurpose.Personalization, "messages", Model));
        await Assert.ThrowsAsync<ConsentException>(() => policy.RequireAsync("ada", ConsentPurpose.FederatedLearning, "notes", Model));
        await Assert.ThrowsAsync<ConsentException>(() => policy.RequireAsync("ada", ConsentPurpose.FederatedLearning, "messages", new byte[32]));
        await Require(policy);
        _clock.Now += TimeSpan.FromDays(30);
        await Assert.ThrowsAsync<ConsentException>(() => Require(policy));
    }

    [Fact]
    public async Task Implicit_personalization_ends_with_a_withdrawal_and_covers_nothing_else()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var ledger = new ConsentLedger(store, _clock);
        var policy = new ConsentPolicy(ledger, ConsentMode.ImplicitPersonalization, _clock);
        Assert.Null(await policy.RequireAsync("ada", ConsentPurpose.Personalization, "messages", Model));
        await Assert.ThrowsAsync<ConsentException>(() => Require(policy));
        await ledger.GiveAsync(Terms() with { Purpose = ConsentPurpose.Personalization, BaseModelDigest = default });
        Assert.NotNull(await policy.RequireAsync("ada", ConsentPurpose.Personalization, "messages", Model));
        await ledger.WithdrawAsync("ada", ConsentPurpose.Personalization, "messages");
        await Assert.ThrowsAsync<ConsentException>(() => policy.RequireAsync("ada", ConsentPurpose.Personalization, "messages", Model));
    }

    [Fact]
    public async Task Implicit_personalization_can_be_refused_without_a_receipt()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var ledger = new ConsentLedger(store, _clock);
        var policy = new ConsentPolicy(ledger, ConsentMode.ImplicitPersonalization, _clock);
        Assert.False(await ledger.WithdrawAsync("ada", ConsentPurpose.Personalization, "messages"));
        await Assert.ThrowsAsync<ConsentException>(() => policy.RequireAsync("ada", ConsentPurpose.Personalization, "messages", Model));
        var entry = Assert.Single(await ledger.ReadAsync("ada"));
        Assert.True(entry.Receipt.Terms.Expires <= entry.Receipt.Issued);
    }

    [Fact]
    public async Task Every_altered_byte_of_a_receipt_is_refused()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var receipt = await new ConsentLedger(store, _clock).GiveAsync(Terms());
        var key = store.Keyring.Identity.PublicKey.ToArray();
        Assert.Equal(receipt.Id, ConsentReceipt.Read(receipt.Encoded.Span, receipt.Signature.Span, key).Id);
        for (var i = 0; i < receipt.Encoded.Length; i++)
        {
            var altered = receipt.Encoded.ToArray();
            altered[i] ^= 1;
            Assert.Throws<TamperedException>(() => ConsentReceipt.Read(altered, receipt.Signature.Span, key));
        }
        Assert.Throws<TamperedException>(() => ConsentReceipt.Read(receipt.Encoded.Span, receipt.Signature.Span[1..], key));
    }

    [Fact]
    public async Task An_export_verifies_elsewhere_and_no_line_can_be_left_out_or_changed()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var ledger = new ConsentLedger(store, _clock);
        for (var i = 0; i < 2; i++)
        {
            await ledger.GiveAsync(Terms());
            await ledger.WithdrawAsync("ada", ConsentPurpose.FederatedLearning, "messages");
        }
        using var export = new MemoryStream();
        Assert.Equal(4, await ledger.ExportAsync("ada", export));
        var key = store.Keyring.Identity.PublicKey.ToArray();
        var lines = Encoding.UTF8.GetString(export.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, Verify(lines, key).Count);

        Assert.Throws<TamperedException>(() => Verify([.. lines.Where((_, i) => i != 2)], key));
        Assert.Throws<TamperedException>(() => Verify([lines[0], lines[2], lines[1], lines[3], lines[4]], key));
        Assert.Throws<TamperedException>(() => Verify([lines[0], "{}"], key));
        Assert.Throws<TamperedException>(() => Verify([lines[0], "no json"], key));
        using var other = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        Assert.Throws<TamperedException>(() => Verify(lines, other.ExportSubjectPublicKeyInfo()));
    }

    [Fact]
    public async Task Malformed_terms_are_refused()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var ledger = new ConsentLedger(store, _clock);
        foreach (var terms in (ConsentTerms[])
        [
            Terms() with { EpsilonTotal = double.NaN }, Terms() with { EpsilonPerDay = -1 }, Terms() with { EpsilonTotal = double.PositiveInfinity },
            Terms() with { Purpose = default }, Terms() with { BaseModelDigest = new byte[31] }, Terms() with { Expires = _clock.Now }, Terms() with { User = "" },
        ])
            await Assert.ThrowsAnyAsync<ArgumentException>(() => ledger.GiveAsync(terms));
        Assert.Empty(await ledger.ReadAsync("ada"));
    }

    private static ConsentTerms Terms() =>
        new("ada", ConsentPurpose.FederatedLearning, "messages", Model, 0.5, 4, StoreFolder.Noon + TimeSpan.FromDays(30));

    private static Task<ConsentReceipt?> Require(ConsentPolicy policy) =>
        policy.RequireAsync("ada", ConsentPurpose.FederatedLearning, "messages", Model);

    private static IReadOnlyList<ConsentEntry> Verify(string[] lines, byte[] key)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        return ConsentLedger.VerifyExport(stream, key);
    }

    private sealed class SettableClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
