using FederatedRounds;

using var cancellation = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    cancellation.Cancel();
};
return await Demo.RunAsync(args, Console.Out, Console.Error, cancellation.Token);
