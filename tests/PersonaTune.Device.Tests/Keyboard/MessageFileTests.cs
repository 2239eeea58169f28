using System.Text;
using PersonaTune.Device.Keyboard;

namespace PersonaTune.Device.Tests.Keyboard;

public sealed class MessageFileTests
{
    [Fact]
    public void Plain_text_is_one_message_a_line()
    {
        var messages = Read("\uFEFF\r\n  omw gimme 10 \r\n\r\nsay less 💀\n[not json]");
        Assert.Equal(["omw gimme 10", "say less 💀", "[not json]"], messages.Select(message => message.Text));
        Assert.All(messages, message => Assert.True(message is { User: null, Id: null, Time: null }));
    }

    [Fact]
    public void Json_lines_carry_user_id_and_time()
    {
        var messages = Read("""
            {"text": " hi ", "user": "a", "id": 7, "time": "2010.08.03 11:27:27", "other": [1]}
            {"text": "   "}
            {"text": "there", "time": "2026-03-02T08:55:06+02:00"}
            """);
        Assert.Equal(new FileMessage("a", "7", new DateTimeOffset(2010, 8, 3, 11, 27, 27, TimeSpan.Zero), "hi"), messages[0]);
        Assert.Equal(new FileMessage(null, null, new DateTimeOffset(2026, 3, 2, 6, 55, 6, TimeSpan.Zero), "there"), messages[1]);
        Assert.Equal(2, messages.Count);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("\n \n", 0)]
    [InlineData("{\"text\": \"a\"}\nplain", 2)]
    [InlineData("{\"text\": null}", 1)]
    [InlineData("{\"text\": \"\\udc00\"}", 1)]
    [InlineData("{\"text\": \"a\", \"time\": \"32.13.2026\"}", 1)]
    [InlineData("{\"text\": \"a\", \"x\": [[[[[[[[[[1]]]]]]]]]]}", 1)]
    [InlineData("a\0b", 0)]
    public void What_is_no_message_is_refused_with_its_line(string content, int line)
    {
        var exception = Assert.Throws<MessageFileException>(() => Read(content));
        Assert.Equal(("file", line), (exception.Subject, exception.Line));
    }

    [Fact]
    public void Bytes_that_are_no_utf8_and_endless_lines_are_refused()
    {
        Assert.Throws<MessageFileException>(() => MessageFile.Read(new MemoryStream([0x63, 0xE9, 0x0A]), "file"));
        Assert.Throws<MessageFileException>(() => Read(new string('a', MessageFile.MaximumCharacters + 1)));
        Assert.Throws<MessageFileException>(() => MessageFile.Read("/no/such/file"));
    }

    private static IReadOnlyList<FileMessage> Read(string content) => MessageFile.Read(new MemoryStream(Encoding.UTF8.GetBytes(content)), "file");
}
