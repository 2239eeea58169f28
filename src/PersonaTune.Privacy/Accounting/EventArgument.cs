using System.Runtime.CompilerServices;

namespace PersonaTune.Privacy.Accounting;

/// <summary>Checks of the values an event is built from; each returns the value or says which event expected what.</summary>
internal static class EventArgument
{
    public static double NonNegative(double value, string subject, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Check(double.IsFinite(value) && value >= 0, value, "a finite number, 0 or more", subject, name);

    public static double Positive(double value, string subject, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Check(double.IsFinite(value) && value > 0, value, "a finite number above 0", subject, name);

    public static double Probability(double value, string subject, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Check(value is >= 0 and <= 1, value, "a number from 0 to 1", subject, name);

    public static T AtLeast<T>(T value, T least, string subject, [CallerArgumentExpression(nameof(value))] string name = "")
        where T : IComparable<T> =>
        Check(value.CompareTo(least) >= 0, value, $"{least} or more", subject, name);

    public static T NotNull<T>(T? value, string subject, [CallerArgumentExpression(nameof(value))] string name = "")
        where T : class =>
        value ?? throw new ArgumentNullException(name, $"{subject}: {name} is null; describe the inner event");

    /// <summary>A copy of the list that compares by its elements, so that records holding it do.</summary>
    public static IReadOnlyList<T> List<T>(
        IReadOnlyList<T>? value, Func<T, bool> valid, string expected, string subject,
        [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value is null) throw new ArgumentNullException(name, $"{subject}: {name} is null; pass a list");
        for (var i = 0; i < value.Count; i++)
        {
            if (!valid(value[i]))
                throw new ArgumentOutOfRangeException(name, $"{subject}: {name}[{i}] is {value[i]}, expected {expected}");
        }

        return new ValueList<T>(value);
    }

    /// <summary>The value if it is valid; for conditions that no other method states.</summary>
    public static T Check<T>(bool valid, T value, string expected, string subject, string name) =>
        valid ? value : throw new ArgumentOutOfRangeException(name, $"{subject}: {name} is {value}, expected {expected}");
}
