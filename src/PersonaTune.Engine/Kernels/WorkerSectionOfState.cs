namespace PersonaTune.Engine.Kernels;

/// <summary>The slot of one state type.</summary>
internal sealed class WorkerSection<TState> : WorkerSection
{
    private TState? _state;
    private Action<TState, int, int>? _body;

    public void Set(TState state, int parts, Action<TState, int, int> body)
    {
        _state = state;
        _body = body;
        Parts = parts;
    }

    public override void Invoke(int part) => _body!(_state!, part, Parts);

    public override void Clear()
    {
        _state = default;
        _body = null;
    }
}
