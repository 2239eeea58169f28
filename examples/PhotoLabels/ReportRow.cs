using PersonaTune.Device.Photos;
using PersonaTune.Engine.Vision;

namespace PhotoLabels;

/// <summary>A test picture and what was said of it before and after.</summary>
internal sealed record ReportRow(string Label, string Name, RgbImage Image, string Before, PhotoSuggestion After);
