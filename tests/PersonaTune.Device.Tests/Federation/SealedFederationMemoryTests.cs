using PersonaTune.Device.Federation;
using PersonaTune.Device.Storage;
using PersonaTune.Device.Tests.Storage;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Device.Tests.Federation;

/// <summary>What must survive the end of a process.</summary>
public sealed class SealedFederationMemoryTests : IDisposable
{
    private readonly StoreFolder _folder = new();
    private static readonly SessionId Session = SessionId.Read(new byte[32]);
    private static readonly SessionId Later = SessionId.Read([1, .. new byte[31]]);

    [Fact]
    public async Task Rounds_steps_and_releases_are_remembered_after_a_restart_and_never_repeated()
    {
        await using (var store = await OpenAsync())
        {
            var memory = await SealedFederationMemory.OpenAsync(store);
            Assert.Equal(0, memory.LastRound("a"));
            Assert.True(memory.TryBegin("a", 3, Session));
            Assert.True(memory.TryTake(Session, OneTimeStep.Share, new byte[32]));
            memory.Remember("a", 7);
            memory.Remember("a", 5);
        }

        await using (var store = await OpenAsync())
        {
            var memory = await SealedFederationMemory.OpenAsync(store);
            Assert.Equal((3, 7), (memory.LastRound("a"), memory.LastRelease("a")));
            Assert.False(memory.TryBegin("a", 3, Later));
            Assert.False(memory.TryTake(Session, OneTimeStep.Share, new byte[32]));
            Assert.True(memory.TryTake(Session, OneTimeStep.Confirm, new byte[32]));
            Assert.False(memory.TryTake(Later, OneTimeStep.Share, new byte[32])); // of a session that it never began
            Assert.True(memory.TryBegin("a", 4, Later));
            Assert.False(memory.TryTake(Session, OneTimeStep.Share, new byte[32])); // the older session is over
            Assert.True(memory.TryTake(Later, OneTimeStep.Share, new byte[32]));
            Assert.Equal(0, memory.LastRound("b"));
            Assert.Equal(7, memory.LastRelease("a"));
        }
    }

    public void Dispose() => _folder.Dispose();

    private Task<SealedStore> OpenAsync() => _folder.OpenAsync();
}
