using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.SingleServer;

namespace PersonaTune.Bench;

/// <summary>
/// A whole round of secure aggregation: <c>secagg [--devices 100] [--words 1000000] [--lost 30] [--threads 1]</c>, with b = 20 and the
/// degree and threshold for 10 % corrupt and 30 % dropouts; the given percentage is lost after sharing. The server is the real one and
/// does all of its work. One device is real and is timed; the others are <see cref="SecureAggregationPeer"/>s.
/// <para>
/// The sum is checked against masks derived on the devices' side, at 64 places of 32 coordinates each drawn at random: the peers
/// upload unmasked vectors, so that the result must be the plain sum less every mask that the server has to remove, plus the masks
/// between the real device and its surviving neighbours, which nothing cancels.
/// </para>
/// </summary>
internal static class SecureAggregationBench
{
    private const int Bits = 20;
    private const int Places = 64;
    private const int PlaceWords = 32;

    public static int Run(string[] args)
    {
        var devices = Option(args, "--devices", 100);
        var words = Option(args, "--words", 1_000_000);
        var lost = Option(args, "--lost", 30);
        var threads = Option(args, "--threads", 1);
        // So that compilation is not measured: a device repeats rounds, and ahead-of-time compiled applications have none.
        using (var warm = new Round(100, 1000, 30, threads)) warm.Run();
        using var round = new Round(devices, words, lost * devices / 100, threads);
        var right = round.Run();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"n {devices}, k {round.Configuration.Degree}, t {round.Configuration.Threshold}, d {words}, ")
            + $"{lost} % lost, {threads} threads: "
            + $"device {Seconds(round.Device, "roster", "share", "report", "confirm", "unmask")}, "
            + $"server {Seconds(round.Server, "keys", "nonces", "shares", "reports", "signatures", "answers", "unmasking")}; "
            + $"peak {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB; sum {(right ? "right" : "WRONG")}");
        return right ? 0 : 1;
    }

    private static string Seconds(Dictionary<string, double> parts, params string[] names)
    {
        var each = names.Select(name => string.Create(CultureInfo.InvariantCulture, $"{name} {parts.GetValueOrDefault(name):F3}"));
        return string.Create(CultureInfo.InvariantCulture, $"{parts.Values.Sum():F3} s ({string.Join(", ", each)})");
    }

    private static int Option(string[] args, string name, int fallback)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : fallback;
    }

    private sealed class Round : IDisposable
    {
        private readonly DateTimeOffset _now = SecureAggregationPeer.Now;
        private readonly IdentityKey _serverKey = IdentityKey.Generate();
        private readonly ServerRound _server;
        private readonly SortedDictionary<DeviceId, SecureAggregationPeer> _peers = [];
        private readonly SecureAggregationPeer _self; // the identity of the real device; its ephemeral keys are not used
        private readonly DeviceRound _device;
        private readonly int _lost;
        private readonly byte[][] _uploads;

        public Round(int devices, int words, int lost, int threads)
        {
            var graph = GraphParameters.For(devices, 0.1, 0.3);
            Configuration = new RoundConfiguration
            {
                Task = "bench",
                Round = 1,
                ModelHash = new byte[32],
                AdapterSchemaHash = new byte[32],
                Dimension = words,
                Bits = Bits,
                Clip = 1,
                Scale = 100,
                MinimumDevices = devices / 2,
                MaximumDevices = devices,
                Degree = graph.Degree,
                Threshold = graph.Threshold,
                CorruptPpm = 100_000,
                DropoutPpm = 300_000,
                QuorumPpm = 550_000,
                Durations = StageDurations.Each(TimeSpan.FromHours(1)),
                LedgerUnit = "device",
            };
            _lost = lost;
            using var root = SecureAggregationPeer.CreateRoot();
            for (var i = 0; i < devices; i++)
            {
                var peer = new SecureAggregationPeer(root);
                _peers.Add(peer.Identity.Id, peer);
            }

            _self = _peers.Values.First();
            var policy = new DevicePolicy
            {
                Certificates = new EnrolmentAuthority(root),
                Server = new VerificationKey(_serverKey.PublicKey),
                Budget = new Unlimited(),
                RequireNoise = false,
            };
            _device = new DeviceRound(policy, _self.Identity, new VolatileRoundMemory(), new Zeros());
            _server = new ServerRound(
                Configuration, RandomNumberGenerator.GetBytes(32), _serverKey, new EnrolmentAuthority(root), _now,
                new ServerOptions { Threads = threads });
            _uploads = [.. Enumerable.Range(0, 8).Select(_ => RandomNumberGenerator.GetBytes(Configuration.PackedLength))];
            if (words % 2 != 0)
                foreach (var upload in _uploads) upload[^1] &= 15;
        }

        public RoundConfiguration Configuration { get; }

        public Dictionary<string, double> Device { get; } = [];

        public Dictionary<string, double> Server { get; } = [];

        public void Dispose()
        {
            _device.Dispose();
            _serverKey.Dispose();
        }

        public bool Run()
        {
            var others = _peers.Values.Where(peer => peer != _self).ToArray();
            Send("keys", [Self("roster", _server.Offer).Single(), .. others.Select(peer => peer.Advertise(_server.Session))]);
            var roster = Decode<RosterBody>(_server.Outbox[0].Bytes);
            var opening = Self("roster", ForSelf()).Single();
            var rosterRoot = Decode<OpenBody>(opening).RosterRoot;
            Send("nonces", [opening, .. others.Select(peer => peer.Open(_server.Session, rosterRoot))]);

            var cohort = Cohort.Build(
                new Roster([.. roster.Advertisements.Select(Entry)]), Decode<OpeningsBody>(_server.Outbox[0].Bytes), _server.Session,
                Configuration);
            var self = cohort.IndexOf(_self.Identity.Id);
            var sharing = Self("share", ForSelf()).Single();
            Send("shares", [sharing, .. others.Select(peer => peer.Share(_server.Session, cohort, self))]);

            // The real device is number 0 in the order of ids and stays; the last ones are lost.
            var alive = others.Take(others.Length - _lost).ToArray();
            var uploads = alive.Index().SelectMany(
                peer => peer.Item.Upload(_server.Session, Configuration, _uploads[peer.Index % _uploads.Length]));
            Send("reports", [.. Self("report", ForSelf()), .. uploads], close: _lost > 0);
            var confirmation = Self("confirm", ForSelf()).Single();
            var agreed = Decode<ConsistencyBody>(confirmation);
            Send("signatures", [confirmation, .. alive.Select(peer => MessageCodec.Sign(agreed, _server.Session, peer.Identity).Bytes)]);

            var requests = _server.Outbox.ToDictionary(message => message.To, message => Decode<UnmaskRequestBody>(message.Bytes));
            var held = Decode<ShareBody>(sharing).Boxes;
            Send("answers", [Self("unmask", ForSelf()).Single(), .. alive.Select(peer => peer.Unmask(
                _server.Session, cohort, requests[peer.Identity.Id], _peers, self, held))], advance: false);
            Server["unmasking"] = Time(() => _server.Advance(_now));
            return IsRight(cohort, self, alive);
        }

        private ReadOnlyMemory<byte> ForSelf() => _server.Outbox.Single(message => message.To == _self.Identity.Id).Bytes;

        private IReadOnlyList<ReadOnlyMemory<byte>> Self(string part, ReadOnlyMemory<byte> message)
        {
            IReadOnlyList<ReadOnlyMemory<byte>> answer = [];
            Device[part] = Device.GetValueOrDefault(part) + Time(() => answer = _device.Receive(message, _now));
            return answer;
        }

        private void Send(string part, IReadOnlyList<ReadOnlyMemory<byte>> messages, bool close = false, bool advance = true)
        {
            Server[part] = Time(() =>
            {
                foreach (var message in messages) _server.Receive(message, _now);
                if (advance) _server.Advance(close ? _server.Deadline : _now);
            });
        }

        private T Decode<T>(ReadOnlyMemory<byte> message)
            where T : IMessageBody<T> =>
            MessageCodec.Decode<T>(SignedMessage.Parse(message), Configuration);

        private RosterEntry Entry(SignedMessage advertisement) =>
            new(advertisement, MessageCodec.Decode<AdvertiseBody>(advertisement, Configuration), new VerificationKey(
                _peers[advertisement.Sender].Identity.PublicKey));

        private bool IsRight(Cohort cohort, int self, SecureAggregationPeer[] alive)
        {
            var survivors = alive.Select(peer => cohort.IndexOf(peer.Identity.Id)).Append(self).ToHashSet();
            var keys = new List<(byte[] Key, int Sign)>(); // what is left in the result
            foreach (var peer in alive)
            {
                keys.Add((peer.Seed, -1));
                foreach (var other in cohort.Neighbours(cohort.IndexOf(peer.Identity.Id)))
                {
                    if (!survivors.Contains(other)) keys.Add(
                        (MaskKey(peer, other), -PairwiseKeys.Sign(peer.IdBytes, cohort.Members[other].IdBytes)));
                    else if (other == self) keys.Add((MaskKey(peer, other), PairwiseKeys.Sign(_self.IdBytes, peer.IdBytes)));
                }
            }

            var buffer = new uint[Configuration.Dimension];
            var plain = new uint[Configuration.Dimension];
            for (var i = 0; i < _uploads.Length; i++)
            {
                BitPacking.Unpack(_uploads[i], Bits, buffer);
                var times = (uint)((alive.Length - i + _uploads.Length - 1) / _uploads.Length);
                for (var c = 0; c < plain.Length; c++) plain[c] += times * buffer[c];
            }

            return Enumerable.Range(0, Places).All(
                _ => PlaceIsRight(RandomNumberGenerator.GetInt32(Configuration.Dimension - PlaceWords + 1)));

            byte[] MaskKey(SecureAggregationPeer peer, int other)
            {
                using var key = PairwiseKeys.MaskKey(
                    peer.MaskKey, cohort.Members[other].Body.MaskKey, _server.Session.ToArray(), peer.IdBytes,
                    cohort.Members[other].IdBytes);
                return key.Bytes.ToArray();
            }

            bool PlaceIsRight(int first)
            {
                var expected = plain.AsSpan(first, PlaceWords).ToArray();
                foreach (var (key, sign) in keys)
                {
                    if (sign > 0) MaskStream.Add(key, expected, first);
                    else MaskStream.Subtract(key, expected, first);
                }

                return expected.Select(word => word & ((1u << Bits) - 1)).SequenceEqual(
                    _server.Result!.Sum.Slice(first, PlaceWords).ToArray());
            }
        }

        private static double Time(Action action)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }

    private sealed class Zeros : IRoundReport
    {
        public ReadOnlyMemory<byte> ModelHash { get; } = new byte[32];

        public ReadOnlyMemory<byte> AdapterSchemaHash { get; } = new byte[32];

        public void Encode(RoundConfiguration configuration, Span<int> values) => values.Clear();
    }

    private sealed class Unlimited : IRoundBudget
    {
        public bool Covers(RoundConfiguration configuration) => true;

        public bool TrySpend(RoundConfiguration configuration, SessionId session) => true;
    }
}
