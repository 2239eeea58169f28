using System.Security.Cryptography;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tests.Layers;
using PersonaTune.Engine.Training;

namespace PersonaTune.Engine.Tests.Training;

public sealed class TrainingCheckpointTests : IDisposable
{
    private readonly WorkerPool _pool = new(1);
    private readonly DecoderModel _model = TinyModel.Create(dim: 8, blocks: 1, heads: 2, keyHeads: 1, headLength: 4, hidden: 8, vocabulary: 16);
    private readonly TrainingSequence[] _examples = [TinyModel.Sequence(1, 5, 16), TinyModel.Sequence(2, 5, 16)];
    private readonly TrainingOptions _options = new() { Lora = new LoraConfig { Rank = 1, Targets = [LoraTarget.Query] }, BatchSequences = 2, MicroBatchTokens = 4 };
    private readonly byte[] _checkpoint;

    public TrainingCheckpointTests()
    {
        using var trainer = new LoraTrainer(_model, _options, _examples, pool: _pool);
        trainer.RunMicroBatch();
        trainer.RunMicroBatch();
        trainer.ApplyStep();
        trainer.RunMicroBatch();
        _checkpoint = trainer.SaveCheckpoint();
    }

    public void Dispose() => _pool.Dispose();

    private LoraTrainer Resume(byte[] bytes, DecoderModel? model = null, TrainingOptions? options = null, TrainingSequence[]? examples = null) =>
        LoraTrainer.Resume(bytes, model ?? _model, options ?? _options, examples ?? _examples, pool: _pool);

    private TrainingCheckpointProblem Refused(byte[] bytes, DecoderModel? model = null, TrainingOptions? options = null, TrainingSequence[]? examples = null) =>
        Assert.Throws<TrainingCheckpointException>(() => Resume(bytes, model, options, examples)).Problem;

    [Fact]
    public void The_position_inside_a_step_comes_back()
    {
        using var resumed = Resume(_checkpoint);
        Assert.Equal(1, resumed.Step);
        Assert.Equal(_checkpoint, resumed.SaveCheckpoint());
    }

    [Fact]
    public void Every_flipped_byte_is_refused()
    {
        for (var i = 0; i < _checkpoint.Length; i++)
        {
            var damaged = (byte[])_checkpoint.Clone();
            damaged[i] ^= 0x10;
            var problem = Refused(damaged);
            Assert.Equal(i < 7 ? TrainingCheckpointProblem.NotACheckpoint : i == 7 ? TrainingCheckpointProblem.Version : TrainingCheckpointProblem.Digest, problem);
        }
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        for (var length = 0; length < _checkpoint.Length; length++) Refused(_checkpoint[..length]);
    }

    [Fact]
    public void Another_model_other_options_and_other_examples_are_refused_by_kind()
    {
        var other = TinyModel.Create(dim: 8, blocks: 1, heads: 2, keyHeads: 1, headLength: 4, hidden: 8, vocabulary: 16, digest: new string('b', 64));
        Assert.Equal(TrainingCheckpointProblem.BaseModel, Refused(_checkpoint, model: other));
        Assert.Equal(TrainingCheckpointProblem.Options, Refused(_checkpoint, options: _options with { LearningRate = 0.5f }));
        Assert.Equal(TrainingCheckpointProblem.Examples, Refused(_checkpoint, examples: [_examples[1], _examples[0]]));
    }

    [Theory]
    [InlineData(8 + 64 + 64, 0)] // micro-batch tokens
    [InlineData(8 + 64 + 64 + 4, 99)] // number of values
    [InlineData(8 + 64 + 64 + 4 + 17, -1)] // step
    [InlineData(8 + 64 + 64 + 4 + 17, 2)] // step that contradicts the losses
    [InlineData(8 + 64 + 64 + 4 + 17 + 4, -3)] // cursor
    [InlineData(8 + 64 + 64 + 4 + 17 + 33, int.MaxValue)] // number of losses
    public void Contradictions_under_a_right_digest_are_refused(int offset, int value)
    {
        var forged = (byte[])_checkpoint.Clone();
        BitConverter.TryWriteBytes(forged.AsSpan(offset), value);
        SHA256.HashData(forged.AsSpan(0, forged.Length - 32), forged.AsSpan(forged.Length - 32));
        Assert.Equal(TrainingCheckpointProblem.Structure, Refused(forged));
    }
}
