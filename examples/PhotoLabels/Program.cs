using PhotoLabels;

// Teaches labels of one's own with four pictures each, stored encrypted, and writes a page that shows what changed.
//   dotnet run --project examples/PhotoLabels -c Release [-- --encoder FILE] [--report FILE] [--pictures DIR]
return await Example.RunAsync(args, Console.Out, Console.Error);
