namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>Where each computed tensor lies in one row of bytes, so that tensors which are never needed at the same time share their place.</summary>
internal sealed class GraphMemory
{
    private const int Alignment = 64;
    private readonly Dictionary<int, int> _places = [];

    /// <summary>Plans the first <paramref name="operators"/> operators of a graph; what a later operator reads stays.</summary>
    public GraphMemory(QuantizedGraph graph, int operators)
    {
        var last = new Dictionary<int, int> { [graph.Input] = 0 };
        for (var i = 0; i < graph.Operators.Count; i++)
            foreach (var input in graph.Operators[i].Inputs) last[input] = i;
        if (operators > 0) last[graph.Operators[operators - 1].Output] = int.MaxValue;
        last[graph.Output] = int.MaxValue;

        var live = new List<(int Start, int End, int Tensor)>();
        Place(graph.Input, 0);
        for (var i = 0; i < operators; i++)
        {
            Place(graph.Operators[i].Output, i);
            live.RemoveAll(entry => last.GetValueOrDefault(entry.Tensor, -1) <= i);
        }

        void Place(int tensor, int step)
        {
            var length = (graph.Tensors[tensor].Count + Alignment - 1) / Alignment * Alignment;
            var start = 0;
            foreach (var (from, to, _) in live.OrderBy(entry => entry.Start))
            {
                if (start + length <= from) break;
                start = Math.Max(start, to);
            }

            live.Add((start, checked(start + length), tensor));
            _places[tensor] = start;
            Length = Math.Max(Length, start + length);
        }
    }

    /// <summary>Bytes in all.</summary>
    public int Length { get; private set; }

    /// <summary>First byte of a tensor.</summary>
    public int this[int tensor] => _places[tensor];
}
