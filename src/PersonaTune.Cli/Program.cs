using PersonaTune.Cli;
using PersonaTune.Cli.Terminal;

using var interrupts = new Interrupts();
return await Tool.RunAsync(args, ToolConsole.System(), interrupts.Token);
