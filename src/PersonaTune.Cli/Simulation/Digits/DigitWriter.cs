namespace PersonaTune.Cli.Simulation.Digits;

/// <summary>One person's digits.</summary>
/// <param name="Id">The writer's id in the data set.</param>
/// <param name="Train">What the device trains on.</param>
/// <param name="Test">What is held out.</param>
internal sealed record DigitWriter(int Id, DigitSet Train, DigitSet Test);
