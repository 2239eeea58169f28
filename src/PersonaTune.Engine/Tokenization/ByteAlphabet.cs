using System.Text;

namespace PersonaTune.Engine.Tokenization;

/// <summary>
/// GPT-2's printable spelling of bytes: printable Latin-1 characters stand for themselves, the other 68 bytes for U+0100 and up.
/// </summary>
internal static class ByteAlphabet
{
    private const int Size = 256 + 68;
    private static readonly char[] Spellings = BuildSpellings();
    private static readonly short[] Bytes = BuildBytes();

    /// <summary>The character that spells a byte.</summary>
    public static char Spell(byte value) => Spellings[value];

    /// <summary>Bytes of a spelling; a spelling with characters outside the alphabet is taken as plain text.</summary>
    public static byte[] Decode(string spelling)
    {
        var bytes = new byte[spelling.Length];
        for (var i = 0; i < spelling.Length; i++)
        {
            var c = spelling[i];
            if (c >= Size || Bytes[c] < 0) return Encoding.UTF8.GetBytes(spelling);
            bytes[i] = (byte)Bytes[c];
        }
        return bytes;
    }

    private static char[] BuildSpellings()
    {
        var spellings = new char[256];
        var next = (char)256;
        for (var value = 0; value < 256; value++)
            spellings[value] = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)value : next++;
        return spellings;
    }

    private static short[] BuildBytes()
    {
        var bytes = new short[Size];
        Array.Fill(bytes, (short)-1);
        for (var value = 0; value < 256; value++) bytes[Spellings[value]] = (short)value;
        return bytes;
    }
}
