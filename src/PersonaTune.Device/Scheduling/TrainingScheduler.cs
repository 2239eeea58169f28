namespace PersonaTune.Device.Scheduling;

/// <summary>
/// Decides between two micro-batches whether training goes on. It holds no thread: the trainer asks <see cref="Check"/> after each
/// micro-batch, saves its checkpoint when the answer is a reason, and awaits <see cref="WaitAsync"/>. Thread-safe.
/// </summary>
public sealed class TrainingScheduler
{
    private readonly IDeviceConditions _conditions;
    private readonly TimeProvider _time;
    private volatile TaskCompletionSource? _requested;

    /// <summary>Creates a scheduler.</summary>
    /// <exception cref="ArgumentException">The options are invalid.</exception>
    public TrainingScheduler(IDeviceConditions conditions, SchedulingOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        if (options.Validate() is { Count: > 0 } problems) throw new ArgumentException(string.Join("; ", problems), nameof(options));
        (_conditions, Options, _time) = (conditions, options, time);
    }

    /// <summary>The limits.</summary>
    public SchedulingOptions Options { get; }

    /// <summary>Whether training may run now, and if not, the first reason.</summary>
    public PauseReason Check()
    {
        if (_requested is not null) return PauseReason.Requested;
        var state = _conditions.Read();
        if (Options.RequireExternalPower && state.Power == PowerSource.Battery) return PauseReason.OnBattery;
        if (state.BatteryFraction < Options.MinimumBattery) return PauseReason.LowBattery;
        if (Options.RequireIdle && state.Idle == false) return PauseReason.InUse;
        if (state.Thermal > Options.MaximumThermal) return PauseReason.Hot;
        if (state.AvailableMemoryBytes < Options.MinimumFreeMemoryBytes) return PauseReason.LowMemory;
        return PauseReason.None;
    }

    /// <summary>Holds training back until <see cref="Resume"/>, whatever the conditions are.</summary>
    public void Pause() => Interlocked.CompareExchange(ref _requested, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), null);

    /// <summary>Ends <see cref="Pause"/>.</summary>
    public void Resume() => Interlocked.Exchange(ref _requested, null)?.TrySetResult();

    /// <summary>
    /// Returns <see cref="PauseReason.None"/> as soon as training may run, or the reason that still holds after
    /// <see cref="SchedulingOptions.MaximumPause"/>.
    /// </summary>
    /// <exception cref="OperationCanceledException">Canceled while waiting.</exception>
    public async Task<PauseReason> WaitAsync(CancellationToken cancellationToken = default)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var reason = Check();
            if (reason == PauseReason.None) return reason;
            var left = Options.MaximumPause - _time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero) return reason;
            var delay = Task.Delay(left < Options.PausedPollInterval ? left : Options.PausedPollInterval, _time, cancellationToken);
            await (_requested is { } requested ? Task.WhenAny(delay, requested.Task) : delay);
        }
    }

    /// <summary>
    /// Bytes that a run may plan for now: <see cref="SchedulingOptions.MemoryShare"/> of what is free beyond the reserve, at most
    /// <see cref="SchedulingOptions.MaximumMemoryBytes"/>. The maximum where the platform does not say.
    /// </summary>
    public long MemoryBudgetBytes()
    {
        if (_conditions.Read().AvailableMemoryBytes is not { } free) return Options.MaximumMemoryBytes;
        var usable = Math.Max(0, free - Options.MinimumFreeMemoryBytes);
        return (long)Math.Min(Options.MaximumMemoryBytes, usable * Options.MemoryShare);
    }
}
