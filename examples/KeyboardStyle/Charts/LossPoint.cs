namespace KeyboardStyle.Charts;

/// <summary>Loss in nats a token after <paramref name="Epoch"/> passes; epoch 0 is the base model.</summary>
internal readonly record struct LossPoint(double Epoch, double Loss);
