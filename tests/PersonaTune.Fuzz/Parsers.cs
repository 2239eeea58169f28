using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PersonaTune.Device.Imaging;
using PersonaTune.Engine;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Vision;
using PersonaTune.Engine.Vision.Convolutional;
using PersonaTune.Engine.Vision.Transformer;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Fuzz;

/// <summary>Every parser of files that may come from strangers. What opens is also used once: the kernels must not leave their buffers either.</summary>
internal static class Parsers
{
    // Larger models open, but a run of them would only measure time.
    private const long MaxRunElements = 1 << 20;

    private static readonly WorkerPool Pool = new(1);
    private static readonly ImageLimits Limits = new() { MaxPixels = 1_000_000 };
    private static readonly byte[] DecoderBytes = Seeds.Decoder();
    private static readonly DecoderModel Decoder = Seeds.Model(DecoderBytes);

    public static IReadOnlyList<Parser> All()
    {
        var (plain, dora) = (Seeds.Adapter(Decoder), Seeds.Adapter(Decoder, dora: true));
        var reference = File.ReadAllBytes(Seeds.Reference("models", "llama-lora.gguf"));
        return
        [
            new("png", Seeds.Images(".png"), bytes => ImageFile.Decode(bytes, "x", Limits), IsImage, FixChecksums),
            new("jpeg", Seeds.Images(".jpg"), bytes => ImageFile.Decode(bytes, "x", Limits), IsImage),
            new("bmp", Seeds.Images(".bmp"), bytes => ImageFile.Decode(bytes, "x", Limits), IsImage),
            new("pnm", Seeds.Images(".ppm", ".pgm", ".pbm"), bytes => ImageFile.Decode(bytes, "x", Limits), IsImage),
            new("tflite", [.. new[] { "tiny", "tiny-int8", "tiny-int8-wrapped" }.Select(name => File.ReadAllBytes(Seeds.Reference("vision", name + ".tflite")))], Tflite, IsEngine),
            new("vit-gguf", [Seeds.Vision()], Vision, IsEngine),
            new("decoder-gguf", [DecoderBytes], Model, IsEngine),
            new("adapter-gguf", [LoraGguf.Write(plain, Decoder), reference], AdapterGguf, IsEngine),
            new("safetensors", [LoraSafetensors.Write(plain), LoraSafetensors.Write(dora), File.ReadAllBytes(Seeds.Reference("models", "llama-lora-peft", "adapter_model.safetensors"))], Safetensors, IsEngine),
            new("peft", Peft(plain, dora), PeftFolder, IsEngine),
            new("bundle", [Bundle(plain), Bundle(plain, small: true)], OpenBundle, exception => exception is SigningException or SealException, SignAgain),
        ];
    }

    private static bool IsImage(Exception exception) => exception is ImageFormatException;

    private static bool IsEngine(Exception exception) => exception is EngineException;

    private static void Tflite(byte[] bytes)
    {
        using var encoder = ConvolutionalEncoder.FromBytes(bytes);
        if (encoder.Graph.Tensors.Sum(tensor => (long)tensor.Count) > MaxRunElements || Work(encoder.Graph) > 1L << 26) return;
        using var session = encoder.CreateSession(Pool);
        var picture = new byte[encoder.Transform.Side * encoder.Transform.Side * 3];
        session.Embed(picture);
        if (encoder.ClassCount > 0) session.Classify(picture);
        if (encoder.Layers.Count == 0) return;
        var adapter = new PhotoTrainingOptions { Rank = 1, Layers = 100 }.CreateAdapter(encoder)!;
        using var pass = encoder.CreatePass(Pool, adapter, 1, training: true);
        pass.Parameters.Load(adapter);
        var state = new byte[pass.StateLength];
        pass.Prepare(picture, state);
        var embedding = new float[encoder.EmbeddingLength];
        pass.Forward(state, 1, embedding);
        pass.Backward(embedding, 1);
    }

    private static long Work(QuantizedGraph graph) => graph.Operators.Sum(op => (long)graph.Tensors[op.Output].Count * op.KernelHeight * op.KernelWidth * (op.Weights < 0 ? 1 : graph.Tensors[op.Weights].Shape[^1]));

    private static void Vision(byte[] bytes)
    {
        using var encoder = VisionTransformerLoader.OpenGguf(GgufFile.FromBytes(bytes, "x"));
        var config = encoder.Config;
        if ((long)config.Tokens * (config.EmbeddingLength + config.FeedForwardLength) * config.BlockCount > MaxRunElements || (long)config.Tokens * config.Tokens > MaxRunElements) return;
        using var session = encoder.CreateSession(Pool);
        var picture = new byte[config.ImageSize * config.ImageSize * 3];
        session.Embed(picture);
        if (encoder.ClassCount > 0) session.Classify(picture);
    }

    private static void Model(byte[] bytes)
    {
        using var model = ModelLoader.Load(GgufFile.FromBytes(bytes, "x"));
        var config = model.Config;
        model.Tokenizer?.Encode("ab ba <s>");
        if ((long)(config.QueryLength + config.FeedForwardLength + config.EmbeddingLength) * config.BlockCount > MaxRunElements || config.VocabularySize > MaxRunElements) return;
        using var session = new DecoderSession(model, Pool);
        session.Prefill([0, config.VocabularySize - 1]);
    }

    private static void AdapterGguf(byte[] bytes)
    {
        using var file = GgufFile.FromBytes(bytes, "x");
        Use(LoraGguf.Read(file, Decoder));
    }

    private static void Safetensors(byte[] bytes)
    {
        using (var file = SafetensorsFile.FromBytes(bytes, "x", SafetensorsOptions.Adapter))
            foreach (var tensor in file.Tensors) file.GetBytes(tensor.Name);
        var adapter = LoraSafetensors.Read(bytes);
        LoraCompatibility.Demand(adapter, Decoder);
        Use(adapter);
    }

    private static void Use(LoraAdapter adapter)
    {
        var stack = AdapterStack.Of(adapter);
        stack.Validate(Decoder);
        using var session = new DecoderSession(Decoder, Pool, null, stack);
        session.Prefill([1]);
    }

    // A folder as one input: the length of the configuration, the configuration, the weights.
    private static byte[][] Peft(LoraAdapter plain, LoraAdapter dora)
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var seeds = new List<byte[]>();
            foreach (var (adapter, name) in new[] { (plain, "plain"), (dora, "dora") })
            {
                var path = Path.Combine(folder.FullName, name);
                PeftAdapter.Write(adapter, Decoder, path);
                var config = File.ReadAllBytes(Path.Combine(path, PeftAdapter.ConfigName));
                var length = new byte[4];
                BinaryPrimitives.WriteInt32LittleEndian(length, config.Length);
                seeds.Add([.. length, .. config, .. File.ReadAllBytes(Path.Combine(path, PeftAdapter.WeightsName))]);
            }

            return [.. seeds];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static readonly string PeftPath = Directory.CreateTempSubdirectory("personatune-fuzz-peft-").FullName;

    private static void PeftFolder(byte[] bytes)
    {
        if (bytes.Length < 4) return;
        var length = Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(bytes), 0, bytes.Length - 4);
        File.WriteAllBytes(Path.Combine(PeftPath, PeftAdapter.ConfigName), bytes[4..(4 + length)]);
        File.WriteAllBytes(Path.Combine(PeftPath, PeftAdapter.WeightsName), bytes[(4 + length)..]);
        Use(PeftAdapter.Read(PeftPath, Decoder));
    }

    private static readonly X509Certificate2 Certificate = MakeCertificate();
    private static readonly ManifestSigner Signer = new(Certificate);
    private static readonly TrustStore Trust = new() { Audience = "fuzz", PinnedKeys = [Signer.KeyId] };

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=fuzz", key, HashAlgorithmName.SHA256).CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1000));
    }

    private static byte[] Bundle(LoraAdapter adapter, bool small = false)
    {
        var payload = new BundlePayload();
        foreach (var (block, target, pair) in adapter.Pairs().Take(small ? 1 : 3))
            payload.Add(LoraShapes.TensorName(block, target) + ".lora_a", "F32", [pair.Rank, pair.Inputs], System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(pair.A));
        var now = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        var manifest = new BundleManifest
        {
            AdapterId = "fuzz.adapter",
            Version = 3,
            BaseModel = Sha256Digest.Of([1]),
            Tokenizer = Sha256Digest.Of([2]),
            Lora = new Dictionary<string, ManifestValue> { ["rank"] = ManifestValue.Of(2), ["scale"] = ManifestValue.Of(0.5m) },
            Tensors = payload.Tensors,
            NotBefore = now.AddDays(-1),
            NotAfter = now.AddDays(900),
            Audience = "fuzz",
            PrivacyStatement = "none",
        };
        using var stream = new MemoryStream();
        using var tensors = payload.OpenRead();
        BundleWriter.Write(stream, manifest, tensors, Signer);
        return stream.ToArray();
    }

    private static void OpenBundle(byte[] bytes)
    {
        using var bundle = BundleReader.Open(new MemoryStream(bytes, writable: false), new BundleVerifier(Trust, new MemoryTrustState()));
        bundle.ReadPayload();
    }

    // Signs whatever the manifest has become, so that what lies behind the signature is reached too.
    private static byte[] SignAgain(byte[] bytes)
    {
        if (bytes.Length < 28) return bytes;
        var (manifest, signature) = (BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(12)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(16)));
        if (manifest == 0 || 28L + manifest + signature > bytes.Length) return bytes;
        var content = bytes.AsSpan(28, (int)manifest).ToArray();
        var signed = Signer.Sign(content);
        byte[] result = [.. bytes.AsSpan(0, 28), .. content, .. signed, .. bytes.AsSpan(28 + (int)(manifest + signature))];
        BinaryPrimitives.WriteUInt32LittleEndian(result.AsSpan(16), (uint)signed.Length);
        return result;
    }

    private static byte[] FixChecksums(byte[] png)
    {
        for (var at = 8; at + 12 <= png.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at));
            if (length > png.Length - at - 12) break;
            BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(at + 8 + (int)length), PngDecoder.Checksum(png.AsSpan(at + 4, 4 + (int)length)));
            at += 12 + (int)length;
        }

        return png;
    }
}
