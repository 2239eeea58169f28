namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

/// <summary>How far a device has come in a round.</summary>
public enum DeviceStage
{
    /// <summary>Trained; waiting for an offer.</summary>
    Idle,

    /// <summary>Its keys are out; waiting for the roster.</summary>
    Advertised,

    /// <summary>Its nonce is out; waiting for those of the others.</summary>
    Opened,

    /// <summary>Its shares are out; waiting for those of its neighbours.</summary>
    Shared,

    /// <summary>Its masked report is out; waiting for the list of survivors.</summary>
    Reported,

    /// <summary>It signed who survived; waiting for the certificate.</summary>
    Confirmed,

    /// <summary>It has done its part; all keys are erased.</summary>
    Finished,

    /// <summary>It left the round; all keys are erased.</summary>
    Refused,
}
