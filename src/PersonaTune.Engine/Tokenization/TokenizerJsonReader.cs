using System.Text.Json;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Tokenization;

/// <summary>Reads the elements of a <c>tokenizer.json</c>. What would change an encoding and is not understood is refused.</summary>
internal sealed class TokenizerJsonReader(string subject, JsonElement root, JsonElement? config)
{
    private const int MaxTokens = 4 << 20;

    private const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string Qwen2Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public TokenizerVocabulary Read()
    {
        var model = Require(root, "model");
        if (Find(model, "type") is { } type && type.GetString() != "BPE") throw Unsupported("model type", type.GetString());
        if (Text(model, "continuing_subword_prefix") is { Length: > 0 } prefix) throw Unsupported("continuing_subword_prefix", prefix);
        if (Text(model, "end_of_word_suffix") is { Length: > 0 } suffix) throw Unsupported("end_of_word_suffix", suffix);
        if (Find(model, "dropout") is { } dropout && dropout.GetDouble() != 0) throw Unsupported("dropout", dropout.GetRawText());

        var sentencePiece = Flag(model, "byte_fallback");
        var tokens = ReadTokens(model, out var kinds, out var ids, sentencePiece, Text(model, "unk_token"));
        var merges = ReadMerges(model);
        var (bos, eos) = (SpecialId("bos_token", ids), SpecialId("eos_token", ids));
        var vocabulary = new TokenizerVocabulary
        {
            Subject = subject,
            Model = sentencePiece ? TokenizerModel.SentencePiece : TokenizerModel.ByteLevelBpe,
            Tokens = tokens,
            Kinds = kinds,
            BosId = bos,
            EosId = eos,
            AddBos = bos is not null && AddsBos(bos.Value, ids),
        };
        return sentencePiece
            ? vocabulary with { Scores = Scores(tokens.Length, merges, ids), AddSpacePrefix = ReadSpaceRule() }
            : vocabulary with { Merges = merges, PreTokenizer = ReadPreTokenizer(), IgnoreMerges = Flag(model, "ignore_merges") };
    }

    private string[] ReadTokens(JsonElement model, out TokenKind[] kinds, out Dictionary<string, int> ids, bool sentencePiece, string? unknown)
    {
        ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var special = new Dictionary<int, bool>();
        foreach (var entry in Require(model, "vocab").EnumerateObject()) Add(ids, entry.Name, entry.Value.GetInt32());
        if (Find(root, "added_tokens") is { } added)
            foreach (var token in added.EnumerateArray())
            {
                var id = Require(token, "id").GetInt32();
                var content = Require(token, "content").GetString() ?? throw Invalid("an added token has no content");
                if (!ids.TryGetValue(content, out var known)) Add(ids, content, id);
                else if (known != id) throw Invalid($"token {TokenTable.Quote(content)} has the ids {known} and {id}");
                special[id] = Flag(token, "special");
            }
        var highest = ids.Count == 0 ? -1 : ids.Values.Max();
        // Ids may have gaps (padding to a round size), but a file must not demand a huge table.
        if (highest >= MaxTokens || highest > 2L * ids.Count + 1024) throw Invalid($"the highest token id is {highest} in a vocabulary of {ids.Count}");
        var count = highest + 1;
        var tokens = new string[count];
        kinds = new TokenKind[count];
        foreach (var (token, id) in ids)
        {
            if (tokens[id] is { } other) throw Invalid($"tokens {TokenTable.Quote(other)} and {TokenTable.Quote(token)} both have the id {id}");
            tokens[id] = token;
            kinds[id] = special.TryGetValue(id, out var isSpecial) ? isSpecial ? TokenKind.Control : TokenKind.UserDefined
                : sentencePiece && TokenTable.ParseByte(token) >= 0 ? TokenKind.Byte
                : TokenKind.Normal;
            if (sentencePiece && token == unknown) kinds[id] = TokenKind.Unknown;
        }
        for (var id = 0; id < count; id++)
            if (tokens[id] is null)
            {
                (tokens[id], kinds[id]) = ($"[unused {id}]", TokenKind.Unused);
                Add(ids, tokens[id], id);
            }
        return tokens;
    }

    private void Add(Dictionary<string, int> ids, string token, int id)
    {
        if (id < 0) throw Invalid($"token {TokenTable.Quote(token)} has the id {id}");
        if (!ids.TryAdd(token, id)) throw Invalid($"token {TokenTable.Quote(token)} occurs twice");
    }

    private string[] ReadMerges(JsonElement model)
    {
        var list = Require(model, "merges");
        var merges = new string[list.GetArrayLength()];
        var count = 0;
        foreach (var merge in list.EnumerateArray())
            merges[count++] = merge.ValueKind == JsonValueKind.Array
                ? merge.GetArrayLength() == 2 ? $"{merge[0].GetString()} {merge[1].GetString()}" : throw Invalid($"merge {count} needs two tokens")
                : merge.GetString() ?? throw Invalid($"merge {count} is null");
        return merges;
    }

    /// <summary>A token that the best merge makes first gets the highest score: SentencePiece's order, rebuilt from ranks.</summary>
    private static float[] Scores(int count, string[] merges, Dictionary<string, int> ids)
    {
        var scores = new float[count];
        Array.Fill(scores, -merges.Length);
        for (var rank = merges.Length - 1; rank >= 0; rank--)
        {
            var cut = merges[rank].Length > 1 ? merges[rank].IndexOf(' ', 1) : -1;
            if (cut > 0 && ids.TryGetValue(string.Concat(merges[rank].AsSpan(0, cut), merges[rank].AsSpan(cut + 1)), out var id))
                scores[id] = -rank;
        }
        return scores;
    }

    private PreTokenizerKind ReadPreTokenizer()
    {
        if (Find(root, "normalizer") is { } normalizer && Type(normalizer) != "NFC") throw Unsupported("normalizer", Type(normalizer));
        var preTokenizer = Require(root, "pre_tokenizer");
        if (Type(preTokenizer) == "ByteLevel") return ByteLevel(preTokenizer, useRegex: true, PreTokenizerKind.Gpt2);
        if (Type(preTokenizer) != "Sequence") throw Unsupported("pre_tokenizer", Type(preTokenizer));
        var steps = Require(preTokenizer, "pretokenizers");
        if (steps.GetArrayLength() != 2) throw Unsupported("pre_tokenizer", "Sequence");
        if (Type(steps[0]) == "Digits" && Flag(steps[0], "individual_digits"))
            return ByteLevel(steps[1], useRegex: true, PreTokenizerKind.SmolLm);
        if (Type(steps[0]) != "Split") throw Unsupported("pre_tokenizer", Type(steps[0]));
        var pattern = Text(Require(steps[0], "pattern"), "Regex");
        return ByteLevel(steps[1], useRegex: false, pattern switch
        {
            Llama3Pattern => PreTokenizerKind.Llama3,
            Qwen2Pattern => PreTokenizerKind.Qwen2,
            _ => throw Unsupported("pre_tokenizer pattern", pattern),
        });
    }

    private PreTokenizerKind ByteLevel(JsonElement step, bool useRegex, PreTokenizerKind kind)
    {
        if (Type(step) != "ByteLevel") throw Unsupported("pre_tokenizer", Type(step));
        if (Flag(step, "add_prefix_space")) throw Unsupported("pre_tokenizer option", "add_prefix_space");
        return (Find(step, "use_regex")?.GetBoolean() ?? true) == useRegex ? kind : throw Unsupported("pre_tokenizer option", "use_regex");
    }

    private bool ReadSpaceRule()
    {
        var prefix = false;
        if (Find(root, "pre_tokenizer") is { } preTokenizer)
            prefix = Type(preTokenizer) != "Metaspace" ? throw Unsupported("pre_tokenizer", Type(preTokenizer))
                : Text(preTokenizer, "prepend_scheme") is { } scheme ? scheme != "never"
                : Flag(preTokenizer, "add_prefix_space");
        if (Find(root, "normalizer") is not { } normalizer) return prefix;
        var steps = Type(normalizer) == "Sequence" ? Require(normalizer, "normalizers").EnumerateArray().ToArray() : [normalizer];
        foreach (var step in steps)
            prefix |= Type(step) switch
            {
                "Prepend" when Text(step, "prepend") == "▁" => true,
                "Replace" when Text(Require(step, "pattern"), "String") == " " && Text(step, "content") == "▁" => false,
                var other => throw Unsupported("normalizer", other),
            };
        return prefix;
    }

    private int? SpecialId(string key, Dictionary<string, int> ids)
    {
        if (config is not { } settings || Find(settings, key) is not { } value) return null;
        var content = value.ValueKind == JsonValueKind.Object ? Text(value, "content") : value.GetString();
        if (content is null) return null;
        return ids.TryGetValue(content, out var id) ? id : throw Invalid($"{key} is {TokenTable.Quote(content)}, which is not in the vocabulary");
    }

    private bool AddsBos(int bos, Dictionary<string, int> ids)
    {
        if (config is { } settings && Find(settings, "add_bos_token") is { } flag) return flag.GetBoolean();
        // Without the setting, the template of a single text says whether BOS comes first.
        return Find(root, "post_processor") is { } processor && Type(processor) == "TemplateProcessing"
            && Find(processor, "single") is { ValueKind: JsonValueKind.Array } single && single.GetArrayLength() > 0
            && Find(single[0], "SpecialToken") is { } first && Text(first, "id") is { } token
            && ids.TryGetValue(token, out var id) && id == bos;
    }

    private JsonElement Require(JsonElement element, string name) => Find(element, name) ?? throw Invalid($"'{name}' is missing");

    private static JsonElement? Find(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement element, string name) => Find(element, name)?.GetString();

    private static string? Type(JsonElement element) => Text(element, "type");

    private static bool Flag(JsonElement element, string name) => Find(element, name)?.GetBoolean() ?? false;

    private FileFormatException Invalid(string problem) => new(subject, problem);

    private FileFormatException Unsupported(string what, string? value) =>
        Invalid($"{what} '{value}' is not supported; convert the model with a GGUF tool whose tokenizer is SentencePiece or byte-level BPE");
}
