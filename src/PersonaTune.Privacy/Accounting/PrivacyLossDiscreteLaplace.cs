namespace PersonaTune.Privacy.Accounting;

/// <summary>P(x) = tanh(a/2) exp(-a |x|) on the integers against its translate by the sensitivity.</summary>
internal sealed record PrivacyLossDiscreteLaplace(double Parameter, int Sensitivity) : PrivacyLossAtoms
{
    public override IEnumerable<PldAtom> Outcomes()
    {
        // P[X <= 0] = 1 / (1 + exp(-a)); all outcomes on one side of both centres share their loss.
        var logHalf = -LogDomain.Log1P(Math.Exp(-Parameter));
        yield return new(logHalf, Parameter * Sensitivity);
        var logCentre = Math.Log(Math.Tanh(0.5 * Parameter));
        for (var x = 1; x < Sensitivity; x++) yield return new(logCentre - Parameter * x, Parameter * (Sensitivity - 2 * x));
        yield return new(logHalf - Parameter * Sensitivity, -Parameter * Sensitivity);
    }
}
