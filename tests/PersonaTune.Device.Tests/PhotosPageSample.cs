using PersonaTune.Device.Adapters;
using PersonaTune.Device.Photos;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Vision;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Device.Tests;

/// <summary>The snippets of docs/photos.md, to the letter (an architecture test compares them), compiled, and the first run by <see cref="PhotosPageSampleTests"/>.</summary>
internal static class PhotosPageSample
{
    public static async Task<(string? Best, int Similar)> RunAsync(string encoderPath, SealedStore store, IReadOnlyList<(string Label, IReadOnlyList<(string Name, RgbImage Image)> Photos)> taught, RgbImage photo, string forgotten)
    {
        using var encoder = PhotoEncoder.Open(encoderPath);     // .tflite (uint8 or int8), GGUF "vit", or a Hugging Face folder of ViT or DeiT
        using var pool = new WorkerPool();
        using var labeler = new PhotoLabeler(encoder, pool, store);
        foreach (var (label, photos) in taught) await labeler.TeachAsync("user", label, photos);
        var report = await labeler.TrainAsync("user");           // seconds; LoRA is kept only where it proves itself
        Console.WriteLine(report.Reason);

        var suggestion = await labeler.SuggestAsync("user", photo);
        Console.WriteLine(suggestion.Best ?? "unknown");         // suggestion.Labels has the probabilities
        var similar = await labeler.SearchAsync("user", photo);  // stored pictures, the most alike first
        await labeler.ForgetLabelAsync("user", forgotten);       // its pictures and the model that learned from them are gone
        await labeler.TrainAsync("user");                        // bit by bit the model that would have been without them
        return (suggestion.Labels[0].Label, similar.Count);
    }

    /// <summary>The block on bundles; <see cref="Photos.PhotoTransferTests"/> run the same calls.</summary>
    public static async Task<PhotoImportReport> TransferAsync(PhotoLabeler labeler, PhotoLabeler other, SealedStore otherStore, Stream file, ManifestSigner signer, BundleVerifier verifier)
    {
        using var key = await TransferKey.OpenAsync(otherStore);                     // there; its public key comes here
        await new PhotoTransfer(labeler).ExportAsync("user", file, new AdapterExportOptions { Name = "user.photos", Version = 2, Audience = "my.album", Recipient = key.PublicKey }, signer);
        file.Position = 0;                                                           // there
        var report = await new PhotoTransfer(other).ImportAsync("user", file, verifier, key);
        return report;
    }
}
