using PersonaTune.Device.Federation;
using PersonaTune.Device.Tests.Storage;

namespace PersonaTune.Device.Tests.Federation;

public sealed class SealedParticipationLogTests : IDisposable
{
    private static readonly DateTimeOffset Noon = StoreFolder.Noon;
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Records_are_replaced_by_id_survive_a_restart_and_are_listed_oldest_first()
    {
        var late = Record("b", Noon.AddHours(1)) with { Ended = Noon.AddHours(2), Epsilon = double.PositiveInfinity, Status = ParticipationStatus.Dropped, Reason = "late" };
        await using (var store = await _folder.OpenAsync())
        {
            var log = await SealedParticipationLog.OpenAsync(store);
            log.Save(Record("b", Noon.AddHours(1)));
            log.Save(Record("a", Noon) with { Epsilon = 0.5 });
            log.Save(late);
        }

        await using (var store = await _folder.OpenAsync())
            Assert.Equal([Record("a", Noon) with { Epsilon = 0.5 }, late], await (await SealedParticipationLog.OpenAsync(store)).ListAsync());
    }

    [Fact]
    public async Task The_last_participation_is_one_that_does_not_go_on_but_counts_if_a_process_died_in_it()
    {
        await using (var store = await _folder.OpenAsync())
        {
            var log = await SealedParticipationLog.OpenAsync(store);
            Assert.Null(log.LastParticipation("task"));
            log.Save(Record("a", Noon));
            Assert.Null(log.LastParticipation("task"));
            log.Save(Record("a", Noon) with { Ended = Noon.AddMinutes(1), Status = ParticipationStatus.Contributed });
            log.Save(Record("b", Noon.AddHours(1)));
            Assert.Equal(Noon, log.LastParticipation("task"));
            Assert.Null(log.LastParticipation("another"));
        }

        await using (var store = await _folder.OpenAsync())
            Assert.Equal(Noon.AddHours(1), (await SealedParticipationLog.OpenAsync(store)).LastParticipation("task"));
    }

    [Fact]
    public async Task Of_too_many_the_oldest_that_cost_nothing_go_first_and_none_that_goes_on()
    {
        await using var store = await _folder.OpenAsync();
        var log = await SealedParticipationLog.OpenAsync(store, most: 3);
        log.Save(Record("running", Noon));
        log.Save(Ended("paid", 1, epsilon: 0.5));
        log.Save(Ended("free", 2, epsilon: 0));
        log.Save(Ended("next", 3, epsilon: 0.5));
        Assert.Equal(["running", "paid", "next"], (await log.ListAsync()).Select(record => record.Id));
        log.Save(Ended("last", 4, epsilon: 0.5));
        Assert.Equal(["running", "next", "last"], (await log.ListAsync()).Select(record => record.Id));
        Assert.Equal(["running", "next", "last"], (await (await SealedParticipationLog.OpenAsync(store, most: 3)).ListAsync()).Select(record => record.Id));
    }

    private static ParticipationRecord Record(string id, DateTimeOffset started) =>
        new(id, "task", 3, started, null, new string('0', 32), 0, 1e-5, ParticipationStatus.Unfinished, null);

    private static ParticipationRecord Ended(string id, int hour, double epsilon) =>
        Record(id, Noon.AddHours(hour)) with { Ended = Noon.AddHours(hour + 1), Epsilon = epsilon, Status = ParticipationStatus.Contributed };
}
