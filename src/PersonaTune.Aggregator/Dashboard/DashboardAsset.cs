using Microsoft.Net.Http.Headers;

namespace PersonaTune.Aggregator.Dashboard;

/// <summary>A file of the dashboard, held in memory.</summary>
/// <param name="Path">Its address below the dashboard's folder, with '/'.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="Tag">The digest of its bytes.</param>
internal sealed record DashboardAsset(string Path, string ContentType, ReadOnlyMemory<byte> Content, EntityTagHeaderValue Tag);
