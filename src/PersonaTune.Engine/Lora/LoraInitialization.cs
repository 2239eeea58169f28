using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Lora;

/// <summary>
/// Fresh adapters: B is zero, A uniform in [-b, b) with b = 1 / sqrt(inputs) (Kaiming's rule with slope sqrt(5), as PEFT initializes).
/// A is a fixed function of seed and layer name, the same on every machine and in every program that follows this rule, so that devices
/// which train B alone share A without sending it.
/// </summary>
/// <remarks>
/// The stream of a layer: block i, from 0, is SHA-256(seed, 32 bytes | "PersonaTune LoRA A 1", ASCII | name of the base tensor, ASCII |
/// i, 8 bytes little-endian). Its 32 bytes are eight little-endian 32-bit words; each word w gives the value ((w >> 8) / 2^23 - 1) b in
/// single precision. Values fill A row by row, so that the first rows of a larger rank are the smaller rank's.
/// </remarks>
public static class LoraInitialization
{
    private const string Label = "PersonaTune LoRA A 1";

    /// <summary>Makes an adapter for a model.</summary>
    /// <exception cref="ArgumentException">The configuration is out of its ranges or names a layer twice.</exception>
    public static LoraAdapter Create(DecoderModel model, LoraConfig config)
    {
        ArgumentNullException.ThrowIfNull(model);
        Validate(config);
        var seed = Convert.FromHexString(config.Seed);
        var adapter = new LoraAdapter(config, model.Config.BlockCount, model.Digest);
        foreach (var target in config.Targets)
            for (var block = 0; block < (target == LoraTarget.Head ? 1 : model.Config.BlockCount); block++)
            {
                var matrix = LoraShapes.Matrix(model, block, target);
                var rank = LoraShapes.Rank(config, target);
                var a = new float[checked(rank * matrix.Columns)];
                Draw(seed, LoraShapes.TensorName(block, target), 1f / MathF.Sqrt(matrix.Columns), a);
                adapter[block, target] = new LoraPair(rank, matrix.Columns, matrix.Rows, LoraShapes.Scale(config, target), a, new float[checked(matrix.Rows * rank)]);
            }

        return adapter;
    }

    /// <summary>Checks every setting of a configuration.</summary>
    /// <exception cref="ArgumentException">Names the setting, its range and what was found.</exception>
    public static void Validate(LoraConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.Targets.Count == 0) throw new ArgumentException("LoRA needs at least one target; add one to LoraConfig.Targets", nameof(config));
        if (config.Targets.Distinct().Count() != config.Targets.Count) throw new ArgumentException("LoraConfig.Targets names a layer twice", nameof(config));
        foreach (var target in config.Targets)
        {
            if (!Enum.IsDefined(target)) throw new ArgumentException($"LoraConfig.Targets contains the unknown target {(int)target}", nameof(config));
            if (LoraShapes.Rank(config, target) is < 1 or > 512)
                throw new ArgumentException($"the LoRA rank of {target} must be 1 to 512, found {LoraShapes.Rank(config, target)}", nameof(config));
            if (!(float.IsFinite(LoraShapes.Scale(config, target)) && LoraShapes.Scale(config, target) > 0))
                throw new ArgumentException($"the LoRA alpha of {target} must be finite and above 0", nameof(config));
        }

        if (!(config.Dropout is >= 0f and < 1f)) throw new ArgumentException($"LoRA dropout must be 0 to below 1, found {config.Dropout}", nameof(config));
        if (config.Seed.Length != 64 || !config.Seed.All(char.IsAsciiHexDigit))
            throw new ArgumentException("LoraConfig.Seed must be 32 bytes as 64 hex digits", nameof(config));
    }

    /// <summary>Fills A of one layer from the seed.</summary>
    internal static void Draw(ReadOnlySpan<byte> seed, string tensor, float bound, Span<float> a)
    {
        var message = new byte[32 + Label.Length + tensor.Length + 8];
        seed.CopyTo(message);
        Encoding.ASCII.GetBytes(Label, message.AsSpan(32));
        Encoding.ASCII.GetBytes(tensor, message.AsSpan(32 + Label.Length));
        Span<byte> block = stackalloc byte[32];
        for (var i = 0; i < a.Length; i++)
        {
            if (i % 8 == 0)
            {
                BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(message.Length - 8), i / 8);
                SHA256.HashData(message, block);
            }

            var word = BinaryPrimitives.ReadUInt32LittleEndian(block[(i % 8 * 4)..]);
            a[i] = ((word >> 8) / 8_388_608f - 1f) * bound;
        }
    }
}
