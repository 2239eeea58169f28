using PersonaTune.Device.Storage;

namespace PersonaTune.Device.Personalization;

/// <summary>One message of a training set.</summary>
internal sealed record TrainingMessage(RecordId Id, DateTimeOffset Time, string Text, EncodedMessage Encoded);
