using PersonaTune.Device.Imaging;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Tests.Photos;

/// <summary>The supplied photos with the supplied encoders: the classes of TensorFlow Lite (<c>shared/README.md</c>: a tabby or Egyptian cat, a chickadee).</summary>
public sealed class MobileNetPhotoTests
{
    private const string Model = "models/mobilenet/mobilenet_v1_0.25_128_quant.tflite";

    [SharedTheory(Model)]
    [InlineData("cat.bmp", "Egyptian cat", "tabby, tabby cat", "tiger cat")]
    [InlineData("bird.bmp", "chickadee")]
    public async Task The_likeliest_class_is_the_peers(string file, params string[] accepted)
    {
        using var pool = new WorkerPool(2);
        using var encoder = PhotoEncoder.Open(SharedData.Shared(Model.Split('/')));
        using var session = encoder.CreateSession(pool);
        var names = await File.ReadAllLinesAsync(SharedData.Shared("models", "mobilenet", "imagenet_labels.txt"));
        var image = await ImageFile.ReadAsync(SharedData.Shared("models", "mobilenet", file));
        foreach (var framing in Enum.GetValues<PhotoFraming>())
        {
            var probabilities = session.Classify(encoder.Transform.Apply(image, framing));
            Assert.Contains(names[Array.IndexOf(probabilities, probabilities.Max())], accepted);
        }
    }
}
