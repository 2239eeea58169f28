namespace PersonaTune.Privacy.Accounting;

/// <summary>A mechanism with discrete output, known by its outcomes.</summary>
internal abstract record PrivacyLossAtoms : PrivacyLossMechanism
{
    /// <summary>The outcomes with mass under the upper distribution; computed on each call.</summary>
    public abstract IEnumerable<PldAtom> Outcomes();

    public override double Delta(double epsilon)
    {
        var sum = 0.0;
        foreach (var (logUpper, loss) in Outcomes())
            if (double.IsPositiveInfinity(loss)) sum += Math.Exp(logUpper);
            else if (loss > epsilon) sum += Math.Exp(logUpper) * -LogDomain.Expm1(epsilon - loss);
        return Math.Min(sum, 1);
    }

    public override PldPmf Discretize(PldGrid grid) => PldDiscretization.FromAtoms(Outcomes(), grid);
}
