using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Vision.Transformer;

/// <summary>Builds a vision transformer from a GGUF file, whose matrices stay in the mapped file, or from a Hugging Face folder, which is read into memory.</summary>
internal static class VisionTransformerLoader
{
    public static VisionTransformer OpenGguf(string path) => OpenGguf(GgufFile.Open(path));

    /// <summary>Takes the file over.</summary>
    public static VisionTransformer OpenGguf(GgufFile file)
    {
        try
        {
            var architecture = file.Metadata.GetString("general.architecture");
            if (architecture != "vit") throw new FileFormatException(file.Subject, $"architecture '{architecture}' is no picture encoder; 'vit' is expected");
            var used = new HashSet<string>(StringComparer.Ordinal);
            var model = Build(file.Metadata, file.Digest, file, name => file.TryGetTensor(name, out _), Matrix, Floats);
            foreach (var tensor in file.Tensors)
                if (!used.Contains(tensor.Name)) throw new FileFormatException(file.Subject, $"tensor '{tensor.Name}' is not part of a vision transformer as this version knows it");
            return model;

            WeightMatrix Matrix(string name, int rows, int columns)
            {
                used.Add(name);
                var matrix = file.GetMatrix(name);
                if (matrix.Rows != rows || matrix.Columns != columns)
                    throw new FileFormatException(file.Subject, $"tensor '{name}' must have {rows} rows of {columns} elements, found {matrix.Rows} of {matrix.Columns}");
                return BlockCodec.CanDecode(matrix.Type) ? matrix : throw new FileFormatException(file.Subject, $"tensor '{name}' has the type {matrix.Type}, which holds no weights");
            }

            float[] Floats(string name, int length)
            {
                used.Add(name);
                var tensor = file.GetTensor(name);
                if (tensor.ElementCount != length) throw new FileFormatException(file.Subject, $"tensor '{name}' must have {length} elements, found {tensor.ElementCount}");
                return file.GetFloats(name);
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public static VisionTransformer OpenFolder(string path)
    {
        using var source = HuggingFaceVisionSource.Open(path);
        var tensors = source.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var type = source.Stored switch { SafetensorsType.F16 => TensorType.F16, SafetensorsType.BF16 => TensorType.BF16, _ => TensorType.F32 };
        return Build(new GgufMetadata(path, source.Metadata), Digest(path), null, tensors.ContainsKey, Matrix, Floats);

        // The stored 16-bit numbers come back unchanged.
        WeightMatrix Matrix(string name, int rows, int columns)
        {
            var values = Floats(name, checked(rows * columns));
            var bytes = new byte[checked((int)type.RowBytes(columns) * rows)];
            BlockCodec.Encode(type, values, bytes);
            return WeightMatrix.FromBytes(type, bytes, rows, columns);
        }

        float[] Floats(string name, int length)
        {
            if (!tensors.TryGetValue(name, out var tensor)) throw new FileFormatException(path, $"tensor '{name}' is missing");
            var values = new float[length];
            tensor.Read(0, values);
            return values;
        }
    }

    private static string Digest(string folder)
    {
        var files = Directory.GetFiles(folder, "model*.safetensors").Order(StringComparer.Ordinal).ToArray();
        return files.Length == 1 ? ModelDigest.OfFile(files[0])
            : Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(string.Concat(files.Select(ModelDigest.OfFile)))));
    }

    private static VisionTransformer Build(GgufMetadata metadata, string digest, IDisposable? owner, Func<string, bool> has,
        Func<string, int, int, WeightMatrix> matrix, Func<string, int, float[]> floats)
    {
        var config = Config(metadata);
        var (dim, inner) = (config.EmbeddingLength, config.FeedForwardLength);
        var heads = new List<VisionLinear>();
        foreach (var name in new[] { "v.head", "v.head_distilled" })
            if (has(name + ".weight")) heads.Add(Linear(name, config.Labels.Count > 0 ? config.Labels.Count : throw new FileFormatException(metadata.Subject, "a classifier without labels"), dim));
        if (heads.Count > config.ClassTokens) throw new FileFormatException(metadata.Subject, "two classifiers but one class token");
        return new VisionTransformer(config, digest, owner)
        {
            Patches = new VisionLinear(matrix("v.patch_embd.weight", dim, config.PatchLength), Vector("v.patch_embd.bias", dim)),
            ClassTokens = Vector("v.class_embd", config.ClassTokens * dim),
            Positions = Vector("v.position_embd.weight", config.Tokens * dim),
            Blocks = [.. Enumerable.Range(0, config.BlockCount).Select(Block)],
            Norm = Norm("v.post_ln"),
            Heads = heads,
        };

        VisionBlock Block(int i) => new(Norm($"v.blk.{i}.ln1"), Linear($"v.blk.{i}.attn_q", dim, dim), Linear($"v.blk.{i}.attn_k", dim, dim), Linear($"v.blk.{i}.attn_v", dim, dim),
            Linear($"v.blk.{i}.attn_out", dim, dim), Norm($"v.blk.{i}.ln2"), Linear($"v.blk.{i}.ffn_up", inner, dim), Linear($"v.blk.{i}.ffn_down", dim, inner));

        VisionNorm Norm(string name) => new(Vector(name + ".weight", dim), Vector(name + ".bias", dim));

        VisionLinear Linear(string name, int outputs, int inputs) =>
            new(matrix(name + ".weight", outputs, inputs), has(name + ".bias") ? Vector(name + ".bias", outputs) : new float[outputs]);

        float[] Vector(string name, int length)
        {
            var values = floats(name, length);
            return values.AsSpan().ContainsAnyExceptInRange(float.MinValue, float.MaxValue)
                ? throw new FileFormatException(metadata.Subject, $"tensor '{name}' holds a value that is not finite") : values;
        }
    }

    private static VisionConfig Config(GgufMetadata metadata)
    {
        var config = new VisionConfig
        {
            ImageSize = metadata.GetInt32("vit.image_size", 1, 4_096),
            PatchSize = metadata.GetInt32("vit.patch_size", 1, 512),
            EmbeddingLength = metadata.GetInt32("vit.embedding_length", 1, 16_384),
            BlockCount = metadata.GetInt32("vit.block_count", 1, 512),
            HeadCount = metadata.GetInt32("vit.attention.head_count", 1, 1_024),
            FeedForwardLength = metadata.GetInt32("vit.feed_forward_length", 1, 1 << 17),
            NormEpsilon = metadata.GetSingle("vit.attention.layer_norm_epsilon"),
            DistillationToken = metadata.FindBoolean("vit.distillation_token") ?? false,
            Mean = metadata.FindSingles("vit.image_mean") ?? [0.5f, 0.5f, 0.5f],
            Deviation = metadata.FindSingles("vit.image_std") ?? [0.5f, 0.5f, 0.5f],
            CropFraction = metadata.FindSingle("vit.crop_fraction") ?? 1f,
            Filter = metadata.FindBoolean("vit.bicubic") ?? false ? ResampleFilter.Bicubic : ResampleFilter.Bilinear,
            Labels = metadata.FindStrings("vit.labels") ?? [],
        };
        void Demand(bool holds, string problem)
        {
            if (!holds) throw new FileFormatException(metadata.Subject, problem);
        }

        Demand(config.ImageSize % config.PatchSize == 0, $"pictures of {config.ImageSize} cannot be cut into patches of {config.PatchSize}");
        Demand(config.EmbeddingLength % config.HeadCount == 0, $"a width of {config.EmbeddingLength} cannot be shared by {config.HeadCount} heads");
        Demand(config.Tokens <= 4_096, $"a picture has {config.Tokens} tokens; at most 4,096 are supported");
        Demand(config.NormEpsilon is > 0 and < 1, $"vit.attention.layer_norm_epsilon is {config.NormEpsilon}");
        Demand(config.CropFraction is > 0.05 and <= 1, $"vit.crop_fraction is {config.CropFraction}");
        Demand(config.Mean.Count == 3 && config.Deviation.Count == 3 && config.Mean.All(float.IsFinite) && config.Deviation.All(value => value > 1e-6f && float.IsFinite(value)),
            "vit.image_mean and vit.image_std must be three numbers, the latter above 0");
        return config;
    }
}
