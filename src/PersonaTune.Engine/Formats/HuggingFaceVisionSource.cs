namespace PersonaTune.Engine.Formats;

/// <summary>A Hugging Face folder of ViT or DeiT as the source of a conversion, its tensors under the names that GGUF files of vision encoders use.</summary>
internal sealed class HuggingFaceVisionSource : ModelSource
{
    private static readonly string[] Classifiers = ["classifier", "cls_classifier", "distillation_classifier"];

    private readonly SafetensorsFolder _folder;
    private readonly List<SourceTensor> _tensors = [];
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    private HuggingFaceVisionSource(string path, SafetensorsFolder folder)
    {
        (Subject, _folder) = (path, folder);
        var prefix = folder.Names.Any(name => name.StartsWith("vit.", StringComparison.Ordinal)) ? "vit."
            : folder.Names.Any(name => name.StartsWith("deit.", StringComparison.Ordinal)) ? "deit." : string.Empty;
        var distilled = folder.TryGet(prefix + "embeddings.distillation_token", out _, out _);
        Metadata = HuggingFaceVisionConfig.Read(path, distilled);
        AddTensors(new GgufMetadata(path, Metadata), prefix, distilled);
        foreach (var name in folder.Names)
            // The pooler serves no classifier of this kind and changes no embedding.
            if (!_used.Contains(name) && !name.StartsWith(prefix + "pooler.", StringComparison.Ordinal))
                throw new FileFormatException(path, $"tensor '{name}' is not part of a vision transformer as this version knows it");
    }

    public override string Subject { get; }

    public override IReadOnlyList<KeyValuePair<string, GgufValue>> Metadata { get; }

    public override IReadOnlyList<SourceTensor> Tensors => _tensors;

    /// <summary>Whether matrices are stored in 16 bits.</summary>
    public SafetensorsType Stored { get; private set; } = SafetensorsType.F32;

    public static HuggingFaceVisionSource Open(string path)
    {
        var folder = SafetensorsFolder.Open(path);
        try
        {
            return new HuggingFaceVisionSource(path, folder);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public override void Dispose() => _folder.Dispose();

    private void AddTensors(GgufMetadata metadata, string prefix, bool distilled)
    {
        int Get(string key) => metadata.GetInt32("vit." + key, 1, 1 << 20);
        var (dim, inner, patch, size) = (Get("embedding_length"), Get("feed_forward_length"), Get("patch_size"), Get("image_size"));
        var tokens = checked(size / patch * (size / patch)) + (distilled ? 2 : 1);
        var embeddings = prefix + "embeddings.";
        Joined("v.class_embd", dim, distilled ? [embeddings + "cls_token", embeddings + "distillation_token"] : [embeddings + "cls_token"]);
        Tensor("v.position_embd.weight", [dim, tokens], embeddings + "position_embeddings", 1, tokens, dim);
        Tensor("v.patch_embd.weight", [3 * patch * patch, dim], embeddings + "patch_embeddings.projection.weight", dim, 3, patch, patch);
        Vector("v.patch_embd.bias", embeddings + "patch_embeddings.projection.bias", dim);
        for (var i = 0; i < metadata.GetInt32("vit.block_count", 1, 512); i++)
        {
            var (to, from) = ($"v.blk.{i}.", $"{prefix}encoder.layer.{i}.");
            Norm(to + "ln1", from + "layernorm_before", dim);
            Linear(to + "attn_q", from + "attention.attention.query", dim, dim);
            Linear(to + "attn_k", from + "attention.attention.key", dim, dim);
            Linear(to + "attn_v", from + "attention.attention.value", dim, dim);
            Linear(to + "attn_out", from + "attention.output.dense", dim, dim);
            Norm(to + "ln2", from + "layernorm_after", dim);
            Linear(to + "ffn_up", from + "intermediate.dense", inner, dim);
            Linear(to + "ffn_down", from + "output.dense", dim, inner);
        }

        Norm("v.post_ln", prefix + "layernorm", dim);
        var heads = Classifiers.Where(name => _folder.TryGet(name + ".weight", out _, out _)).ToArray();
        for (var i = 0; i < heads.Length; i++)
        {
            _folder.TryGet(heads[i] + ".weight", out _, out var tensor);
            if (tensor!.Shape is not [> 0 and < 1 << 20 and var classes, _]) throw new FileFormatException(Subject, $"'{heads[i]}.weight' has the shape {tensor.ShapeText}");
            Linear(i == 0 ? "v.head" : "v.head_distilled", heads[i], (int)classes, dim);
        }
    }

    private void Norm(string name, string source, int dim)
    {
        Vector(name + ".weight", source + ".weight", dim);
        Vector(name + ".bias", source + ".bias", dim);
    }

    private void Linear(string name, string source, int outputs, int inputs)
    {
        Stored = Tensor(name + ".weight", [inputs, outputs], source + ".weight", outputs, inputs);
        if (_folder.TryGet(source + ".bias", out _, out _)) Vector(name + ".bias", source + ".bias", outputs);
    }

    private void Vector(string name, string source, int length) => Tensor(name, [length], source, length);

    private SafetensorsType Tensor(string name, IReadOnlyList<long> shape, string source, params long[] expected)
    {
        var (file, tensor) = Require(source, expected);
        _tensors.Add(new SourceTensor(name, shape, (row, values) => file.CopyFloats(tensor, row * shape[0], values)));
        return tensor.Type;
    }

    private void Joined(string name, int dim, string[] sources)
    {
        var parts = Array.ConvertAll(sources, source => Require(source, 1, 1, dim));
        _tensors.Add(new SourceTensor(name, [dim, sources.Length], (row, values) =>
        {
            for (var i = 0; i < values.Length / dim; i++) parts[row + i].File.CopyFloats(parts[row + i].Tensor, 0, values.Slice(i * dim, dim));
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
