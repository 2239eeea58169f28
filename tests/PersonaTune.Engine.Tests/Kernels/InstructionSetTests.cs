using System.Diagnostics;
using System.Runtime.Intrinsics.X86;
using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Kernels;

/// <summary>Reruns <see cref="KernelCheck"/> in child processes whose runtime hides instruction sets.</summary>
public class InstructionSetTests
{
    [Fact]
    public void ThisProcessorsKernelsAgreeWithFloat64() => Check(VectorWidths.Best);

    [Fact]
    public void WithoutAvx512TheKernelsAgreeWithFloat64() =>
        Check(VectorWidths.Best == VectorWidth.V512 ? VectorWidth.V256 : VectorWidths.Best, "DOTNET_EnableAVX512", "DOTNET_EnableAVX512F");

    [Fact]
    public void WithoutAvx2TheKernelsAgreeWithFloat64() =>
        Check(Sse2.IsSupported ? VectorWidth.V128 : VectorWidths.Best, "DOTNET_EnableAVX2");

    [Fact]
    public void WithoutAnyIntrinsicsTheKernelsAgreeWithFloat64() => Check(null, "DOTNET_EnableHWIntrinsic");

    private static void Check(VectorWidth? expected, params string[] switchedOff)
    {
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        var start = new ProcessStartInfo(host)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(typeof(InstructionSetTests).Assembly.Location);
        foreach (var name in switchedOff) start.Environment[name] = "0";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output + errors.GetAwaiter().GetResult());
        if (expected is { } width) Assert.Contains($"width {width}", output, StringComparison.Ordinal);
    }
}
