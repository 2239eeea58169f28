using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Privacy.Tests.Signing;

public class CanonicalJsonTests
{
    private static readonly Gen<string> Texts = Gen.ArrayOf(Gen.Elements("a", "b", "\"", "\\", "/", "\n", "\u0001", "é", "e\u0301",
        "\u2028", "\ufb33", "😀"))
        .Select(parts => string.Concat(parts.Take(4)));

    [Theory]
    // RFC 8785, 3.2.2 (without its fractions) and 3.2.3.
    [InlineData("""{"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null, true,  false]}""",
        """{"literals":[null,true,false],"string":"€$\u000f\nA'B\"\\\\\"/"}""")]
    [InlineData("""{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}""",
        "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\ufb33\":3}")]
    [InlineData(" [ ] ", "[]")]
    [InlineData("{ }", "{}")]
    [InlineData("-0", "0")]
    [InlineData("9007199254740991", "9007199254740991")]
    [InlineData("[-9007199254740991]", "[-9007199254740991]")]
    [InlineData("\"e\u0301\"", "\"e\u0301\"")] // text is not normalized (RFC 8785, 3.1)
    [InlineData("\"\\u007f\\u2028<>&'+\"", "\"\u007f\u2028<>&'+\"")]
    public void Canonical_forms_are_those_of_the_RFC(string input, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(CanonicalJson.Canonicalize(Encoding.UTF8.GetBytes(input), "test")));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("1.0")]
    [InlineData("1e2")]
    [InlineData("9007199254740992")]
    [InlineData("-9007199254740992")]
    [InlineData("99999999999999999999")]
    [InlineData("01")]
    [InlineData("NaN")]
    [InlineData("""{"a":1,"a":1}""")]
    [InlineData("""{"a":1,"\u0061":2}""")]
    [InlineData("""["\ud800"]""")]
    [InlineData("""{"\udc00":1}""")]
    [InlineData("""{"a":1,}""")]
    [InlineData("[1]]")]
    [InlineData("[1] 2")]
    [InlineData("[1")]
    [InlineData("// x\n1")]
    [InlineData("\ufeff1")]
    [InlineData("'a'")]
    [InlineData("\"\n\"")]
    public void What_has_no_canonical_form_is_refused(string input) => Assert.Equal(SigningFault.Malformed,
        Assert.Throws<SigningException>(() => CanonicalJson.Canonicalize(Encoding.UTF8.GetBytes(input), "test")).Fault);

    [Theory]
    [InlineData("22ff22")] // a byte that no UTF-8 has
    [InlineData("22c08022")] // an overlong zero
    [InlineData("22eda08022")] // a surrogate
    [InlineData("22c3")]
    public void What_is_not_UTF8_is_refused(string hex) => Assert.Equal(SigningFault.Malformed,
        Assert.Throws<SigningException>(() => CanonicalJson.Canonicalize(Convert.FromHexString(hex), "test")).Fault);

    [Fact]
    public void Depth_is_limited()
    {
        static byte[] Nested(int depth) => Encoding.UTF8.GetBytes(new string('[', depth) + new string(']', depth));
        CanonicalJson.Require(Nested(CanonicalJson.MaxDepth), "test");
        Assert.Equal(SigningFault.Malformed, Assert.Throws<SigningException>(() =>
            CanonicalJson.Require(Nested(CanonicalJson.MaxDepth + 1), "test")).Fault);
        Assert.Equal(SigningFault.Malformed, Assert.Throws<SigningException>(() => CanonicalJson.Require(Nested(100_000), "test")).Fault);
    }

    [Theory]
    [InlineData(" {}")]
    [InlineData("{}\n")]
    [InlineData("""{"b":1,"a":2}""")]
    [InlineData("""["\/"]""")]
    [InlineData("""["\u0061"]""")]
    [InlineData("""["\u000A"]""")]
    [InlineData("[-0]")]
    [InlineData("[1, 2]")]
    public void Another_form_of_the_same_value_is_refused(string input) => Assert.Equal(SigningFault.NonCanonical,
        Assert.Throws<SigningException>(() => CanonicalJson.Require(Encoding.UTF8.GetBytes(input), "test")).Fault);

    // Reading a canonical form gives the value back, so two values never share one.
    [Fact]
    public void Canonicalization_is_idempotent_and_loses_nothing() => Prop.ForAll(Values(3).ToArbitrary(), value =>
    {
        var canonical = CanonicalJson.Canonicalize(Encoding.UTF8.GetBytes(Noisy(value, new Random(1))), "test");
        CanonicalJson.Require(canonical, "test");
        return JsonNode.DeepEquals(value, JsonNode.Parse(canonical));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Equal_values_share_a_form_and_different_ones_do_not() => Prop.ForAll(
        (from a in Values(2) from b in Values(2) from seed in Gen.Choose(0, 1000) select (a, b, seed)).ToArbitrary(), t =>
        {
            var a = CanonicalJson.Canonicalize(Encoding.UTF8.GetBytes(Noisy(t.a, new Random(t.seed))), "test");
            var again = CanonicalJson.Canonicalize(Encoding.UTF8.GetBytes(Noisy(t.a, new Random(t.seed + 1))), "test");
            var b = CanonicalJson.Canonicalize(Encoding.UTF8.GetBytes(Noisy(t.b, new Random(t.seed))), "test");
            return a.AsSpan().SequenceEqual(again) && a.AsSpan().SequenceEqual(b) == JsonNode.DeepEquals(t.a, t.b);
        }).QuickCheckThrowOnFailure();

    private static Gen<JsonNode?> Values(int depth)
    {
        var leaves = Gen.OneOf(
            Texts.Select(text => (JsonNode?)JsonValue.Create(text)),
            Gen.Choose(-20, 20).Select(number => (JsonNode?)JsonValue.Create((long)number)),
            Gen.Elements(CanonicalJson.MaxInteger, -CanonicalJson.MaxInteger).Select(number => (JsonNode?)JsonValue.Create(number)),
            Gen.Elements<bool?>(true, false, null).Select(literal => literal is { } flag ? (JsonNode?)JsonValue.Create(flag) : null));
        if (depth == 0) return leaves;
        var lists = Gen.ArrayOf(Values(depth - 1)).Select(items => (JsonNode?)new JsonArray([.. items.Take(3).Select(i =>
            i?.DeepClone())]));
        var maps = Gen.ArrayOf(from name in Texts from value in Values(depth - 1) select (name, value)).Select(members =>
        {
            var map = new JsonObject();
            foreach (var (name, value) in members.Take(4)) map[name] = value?.DeepClone();
            return (JsonNode?)map;
        });
        return Gen.OneOf(leaves, lists, maps);
    }

    /// <summary>The value with random white space, member order and escapes.</summary>
    private static string Noisy(JsonNode? value, Random random)
    {
        var space = new[] { "", " ", "\n\t" }[random.Next(3)];
        return space + value switch
        {
            JsonObject map => "{" + string.Join(',', map.OrderBy(_ => random.Next()).Select(m =>
                Text(m.Key, random) + space + ":" + Noisy(m.Value, random))) + space + "}",
            JsonArray list => "[" + string.Join(',', list.Select(item => Noisy(item, random))) + space + "]",
            JsonValue leaf when leaf.TryGetValue<string>(out var text) => Text(text, random),
            _ => value?.ToJsonString() ?? "null",
        } + space;
    }

    private static string Text(string text, Random random) =>
        '"' + string.Concat(text.EnumerateRunes().Select(rune => rune.Value is < ' ' or '"' or '\\' || random.Next(2) == 0
            ? string.Concat(rune.ToString().Select(c => $"\\u{(int)c:x4}")) : rune.ToString())) + '"';
}
