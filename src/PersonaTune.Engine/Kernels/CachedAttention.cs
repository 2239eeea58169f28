using System.Numerics;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Causal attention of new tokens over cached keys and values, with grouped queries (Ainslie et al. 2023): the query heads of a group
/// run together, so that a key/value head is read once for all of them. Positions are taken in chunks of <see cref="Chunk"/> that end
/// at page borders, with a running maximum and sum (Milakov and Gimelshein 2018; Dao et al. 2022), so scratch memory does not depend on
/// the context length. A row's result does not depend on the rows that run beside it: prefill and decode agree bit for bit.
/// </summary>
internal static unsafe partial class CachedAttention
{
    private const int Chunk = 32;
    private const int TileRows = 16;
    private const long ParallelWork = 64 * 1024; // products below this are done sooner than a second thread wakes

    /// <summary>Writes keys and values (tokens, heads * headLength) into the cache at a position.</summary>
    public static void Store(in CacheView cache, int position, ReadOnlySpan<float> keys, ReadOnlySpan<float> values, int tokens)
    {
        var length = cache.HeadLength;
        for (var t = 0; t < tokens; t++)
            for (var h = 0; h < cache.Heads; h++)
            {
                Write(keys.Slice((t * cache.Heads + h) * length, length), cache.Key(h, position + t), cache.Halves);
                Write(values.Slice((t * cache.Heads + h) * length, length), cache.Value(h, position + t), cache.Halves);
            }
    }

    /// <summary>
    /// y (tokens, heads * headLength): softmax(q kᵀ / sqrt(headLength)) v for each head, where token t sees positions 0 to
    /// <paramref name="position"/> + t, all of which are stored.
    /// </summary>
    public static void Forward(WorkerPool pool, ReadOnlySpan<float> q, Span<float> y, int tokens, int heads, in CacheView cache, int position)
    {
        if (q.Length < (long)tokens * heads * cache.HeadLength || y.Length < (long)tokens * heads * cache.HeadLength)
            throw new ArgumentException($"queries and outputs hold {tokens} x {heads} x {cache.HeadLength} values, found {q.Length} and {y.Length}", nameof(q));
        fixed (float* queries = q, outputs = y)
        {
            var job = new Job(queries, outputs, tokens, heads, cache, position);
            var work = (long)tokens * heads * (position + tokens) * cache.HeadLength;
            if (work < ParallelWork || pool.Threads == 1 || job.Units == 1) RunPart(job, 0, 1);
            else pool.Run(job, Math.Min(pool.Threads, job.Units), static (job, part, parts) => RunPart(job, part, parts));
        }
    }

    /// <summary>The same in plain double arithmetic over whole (positions, kvHeads, headLength) arrays: what tests compare with.</summary>
    internal static void Reference(ReadOnlySpan<float> q, ReadOnlySpan<float> keys, ReadOnlySpan<float> values, Span<float> y, int tokens, int heads,
        int keyValueHeads, int headLength, int position)
    {
        var scores = new double[position + tokens];
        for (var t = 0; t < tokens; t++)
            for (var h = 0; h < heads; h++)
            {
                var head = h / (heads / keyValueHeads);
                var visible = position + t + 1;
                for (var p = 0; p < visible; p++)
                {
                    scores[p] = 0;
                    for (var i = 0; i < headLength; i++)
                        scores[p] += (double)q[(t * heads + h) * headLength + i] * keys[(p * keyValueHeads + head) * headLength + i];
                    scores[p] /= Math.Sqrt(headLength);
                }

                var max = scores.AsSpan(0, visible).ToArray().Max();
                var sum = 0.0;
                for (var p = 0; p < visible; p++) sum += scores[p] = Math.Exp(scores[p] - max);
                for (var i = 0; i < headLength; i++)
                {
                    var value = 0.0;
                    for (var p = 0; p < visible; p++) value += scores[p] / sum * values[(p * keyValueHeads + head) * headLength + i];
                    y[(t * heads + h) * headLength + i] = (float)value;
                }
            }
    }

    private static void RunPart(in Job job, int part, int parts)
    {
        // Later tiles see more positions; dealing tiles out in turn keeps the parts even.
        for (var unit = part; unit < job.Units; unit += parts) RunTile(job, unit % job.Cache.Heads, unit / job.Cache.Heads * TileRows);
    }

    private static void RunTile(in Job job, int head, int firstRow)
    {
        var cache = job.Cache;
        var (length, group) = (cache.HeadLength, job.Heads / cache.Heads);
        var rows = Math.Min(TileRows, job.Tokens * group - firstRow);
        var scale = 1f / MathF.Sqrt(length);
        float** queries = stackalloc float*[TileRows];
        float** outputs = stackalloc float*[TileRows];
        int* visible = stackalloc int[TileRows];
        float* max = stackalloc float[TileRows];
        float* sum = stackalloc float[TileRows];
        float* scores = stackalloc float[TileRows * Chunk];
        float* expanded = stackalloc float[cache.Halves ? Chunk * length : 1];
        for (var r = 0; r < rows; r++)
        {
            var token = (firstRow + r) / group;
            var offset = ((long)token * job.Heads + head * group + (firstRow + r) % group) * length;
            queries[r] = job.Queries + offset;
            outputs[r] = job.Outputs + offset;
            visible[r] = job.Position + token + 1;
            (max[r], sum[r]) = (float.NegativeInfinity, 0f);
            new Span<float>(outputs[r], length).Clear();
        }

        var end = visible[rows - 1];
        for (var start = 0; start < end;)
        {
            var count = Math.Min(Math.Min(Chunk, end - start), cache.PageLength - start % cache.PageLength);
            var keys = Load(cache.Key(head, start), expanded, count * length, cache.Halves);
            Scores(queries, rows, keys, count, length, scores);
            for (var r = 0; r < rows; r++)
                Weigh(scores + r * Chunk, Math.Min(count, visible[r] - start), scale, ref max[r], ref sum[r], outputs[r], length);
            var values = Load(cache.Value(head, start), expanded, count * length, cache.Halves);
            Mix(scores, rows, values, count, length, outputs);
            start += count;
        }

        for (var r = 0; r < rows; r++) Scale(outputs[r], length, 1f / sum[r]);
    }

    /// <summary>Turns a row's scores into weights relative to the running maximum; hidden positions weigh 0.</summary>
    private static void Weigh(float* scores, int count, float scale, ref float max, ref float sum, float* output, int length)
    {
        if (count <= 0)
        {
            new Span<float>(scores, Chunk).Clear();
            return;
        }

        for (var i = count; i < Chunk; i++) scores[i] = float.NegativeInfinity;
        var factor = new Vector<float>(scale);
        var peak = new Vector<float>(float.NegativeInfinity);
        for (var i = 0; i < Chunk; i += Vector<float>.Count)
        {
            var scaled = Vector.Load(scores + i) * factor;
            scaled.Store(scores + i);
            peak = Vector.Max(peak, scaled);
        }

        var high = max;
        for (var i = 0; i < Vector<float>.Count; i++) high = MathF.Max(high, peak[i]);
        if (high > max)
        {
            if (sum > 0)
            {
                var shrink = MathF.Exp(max - high);
                sum *= shrink;
                Scale(output, length, shrink);
            }

            max = high;
        }

        var total = Vector<float>.Zero;
        var offset = new Vector<float>(max);
        for (var i = 0; i < Chunk; i += Vector<float>.Count)
        {
            var weight = VectorMath.Exp(Vector.Load(scores + i) - offset);
            weight.Store(scores + i);
            total += weight;
        }

        sum += Vector.Sum(total);
    }

    private static float* Load(byte* source, float* expanded, int count, bool halves)
    {
        if (!halves) return (float*)source;
        Expand((ushort*)source, expanded, count);
        return expanded;
    }

    private static void Write(ReadOnlySpan<float> values, byte* target, bool halves)
    {
        if (!halves) values.CopyTo(new Span<float>(target, values.Length));
        else
            for (var i = 0; i < values.Length; i++) ((Half*)target)[i] = (Half)values[i];
    }

    private readonly struct Job(float* queries, float* outputs, int tokens, int heads, in CacheView cache, int position)
    {
        public readonly float* Queries = queries;
        public readonly float* Outputs = outputs;
        public readonly int Tokens = tokens;
        public readonly int Heads = heads;
        public readonly CacheView Cache = cache;
        public readonly int Position = position;

        public int Units => (Tokens * (Heads / Cache.Heads) + TileRows - 1) / TileRows * Cache.Heads;
    }
}
