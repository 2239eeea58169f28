using System.Globalization;
using System.Security.Cryptography;
using PersonaTune.Device.Personalization;
using PersonaTune.Engine;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Device.Adapters;

/// <summary>
/// Moves adapters of a person between devices as signed bundles (<c>.ptad</c>), encrypted to the recipient where one is named. An import is checked in this order, and
/// the first failure ends it: encryption, signature and signer, manifest, audience, revocation, validity, version, base model and tokenizer, every tensor's digest, the
/// adapter's form. Only then is it stored, as a candidate: activating it is the application's decision. Thread-safe.
/// </summary>
public sealed class AdapterTransfer
{
    private const string Format = "personatune.lora/1";
    private const string Beneath = "beneath";

    private readonly DecoderModel _model;
    private readonly AdapterLibrary _library;
    private readonly TimeProvider _time;

    /// <summary>Creates a transfer between a library and bundles for one base model; both must outlive it.</summary>
    /// <exception cref="MissingTokenizerException">The model has no tokenizer.</exception>
    public AdapterTransfer(DecoderModel model, AdapterLibrary library, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(library);
        if (model.Tokenizer is null) throw new MissingTokenizerException(model.Digest);
        (_model, _library, _time) = (model, library, time ?? TimeProvider.System);
    }

    /// <summary>Writes an adapter of the library as a bundle. Where it throws, discard what was written.</summary>
    /// <exception cref="AdapterNotFoundException">There is none with this id, or its weights were erased.</exception>
    /// <exception cref="SigningException">A name or text breaks the format's rules.</exception>
    public async Task ExportAsync(string user, string adapterId, Stream destination, AdapterExportOptions options, ManifestSigner signer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(signer);
        var entry = await _library.GetAsync(user, adapterId, cancellationToken);
        if (!string.Equals(entry.Manifest.BaseDigest, _model.Digest, StringComparison.OrdinalIgnoreCase)) throw new WrongBaseModelException(adapterId, entry.Manifest.BaseDigest, _model.Digest);
        var adapter = AdapterFile.Read((await _library.ReadWeightsAsync(user, adapterId, cancellationToken)).Span, _model, adapterId);
        Write(adapter, entry.Manifest.GlobalDigest, destination, options, signer, _time.GetUtcNow());
    }

    /// <summary>Verifies a bundle and stores its adapter as a candidate of a person.</summary>
    /// <param name="user">The person.</param>
    /// <param name="source">The bundle; nothing may follow it.</param>
    /// <param name="verifier">Whom to believe.</param>
    /// <param name="recipient">This device's key pair where the bundle is encrypted; null where it is in the clear.</param>
    /// <param name="limits">Sizes above which it is refused; null: 1 MiB of manifest, 256 MiB of payload.</param>
    /// <param name="cancellationToken">Cancels before the adapter is stored.</param>
    /// <exception cref="SigningException">The bundle is refused: tampered with, of an untrusted or revoked signer, for another audience, expired, older than one accepted before.</exception>
    /// <exception cref="SealException">It is encrypted to another device, or its encryption was altered.</exception>
    /// <exception cref="AdapterImportException">It is for another base, was imported before, or holds no adapter.</exception>
    public async Task<AdapterEntry> ImportAsync(string user, Stream source, BundleVerifier verifier, HpkeKeyPair? recipient = null, BundleLimits? limits = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(user);
        ArgumentNullException.ThrowIfNull(source);
        limits ??= new BundleLimits { MaxPayloadBytes = 256L << 20 };
        using var bundle = BundleReader.Open(source, verifier, recipient, limits, leaveOpen: true);
        var manifest = bundle.Manifest;
        if (!string.Equals(manifest.BaseModel.ToString(), _model.Digest, StringComparison.OrdinalIgnoreCase))
            throw new AdapterImportException(AdapterImportFault.WrongBaseModel, manifest.AdapterId, $"is for base model {manifest.BaseModel}, this is {_model.Digest} (SHA-256); load that model, or ask for an adapter for this one");
        if (!string.Equals(manifest.Tokenizer.ToString(), _model.Tokenizer!.Digest, StringComparison.OrdinalIgnoreCase))
            throw new AdapterImportException(AdapterImportFault.WrongTokenizer, manifest.AdapterId, $"is for tokenizer {manifest.Tokenizer}, this is {_model.Tokenizer.Digest} (SHA-256); load the model with that tokenizer");
        var digest = Sha256Digest.Of(manifest.Encode(limits)).ToString();
        await DemandNewAsync(user, manifest.AdapterId, digest, cancellationToken);
        var adapter = Read(manifest, bundle.ReadPayload());
        var provenance = new AdapterProvenance(manifest.AdapterId, manifest.Version, digest, bundle.Signer.KeyId.ToString(), bundle.Signer.CertificateSubject, bundle.Signer.IsPinned,
            manifest.NotAfter, manifest.PrivacyStatement, _time.GetUtcNow());
        var beneath = manifest.Lora.TryGetValue(Beneath, out var global) && Sha256Digest.TryParse(global.Text, out _) ? global.Text : null;
        return await StoreAsync(user, adapter, beneath, provenance, $"imported: version {manifest.Version} of {manifest.AdapterId}, signed by {bundle.Signer.CertificateSubject}", cancellationToken);
    }

    /// <summary>Stores an adapter that nobody signed, for example one read with <see cref="AdapterFiles"/>, as a candidate. Only for files that the person chose.</summary>
    /// <exception cref="AdapterMismatchException">It belongs to another model, or has what the library cannot store (DoRA).</exception>
    /// <exception cref="AdapterImportException">The same adapter was imported before.</exception>
    public async Task<AdapterEntry> ImportUnsignedAsync(string user, LoraAdapter adapter, string name, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(user);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        LoraCompatibility.Demand(adapter, _model, name);
        var digest = Convert.ToHexStringLower(SHA256.HashData(LoraSafetensors.Write(adapter)));
        await DemandNewAsync(user, name, digest, cancellationToken);
        var provenance = new AdapterProvenance(name, 0, digest, null, null, false, null, "Imported from a file that nobody signed.", _time.GetUtcNow());
        return await StoreAsync(user, adapter, null, provenance, $"imported from {name}, not signed", cancellationToken);
    }

    private async Task DemandNewAsync(string user, string name, string digest, CancellationToken cancellationToken)
    {
        foreach (var entry in await _library.ListAsync(user, cancellationToken))
            if (string.Equals(entry.Manifest.Provenance?.BundleDigest, digest, StringComparison.Ordinal))
                throw new AdapterImportException(AdapterImportFault.AlreadyImported, name, $"was imported before, as '{entry.Id}' ({entry.State}); activate that one, or ask for a newer version");
    }

    private void Write(LoraAdapter adapter, string? globalDigest, Stream destination, AdapterExportOptions options, ManifestSigner signer, DateTimeOffset now)
    {
        using var file = SafetensorsFile.FromBytes(LoraSafetensors.Write(adapter), "adapter", SafetensorsOptions.Adapter);
        var payload = new BundlePayload();
        foreach (var tensor in file.Tensors) payload.Add(tensor.Name, "F32", tensor.Shape, file.GetBytes(tensor.Name));
        // Whole seconds, as the format has them.
        var start = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        var lora = new Dictionary<string, ManifestValue>
        {
            ["format"] = ManifestValue.Of(Format),
            ["blocks"] = ManifestValue.Of(adapter.BlockCount),
            ["config"] = ManifestValue.Of(file.Metadata["lora_config"]),
        };
        if (globalDigest is not null) lora[Beneath] = ManifestValue.Of(globalDigest);
        var manifest = new BundleManifest
        {
            AdapterId = options.Name,
            Version = options.Version,
            BaseModel = Digest(_model.Digest),
            Tokenizer = Digest(_model.Tokenizer!.Digest),
            Lora = lora,
            Tensors = payload.Tensors,
            NotBefore = start,
            NotAfter = start + options.Validity,
            Audience = options.Audience,
            PrivacyStatement = options.PrivacyStatement,
        };
        using var stream = payload.OpenRead();
        if (options.Recipient.IsEmpty) BundleWriter.Write(destination, manifest, stream, signer);
        else BundleWriter.WriteEncrypted(destination, options.Recipient.Span, manifest, stream, signer);
    }

    private static Sha256Digest Digest(string text) =>
        Sha256Digest.TryParse(text, out var digest) ? digest : throw new ArgumentException($"'{text}' is no SHA-256 digest of 64 lower-case hexadecimal digits", nameof(text));

    private LoraAdapter Read(BundleManifest manifest, byte[] payload)
    {
        try
        {
            if (!manifest.Lora.TryGetValue("format", out var format) || format.Text != Format || !manifest.Lora.TryGetValue("blocks", out var blocks) || !manifest.Lora.TryGetValue("config", out var config))
                throw new AdapterImportException(AdapterImportFault.Unsupported, manifest.AdapterId, $"its manifest does not describe an adapter of format {Format}; update PersonaTune");
            var writer = new SafetensorsWriter();
            writer.SetMetadata("format", "personatune.lora");
            writer.SetMetadata("version", "1");
            writer.SetMetadata("base_sha256", manifest.BaseModel.ToString());
            writer.SetMetadata("block_count", blocks.Integer.ToString(CultureInfo.InvariantCulture));
            writer.SetMetadata("lora_config", config.Text);
            foreach (var tensor in manifest.Tensors)
            {
                if (tensor.Dtype != "F32") throw new AdapterImportException(AdapterImportFault.Unsupported, manifest.AdapterId, $"tensor '{tensor.Name}' holds {tensor.Dtype}; F32 is expected");
                writer.Add(tensor.Name, SafetensorsType.F32, tensor.Shape, tensor.Length, stream => stream.Write(payload, (int)tensor.Offset, (int)tensor.Length));
            }

            using var file = new MemoryStream();
            writer.Write(file);
            var adapter = LoraSafetensors.Read(file.ToArray(), manifest.AdapterId);
            LoraCompatibility.Demand(adapter, _model, manifest.AdapterId);
            return adapter;
        }
        catch (Exception exception) when (exception is EngineException or ArgumentException)
        {
            throw new AdapterImportException(AdapterImportFault.Unsupported, manifest.AdapterId, $"its tensors are no adapter for this model: {exception.Message}", exception);
        }
    }

    private async Task<AdapterEntry> StoreAsync(string user, LoraAdapter adapter, string? globalDigest, AdapterProvenance provenance, string reason, CancellationToken cancellationToken)
    {
        var weights = AdapterFile.Write(adapter, _model);
        var nothing = new HeldOutMetrics(0, 0, 0, 0);
        var active = await _library.GetActiveAsync(user, cancellationToken);
        var manifest = new AdapterManifest
        {
            Id = provenance.BundleDigest[..16],
            ParentId = active?.Id,
            User = user,
            Collection = string.Empty,
            BaseDigest = _model.Digest,
            TokenizerDigest = _model.Tokenizer!.Digest,
            GlobalDigest = globalDigest,
            TrainingExamples = [],
            ValidationExamples = [],
            ExampleSetDigest = Convert.ToHexStringLower(SHA256.HashData([])),
            Recipe = new TrainingRecipe { Lora = adapter.Config },
            Threads = 0,
            MicroBatchTokens = 0,
            Metrics = new AdapterMetrics { Before = nothing, After = nothing, Base = nothing, BestEpoch = 0, ValidationLosses = [], TrainingLosses = [], Steps = 0, TrainedTokens = 0 },
            GateReason = reason,
            Created = provenance.Imported,
            WeightsDigest = Convert.ToHexStringLower(SHA256.HashData(weights)),
            WeightsLength = weights.Length,
            Provenance = provenance,
        };
        return await _library.AddAsync(manifest, weights, cancellationToken);
    }
}
