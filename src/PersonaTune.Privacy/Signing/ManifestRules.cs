using System.Buffers;
using System.Text;

namespace PersonaTune.Privacy.Signing;

/// <summary>What holds for every manifest, whether it is about to be signed or was just read.</summary>
internal static class ManifestRules
{
    private const int MaxNameLength = 128;
    private const int MaxTextLength = 1024;
    private const int MaxStatementLength = 4096;
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    public static void Check(BundleManifest manifest, BundleLimits limits)
    {
        var fields = new JsonFields(BundleManifest.Subject);
        if (!IsName(manifest.AdapterId)) throw fields.Malformed($"the adapter id '{manifest.AdapterId}' is not a name");
        if (!IsName(manifest.Audience)) throw fields.Malformed($"the audience '{manifest.Audience}' is not a name");
        if (manifest.Version is < 1 or > CanonicalJson.MaxInteger)
            throw fields.Malformed($"the version is {manifest.Version}, expected 1 to 2^53 - 1");
        if (!IsWholeSecond(manifest.NotBefore) || !IsWholeSecond(manifest.NotAfter) || manifest.NotBefore >= manifest.NotAfter)
            throw fields.Malformed("its validity is empty or not in whole seconds");
        if (!IsText(manifest.PrivacyStatement, MaxStatementLength))
            throw fields.Malformed("the privacy statement is too long or holds control characters");
        foreach (var (name, value) in manifest.Lora)
        {
            if (!IsName(name)) throw fields.Malformed($"the LoRA setting '{name}' is not a name");
            if (!IsText(value.Text, MaxTextLength))
                throw fields.Malformed($"the LoRA setting '{name}' is too long or holds control characters");
        }
        TensorLayout.Check(manifest.Tensors, limits, BundleManifest.Subject);
    }

    /// <summary>A name can be part of a file name on every system and cannot climb out of a folder.</summary>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= MaxNameLength && char.IsAsciiLetterOrDigit(text[0]) && !text.AsSpan().ContainsAnyExcept(NameCharacters);

    private static bool IsText(string text, int limit)
    {
        if (text.Length > limit) return false;
        foreach (var rune in text.EnumerateRunes())
        {
            // a lone surrogate enumerates as U+FFFD; control characters could steer a terminal that shows the text
            if (rune.Value == 0xfffd || (Rune.IsControl(rune) && rune.Value is not ('\n' or '\t'))) return false;
        }
        return true;
    }

    private static bool IsWholeSecond(DateTimeOffset time) => time.UtcTicks % TimeSpan.TicksPerSecond == 0;
}
