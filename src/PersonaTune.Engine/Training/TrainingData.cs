using System.Buffers.Binary;
using System.Security.Cryptography;
using PersonaTune.Engine.Layers;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Training;

/// <summary>Training and validation sequences, checked against a model.</summary>
internal sealed class TrainingData
{
    /// <exception cref="TrainingException">No examples, an id outside the vocabulary, or a sequence longer than the context.</exception>
    public TrainingData(DecoderModel model, IReadOnlyList<TrainingSequence> examples, IReadOnlyList<TrainingSequence>? validation)
    {
        if (examples.Count == 0) throw new TrainingException("there is nothing to learn from: the list of training examples is empty; add at least one example");
        Examples = [.. examples];
        Validation = validation is null ? [] : [.. validation];
        foreach (var sequence in Examples) LongestRows = Math.Max(LongestRows, Check(model, sequence, "training"));
        foreach (var sequence in Validation) LongestRows = Math.Max(LongestRows, Check(model, sequence, "validation"));
    }

    public TrainingSequence[] Examples { get; }

    public TrainingSequence[] Validation { get; }

    /// <summary>Rows of the longest sequence of either list.</summary>
    public int LongestRows { get; }

    /// <summary>SHA-256 over all tokens and masks in order.</summary>
    public byte[] Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Examples);
        Append(hash, Validation);
        return hash.GetHashAndReset();
    }

    private static void Append(IncrementalHash hash, TrainingSequence[] sequences)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(number, sequences.Length);
        hash.AppendData(number);
        foreach (var sequence in sequences)
        {
            BinaryPrimitives.WriteInt32LittleEndian(number, sequence.Length);
            hash.AppendData(number);
            for (var i = 0; i < sequence.Length; i++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(number, sequence.Targets[i] ? ~sequence.Tokens[i] : sequence.Tokens[i]);
                hash.AppendData(number);
            }
        }
    }

    internal static int Check(DecoderModel model, TrainingSequence sequence, string kind)
    {
        foreach (var id in sequence.Tokens)
            if ((uint)id >= (uint)model.Config.VocabularySize)
                throw new TrainingException($"a {kind} sequence contains token {id} but the model's ids run from 0 to {model.Config.VocabularySize - 1}; "
                    + "encode the text with the model's own tokenizer");
        var rows = MicroBatch.Rows(sequence);
        if (rows > model.Config.ContextLength)
            throw new TrainingException($"a {kind} sequence has {rows} tokens but the model's context is {model.Config.ContextLength}; split the text");
        return rows;
    }
}
