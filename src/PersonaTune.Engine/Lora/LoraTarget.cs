namespace PersonaTune.Engine.Lora;

/// <summary>The linear layers that can carry a LoRA pair.</summary>
public enum LoraTarget
{
    /// <summary>blk.N.attn_q.weight.</summary>
    Query,

    /// <summary>blk.N.attn_k.weight.</summary>
    Key,

    /// <summary>blk.N.attn_v.weight.</summary>
    Value,

    /// <summary>blk.N.attn_output.weight.</summary>
    Output,

    /// <summary>blk.N.ffn_gate.weight.</summary>
    Gate,

    /// <summary>blk.N.ffn_up.weight.</summary>
    Up,

    /// <summary>blk.N.ffn_down.weight.</summary>
    Down,

    /// <summary>blk.N.pointwise.weight: the N-th 1 x 1 convolution of a convolutional picture encoder.</summary>
    Pointwise,

    /// <summary>output.weight: the head, one for the whole model.</summary>
    Head,
}
