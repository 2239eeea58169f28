namespace PersonaTune.Device.Storage;

/// <summary>What an example's content is. The numbers are stored.</summary>
public enum ExampleKind : byte
{
    /// <summary>Text in UTF-8 that the user wrote.</summary>
    Text = 1,

    /// <summary>Text in UTF-8 that the user accepted from a suggestion.</summary>
    AcceptedText = 2,

    /// <summary>A prompt and its preferred answer, in the application's encoding.</summary>
    Preference = 3,

    /// <summary>Pixels, in the application's encoding.</summary>
    Image = 4,
}
