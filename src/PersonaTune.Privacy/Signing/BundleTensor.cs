namespace PersonaTune.Privacy.Signing;

/// <summary>A named byte range of a bundle's payload.</summary>
/// <param name="Name">Its name: printable ASCII, at most 256 characters, unique in the bundle.</param>
/// <param name="Dtype">Its element type as safetensors names it: <c>F32</c>, <c>BF16</c>, <c>I8</c>.</param>
/// <param name="Shape">Its dimensions, at most eight; none means one element, and a dimension may be zero.</param>
/// <param name="Offset">Where it starts in the payload: where the tensor before it ends.</param>
/// <param name="Length">Its bytes: elements times the element's size.</param>
/// <param name="Sha256">The digest of its bytes.</param>
public sealed record BundleTensor(string Name, string Dtype, IReadOnlyList<long> Shape, long Offset, long Length, Sha256Digest Sha256);
