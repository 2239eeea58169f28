using AdapterExchange;

// A phone learns its user's style; a tablet of the same user gets the adapter, sealed to it, and refuses everything that was tampered with.
//   dotnet run --project examples/AdapterExchange -c Release
return await Exchange.RunAsync(Console.Out, Console.Error);
