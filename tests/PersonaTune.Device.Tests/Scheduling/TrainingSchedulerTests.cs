using PersonaTune.Device.Scheduling;

namespace PersonaTune.Device.Tests.Scheduling;

public sealed class TrainingSchedulerTests
{
    private static readonly DeviceState Good = new()
    {
        Power = PowerSource.External,
        BatteryFraction = 0.9,
        Idle = true,
        AvailableMemoryBytes = 1L << 30,
    };

    public static TheoryData<DeviceState, PauseReason> States => new()
    {
        { Good, PauseReason.None },
        { new DeviceState(), PauseReason.None }, // a platform that tells nothing
        { Good with { Power = PowerSource.Battery }, PauseReason.OnBattery },
        { Good with { BatteryFraction = 0.19 }, PauseReason.LowBattery },
        { Good with { BatteryFraction = 0.2 }, PauseReason.None },
        { Good with { Idle = false }, PauseReason.InUse },
        { Good with { Thermal = ThermalLevel.Warm }, PauseReason.None },
        { Good with { Thermal = ThermalLevel.Hot }, PauseReason.Hot },
        { Good with { AvailableMemoryBytes = (64L << 20) - 1 }, PauseReason.LowMemory },
        { Good with { Metered = true }, PauseReason.None }, // training sends nothing
    };

    [Theory]
    [MemberData(nameof(States))]
    public void Each_condition_has_its_reason(DeviceState state, PauseReason expected)
    {
        Assert.Equal(expected, Create(new ManualDeviceConditions(state)).Check());
        Assert.Equal(PauseReason.None, Create(new ManualDeviceConditions(state), SchedulingOptions.Unrestricted).Check());
    }

    [Fact]
    public async Task Waiting_ends_when_the_conditions_allow_it()
    {
        var conditions = new ManualDeviceConditions(Good with { Idle = false });
        var waiting = Create(conditions).WaitAsync();
        Assert.False(waiting.IsCompleted);
        conditions.State = Good;
        Assert.Equal(PauseReason.None, await waiting.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Waiting_gives_up_after_the_longest_pause_and_can_be_cancelled()
    {
        var conditions = new ManualDeviceConditions(Good with { Thermal = ThermalLevel.Critical });
        var options = new SchedulingOptions { PausedPollInterval = TimeSpan.FromMilliseconds(5), MaximumPause = TimeSpan.FromMilliseconds(20) };
        Assert.Equal(PauseReason.Hot, await Create(conditions, options).WaitAsync());
        using var cancelled = new CancellationTokenSource();
        var waiting = Create(conditions).WaitAsync(cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task A_pause_on_request_ends_on_request_without_waiting_for_the_next_poll()
    {
        var scheduler = Create(new ManualDeviceConditions(Good), new SchedulingOptions { PausedPollInterval = TimeSpan.FromHours(1), MaximumPause = TimeSpan.FromHours(2) });
        scheduler.Pause();
        Assert.Equal(PauseReason.Requested, scheduler.Check());
        var waiting = scheduler.WaitAsync();
        scheduler.Resume();
        Assert.Equal(PauseReason.None, await waiting.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [InlineData(1000L, 0L, 1.0, 5000L, 1000)]
    [InlineData(1000L, 200L, 0.5, 5000L, 400)]
    [InlineData(1000L, 2000L, 0.5, 5000L, 0)]
    [InlineData(1000L, 0L, 1.0, 300L, 300)]
    [InlineData(null, 200L, 0.5, 300L, 300)]
    public void The_memory_budget_leaves_the_reserve_alone(long? free, long reserve, double share, long maximum, long expected)
    {
        var options = new SchedulingOptions { MinimumFreeMemoryBytes = reserve, MemoryShare = share, MaximumMemoryBytes = maximum };
        Assert.Equal(expected, Create(new ManualDeviceConditions(Good with { AvailableMemoryBytes = free }), options).MemoryBudgetBytes());
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        var options = new SchedulingOptions { MinimumBattery = 2, MemoryShare = 0, PausedPollInterval = TimeSpan.Zero };
        var error = Assert.Throws<ArgumentException>(() => Create(new ManualDeviceConditions(), options));
        Assert.Contains("MinimumBattery is 2", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, options.Validate().Count);
    }

    private static TrainingScheduler Create(IDeviceConditions conditions, SchedulingOptions? options = null) =>
        new(conditions, options ?? new SchedulingOptions { PausedPollInterval = TimeSpan.FromMilliseconds(5) }, TimeProvider.System);
}
