using System.Text.Json;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Lora;

/// <summary>What this library needs of PEFT's <c>adapter_config.json</c>, checked; what would change the computation and is not known here is refused.</summary>
internal sealed class PeftConfig
{
    private const int MaxBytes = 1 << 20;
    private const int MaxExpressions = 64;

    // Settings under which an adapter computes something else than scaled B A on a linear layer.
    private static readonly string[] Unsupported =
        ["lora_bias", "use_qalora", "layer_replication", "trainable_token_indices", "target_parameters", "megatron_config", "alora_invocation_tokens", "arrow_config", "use_bdlora", "velora_config"];

    // Settings of an initialization or of loading, which are over when the adapter is saved.
    private static readonly string[] Past = ["use_rslora", "use_dora", "loftq_config", "eva_config", "corda_config", "lora_ga_config", "runtime_config"];

    private readonly List<(PeftPattern Pattern, int Rank)> _ranks = [];
    private readonly List<(PeftPattern Pattern, double Alpha)> _alphas = [];
    private string[]? _targets;
    private int _expressions;

    private PeftConfig(string subject) => Subject = subject;

    public string Subject { get; }

    public int Rank { get; private set; }

    public double Alpha { get; private set; }

    public bool RankStabilized { get; private set; }

    public bool Dora { get; private set; }

    public float Dropout { get; private set; }

    public string? BaseModel { get; private set; }

    /// <exception cref="FileFormatException">The file is malformed or asks for what is not supported.</exception>
    public static PeftConfig Read(string path)
    {
        if (!File.Exists(path)) throw new FileFormatException(path, "the file is missing; a PEFT adapter is a folder with adapter_config.json and adapter_model.safetensors");
        if (new FileInfo(path).Length > MaxBytes) throw new FileFormatException(path, $"the file is longer than {MaxBytes} bytes, which no adapter configuration is");
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 16 });
            var config = new PeftConfig(path);
            config.Read(document.RootElement);
            return config;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new FileFormatException(path, $"the file is no valid adapter configuration: {exception.Message}", exception);
        }
    }

    /// <summary>Whether target_modules names a module, by its end or whole; true where it is no list, since tools write expressions there that only theirs can run.</summary>
    public bool IsTarget(string module) => _targets is null || Array.Exists(_targets, target => module.EndsWith(target, StringComparison.Ordinal)
        && (module.Length == target.Length || module[^(target.Length + 1)] == '.'));

    /// <summary>The rank of a module: the first pattern that matches, else the common one.</summary>
    public int RankOf(string module) => _ranks.FirstOrDefault(entry => entry.Pattern.IsMatch(module)) is { Pattern: not null } found ? found.Rank : Rank;

    /// <summary>The scale of a module with a rank: alpha / r, or alpha / sqrt(r) with rsLoRA.</summary>
    public float ScaleOf(string module, int rank)
    {
        var alpha = _alphas.FirstOrDefault(entry => entry.Pattern.IsMatch(module)) is { Pattern: not null } found ? found.Alpha : Alpha;
        return (float)(RankStabilized ? alpha / Math.Sqrt(rank) : alpha / rank);
    }

    private void Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) throw Error("the file must hold a JSON object");
        if (Find(root, "peft_type")?.GetString() is var type && type != "LORA") throw Error($"peft_type must be LORA, found '{type}'; other kinds of adapters are not supported");
        if (Find(root, "target_modules") is not { ValueKind: JsonValueKind.Array or JsonValueKind.String } targets) throw Error("target_modules is missing, or neither a list nor a string");
        if (targets.ValueKind == JsonValueKind.Array) _targets = [.. targets.EnumerateArray().Select(item => item.GetString() is { Length: > 0 } target ? target : throw Error("target_modules must hold names"))];
        if (Find(root, "bias")?.GetString() is { } bias and not "none") throw Error($"bias '{bias}' is not supported; adapters with trained biases cannot be imported");
        if (Find(root, "modules_to_save") is { ValueKind: JsonValueKind.Array } saved && saved.GetArrayLength() > 0)
            throw Error("modules_to_save names whole layers, which are not imported; save the adapter without them");
        if (Flag(root, "fan_in_fan_out")) throw Error("fan_in_fan_out is for models with transposed layers, which the llama family does not have");
        foreach (var name in Unsupported)
            if (Find(root, name) is { } value && !IsHarmless(value)) throw Error($"{name} changes what the adapter computes and is not supported");
        foreach (var entry in root.EnumerateObject())
            if ((entry.Name.StartsWith("use_", StringComparison.Ordinal) || entry.Name.EndsWith("_config", StringComparison.Ordinal)) && !Past.Contains(entry.Name) && !IsHarmless(entry.Value))
                throw Error($"{entry.Name} is not known here and may change what the adapter computes; update, or save the adapter without it");
        DemandUnchangedBase(root);
        Rank = Integer(Find(root, "r") ?? throw Error("r is missing"), "r");
        Alpha = Positive(Find(root, "lora_alpha") ?? throw Error("lora_alpha is missing"), "lora_alpha");
        RankStabilized = Flag(root, "use_rslora");
        Dora = Flag(root, "use_dora");
        Dropout = Find(root, "lora_dropout") is { } dropout ? dropout.GetSingle() : 0f;
        if (!(Dropout is >= 0f and < 1f)) throw Error($"lora_dropout must be 0 to below 1, found {Dropout}");
        BaseModel = Find(root, "base_model_name_or_path") is { ValueKind: JsonValueKind.String } name2 ? name2.GetString() : null;
        Patterns(root, "rank_pattern", (key, value) => _ranks.Add((Pattern(key), Integer(value, $"rank_pattern '{key}'"))));
        Patterns(root, "alpha_pattern", (key, value) => _alphas.Add((Pattern(key), Positive(value, $"alpha_pattern '{key}'"))));
    }

    // PiSSA, OLoRA, CorDA, LoftQ and LoRA-GA take the first B A out of the base's weights: such an adapter means nothing on the base as it was published.
    private void DemandUnchangedBase(JsonElement root)
    {
        if (Find(root, "init_lora_weights") is not { } value || value.ValueKind is JsonValueKind.True or JsonValueKind.False) return;
        if (value.GetString() is not ("gaussian" or "eva" or "orthogonal"))
            throw Error($"init_lora_weights is {value.GetRawText()}, which changes the base model's weights; convert the adapter to plain LoRA with PEFT (save_pretrained with path_initial_model_for_weight_conversion)");
    }

    private void Patterns(JsonElement root, string name, Action<string, JsonElement> add)
    {
        if (Find(root, name) is not { } patterns) return;
        if (patterns.ValueKind != JsonValueKind.Object) throw Error($"{name} must be an object of module patterns");
        var count = 0;
        foreach (var entry in patterns.EnumerateObject())
        {
            if (++count > 4_096) throw Error($"{name} has more than 4,096 patterns");
            add(entry.Name, entry.Value);
        }
    }

    private PeftPattern Pattern(string key)
    {
        var pattern = new PeftPattern(key, Subject);
        if (pattern.IsExpression && ++_expressions > MaxExpressions)
            throw Error($"there are more than {MaxExpressions} regular expressions among the module patterns; name the modules by their paths");
        return pattern;
    }

    private static bool IsHarmless(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False or JsonValueKind.Null => true,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    private static JsonElement? Find(JsonElement root, string name) => root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private bool Flag(JsonElement root, string name) => Find(root, name) is { } value && (value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Error($"{name} must be true or false"));

    private int Integer(JsonElement value, string name) => value.TryGetInt32(out var number) && number is >= 1 and <= 512 ? number : throw Error($"{name} must be an integer of 1 to 512, found {value.GetRawText()}");

    private double Positive(JsonElement value, string name) =>
        value.TryGetDouble(out var number) && number > 0 && number < 1e30 ? number : throw Error($"{name} must be above 0 and finite, found {value.GetRawText()}");

    private FileFormatException Error(string problem) => new(Subject, problem);
}
