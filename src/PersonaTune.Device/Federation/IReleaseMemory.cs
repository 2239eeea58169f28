namespace PersonaTune.Device.Federation;

/// <summary>The newest release number that a device has seen of each task, so that it never goes back. Implementations are thread-safe and durable when a call returns.</summary>
public interface IReleaseMemory
{
    /// <summary>The newest number, or 0.</summary>
    int LastRelease(string task);

    /// <summary>Remembers a number if it is greater than the newest.</summary>
    void Remember(string task, int number);
}
