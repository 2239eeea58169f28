using System.Text.Json;
using PersonaTune.Device.Adapters;
using static PersonaTune.Device.Tests.Adapters.TestManifests;

namespace PersonaTune.Device.Tests.Adapters;

public sealed class AdapterLibraryTests : IDisposable
{
    private readonly MemoryBlobStore _blobs = new();
    private readonly AdapterLibrary _library;
    private readonly DeviceKeySigner _signer = NewSigner();

    public AdapterLibraryTests() => _library = Open();

    public void Dispose() => _library.Dispose();

    [Fact]
    public async Task A_manifest_comes_back_as_it_was_stored_with_its_signature_verified()
    {
        var manifest = Create("0000000000000001", null, "x", "y", "z");
        await _library.AddAsync(manifest, Weights(manifest.Id));
        var entry = await Open().GetAsync(User, manifest.Id);
        Assert.Equal(JsonSerializer.Serialize(manifest), JsonSerializer.Serialize(entry.Manifest));
        Assert.Equal(AdapterState.Candidate, entry.State);
        Assert.Equal(_signer.KeyId, entry.SignedBy);
        Assert.Equal(Weights(manifest.Id), (await _library.ReadWeightsAsync(User, manifest.Id)).ToArray());
        Assert.Null(await _library.GetActiveAsync(User));
    }

    [Fact]
    public async Task Promotion_supersedes_and_rollback_returns_to_the_parent_then_to_the_base()
    {
        await PromoteAsync("1", null, "x");
        await PromoteAsync("2", "1", "x", "y");
        Assert.Equal(AdapterState.Superseded, (await _library.GetAsync(User, "1")).State);
        Assert.Equal("2", (await _library.GetActiveAsync(User))!.Id);

        Assert.Equal("1", (await _library.RollbackAsync(User, toBase: false, "worse"))!.Id);
        Assert.Equal(AdapterState.RolledBack, (await _library.GetAsync(User, "2")).State);
        Assert.Equal("worse", (await _library.GetAsync(User, "2")).StateReason);
        Assert.Null(await _library.RollbackAsync(User, toBase: false, "worse too"));
        var error = await Assert.ThrowsAsync<AdapterNotFoundException>(() => _library.RollbackAsync(User, toBase: false, "again"));
        Assert.Equal("the base model runs alone", error.Actual);
    }

    [Fact]
    public async Task Rollback_to_base_skips_the_parent()
    {
        await PromoteAsync("1", null, "x");
        await PromoteAsync("2", "1", "x");
        Assert.Null(await _library.RollbackAsync(User, toBase: true, "wanted"));
        Assert.Null(await _library.GetActiveAsync(User));
    }

    [Fact]
    public async Task Deleted_examples_invalidate_every_adapter_that_saw_them_and_only_those()
    {
        await PromoteAsync("1", null, "x", "y");
        await PromoteAsync("2", "1", "x", "y", "z");       // z is a validation example
        await PromoteAsync("3", "2", "x", "y", "z", "w");
        var hit = await _library.InvalidateByExamplesAsync(User, ["z"]);
        Assert.Equal(["2", "3"], hit.Select(entry => entry.Id));
        Assert.Equal("1", (await _library.GetActiveAsync(User))!.Id);
        foreach (var id in new[] { "2", "3" })
        {
            Assert.Equal(AdapterState.Invalidated, (await _library.GetAsync(User, id)).State);
            Assert.False(_blobs.Values.ContainsKey((User, "adapters", "weights/" + id)));
            await Assert.ThrowsAsync<AdapterNotFoundException>(() => _library.ReadWeightsAsync(User, id));
            await Assert.ThrowsAsync<AdapterStateException>(() => _library.ActivateAsync(User, id, "try"));
        }
        Assert.Empty(await _library.InvalidateByExamplesAsync(User, ["z"]));
        Assert.Equal(["1"], (await _library.ReconcileAsync(User, ["x", "w"])).Select(entry => entry.Id));
        Assert.Null(await _library.GetActiveAsync(User));
    }

    [Fact]
    public async Task Deleting_the_active_adapter_falls_back_and_deleting_a_middle_one_keeps_the_chain()
    {
        await PromoteAsync("1", null, "x");
        await PromoteAsync("2", "1", "x");
        await PromoteAsync("3", "2", "x");
        await _library.DeleteAsync(User, "2");
        Assert.Equal("1", (await _library.DeleteAsync(User, "3"))!.Id);
        Assert.Equal(["1"], (await _library.ListAsync(User)).Select(entry => entry.Id));
        await Assert.ThrowsAsync<AdapterNotFoundException>(() => _library.GetAsync(User, "2"));
        Assert.Equal(3, _blobs.Values.Count); // index, manifest and weights of 1
    }

    [Fact]
    public async Task Only_the_newest_inactive_adapters_are_kept()
    {
        for (var i = 1; i <= 6; i++) await PromoteAsync($"{i}", i == 1 ? null : $"{i - 1}", "x");
        Assert.Equal(["3", "4", "5", "6"], (await _library.ListAsync(User)).Select(entry => entry.Id));
        Assert.Equal(1 + 2 * 4, _blobs.Values.Count);
    }

    [Fact]
    public async Task A_rejected_candidate_keeps_its_manifest_only()
    {
        var entry = await _library.AddRejectedAsync(Create("1", null, "x"));
        Assert.Equal(AdapterState.Rejected, entry.State);
        Assert.DoesNotContain(_blobs.Values.Keys, key => key.Name.StartsWith("weights/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Adding_the_same_adapter_again_changes_nothing_and_another_one_under_its_id_is_refused()
    {
        await PromoteAsync("1", null, "x");
        var again = await _library.AddAsync(Create("1", null, "x"), Weights("1"));
        Assert.Equal(AdapterState.Active, again.State);
        var other = Create("1", null, "x") with { WeightsDigest = Create("2", null, "x").WeightsDigest };
        await Assert.ThrowsAsync<AdapterStateException>(() => _library.AddAsync(other, Weights("2")));
        await Assert.ThrowsAsync<ArgumentException>(() => _library.AddAsync(Create("3", null, "x"), Weights("2")));
    }

    /// <summary>The store's own seal is not part of this test: it alters what comes out of it.</summary>
    [Fact]
    public async Task Every_altered_byte_of_manifest_and_weights_is_refused()
    {
        await PromoteAsync("1", null, "x");
        foreach (var name in new[] { "manifest/1", "weights/1" })
        {
            var key = (User, "adapters", name);
            var whole = _blobs.Values[key];
            for (var i = 0; i < whole.Length; i++)
            {
                var altered = (byte[])whole.Clone();
                altered[i] ^= 0x10;
                _blobs.Values[key] = altered;
                await Assert.ThrowsAsync<AdapterIntegrityException>(() => _library.ReadWeightsAsync(User, "1"));
            }
            for (var length = 0; length < whole.Length; length += 37)
            {
                _blobs.Values[key] = whole[..length];
                await Assert.ThrowsAsync<AdapterIntegrityException>(() => _library.ReadWeightsAsync(User, "1"));
            }
            _blobs.Values[key] = whole;
        }
        using var otherDevice = new AdapterLibrary(_blobs, NewSigner(), TimeProvider.System);
        await Assert.ThrowsAsync<AdapterIntegrityException>(() => otherDevice.GetActiveAsync(User));
    }

    [Fact]
    public async Task A_manifest_under_another_id_is_refused()
    {
        await PromoteAsync("1", null, "x");
        await PromoteAsync("2", "1", "x");
        _blobs.Values[(User, "adapters", "manifest/2")] = _blobs.Values[(User, "adapters", "manifest/1")];
        await Assert.ThrowsAsync<AdapterIntegrityException>(() => _library.GetActiveAsync(User));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_change_that_dies_at_any_write_leaves_the_state_before_or_after(bool committed)
    {
        var operations = new Func<AdapterLibrary, Task>[]
        {
            library => library.AddAsync(Create("3", "2", "x", "y", "z"), Weights("3")),
            library => library.ActivateAsync(User, "3", "better"),
            library => library.RollbackAsync(User, false, "worse"),
            library => library.InvalidateByExamplesAsync(User, ["x"]),
            library => library.DeleteAsync(User, "2"),
        };
        for (var number = 0; number < operations.Length; number++)
        {
            for (var failing = 1; ; failing++)
            {
                var blobs = new MemoryBlobStore();
                using var library = new AdapterLibrary(blobs, _signer, TimeProvider.System);
                await AddActiveAsync(library, "1", null, "y");
                await AddActiveAsync(library, "2", "1", "x", "y");
                if (number is 1 or 2) await library.AddAsync(Create("3", "2", "x", "y", "z"), Weights("3"));
                var before = await DescribeAsync(library);
                (blobs.FailingWrite, blobs.CommitsBeforeFailing) = (blobs.Writes + failing, committed);
                var died = false;
                try
                {
                    await operations[number](library);
                }
                catch (IOException)
                {
                    died = true;
                }
                using var reopened = new AdapterLibrary(blobs, _signer, TimeProvider.System);
                var after = await DescribeAsync(reopened);
                if (!died) break;
                if (!committed) Assert.Equal(before, after);
                blobs.FailingWrite = 0;
                if (committed && number is 2 or 4) continue; // done already; doing it twice is another request
                await operations[number](reopened);
                Assert.NotEqual(before, await DescribeAsync(reopened));
            }
        }
    }

    [Fact]
    public async Task An_index_that_names_an_unknown_active_adapter_is_refused()
    {
        await PromoteAsync("1", null, "x");
        var key = (User, "adapters", "index");
        _blobs.Values[key] = """{"formatVersion":1,"activeId":"9","items":[]}"""u8.ToArray();
        await Assert.ThrowsAsync<AdapterIntegrityException>(() => _library.GetActiveAsync(User));
        _blobs.Values[key] = "not json"u8.ToArray();
        await Assert.ThrowsAsync<AdapterIntegrityException>(() => _library.ListAsync(User));
    }

    private AdapterLibrary Open() => new(_blobs, _signer, TimeProvider.System);

    private Task PromoteAsync(string id, string? parent, params string[] examples) => AddActiveAsync(_library, id, parent, examples);

    private static async Task AddActiveAsync(AdapterLibrary library, string id, string? parent, params string[] examples)
    {
        await library.AddAsync(Create(id, parent, examples), Weights(id));
        await library.ActivateAsync(User, id, "better");
    }

    private static async Task<string> DescribeAsync(AdapterLibrary library)
    {
        var entries = await library.ListAsync(User);
        foreach (var entry in entries.Where(entry => entry.HasWeights)) await library.ReadWeightsAsync(User, entry.Id);
        return string.Join(' ', entries.Select(entry => $"{entry.Id}:{entry.State}")) + $" active {(await library.GetActiveAsync(User))?.Id}";
    }
}
