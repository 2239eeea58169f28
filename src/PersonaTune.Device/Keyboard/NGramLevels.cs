using System.Runtime.CompilerServices;

namespace PersonaTune.Device.Keyboard;

/// <summary>The levels of one prediction, the shortest context first.</summary>
[InlineArray(NGramContext.MaxLength + 1)]
internal struct NGramLevels
{
    private NGramLevel _first;
}
