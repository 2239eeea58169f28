namespace PersonaTune.Device.Consent;

/// <summary>What a user consents to. The numbers are signed and stored.</summary>
public enum ConsentPurpose : byte
{
    /// <summary>Training an adapter on the device from the user's examples, for that user's own suggestions.</summary>
    Personalization = 1,

    /// <summary>Contributing clipped, noised and masked adapter updates to federated rounds.</summary>
    FederatedLearning = 2,

    /// <summary>Handing a prompt to a larger model that the application registered.</summary>
    Escalation = 3,
}
