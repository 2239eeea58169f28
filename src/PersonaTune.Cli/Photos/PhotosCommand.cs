using System.CommandLine;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Photos;

/// <summary><c>photos</c>: labels of one's own for pictures.</summary>
internal static class PhotosCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var options = new PhotoOptions();
        return new Command("photos", "Learn labels of your own for pictures, suggest them, forget them, and find similar pictures.")
        {
            PhotosLearnCommand.Build(shared, console, options),
            PhotosLabelCommand.Build(shared, console, options),
            PhotosListCommand.Build(shared, console, options),
            PhotosRenameCommand.Build(shared, console, options),
            PhotosMergeCommand.Build(shared, console, options),
            PhotosForgetCommand.Build(shared, console, options),
            PhotosSearchCommand.Build(shared, console, options),
            PhotosExportCommand.Build(shared, console, options),
            PhotosImportCommand.Build(shared, console, options),
        };
    }
}
