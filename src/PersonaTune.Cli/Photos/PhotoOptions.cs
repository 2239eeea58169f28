using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Device.Imaging;
using PersonaTune.Device.Photos;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Cli.Photos;

/// <summary>Options that the photo commands share, and what they open.</summary>
internal sealed class PhotoOptions
{
    public const string DefaultEncoder = "photo-base-q8_0.gguf";

    public Option<string?> Encoder { get; } = new("--encoder", "-e")
    {
        Description = $"Picture encoder: .tflite, GGUF or a Hugging Face folder. Default: models/{DefaultEncoder} beside the tool or in a folder above.",
        HelpName = "FILE",
    };

    public Option<bool> Whole { get; } = new("--whole") { Description = "Use whole pictures, stretched to a square, instead of their middle: for faces and scans that are cut out already." };

    public Option<bool> NoMirror { get; } = new("--no-mirror") { Description = "Mirrored pictures show something else: for letters and digits." };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[Encoder, Whole, NoMirror]) command.Add(option);
    }

    /// <summary>Opens store, encoder and labeler; they are closed with the invocation.</summary>
    public async Task<PhotoLabeler> OpenAsync(Invocation invocation, bool create, PhotoTrainingOptions? training = null) => (await OpenWithStoreAsync(invocation, create, training)).Labeler;

    /// <summary>As <see cref="OpenAsync"/>, with the store in which the labels lie.</summary>
    public async Task<(PhotoLabeler Labeler, SealedStore Store)> OpenWithStoreAsync(Invocation invocation, bool create, PhotoTrainingOptions? training = null)
    {
        // The store first: a wrong passphrase should not wait for a model.
        var store = invocation.Own(await invocation.Store().OpenAsync(create, invocation.Cancellation));
        var encoder = invocation.Own(PhotoEncoder.Open(Find(invocation.Parse.GetValue(Encoder))));
        var pool = invocation.Own(new WorkerPool(invocation.Threads));
        training ??= new PhotoTrainingOptions();
        var labeler = invocation.Own(new PhotoLabeler(encoder, pool, store, new PhotoLabelerOptions
        {
            Training = training with { Mirror = !invocation.Parse.GetValue(NoMirror), Seed = Convert.ToHexStringLower(SeedBytes(invocation.Seed)) },
            Framing = invocation.Parse.GetValue(Whole) ? PhotoFraming.Whole : PhotoFraming.CentreCrop,
        }, time: invocation.Console.Time));
        return (labeler, store);
    }

    /// <summary>Reads pictures; the files of a folder that are pictures, in the order of their names.</summary>
    public static async Task<IReadOnlyList<(string Name, RgbImage Image)>> ReadAsync(Invocation invocation, IEnumerable<string> paths)
    {
        var photos = new List<(string, RgbImage)>();
        foreach (var path in paths)
        {
            if (Directory.Exists(path))
            {
                var files = Directory.GetFiles(path).Where(IsPicture).Order(StringComparer.Ordinal).ToArray();
                if (files.Length == 0) throw new ToolException(ExitCode.BadInput, $"{path}: no picture in this folder; .png, .jpg, .jpeg, .bmp, .pgm, .ppm and .pbm are read");
                foreach (var file in files) photos.Add((Path.GetFileName(file), await ImageFile.ReadAsync(file, cancellationToken: invocation.Cancellation)));
                continue;
            }

            if (!File.Exists(path)) throw new ToolException(ExitCode.BadInput, $"{path}: no such file or folder");
            photos.Add((Path.GetFileName(path), await ImageFile.ReadAsync(path, cancellationToken: invocation.Cancellation)));
        }

        return photos;
    }

    public static bool IsPicture(string path) =>
        Path.GetExtension(path).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg" or ".bmp" or ".pgm" or ".ppm" or ".pbm" or ".pnm";

    private static byte[] SeedBytes(UInt128 seed)
    {
        var bytes = new byte[32];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128LittleEndian(bytes, seed);
        return bytes;
    }

    private static string Find(string? given)
    {
        if (given is not null)
            return File.Exists(given) || Directory.Exists(given) ? given : throw new ToolException(ExitCode.BadInput, $"{given}: no such encoder; give a .tflite or GGUF file or a folder with --encoder");
        return ModelLocation.FindShipped(DefaultEncoder)
            ?? throw new ToolException(ExitCode.BadInput, $"no models/{DefaultEncoder} beside the tool or in a folder above '{Directory.GetCurrentDirectory()}'; give an encoder with --encoder");
    }
}
