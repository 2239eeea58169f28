using PersonaTune.Engine.Inference;

namespace PersonaTune.Engine.Tests.Inference;

public class StopStringFilterTests
{
    [Fact]
    public void HoldsBackWhatMayBeginAStop()
    {
        var filter = new StopStringFilter(["</s>", "\n\n"]);
        Assert.Equal("ab", filter.Append("ab<", out var stopped));
        Assert.Equal("", filter.Append("/", out stopped));
        Assert.Equal("</x\t", filter.Append("x\t", out stopped));
        Assert.Equal("c", filter.Append("c\n", out stopped));
        Assert.Equal("\nd", filter.Append("d</s", out stopped));
        Assert.False(stopped);
        Assert.Equal("", filter.Append("> more", out stopped));
        Assert.True(stopped);
        Assert.Equal("", filter.Flush());
    }

    [Fact]
    public void EverySplitGivesTheTextBeforeTheFirstStop()
    {
        const string text = "one ababac two abac";
        for (var size = 1; size <= text.Length; size++)
        {
            var filter = new StopStringFilter(["abac", "zzz", "bacc"]);
            var (result, stopped) = ("", false);
            foreach (var piece in text.Chunk(size))
            {
                result += filter.Append(new string(piece), out stopped);
                if (stopped) break;
            }

            Assert.True(stopped);
            Assert.Equal("one ab", result);
        }
    }

    [Fact]
    public void FlushReturnsTheRest()
    {
        var filter = new StopStringFilter(["stop"]);
        Assert.Equal("say ", filter.Append("say sto", out _));
        Assert.Equal("sto", filter.Flush());
        Assert.Equal("", filter.Flush());
    }
}
