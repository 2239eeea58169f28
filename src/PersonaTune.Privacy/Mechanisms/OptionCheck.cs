namespace PersonaTune.Privacy.Mechanisms;

/// <summary>The one message for an option outside its range.</summary>
internal static class OptionCheck
{
    public static void Require(bool holds, string options, string name, double value, string expected)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(name, value, FormattableString.Invariant(
                $"{options}: {name} is {value}, expected {expected}; change {options}.{name}"));
    }
}
