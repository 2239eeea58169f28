using System.Globalization;
using System.Text;
using PersonaTune.Cli.Options;
using PersonaTune.Device.Keyboard;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Cli.Learning;

/// <summary>A vocabulary that spells a script out byte by byte predicts it badly; the person at the terminal should know why.</summary>
internal static class ScriptRemark
{
    private const double FewBytes = 1.5;

    public static void Write(Invocation invocation, ITokenizer tokenizer, IReadOnlyList<FileMessage> messages)
    {
        var text = string.Join('\n', messages.Take(200).Select(message => message.Text));
        var bytesPerToken = (double)Encoding.UTF8.GetByteCount(text) / Math.Max(1, tokenizer.Encode(text).Count);
        if (bytesPerToken >= FewBytes) return;
        invocation.Note(string.Create(CultureInfo.InvariantCulture,
            $"note: this model's vocabulary hardly knows the script of these messages ({bytesPerToken:F1} bytes a token); expect little, or choose a model made for it with --model"));
    }
}
