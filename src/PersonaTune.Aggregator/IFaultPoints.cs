namespace PersonaTune.Aggregator;

/// <summary>Points where a test may kill the process. Thread-safe.</summary>
public interface IFaultPoints
{
    /// <summary>Called on both sides of every commit that changes a state.</summary>
    void Reach(string name);
}
