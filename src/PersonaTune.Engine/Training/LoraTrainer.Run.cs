using System.Buffers.Binary;
using System.Security.Cryptography;
using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Training;

public sealed partial class LoraTrainer
{
    private long _stepTicks;
    private long _runTicks;
    private int _runSteps;

    /// <summary>
    /// Trains to the end. Cancellation is seen between micro-batches; afterwards <see cref="SaveCheckpoint"/> still works and
    /// <see cref="RunAsync"/> may be called again to go on. The work is done on the thread pool and on the worker pool.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="TrainingException">The loss or the gradient became infinite or NaN.</exception>
    /// <exception cref="InvalidOperationException">Another run goes on.</exception>
    public Task<TrainingResult> RunAsync(IProgress<TrainingProgress>? progress = null, ITrainingGate? gate = null,
        CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Interlocked.Exchange(ref _running, 1) != 0) throw new InvalidOperationException("the trainer is already running");
        return Task.Run(async () =>
        {
            try
            {
                return await LoopAsync(progress, gate, cancellationToken);
            }
            finally
            {
                Volatile.Write(ref _running, 0);
            }
        }, CancellationToken.None);
    }

    private async Task<TrainingResult> LoopAsync(IProgress<TrainingProgress>? progress, ITrainingGate? gate, CancellationToken cancellationToken)
    {
        (_runTicks, _runSteps, _stepTicks) = (0, 0, 0);
        TrainingProgress? pending = null;
        while (true)
        {
            if (EvaluationDue())
            {
                var loss = await EvaluateAsync(gate, cancellationToken);
                Record(loss);
                if (pending is not null) pending = pending with { ValidationLoss = loss };
            }

            if (pending is not null)
            {
                progress?.Report(pending);
                pending = null;
            }

            if (_state.Stopped || _state.Step >= TotalSteps) return Result();
            await PassGateAsync(gate, cancellationToken);
            var started = _time.GetTimestamp();
            var finished = RunMicroBatch();
            var norm = finished ? ApplyStep() : 0;
            _stepTicks += _time.GetTimestamp() - started;
            if (finished) pending = FinishStep(norm);
        }
    }

    private async ValueTask PassGateAsync(ITrainingGate? gate, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (gate is null) return;
        await gate.WaitAsync(this, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Adds the gradients of the next micro-batch; true when the step's examples are done.</summary>
    internal bool RunMicroBatch()
    {
        var (first, count) = StepExamples();
        var targets = 0;
        for (var i = 0; i < count; i++) targets += _data.Examples[_order[first + i]].TargetCount;
        if (_state.Cursor == 0)
        {
            _parameters.TrainedGradients.Clear();
            _state.StepLoss = 0;
        }

        DropoutKeys();
        _batch.Clear();
        var cursor = _state.Cursor;
        while (cursor < count && _batch.TryAdd(_data.Examples[_order[first + cursor]])) cursor++;
        var loss = _pass.LossAndGradients(_batch, 1f / targets);
        if (!double.IsFinite(loss))
            throw new TrainingException($"the loss of step {_state.Step + 1} is {loss}: training diverged; lower the learning rate or start from an earlier adapter");
        _state.StepLoss += loss / targets;
        _state.Cursor = cursor;
        return cursor == count;
    }

    /// <summary>The optimizer's step on the accumulated gradient; gives the gradient's norm before clipping.</summary>
    internal double ApplyStep()
    {
        var norm = Math.Sqrt(Elementwise.SumOfSquares(_parameters.TrainedGradients));
        if (!double.IsFinite(norm))
            throw new TrainingException($"the gradient of step {_state.Step + 1} is not finite: training diverged; lower the learning rate");
        var clip = _options.MaxGradientNorm > 0 && norm > _options.MaxGradientNorm ? (float)(_options.MaxGradientNorm / norm) : 1f;
        AdamW.Update(_parameters.TrainedValues, _parameters.TrainedGradients, _state.FirstMoments, _state.SecondMoments, _state.Step + 1,
            LearningRates.At(_options, _state.Step, TotalSteps), _options.Beta1, _options.Beta2, _options.Epsilon, _options.WeightDecay, clip);
        _state.Losses.Add(_state.StepLoss);
        _state.Step++;
        _state.Cursor = 0;
        return norm;
    }

    private TrainingProgress FinishStep(double norm)
    {
        var done = _state.Step - 1;
        var tokens = 0L;
        var (first, count) = StepExamples(done);
        for (var i = 0; i < count; i++) tokens += _data.Examples[_order[first + i]].Length;
        _runTicks += _stepTicks;
        _runSteps++;
        var seconds = _stepTicks / (double)_time.TimestampFrequency;
        var remaining = TimeSpan.FromSeconds(_runTicks / (double)_time.TimestampFrequency / _runSteps * (TotalSteps - _state.Step));
        _stepTicks = 0;
        return new TrainingProgress(_state.Step, TotalSteps, done / StepsPerEpoch + 1, _state.Losses[^1], LearningRates.At(_options, done, TotalSteps), norm,
            seconds > 0 ? tokens / seconds : 0, remaining, null);
    }

    private (int First, int Count) StepExamples() => StepExamples(_state.Step);

    private (int First, int Count) StepExamples(int step)
    {
        var (epoch, within) = (step / StepsPerEpoch, step % StepsPerEpoch);
        if (_orderEpoch != epoch)
        {
            TrainingOrder.Fill(_order, _options.OrderSeed, epoch);
            _orderEpoch = epoch;
        }

        var first = within * _options.BatchSequences;
        return (first, Math.Min(_options.BatchSequences, _order.Length - first));
    }

    private void DropoutKeys()
    {
        if (_options.Lora.Dropout == 0) return;
        Span<byte> message = stackalloc byte[32 + 16];
        Span<byte> digest = stackalloc byte[32];
        Convert.FromHexString(_options.Lora.Seed, message, out _, out _);
        BinaryPrimitives.WriteInt32LittleEndian(message[32..], _state.Step);
        BinaryPrimitives.WriteInt32LittleEndian(message[36..], _state.Cursor);
        foreach (var entry in _parameters.Entries)
        {
            if (entry is null) continue;
            BinaryPrimitives.WriteInt32LittleEndian(message[40..], entry.Block);
            BinaryPrimitives.WriteInt32LittleEndian(message[44..], (int)entry.Target);
            SHA256.HashData(message, digest);
            entry.DropoutKey = BinaryPrimitives.ReadUInt64LittleEndian(digest);
        }
    }

    private bool EvaluationDue()
    {
        if (_data.Validation.Length == 0 || _state.Cursor != 0 || _state.Stopped) return false;
        if (_state.Evaluations.Count > 0 && _state.Evaluations[^1].Step == _state.Step) return false;
        var every = _options.EvaluateEverySteps > 0 ? _options.EvaluateEverySteps : StepsPerEpoch;
        return _state.Step % every == 0 || _state.Step == TotalSteps;
    }

    private async Task<double> EvaluateAsync(ITrainingGate? gate, CancellationToken cancellationToken)
    {
        var (sum, targets) = (0.0, 0L);
        for (var next = 0; next < _data.Validation.Length;)
        {
            await PassGateAsync(gate, cancellationToken);
            _batch.Clear();
            while (next < _data.Validation.Length && _batch.TryAdd(_data.Validation[next])) next++;
            sum += _pass.Loss(_batch);
            targets += _batch.TargetCount;
        }

        return sum / targets;
    }

    private void Record(double loss)
    {
        _state.Evaluations.Add(new EvaluationPoint(_state.Step, loss));
        if (loss < _state.BestLoss)
        {
            (_state.BestLoss, _state.BestStep, _state.Stale) = (loss, _state.Step, 0);
            if (_state.Best.Length > 0) _parameters.AllValues.CopyTo(_state.Best);
            return;
        }

        _state.Stale++;
        _state.Stopped = _options.Patience > 0 && _state.Stale >= _options.Patience;
    }

    private TrainingResult Result()
    {
        var best = _state.Best.Length > 0 && _state.BestStep >= 0;
        return new TrainingResult(_parameters.ToAdapter(best ? _state.Best : _parameters.AllValues), _state.Step, best ? _state.BestStep : _state.Step,
            _state.Stopped, [.. _state.Losses], [.. _state.Evaluations]);
    }
}
