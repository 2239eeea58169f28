namespace PersonaTune.Privacy.Accounting;

/// <summary>A mechanism with real-valued output, known by the tails of its loss.</summary>
internal abstract record PrivacyLossDensity : PrivacyLossMechanism
{
    /// <summary>Gaussian noise is followed to this many standard deviations on either side; beyond lie 2e-33.</summary>
    protected const double Deviations = 12;

    /// <summary>A loss below which the upper distribution has next to no mass.</summary>
    public abstract double LowestLoss { get; }

    /// <summary>A loss above which the upper distribution has next to no mass.</summary>
    public abstract double HighestLoss { get; }

    /// <summary>The tails at a loss; infinite losses are allowed.</summary>
    public abstract PldTail TailAt(double loss);

    public override double Delta(double epsilon)
    {
        var tail = TailAt(epsilon);
        return tail.LowerAbove == 0 ? tail.UpperAbove : Math.Clamp(tail.UpperAbove - Math.Exp(epsilon + Math.Log(tail.LowerAbove)), 0, 1);
    }

    public override PldPmf Discretize(PldGrid grid) => PldDiscretization.FromDensity(this, grid);
}
