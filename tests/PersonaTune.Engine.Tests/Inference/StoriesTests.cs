using System.Text;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Tests.Inference;

/// <summary>A real model: stories260K with its published greedy continuation (../shared/models/stories260K).</summary>
public class StoriesTests
{
    private const string Stories = "models/stories260K/stories260K.gguf";

    [SharedFact(Stories)]
    public void GreedyContinuationIsThePublishedOneTokenByToken()
    {
        using var model = ModelLoader.Load(SharedData.Shared(Stories.Split('/')));
        using var pool = new WorkerPool(2);
        using var session = new DecoderSession(model, pool);
        var expected = File.ReadAllText(SharedData.Shared("models", "stories260K", "greedy.txt"));

        var options = new GenerationOptions { MaxTokens = 200, Sampling = SamplingOptions.Greedy };
        var text = new StringBuilder();
        var ids = new List<int>();
        foreach (var token in new TextGenerator(session).Generate("", options))
        {
            text.Append(token.Text);
            ids.Add(token.Id);
            Assert.StartsWith(text.ToString(), expected, StringComparison.Ordinal);
        }

        Assert.Equal(expected.TrimEnd('\n'), text.ToString().TrimEnd('\n'));
        Assert.Equal(text.ToString(), model.Tokenizer!.Decode(ids.ToArray()));
    }
}
