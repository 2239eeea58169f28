using System.Text.Json;
using PersonaTune.Aggregator.Endpoints;
using PersonaTune.Protocol.Enrolment;
using PersonaTune.Protocol.Requests;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Enrolment;

/// <summary>The authority's endpoints.</summary>
internal static class EnrolmentEndpoints
{
    public static void MapEnrolment(this IEndpointRouteBuilder routes)
    {
        var all = routes.MapGroup(string.Empty).WithTags("enrolment");
        all.MapGet(Routes.EnrolmentChallenge, (EnrolmentService service) => Results.Json(service.Challenge(), ProtocolJson.Default.EnrolmentChallenge))
            .Describe<EnrolmentChallenge>("getChallenge", "Freshness for an attestation; used once.");
        all.MapPost(Routes.Enrolment, async (HttpContext http, EnrolmentService service, CancellationToken ct) =>
        {
            var request = JsonSerializer.Deserialize(await BodyReader.ReadAsync(http.Request, BodyReader.Json, ct), ProtocolJson.Default.EnrolmentRequest) ?? throw new JsonException("null");
            return Results.Json(await service.EnrolAsync(request, ct), ProtocolJson.Default.EnrolmentResponse);
        }).Describe<EnrolmentResponse>("enrol", "Issues a short-lived certificate for an attested identity key.", typeof(EnrolmentRequest));
    }
}
