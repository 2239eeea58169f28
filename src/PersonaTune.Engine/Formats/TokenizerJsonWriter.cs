using System.Text.Encodings.Web;
using System.Text.Json;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Formats;

/// <summary>Writes a byte-level vocabulary as <c>tokenizer.json</c> with <c>tokenizer_config.json</c>.</summary>
internal static class TokenizerJsonWriter
{
    private const string Contractions = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(TokenizerVocabulary vocabulary, string folder)
    {
        AtomicFile.Write(Path.Combine(folder, "tokenizer.json"), stream => WriteTokenizer(stream, vocabulary));
        AtomicFile.Write(Path.Combine(folder, "tokenizer_config.json"), stream => WriteConfig(stream, vocabulary));
    }

    private static void WriteTokenizer(Stream stream, TokenizerVocabulary vocabulary)
    {
        using var json = new Utf8JsonWriter(stream, Indented);
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WriteStartArray("added_tokens");
        for (var id = 0; id < vocabulary.Tokens.Count; id++)
            if (vocabulary.Kinds is { } kinds && kinds[id] is TokenKind.Control or TokenKind.UserDefined)
                WriteAdded(json, id, vocabulary.Tokens[id], special: vocabulary.Kinds[id] == TokenKind.Control);
        json.WriteEndArray();
        json.WriteNull("normalizer");
        WritePreTokenizer(json, vocabulary.PreTokenizer);
        json.WriteNull("post_processor");
        WriteByteLevel(json, "decoder", useRegex: true);
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteNull("unk_token");
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", vocabulary.IgnoreMerges);
        json.WriteStartObject("vocab");
        // Unused ids are padding of the embedding, not part of the vocabulary.
        for (var id = 0; id < vocabulary.Tokens.Count; id++)
            if (vocabulary.Kinds?[id] is not TokenKind.Unused) json.WriteNumber(vocabulary.Tokens[id], id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var merge in vocabulary.Merges ?? []) json.WriteStringValue(merge);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteConfig(Stream stream, TokenizerVocabulary vocabulary)
    {
        using var json = new Utf8JsonWriter(stream, Indented);
        json.WriteStartObject();
        json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
        if (vocabulary.BosId is { } bos) json.WriteString("bos_token", vocabulary.Tokens[bos]);
        if (vocabulary.EosId is { } eos) json.WriteString("eos_token", vocabulary.Tokens[eos]);
        json.WriteBoolean("add_bos_token", vocabulary.AddBos);
        json.WriteEndObject();
    }

    private static void WriteAdded(Utf8JsonWriter json, int id, string content, bool special)
    {
        json.WriteStartObject();
        json.WriteNumber("id", id);
        json.WriteString("content", content);
        json.WriteBoolean("single_word", false);
        json.WriteBoolean("lstrip", false);
        json.WriteBoolean("rstrip", false);
        json.WriteBoolean("normalized", false);
        json.WriteBoolean("special", special);
        json.WriteEndObject();
    }

    private static void WritePreTokenizer(Utf8JsonWriter json, PreTokenizerKind kind)
    {
        if (kind == PreTokenizerKind.Gpt2)
        {
            WriteByteLevel(json, "pre_tokenizer", useRegex: true);
            return;
        }

        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        json.WriteStartObject();
        if (kind == PreTokenizerKind.SmolLm)
        {
            json.WriteString("type", "Digits");
            json.WriteBoolean("individual_digits", true);
        }
        else
        {
            json.WriteString("type", "Split");
            json.WriteStartObject("pattern");
            json.WriteString("Regex", Contractions + (kind == PreTokenizerKind.Llama3 ? @"\p{N}{1,3}" : @"\p{N}") + Rest);
            json.WriteEndObject();
            json.WriteString("behavior", "Isolated");
            json.WriteBoolean("invert", false);
        }

        json.WriteEndObject();
        WriteByteLevel(json, null, useRegex: kind == PreTokenizerKind.SmolLm);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteByteLevel(Utf8JsonWriter json, string? name, bool useRegex)
    {
        if (name is null) json.WriteStartObject();
        else json.WriteStartObject(name);
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", useRegex);
        json.WriteEndObject();
    }
}
