namespace PersonaTune.Device.Imaging;

/// <summary>One colour component of a JPEG frame and its coefficients.</summary>
internal sealed class JpegComponent(int id, int horizontal, int vertical, int quantization)
{
    public int Id { get; } = id;

    /// <summary>Horizontal sampling factor.</summary>
    public int Horizontal { get; } = horizontal;

    /// <summary>Vertical sampling factor.</summary>
    public int Vertical { get; } = vertical;

    /// <summary>Number of its quantization table.</summary>
    public int Quantization { get; } = quantization;

    /// <summary>Blocks a row and column that cover the component's own samples: what a scan of it alone codes.</summary>
    public int Columns { get; set; }

    public int Rows { get; set; }

    /// <summary>Blocks a row and column in whole units of all components.</summary>
    public int PaddedColumns { get; set; }

    public int PaddedRows { get; set; }

    /// <summary>(padded rows, padded columns, 64), natural order.</summary>
    public short[] Coefficients { get; set; } = [];

    /// <summary>Quantization in natural order, as it was when the component's first scan came.</summary>
    public ushort[]? Divisors { get; set; }

    /// <summary>(padded rows x 8, padded columns x 8) samples.</summary>
    public byte[] Samples { get; set; } = [];

    public JpegHuffman? Direct { get; set; }

    public JpegHuffman? Alternating { get; set; }

    public int Predictor { get; set; }
}
