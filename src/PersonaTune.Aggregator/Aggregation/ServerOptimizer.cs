using System.Buffers.Binary;
using System.Runtime.InteropServices;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Aggregation;

/// <summary>
/// One step of the server's optimizer. With D the mean update, which points downhill: m = beta1 m + (1 - beta1) D; FedAdam v = beta2 v + (1 - beta2) D^2,
/// FedYogi v = v - (1 - beta2) D^2 sign(v - D^2); x = x + lr m / (sqrt(v) + tau), v starting at tau^2. FedAvg: u = momentum u + D, x = x + lr u.
/// </summary>
/// <remarks>Reddi, Charles, Zaheer, Garrett, Rush, Konecny, Kumar, McMahan, "Adaptive federated optimization", 2021, algorithm 2; Hsu, Qi, Brown 2019.</remarks>
internal static class ServerOptimizer
{
    private const int HeaderLength = 8;
    private const byte Version = 1;

    /// <summary>The next state; the given one stays as it is.</summary>
    /// <exception cref="ArgumentException">The lengths differ, or the optimizer's state is of another task.</exception>
    public static GlobalState Step(ServerTerms terms, GlobalState state, ReadOnlySpan<float> update)
    {
        var x = state.Vector.ToArray();
        if (update.Length != x.Length) throw new ArgumentException($"the update has {update.Length} coordinates, expected {x.Length}", nameof(update));
        var adaptive = terms.Optimizer != ServerOptimizerKind.FedAvg;
        var slots = adaptive ? 2 : terms.Momentum > 0 ? 1 : 0;
        var memory = Decode(state.Optimizer.Span, terms, slots * x.Length);
        var first = memory.AsSpan(0, slots > 0 ? x.Length : 0);
        var second = memory.AsSpan(slots == 2 ? x.Length : 0);
        for (var i = 0; i < x.Length; i++)
        {
            double d = update[i];
            if (!adaptive)
            {
                if (slots == 1) d = first[i] = (float)((terms.Momentum * first[i]) + d);
                x[i] = (float)(x[i] + (terms.LearningRate * d));
                continue;
            }

            first[i] = (float)((terms.Momentum * first[i]) + ((1 - terms.Momentum) * d));
            var square = d * d;
            second[i] = terms.Optimizer == ServerOptimizerKind.FedAdam
                ? (float)((terms.SecondMoment * second[i]) + ((1 - terms.SecondMoment) * square))
                : (float)(second[i] - ((1 - terms.SecondMoment) * square * Math.Sign(second[i] - square)));
            x[i] = (float)(x[i] + (terms.LearningRate * first[i] / (Math.Sqrt(second[i]) + terms.Adaptivity)));
        }

        return new GlobalState(x, Encode(terms.Optimizer, memory));
    }

    private static byte[] Encode(ServerOptimizerKind kind, float[] memory)
    {
        var bytes = new byte[HeaderLength + (4 * memory.Length)];
        (bytes[0], bytes[1]) = (Version, (byte)kind);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), memory.Length);
        MemoryMarshal.AsBytes(memory.AsSpan()).CopyTo(bytes.AsSpan(HeaderLength));
        return bytes;
    }

    private static float[] Decode(ReadOnlySpan<byte> bytes, ServerTerms terms, int count)
    {
        var memory = new float[count];
        if (bytes.IsEmpty)
        {
            // v starts at tau^2, the paper's smallest allowed value.
            if (terms.Optimizer != ServerOptimizerKind.FedAvg) memory.AsSpan(count / 2).Fill((float)(terms.Adaptivity * terms.Adaptivity));
            return memory;
        }

        if (bytes.Length != HeaderLength + (4 * count) || bytes[0] != Version || bytes[1] != (byte)terms.Optimizer
            || BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]) != count)
        {
            throw new ArgumentException(
                $"the optimizer's state has {bytes.Length} bytes of kind {(bytes.Length > 1 ? bytes[1] : -1)}, expected {HeaderLength + (4 * count)} of {terms.Optimizer}; it belongs to another task", nameof(bytes));
        }

        bytes[HeaderLength..].CopyTo(MemoryMarshal.AsBytes(memory.AsSpan()));
        return memory;
    }
}
