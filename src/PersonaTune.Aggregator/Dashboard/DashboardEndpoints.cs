using Microsoft.AspNetCore.Http.HttpResults;

namespace PersonaTune.Aggregator.Dashboard;

/// <summary>
/// Serves the dashboard: the page at <c>/</c>, its files under <c>/dashboard/</c>. The figures come from <c>/v1/operator/dashboard</c>, its stream, and
/// <c>/v1/operator/events</c>, which are mapped elsewhere. Every response forbids inline code, other origins and framing.
/// </summary>
public static class DashboardEndpoints
{
    /// <summary>
    /// The page's content security policy: everything from this origin, no inline script or style, no markup made from strings (trusted types without a policy).
    /// </summary>
    public const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the page and its files. They are public: they hold no figures.</summary>
    /// <returns>All endpoints, to which conventions such as rate limits can be added.</returns>
    public static IEndpointConventionBuilder MapDashboard(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var group = endpoints.MapGroup(string.Empty);
        foreach (var asset in DashboardAssets.All)
        {
            var pattern = string.Equals(asset.Path, DashboardAssets.IndexPath, StringComparison.Ordinal) ? "/" : $"/dashboard/{asset.Path}";
            group.MapMethods(pattern, Methods, (HttpContext context) => Serve(context, asset)).ExcludeFromDescription();
        }

        return group;
    }

    private static FileContentHttpResult Serve(HttpContext context, DashboardAsset asset)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        // Kept, but asked about each time: the files of one version belong together, and an unchanged one costs a 304.
        headers.CacheControl = "no-cache";
        return TypedResults.Bytes(asset.Content, asset.ContentType, entityTag: asset.Tag);
    }
}
