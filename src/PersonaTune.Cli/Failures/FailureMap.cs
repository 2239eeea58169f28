using PersonaTune.Device.Adapters;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Imaging;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Photos;
using PersonaTune.Device.Storage;
using PersonaTune.Engine;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Training;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Cli.Failures;

/// <summary>Exceptions that the tool foresees, as exit code and one message. What it does not foresee ends with a stack trace.</summary>
internal static class FailureMap
{
    public static Failure? Describe(Exception exception, bool interrupted) => CodeOf(exception, interrupted) is { } code
        ? new Failure(code, exception switch
        {
            OperationCanceledException => "interrupted",
            FileNotFoundException { FileName: { } name } => $"{name}: no such file",
            _ => exception.Message,
        })
        : null;

    private static int? CodeOf(Exception exception, bool interrupted) => exception switch
    {
        ToolException tool => tool.Code,
        OperationCanceledException => interrupted ? ExitCode.Interrupted : null,
        FileFormatException or ImageFormatException or MessageFileException or MissingTokenizerException => ExitCode.BadInput,
        WrongBaseModelException or AdapterMismatchException => ExitCode.WrongBase,
        AdapterImportException { Fault: AdapterImportFault.WrongBaseModel or AdapterImportFault.WrongTokenizer } => ExitCode.WrongBase,
        PhotoImportException { Fault: PhotoImportFault.WrongEncoder } => ExitCode.WrongBase,
        PhotoImportException { Fault: PhotoImportFault.LabelsExist or PhotoImportFault.WrongFraming } => ExitCode.Usage,
        PhotoImportException { Fault: PhotoImportFault.AlreadyImported } => ExitCode.NothingToDo,
        SigningException or AdapterImportException or PhotoImportException => ExitCode.BadInput,
        AdapterIntegrityException or SealException or StoreCorruptException => ExitCode.StoreRefused,
        TooFewExamplesException or EmptyHistoryException or AdapterNotFoundException or ExamplesDeletedException or PhotoLabelException => ExitCode.NothingToDo,
        UnsupportedEventException => ExitCode.Usage,
        CalibrationException => ExitCode.NothingToDo,
        TrainingCheckpointException or PersonalizationException or StoreException or ConsentException or EngineException => ExitCode.Failure,
        FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException => ExitCode.BadInput,
        IOException => ExitCode.Failure,
        _ => null,
    };
}
