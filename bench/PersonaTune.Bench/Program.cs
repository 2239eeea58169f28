using PersonaTune.Bench;

return args switch
{
    ["kernels", ..] => KernelBench.Run(args),
    ["train", ..] => TrainBench.Run(args),
    ["decode", ..] => DecodeBench.Run(args),
    ["swap", ..] => SwapBench.Run(args),
    ["noise", ..] => NoiseBench.Run(args),
    ["masks", ..] => MaskBench.Run(args),
    ["accounting", ..] => AccountingBench.Run(args),
    ["secagg", ..] => SecureAggregationBench.Run(args),
    ["ingest", ..] => IngestBench.Run(args),
    ["photos", ..] => PhotoBench.Run(args),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        usage: kernels [--threads n] [--types ...] [--what peak,f32,int8,decode,lora] [--tokens n]
               train 15m|110m [--batch n] [--seq n] [--steps n] [--threads n] [--type T] [--micro n] [--checkpointed n] [--budget-mib n]
               decode [--shapes 15m,110m] [--types Q8_0,Q4_0,Q4_K] [--threads n] [--rounds n] [--clock wall|cpu] [--rank n]
               swap [--shape 15m] [--type Q8_0] [--swaps n] [--generations n]
               noise [source,sampler,transform,encode]
               masks [--words n] [--keys n] [--threads n]
               accounting [--rounds n]
               ingest [--devices n] [--bytes n] [--parallel n] [--postgres connection]
               photos faces|strangers|digits small|large|photo-base [seeds|writers] | photos speed [models]
               secagg [--devices n] [--words n] [--lost percent] [--threads n]
        """);
    return 2;
}
