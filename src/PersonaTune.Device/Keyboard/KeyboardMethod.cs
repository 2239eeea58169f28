namespace PersonaTune.Device.Keyboard;

/// <summary>What the keyboard evaluation compares.</summary>
public enum KeyboardMethod
{
    /// <summary>The base model as shipped.</summary>
    Base,

    /// <summary>The base model mixed with the person's n-gram cache: the baseline that personalization should beat.</summary>
    BaseWithCache,

    /// <summary>Modified Kneser-Ney n-grams of the person's messages alone.</summary>
    KneserNey,

    /// <summary>The base model with the person's adapter.</summary>
    Adapter,

    /// <summary>The adapted model mixed with the person's n-gram cache: what the product does.</summary>
    AdapterWithCache,
}
