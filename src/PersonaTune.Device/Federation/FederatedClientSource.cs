using System.Net;
using System.Security.Cryptography.X509Certificates;
using PersonaTune.Device.Consent;
using PersonaTune.Device.DependencyInjection;
using PersonaTune.Device.Scheduling;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Budget;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Federation;

/// <summary>
/// The federated client that <see cref="PersonaTuneFederationServiceCollectionExtensions.AddPersonaTuneFederation"/> sets up over the application's sealed store: enrolled on first use, its certificate renewed
/// in time, its user's limits, consent and budget asked for every participation, and every participation recorded. Making the source does no work and needs no network. Thread-safe; the client that it
/// gives is for one participation at a time.
/// </summary>
public sealed class FederatedClientSource : IDisposable
{
    /// <summary>The purpose of every spend of a federated client in the device's privacy ledger.</summary>
    public const string BudgetPurpose = "federated rounds";

    private readonly PersonaTuneFederationOptions _options;
    private readonly SealedStore _store;
    private readonly ConsentPolicy _consent;
    private readonly IDeviceConditions _conditions;
    private readonly IAttestationProvider _attestation;
    private readonly TimeProvider _time;
    private readonly HttpMessageHandler _handler;
    private readonly HttpClient _service;
    private readonly HttpClient _enrolment;
    private readonly EnrolmentAuthority _authority;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly List<IdentityKey> _identities = [];
    private PrivacyLedger? _ledger;
    private SealedParticipationLog? _log;
    private SealedFederationMemory? _memory;
    private FederatedClient? _client;
    private DateTimeOffset _renewAt;

    internal FederatedClientSource(
        PersonaTuneFederationOptions options, SealedStore store, ConsentPolicy consent, IDeviceConditions conditions, IAttestationProvider attestation, HttpMessageHandler? handler, TimeProvider time)
    {
        (_options, _store, _consent, _conditions, _attestation, _time) = (options, store, consent, conditions, attestation, time);
        // A redirected request would carry the device's certificate and signature to another host.
        _handler = handler ?? new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(10) };
        (_service, _enrolment) = (Http(options.Address!), Http(options.AuthorityAddress ?? options.Address!));
        using var root = X509CertificateLoader.LoadCertificate(options.AuthorityCertificate.Span);
        _authority = new EnrolmentAuthority(root);
    }

    /// <summary>The client, enrolled. Ask anew before each use rather than keeping it: the certificate is short-lived.</summary>
    /// <exception cref="AggregatorException">The authority refuses or does not answer, and there is no valid certificate.</exception>
    /// <exception cref="Privacy.Sealing.TamperedException">Identity, memory, ledger or records were altered.</exception>
    public Task<FederatedClient> GetAsync(CancellationToken cancellationToken = default) => WithGateAsync(async () =>
    {
        if (_client is not null && _time.GetUtcNow() < _renewAt) return _client;
        var identity = await SealedFederationIdentity.OpenAsync(
            _store, new AggregatorClient(_enrolment, null, _options.Connection, _time), _options.Connection.Audience, _attestation, _time, cancellationToken).ConfigureAwait(false);
        // A client of before may still be in a round: its key lives as long as the source.
        _identities.Add(identity);
        _memory ??= await SealedFederationMemory.OpenAsync(_store, cancellationToken).ConfigureAwait(false);
        var (ledger, log) = (await LedgerAsync(cancellationToken).ConfigureAwait(false), await LogAsync(cancellationToken).ConfigureAwait(false));
        _client = Create(identity, _memory, ledger, log);
        using var certificate = X509CertificateLoader.LoadCertificate(identity.Certificate.Span);
        var left = certificate.NotAfter.ToUniversalTime() - _time.GetUtcNow().UtcDateTime;
        // Where the renewal failed, or certificates are very short-lived, it is tried again soon, but not at every call.
        _renewAt = _time.GetUtcNow() + (left > SealedFederationIdentity.RenewBefore ? left - SealedFederationIdentity.RenewBefore : TimeSpan.FromTicks(Math.Min(TimeSpan.FromMinutes(15).Ticks, left.Ticks / 2)));
        return _client;
    }, cancellationToken);

    /// <summary>What the device has contributed, oldest first. Needs no network.</summary>
    /// <exception cref="Privacy.Sealing.TamperedException">A record was altered.</exception>
    public Task<IReadOnlyList<ParticipationRecord>> ListParticipationsAsync(CancellationToken cancellationToken = default) => WithGateAsync(
        async () => await (await LogAsync(cancellationToken).ConfigureAwait(false)).ListAsync(cancellationToken).ConfigureAwait(false), cancellationToken);

    /// <summary>What all participations have cost together, at <see cref="FederatedPolicy.MaximumDelta"/>. Needs no network.</summary>
    /// <exception cref="Privacy.Sealing.TamperedException">The ledger was altered.</exception>
    public Task<BudgetStatus> GetBudgetAsync(CancellationToken cancellationToken = default) => WithGateAsync(
        async () => await (await LedgerAsync(cancellationToken).ConfigureAwait(false)).GetStatusAsync(cancellationToken).ConfigureAwait(false), cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _service.Dispose();
        _enrolment.Dispose();
        _handler.Dispose();
        _ledger?.Dispose();
        foreach (var identity in _identities) identity.Dispose();
        _authority.Dispose();
        _opening.Dispose();
    }

    private FederatedClient Create(IdentityKey identity, SealedFederationMemory memory, PrivacyLedger ledger, SealedParticipationLog log)
    {
        var admission = new FederatedAdmission(_options.Policy, _conditions, FindConsentAsync, _time, log.LastParticipation);
        return new FederatedClient(new FederatedClientOptions
        {
            Service = new AggregatorClient(_service, identity, _options.Connection, _time),
            Identity = identity,
            Authority = _authority,
            ServerKey = _options.ServerKey,
            OperatorKeys = _options.OperatorKeys,
            Rounds = memory,
            Releases = memory,
            Budget = task => new LedgerRoundBudget(ledger, BudgetPurpose, _ => TaskCost.RoundEvent(task) ?? new NonPrivateEvent()),
            Admit = admission.AdmitAsync,
            Consent = async (task, cancellationToken) => (await FindConsentAsync(task, cancellationToken).ConfigureAwait(false))?.Id.ToString(),
            Participations = log,
            CohortFloor = _options.Policy.MinimumCohort,
            MinimumCorruptPpm = _options.MinimumCorruptPpm,
            RequirePrivacy = !_options.Policy.PrivacyKinds.Contains(PrivacyKind.None),
            RequireSecureAggregation = _options.RequireSecureAggregation,
            Time = _time,
        });
    }

    private async ValueTask<ConsentReceipt?> FindConsentAsync(TaskDefinition task, CancellationToken cancellationToken)
    {
        try
        {
            return await _consent.RequireAsync(
                _options.User, ConsentPurpose.FederatedLearning, _options.Collection, Convert.FromHexString(task.Adapter.BaseModelDigest), cancellationToken).ConfigureAwait(false);
        }
        catch (ConsentException)
        {
            return null;
        }
    }

    private async Task<PrivacyLedger> LedgerAsync(CancellationToken cancellationToken) => _ledger ??= await PrivacyLedger.OpenAsync(
        new SealedLedgerStore(_store), new PrivacyBudgetPolicy { Delta = _options.Policy.MaximumDelta, TotalEpsilon = _options.TotalEpsilon, EpsilonPerDay = _options.EpsilonPerDay, Relation = TaskCost.Relation },
        new PrivacyLedgerOptions { Accountant = _ => TaskCost.Accountant(), Time = _time }, cancellationToken).ConfigureAwait(false);

    private async Task<SealedParticipationLog> LogAsync(CancellationToken cancellationToken) => _log ??= await SealedParticipationLog.OpenAsync(_store, cancellationToken).ConfigureAwait(false);

    private HttpClient Http(Uri address) => new(_handler, disposeHandler: false)
    {
        BaseAddress = address,
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        Timeout = TimeSpan.FromSeconds(100),
    };

    private async Task<T> WithGateAsync<T>(Func<Task<T>> action, CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await action().ConfigureAwait(false);
        }
        finally
        {
            _opening.Release();
        }
    }
}
