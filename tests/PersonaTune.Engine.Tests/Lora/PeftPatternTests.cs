using System.Text.RegularExpressions;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Tests.Lora;

/// <summary>Keys of rank_pattern and alpha_pattern against the expression that PEFT evaluates: re.match(r"(.*\.)?(key)$", module).</summary>
public sealed class PeftPatternTests
{
    private static readonly string[] Modules =
    [
        "model.layers.0.self_attn.q_proj", "model.layers.10.self_attn.q_proj", "model.layers.1.mlp.up_proj", "lm_head", "q_proj", "model.layersX0.self_attn.q_proj",
        "model.layers.0.self_attn.my_q_proj", "self_attn.q_proj", "a", "",
    ];

    [Theory]
    [InlineData("q_proj", false)]
    [InlineData("lm_head", false)]
    [InlineData("self_attn.q_proj", false)]
    [InlineData("model.layers.0.self_attn.q_proj", false)]
    [InlineData(@"model\.layers\.0\.self_attn\.q_proj", false)]
    [InlineData("0.self_attn.q_proj", false)]
    [InlineData("^model.layers.1.mlp.up_proj", false)]
    [InlineData("^q_proj$", false)]
    [InlineData("q_proj$", false)]
    [InlineData("proj", false)]
    [InlineData("a", false)]
    [InlineData("layers.0.*q_proj", true)]
    [InlineData("(q|up)_proj", true)]
    [InlineData(@"model\.layers\.\d+\.self_attn\.[qk]_proj", true)]
    [InlineData("q_proj|lm_head", true)]
    [InlineData(".*", true)]
    public void A_key_matches_what_peft_matches(string key, bool expression)
    {
        var pattern = new PeftPattern(key, "config");
        Assert.Equal(expression, pattern.IsExpression);
        foreach (var module in Modules)
            Assert.Equal(Regex.IsMatch(module, $@"^(.*\.)?({key})$", RegexOptions.None, TimeSpan.FromSeconds(5)), pattern.IsMatch(module));
    }

    [Theory]
    [InlineData("")]
    [InlineData("(")]
    [InlineData("(?=q)q_proj")]
    [InlineData(@"(q)\1")]
    [InlineData("((a{1,1000}){1,1000}){1,1000}")]
    [InlineData("(((.?){500}){500}){500}q")]
    public void What_could_take_long_is_refused(string key) => Assert.Throws<FileFormatException>(() => new PeftPattern(key, "config"));

    [Fact]
    public void A_key_has_a_longest_length()
    {
        _ = new PeftPattern(new string('a', 512), "config");
        Assert.Throws<FileFormatException>(() => new PeftPattern(new string('a', 513), "config"));
    }
}
