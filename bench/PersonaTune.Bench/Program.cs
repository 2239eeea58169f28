using PersonaTune.Bench;

return args switch
{
    ["kernels", ..] => KernelBench.Run(args),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: kernels [--threads n] [--types ...] [--what peak,f32,int8,decode,lora] [--tokens n]");
    return 2;
}
