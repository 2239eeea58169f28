using PersonaTune.Fuzz;

// dotnet run --project tests/PersonaTune.Fuzz -c Release -- <parser>|all [--minutes m] [--seed n] [--corpus folder] [--replay]
return Fuzzer.Run(args);
