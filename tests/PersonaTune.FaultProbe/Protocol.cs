using System.Text;

namespace PersonaTune.FaultProbe;

/// <summary>
/// What the probe tells its parent, one line a write: <c>ready</c> once it is open, <c>try ...</c> before an operation,
/// <c>ack ...</c> after it returned. Each line ends with " ." so that a line cut by the kill is not taken for a whole one.
/// </summary>
internal static class Protocol
{
    private static readonly Stream Output = Console.OpenStandardOutput();

    public static void Ready() => Write("ready");

    public static void Try(string operation) => Write("try " + operation);

    public static void Acknowledge(string operation) => Write("ack " + operation);

    private static void Write(string line)
    {
        Output.Write(Encoding.UTF8.GetBytes(line + " .\n"));
        Output.Flush();
    }
}
