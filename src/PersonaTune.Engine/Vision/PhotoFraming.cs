namespace PersonaTune.Engine.Vision;

/// <summary>Which part of a picture an encoder sees.</summary>
public enum PhotoFraming
{
    /// <summary>The square in the middle, less the border that the encoder's training cut off. The subject of a photo is usually there.</summary>
    CentreCrop,

    /// <summary>The whole picture, stretched to a square. For pictures that are cropped already: faces, scanned characters, icons.</summary>
    Whole,
}
