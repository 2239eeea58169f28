namespace PersonaTune.Engine.Tests.Vision;

/// <summary>Pictures that need no file; <c>tests/reference/vision/peer.mjs</c> makes the same.</summary>
internal static class Patterns
{
    public const int Count = 3;

    /// <summary>(side, side, 3): 0 a gradient, 1 noise, 2 tiles.</summary>
    public static byte[] Picture(int side, int pattern)
    {
        var pixels = new byte[side * side * 3];
        var state = 12345u;
        for (var y = 0; y < side; y++)
            for (var x = 0; x < side; x++)
                for (var c = 0; c < 3; c++)
                {
                    state = state * 1664525u + 1013904223u;
                    pixels[(y * side + x) * 3 + c] = pattern switch
                    {
                        0 => (byte)((c == 0 ? x : c == 1 ? y : x + y) * 255 / (2 * side)),
                        1 => (byte)(state >> 24),
                        _ => (byte)((x / 5 + y / 7 + c) % 3 * 120),
                    };
                }

        return pixels;
    }
}
