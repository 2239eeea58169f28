namespace PersonaTune.Protocol.Tasks;

/// <summary>What is trained: the coordinates that travel, and on which frozen model they act.</summary>
/// <param name="Kind"><c>lora-b</c> for the B matrices of a LoRA adapter whose A is frozen, or an application's own name for another vector.</param>
/// <param name="BaseModelDigest">SHA-256 of the frozen model's file, lower-case hexadecimal.</param>
/// <param name="SchemaHash">SHA-256 of the layout (which coordinate is which weight), lower-case hexadecimal.</param>
/// <param name="Dimension">The number of coordinates of a full-rank update, before padding.</param>
/// <param name="Lora">The LoRA configuration; null for another kind.</param>
public sealed record AdapterTerms(string Kind, string BaseModelDigest, string SchemaHash, int Dimension, LoraTerms? Lora = null)
{
    /// <summary>The kind of a LoRA adapter with frozen A.</summary>
    public const string LoraB = "lora-b";
}
