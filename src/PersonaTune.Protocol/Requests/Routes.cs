namespace PersonaTune.Protocol.Requests;

/// <summary>The service's addresses, relative to its root. Names are escaped by the caller's URI builder; they hold nothing that needs it.</summary>
public static class Routes
{
    /// <summary>GET: <see cref="Enrolment.ServiceKeys"/>.</summary>
    public const string Keys = "/v1/keys";

    /// <summary>GET: <see cref="Enrolment.EnrolmentChallenge"/> (the authority's).</summary>
    public const string EnrolmentChallenge = "/v1/enrolment/challenge";

    /// <summary>POST <see cref="Enrolment.EnrolmentRequest"/>: <see cref="Enrolment.EnrolmentResponse"/> (the authority's).</summary>
    public const string Enrolment = "/v1/enrolment";

    /// <summary>GET: <see cref="Tasks.TaskList"/>.</summary>
    public const string Tasks = "/v1/tasks";

    /// <summary>POST <see cref="Rounds.CheckInRequest"/>, signed: <see cref="Rounds.CheckInResponse"/>.</summary>
    public static string CheckIn(string task) => $"/v1/tasks/{task}/check-in";

    /// <summary>
    /// POST a protocol message (octet-stream), signed: <see cref="Rounds.MessageReceipt"/>. GET, signed: the server's next message for the device, see
    /// <see cref="NextMessage"/>.
    /// </summary>
    public static string Messages(string cohort) => $"/v1/cohorts/{cohort}/messages";

    /// <summary>
    /// GET, signed: the server's message of a type above <paramref name="after"/> (octet-stream), or 204 after <paramref name="waitSeconds"/> without
    /// one; 410 with a problem once the participation ended.
    /// </summary>
    public static string NextMessage(string cohort, int after, int waitSeconds) => $"/v1/cohorts/{cohort}/messages?after={after}&wait={waitSeconds}";

    /// <summary>POST one chunk of a packed report of a plain round (octet-stream), signed: <see cref="Rounds.MessageReceipt"/>.</summary>
    public static string Report(string cohort, int chunk) => $"/v1/cohorts/{cohort}/report/{chunk}";

    /// <summary>GET, signed: <see cref="Rounds.MissingChunks"/>.</summary>
    public static string Missing(string cohort) => $"/v1/cohorts/{cohort}/missing";

    /// <summary>GET, signed: <see cref="Rounds.ParticipationView"/>. DELETE, signed: the device leaves.</summary>
    public static string Participation(string cohort) => $"/v1/cohorts/{cohort}/participation";

    /// <summary>GET, signed: the newest release for this device, <see cref="Releases.ReleaseView"/>; 204 before the first.</summary>
    public static string LatestRelease(string task) => $"/v1/tasks/{task}/releases/latest";

    /// <summary>GET: <see cref="Releases.ReleaseView"/> of one release.</summary>
    public static string Release(string task, int number) => $"/v1/tasks/{task}/releases/{number}";

    /// <summary>GET: a release's encoded vector (octet-stream, see <see cref="Wire.VectorEncoding"/>).</summary>
    public static string ReleaseVector(string task, int number) => $"/v1/tasks/{task}/releases/{number}/vector";

    /// <summary>POST <see cref="Releases.CanaryVerdict"/>, signed.</summary>
    public static string Verdict(string task, int number) => $"/v1/tasks/{task}/releases/{number}/verdict";
}
