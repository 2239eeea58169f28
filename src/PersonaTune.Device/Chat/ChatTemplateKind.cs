namespace PersonaTune.Device.Chat;

/// <summary>The ways of laying out a conversation that are known here.</summary>
public enum ChatTemplateKind
{
    /// <summary>Lines "User: ..." and "Assistant: ..." after the system text: for base models, which have no template.</summary>
    Plain,

    /// <summary><c>&lt;|im_start|&gt;role ... &lt;|im_end|&gt;</c> (ChatML: Qwen, SmolLM2 and others).</summary>
    ChatMl,

    /// <summary><c>&lt;|start_header_id|&gt;role&lt;|end_header_id|&gt; ... &lt;|eot_id|&gt;</c> (Llama 3).</summary>
    Llama3,

    /// <summary><c>&lt;|user|&gt; ... &lt;/s&gt;</c> (Zephyr, TinyLlama).</summary>
    Zephyr,
}
