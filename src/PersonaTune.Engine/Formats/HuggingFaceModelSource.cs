namespace PersonaTune.Engine.Formats;

/// <summary>A Hugging Face folder of the llama family as the source of a conversion.</summary>
internal sealed class HuggingFaceModelSource : ModelSource
{
    private readonly SafetensorsFolder _folder;
    private readonly HuggingFaceConfig _config;
    private readonly List<SourceTensor> _tensors = [];
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    private HuggingFaceModelSource(string path, SafetensorsFolder folder)
    {
        Subject = path;
        _folder = folder;
        _config = HuggingFaceConfig.Read(Path.Combine(path, "config.json"));
        Metadata = HuggingFaceMetadata.Create(path, _config);
        AddTensors();
        foreach (var name in folder.Names)
            if (!_used.Contains(name) && !name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal))
                throw new FileFormatException(path, $"tensor '{name}' is not part of the llama architecture as this version knows it");
    }

    public override string Subject { get; }

    public override IReadOnlyList<KeyValuePair<string, GgufValue>> Metadata { get; }

    public override IReadOnlyList<SourceTensor> Tensors => _tensors;

    public static HuggingFaceModelSource Open(string path)
    {
        var folder = SafetensorsFolder.Open(path);
        try
        {
            return new HuggingFaceModelSource(path, folder);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public override void Dispose() => _folder.Dispose();

    private void AddTensors()
    {
        var c = _config;
        var (dim, inner) = (c.EmbeddingLength, c.FeedForwardLength);
        var (queries, keys) = (c.HeadCount * c.HeadLength, c.KeyValueHeadCount * c.HeadLength);
        Matrix("token_embd.weight", "model.embed_tokens.weight", c.VocabularySize, dim);
        if (c.RopeFactors is { } factors)
            _tensors.Add(new SourceTensor("rope_freqs.weight", [factors.Length], (_, values) => factors.CopyTo(values)));
        for (var i = 0; i < c.BlockCount; i++)
        {
            var (to, from) = ($"blk.{i}.", $"model.layers.{i}.");
            Vector(to + "attn_norm.weight", from + "input_layernorm.weight", dim);
            Rotated(to + "attn_q.weight", from + "self_attn.q_proj.weight", queries, dim);
            Rotated(to + "attn_k.weight", from + "self_attn.k_proj.weight", keys, dim);
            Matrix(to + "attn_v.weight", from + "self_attn.v_proj.weight", keys, dim);
            Matrix(to + "attn_output.weight", from + "self_attn.o_proj.weight", dim, queries);
            Vector(to + "ffn_norm.weight", from + "post_attention_layernorm.weight", dim);
            Matrix(to + "ffn_gate.weight", from + "mlp.gate_proj.weight", inner, dim);
            Matrix(to + "ffn_up.weight", from + "mlp.up_proj.weight", inner, dim);
            Matrix(to + "ffn_down.weight", from + "mlp.down_proj.weight", dim, inner);
        }

        Vector("output_norm.weight", "model.norm.weight", dim);
        // A tied head may still be stored a second time.
        if (c.TiedHead) _used.Add("lm_head.weight");
        else Matrix("output.weight", "lm_head.weight", c.VocabularySize, dim);
    }

    private void Vector(string name, string source, int length)
    {
        var (file, tensor) = Require(source, length);
        _tensors.Add(new SourceTensor(name, [length], (_, values) => file.CopyFloats(tensor, 0, values)));
    }

    private void Matrix(string name, string source, int rows, int columns)
    {
        var (file, tensor) = Require(source, rows, columns);
        _tensors.Add(new SourceTensor(name, [columns, rows], (row, values) => file.CopyFloats(tensor, row * columns, values)));
    }

    private void Rotated(string name, string source, int rows, int columns)
    {
        var (file, tensor) = Require(source, rows, columns);
        _tensors.Add(new SourceTensor(name, [columns, rows], (row, values) =>
        {
            for (var i = 0; i < values.Length / columns; i++)
                file.CopyFloats(tensor, (long)HeadPermutation.HalfSplitRow((int)row + i, _config.HeadLength) * columns, values.Slice(i * columns, columns));
        }));
    }

    private (SafetensorsFile File, SafetensorsTensor Tensor) Require(string name, params long[] shape)
    {
        if (!_folder.TryGet(name, out var file, out var tensor)) throw new FileFormatException(Subject, $"tensor '{name}' is missing");
        if (!tensor.Shape.SequenceEqual(shape))
            throw new FileFormatException(file.Subject, $"tensor '{name}' must have the shape [{string.Join(", ", shape)}] by config.json, found {tensor.ShapeText}");
        if (tensor.Type is not (SafetensorsType.F32 or SafetensorsType.F16 or SafetensorsType.BF16 or SafetensorsType.F64))
            throw new FileFormatException(file.Subject, $"tensor '{name}' must hold floats, found {tensor.Type}");
        _used.Add(name);
        return (file, tensor);
    }
}
