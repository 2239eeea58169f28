namespace PersonaTune.Device.Adapters;

/// <summary>Why an adapter was not imported, although its signature holds.</summary>
public enum AdapterImportFault
{
    /// <summary>It was made for another base model.</summary>
    WrongBaseModel,

    /// <summary>It was made for another tokenizer.</summary>
    WrongTokenizer,

    /// <summary>The same bundle was imported before.</summary>
    AlreadyImported,

    /// <summary>Its tensors are no adapter of a kind that is known here.</summary>
    Unsupported,
}
