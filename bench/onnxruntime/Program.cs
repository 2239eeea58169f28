using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

// Loads an adapter file that we write into ONNX Runtime, runs a graph with it, and compares with the PEFT folder that it was made from.
//   dotnet run -c Release --project bench/onnxruntime        (from the repository's root)
const string Reference = "tests/reference/models";
const int Rows = 5;

using var model = ModelLoader.Load($"{Reference}/llama.gguf");
var bytes = OnnxAdapter.Write(PeftAdapter.Read($"{Reference}/llama-lora-peft", model), model);
using var peft = SafetensorsFile.Open($"{Reference}/llama-lora-peft/adapter_model.safetensors", SafetensorsOptions.Adapter);
using var lora = OrtLoraAdapter.Create(bytes, null);
Console.WriteLine($"loaded by ONNX Runtime {OrtEnv.Instance().GetVersionString()}: {!lora.IsInvalid}");

using var session = new InferenceSession("bench/onnxruntime/lora.onnx");
using var options = new RunOptions();
options.AddActiveLoraAdapter(lora);
var random = new Random(3);
var inputs = session.InputMetadata.Where(input => input.Key.StartsWith("x.", StringComparison.Ordinal))
    .ToDictionary(input => input.Key, input => Enumerable.Range(0, Rows * input.Value.Dimensions[1]).Select(_ => (float)random.NextDouble() - 0.5f).ToArray());
var outputs = session.OutputMetadata.Keys.ToArray();
var values = inputs.Values.Select(x => OrtValue.CreateTensorValueFromMemory(x, [Rows, x.Length / Rows])).ToArray();
using var result = session.Run(options, inputs.Keys, values, outputs);
double worst = 0, greatest = 0;
for (var o = 0; o < outputs.Length; o++)
{
    var module = outputs[o][2..];
    var (a, b, x) = (peft.GetFloats($"base_model.model.{module}.lora_A.weight"), peft.GetFloats($"base_model.model.{module}.lora_B.weight"), inputs["x." + module]);
    var width = x.Length / Rows;
    var rank = a.Length / width;
    var height = b.Length / rank;
    var y = result[o].GetTensorDataAsSpan<float>();
    for (var row = 0; row < Rows; row++)
        for (var n = 0; n < height; n++)
        {
            double sum = 0;
            for (var r = 0; r < rank; r++)
            {
                double projected = 0;
                for (var k = 0; k < width; k++) projected += (double)x[row * width + k] * a[r * width + k];
                sum += projected * b[n * rank + r];
            }

            // lora_alpha / r of adapter_config.json.
            sum *= 8.0 / 4;
            worst = Math.Max(worst, Math.Abs(sum - y[row * height + n]));
            greatest = Math.Max(greatest, Math.Abs(sum));
        }
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{outputs.Length} layers, largest difference {worst:G3} of values up to {greatest:G3}"));
foreach (var value in values) value.Dispose();

// Its verifier notices damage, so that loading means something.
var (tried, refused) = (0, 0);
for (var i = 0; i < 200; i += 3, tried++)
{
    var damaged = (byte[])bytes.Clone();
    damaged[i] ^= 0x40;
    try
    {
        OrtLoraAdapter.Create(damaged, null).Dispose();
    }
    catch (OnnxRuntimeException)
    {
        refused++;
    }
}

Console.WriteLine($"{refused} of {tried} damaged copies refused");
return worst < 1e-5 * greatest ? 0 : 1;
