using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Tests.Kernels;

/// <summary>
/// The test assembly's entry point: checks every product against float64 with whatever instruction sets this process has.
/// <see cref="InstructionSetTests"/> starts it with some of them switched off.
/// </summary>
internal static class KernelCheck
{
    public static int Main()
    {
        Console.WriteLine($"width {VectorWidths.Best}");
        var failures = 0;
        using var pool = new WorkerPool(2);
        failures += VisionFailures();
        foreach (var type in KernelData.Types)
        {
            foreach (var tokens in (int[])[1, 4, 19])
            {
                const int Rows = 35;
                var columns = type.BlockSize() == 1 ? 67 : type.BlockSize() * (type.BlockSize() == 256 ? 2 : 5);
                var w = KernelData.Weights(type, Rows, columns, 1);
                var decoded = KernelData.Decoded(w);
                var x = KernelData.Floats(tokens * columns, 2);
                var dy = KernelData.Floats(tokens * Rows, 3);
                float[] y = new float[tokens * Rows], dx = new float[tokens * columns];
                MatMul.Forward(pool, x, w, y, tokens);
                failures += Compare($"forward {type} {tokens}", y, KernelData.ProductNT(x, decoded, tokens, Rows, columns), 1e-6);
                MatMul.BackwardInput(pool, dy, w, dx, tokens);
                var transposed = KernelData.Transposed(decoded, Rows, columns);
                failures += Compare($"backward {type} {tokens}", dx, KernelData.ProductNT(dy, transposed, tokens, columns, Rows), 1e-6);
                var rounded = new QuantizedActivations();
                rounded.Quantize(pool, x, tokens, columns);
                MatMul.ForwardInt8(pool, x, rounded, w, y);
                var seen = MatMul.UsesInt8(type) ? KernelData.Restored(rounded) : x;
                failures += Compare($"int8 {type} {tokens}", y, KernelData.ProductNT(seen, decoded, tokens, Rows, columns), 2e-6);
            }
        }

        foreach (var (m, n, k) in ((int, int, int)[])[(1, 1, 1), (13, 8, 40), (7, 33, 300), (20, 16, 5)])
        {
            var a = KernelData.Floats(m * k, 1);
            var b = KernelData.Floats(n * k, 2);
            var c = new float[m * n];
            var expected = KernelData.ProductNT(a, b, m, n, k);
            Gemm.NT(a, b, c, m, n, k);
            failures += Compare($"NT {m} {n} {k}", c, expected, 1e-6);
            Gemm.NN(a, KernelData.Transposed(b, n, k), c, m, n, k);
            failures += Compare($"NN {m} {n} {k}", c, expected, 1e-6);
            Gemm.TN(KernelData.Transposed(a, m, k), KernelData.Transposed(b, n, k), c, m, n, k);
            failures += Compare($"TN {m} {n} {k}", c, expected, 1e-6);
        }

        return failures;
    }

    private static int Compare(string what, float[] actual, double[] expected, double tolerance)
    {
        var error = KernelData.RelativeError(actual, expected);
        if (error <= tolerance) return 0;
        Console.WriteLine($"{what}: relative error {error}, allowed {tolerance}");
        return 1;
    }

    // Integer products and the small network of the reference, exact on every width.
    private static int VisionFailures()
    {
        try
        {
            new VisionKernelTests().Pair_products_are_exact_for_every_shape();
            new VisionKernelTests().Requantization_rounds_ties_to_even_and_stays_in_its_range();
            new VisionKernelTests().Gelu_of_every_length_to_257_agrees_with_the_error_function();
            new VisionKernelTests().Products_of_every_length_to_257_are_those_of_their_values();
            new Vision.TfliteTests().A_small_network_with_every_operator_equals_the_peers_bit_by_bit();
            foreach (var network in Vision.TfliteTests.SignedNetworks) new Vision.TfliteTests().Small_int8_networks_equal_the_peers_bit_by_bit(network);
            return 0;
        }
        catch (Exception exception)
        {
            Console.WriteLine(exception);
            return 1;
        }
    }
}
