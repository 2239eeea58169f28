namespace PersonaTune.Device.Photos;

/// <summary>Why labels were not imported, although the bundle's signature and policy hold.</summary>
public enum PhotoImportFault
{
    /// <summary>They were learned on another encoder.</summary>
    WrongEncoder,

    /// <summary>They were learned on another part of the pictures (<see cref="Engine.Vision.PhotoFraming"/>).</summary>
    WrongFraming,

    /// <summary>The person has labels with pictures, or a model, and nothing was said about replacing it.</summary>
    LabelsExist,

    /// <summary>The same bundle is in use.</summary>
    AlreadyImported,

    /// <summary>The bundle holds no labels of a form that is known here.</summary>
    Unsupported,
}
