using PersonaTune.Bench;

return args switch
{
    ["kernels", ..] => KernelBench.Run(args),
    ["train", ..] => TrainBench.Run(args),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: train 15m|110m [--batch n] [--seq n] [--steps n] [--threads n] [--type T] [--micro n] [--checkpointed n] [--budget-mib n]\n       kernels [--threads n] [--types ...] [--what peak,f32,int8,decode,lora] [--tokens n]");
    return 2;
}
