namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>Of which secret of its owner a share is.</summary>
internal enum ShareKind
{
    /// <summary>The seed b of a survivor's own mask.</summary>
    Seed = 1,

    /// <summary>The private mask key M of a device that dropped out after sharing.</summary>
    MaskKey = 2,
}
