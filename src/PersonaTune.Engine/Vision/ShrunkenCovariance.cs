using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Vision;

/// <summary>
/// S = R^T R / n + shrinkage tau I with tau = trace(R^T R / n) / dim, for n residuals R (n, dim); solves S x = y by Cholesky's method in double precision, in the
/// space of the smaller side: for n below dim by S^-1 = (I - R^T (n rho I + R R^T)^-1 R) / rho with rho = shrinkage tau.
/// </summary>
internal sealed unsafe class ShrunkenCovariance
{
    private readonly float[] _residuals;
    private readonly int _n;
    private readonly int _dim;
    private readonly double _ridge;
    private readonly double[] _factor;
    private readonly int _size;

    public ShrunkenCovariance(float[] residuals, int n, int dim, double shrinkage)
    {
        (_residuals, _n, _dim) = (residuals, n, dim);
        double trace = 0;
        foreach (var value in residuals) trace += (double)value * value;
        // Pictures that are all the same have no spread: then plain distances count.
        _ridge = trace > 1e-12 ? shrinkage * trace / n / dim : 1.0 / dim;
        _size = Math.Min(n, dim);
        var gram = new float[_size * _size];
        fixed (float* r = residuals, g = gram)
        {
            if (n < dim)
            {
                // R R^T needs R's transpose with contiguous rows.
                var transposed = new float[n * dim];
                for (var i = 0; i < n; i++)
                    for (var k = 0; k < dim; k++) transposed[k * n + i] = residuals[i * dim + k];
                fixed (float* t = transposed) StridedGemm.Multiply(r, dim, 1, t, n, g, n, n, n, dim, 1f, false);
            }
            else
            {
                StridedGemm.Multiply(r, 1, dim, r, dim, g, dim, dim, dim, n, 1f, false);
            }
        }

        _factor = Array.ConvertAll(gram, value => (double)value);
        for (var i = 0; i < _size; i++) _factor[i * _size + i] += n * _ridge;
        Factorize(_factor, _size);
    }

    /// <summary>S^-1 y for rows (count, dim).</summary>
    public float[] Solve(float[] y, int count)
    {
        var result = new float[count * _dim];
        var right = new double[_size];
        for (var row = 0; row < count; row++)
        {
            var source = y.AsSpan(row * _dim, _dim);
            var target = result.AsSpan(row * _dim, _dim);
            if (_n >= _dim)
            {
                for (var k = 0; k < _dim; k++) right[k] = source[k] * (double)_n;
                Substitute(right);
                for (var k = 0; k < _dim; k++) target[k] = (float)right[k];
                continue;
            }

            for (var i = 0; i < _n; i++) right[i] = Elementwise.Dot(_residuals.AsSpan(i * _dim, _dim), source);
            Substitute(right);
            source.CopyTo(target);
            for (var i = 0; i < _n; i++) Elementwise.AddScaled(_residuals.AsSpan(i * _dim, _dim), (float)-right[i], target);
            Elementwise.Scale(target, (float)(1 / _ridge));
        }

        return result;
    }

    private static void Factorize(double[] a, int size)
    {
        for (var j = 0; j < size; j++)
        {
            var rowJ = a.AsSpan(j * size, j);
            var pivot = Math.Sqrt(a[j * size + j] - Dot(rowJ, rowJ));
            a[j * size + j] = pivot;
            for (var i = j + 1; i < size; i++) a[i * size + j] = (a[i * size + j] - Dot(a.AsSpan(i * size, j), rowJ)) / pivot;
        }
    }

    private void Substitute(double[] x)
    {
        for (var i = 0; i < _size; i++) x[i] = (x[i] - Dot(_factor.AsSpan(i * _size, i), x.AsSpan(0, i))) / _factor[i * _size + i];
        for (var i = _size - 1; i >= 0; i--)
        {
            x[i] /= _factor[i * _size + i];
            for (var k = 0; k < i; k++) x[k] -= _factor[i * _size + k] * x[i];
        }
    }

    private static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var sums = System.Numerics.Vector<double>.Zero;
        var i = 0;
        for (; i <= x.Length - System.Numerics.Vector<double>.Count; i += System.Numerics.Vector<double>.Count)
            sums += new System.Numerics.Vector<double>(x[i..]) * new System.Numerics.Vector<double>(y[i..]);
        var sum = System.Numerics.Vector.Sum(sums);
        for (; i < x.Length; i++) sum += x[i] * y[i];
        return sum;
    }
}
