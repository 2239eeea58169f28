using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Inference;

/// <summary>
/// Logits against other engines: <c>.logits.f32</c> is llama.cpp, <c>.exact.f32</c> float64 arithmetic on the dequantized weights
/// (tests/reference/models; tolerances from the reference set's description).
/// </summary>
public sealed class ReferenceLogitsTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);

    public static TheoryData<string, double> Quantized { get; } = new()
    {
        { "wide-Q8_0", 0.025 },
        { "wide-Q4_0", 0.025 },
        { "wide-Q4_1", 0.025 },
        { "wide-Q5_0", 0.025 },
        { "wide-Q5_1", 0.025 },
        { "wide-Q4_K_M", 0.036 },
        { "wide-Q5_K_M", 0.036 },
        { "wide-Q6_K", 0.036 },
    };

    [Theory]
    [InlineData("llama")]
    [InlineData("llama-untied")]
    public void PlainModelsMatchThePeer(string name) => MatchesPeer(name);

    [SharedFact("reference/models/wide.gguf")]
    public void WideModelMatchesThePeer() => MatchesPeer("wide");

    [Theory]
    [MemberData(nameof(Quantized))]
    public void ExactPathMatchesTheDequantizedWeights(string name, double _) =>
        Assert.InRange(ReferenceModels.RelativeRms(Logits(name, ActivationPrecision.Exact), ReferenceModels.Floats(name + ".exact.f32")), 0, 1e-4);

    [Theory]
    [MemberData(nameof(Quantized))]
    public void FastPathStaysCloseToTheDequantizedWeights(string name, double tolerance) =>
        Assert.InRange(ReferenceModels.RelativeRms(Logits(name, ActivationPrecision.Fast), ReferenceModels.Floats(name + ".exact.f32")), 0, tolerance);

    [SharedFact("reference/models/wide-F16.gguf")]
    public void HalfWeightsMatchTheDequantizedWeights()
    {
        var exact = ReferenceModels.Floats("wide-F16.exact.f32");
        Assert.InRange(ReferenceModels.RelativeRms(Logits("wide-F16", ActivationPrecision.Exact), exact), 0, 1e-4);
        Assert.InRange(ReferenceModels.RelativeRms(Logits("wide-F16", ActivationPrecision.Fast), exact), 0, 1e-3);
    }

    [Theory]
    [InlineData(1f, "llama-lora")]
    [InlineData(0.5f, "llama-lora-half")]
    public void AdapterMatchesThePeer(float scale, string name)
    {
        using var model = ReferenceModels.Load("llama");
        var adapter = ReferenceModels.Adapter(model);
        using var session = new DecoderSession(model, _pool, null, AdapterStack.Of(adapter, scale));
        var logits = session.Logits(ReferenceModels.Ids);
        Assert.InRange(ReferenceModels.Largest(logits, ReferenceModels.Floats(name + ".logits.f32")), 0, 1e-3f);
        Assert.True(ReferenceModels.Largest(logits, ReferenceModels.Floats("llama.logits.f32")) > 0.01f, "the adapter changes the logits");
    }

    [Fact]
    public void HalvesOfAnAdapterAddUpToTheWhole()
    {
        using var model = ReferenceModels.Load("llama");
        var adapter = ReferenceModels.Adapter(model);
        var stack = AdapterStack.Of(adapter, 0.75f).With(adapter, 0.5f).With(adapter, -0.25f).With(adapter, 0f);
        using var session = new DecoderSession(model, _pool, null, stack);
        Assert.InRange(ReferenceModels.Largest(session.Logits(ReferenceModels.Ids), ReferenceModels.Floats("llama-lora.logits.f32")), 0, 1e-3f);
    }

    public void Dispose() => _pool.Dispose();

    private void MatchesPeer(string name)
    {
        foreach (var precision in new[] { ActivationPrecision.Exact, ActivationPrecision.Fast })
            Assert.InRange(ReferenceModels.Largest(Logits(name, precision), ReferenceModels.Floats(name + ".logits.f32")), 0, 1e-3f);
    }

    private float[] Logits(string name, ActivationPrecision precision)
    {
        using var model = ReferenceModels.Load(name);
        using var session = new DecoderSession(model, _pool, new SessionOptions { Activations = precision });
        return [.. session.Logits(ReferenceModels.Ids)];
    }
}
