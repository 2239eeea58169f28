namespace PersonaTune.Device.Storage;

/// <summary>Names of users, collections and values: 1 to 256 characters, no control characters.</summary>
internal static class StoreNames
{
    public const int MaxLength = 256;

    public static void Check(string name, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(name, parameter);
        if (name.Length > MaxLength)
            throw new ArgumentException($"the name has {name.Length} characters, expected at most {MaxLength}", parameter);
        foreach (var c in name)
        {
            if (char.IsControl(c) || char.IsSurrogate(c) && !IsWellFormed(name))
                throw new ArgumentException("the name holds a control character or half of a surrogate pair; leave it out", parameter);
        }
    }

    private static bool IsWellFormed(string name)
    {
        for (var i = 0; i < name.Length; i++)
        {
            if (!char.IsSurrogate(name[i])) continue;
            if (i + 1 >= name.Length || !char.IsSurrogatePair(name[i], name[i + 1])) return false;
            i++;
        }
        return true;
    }
}
