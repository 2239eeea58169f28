using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Privacy.Tests.Signing;

public sealed class BundleTests : IDisposable
{
    private static readonly byte[] Bundle = TestBundles.Write();
    private static readonly int ManifestLength = BinaryPrimitives.ReadInt32LittleEndian(Bundle.AsSpan(12));
    private static readonly int SignatureLength = BinaryPrimitives.ReadInt32LittleEndian(Bundle.AsSpan(16));
    private static readonly int PayloadStart = BundleFormat.HeaderLength + ManifestLength + SignatureLength;
    private static readonly string[] Dtypes = ["BOOL", "F8_E4M3", "BF16", "F32", "I64"];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("personatune-bundle-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Reading_gives_what_was_written()
    {
        using var reader = BundleReader.Open(new MemoryStream(Bundle), TestBundles.Verifier());
        Assert.Equal(("style.en", 7L), (reader.Manifest.AdapterId, reader.Manifest.Version));
        Assert.True(reader.Signer.IsPinned);
        using var payload = new MemoryStream();
        TestBundles.Payload().OpenRead().CopyTo(payload);
        Assert.Equal(payload.ToArray(), reader.ReadPayload());
        Assert.Throws<InvalidOperationException>(() => reader.ReadPayload());
    }

    [Fact]
    public void A_stream_that_cannot_seek_reads_the_same()
    {
        using var reader = BundleReader.Open(new ForwardStream(Bundle), TestBundles.Verifier());
        Assert.Equal(40, reader.ReadPayload().Length);
        Assert.Equal(SigningFault.TrailingData, ForwardFault([.. Bundle, 0]));
        for (var length = 0; length < Bundle.Length; length++) Assert.Equal(SigningFault.Truncated, ForwardFault(Bundle[..length]));

        static SigningFault ForwardFault(byte[] bytes) => Assert.Throws<SigningException>(() =>
        {
            using var reader = BundleReader.Open(new ForwardStream(bytes), TestBundles.Verifier());
            reader.ReadPayload();
        }).Fault;
    }

    // FsCheck: any tensors, in the clear and encrypted.
    [Fact]
    public void Any_tensors_survive_the_round_trip()
    {
        using var recipient = HpkeKeyPair.Generate();
        var tensors = Gen.ListOf(from dtype in Gen.Elements(Dtypes)
                                 from shape in Gen.ListOf(Gen.Choose(0, 5))
                                 select (dtype,
            shape: shape.Take(3).ToArray()));
        Prop.ForAll(tensors.ToArbitrary(), list =>
        {
            var payload = new BundlePayload();
            var random = new Random(list.Count);
            foreach (var (dtype, shape) in list)
            {
                var bytes = new byte[TensorLayout.SizeOf(dtype) * shape.Aggregate(1, (a, b) => a * b)];
                random.NextBytes(bytes);
                payload.Add($"t{payload.Tensors.Count}", dtype, [.. shape.Select(d => (long)d)], bytes);
            }
            using var expected = new MemoryStream();
            payload.OpenRead().CopyTo(expected);
            return TestBundles.Read(TestBundles.Write(payload: payload)).AsSpan().SequenceEqual(expected.ToArray())
                && TestBundles.Read(TestBundles.Write(payload: payload, recipient: recipient),
                    recipient: recipient).AsSpan().SequenceEqual(expected.ToArray());
        }).QuickCheckThrowOnFailure();
    }

    // Each bit of header, signature and payload, and one bit of each byte of the manifest: there, every change takes the same path.
    [Fact]
    [Trait("Duration", "Long")]
    public void Every_altered_byte_is_refused()
    {
        var payload = new BundlePayload();
        payload.Add("t", "U8", [3], [1, 2, 3]);
        var noSettings = new Dictionary<string, ManifestValue>(StringComparer.Ordinal);
        var bundle = TestBundles.Write(TestBundles.Manifest(payload) with { Lora = noSettings }, payload);
        var signature = BundleFormat.HeaderLength + BinaryPrimitives.ReadInt32LittleEndian(bundle.AsSpan(12));
        var verifier = TestBundles.Verifier();
        Assert.Equal([1, 2, 3], TestBundles.Read(bundle, TestBundles.Verifier()));
        Parallel.For(0, bundle.Length * 8, i =>
        {
            var (index, bit) = (i / 8, i % 8);
            if (index >= BundleFormat.HeaderLength && index < signature && bit != index % 8) return;
            var altered = (byte[])bundle.Clone();
            altered[index] ^= (byte)(1 << bit);
            var e = Record.Exception(() => TestBundles.Read(altered, verifier));
            Assert.True(e is SigningException, $"bit {bit} of byte {index} (the signature starts at {signature}): {e}");
        });
    }

    [Fact]
    public void Every_truncation_is_named_so()
    {
        for (var length = 0; length < Bundle.Length; length++) Assert.Equal(SigningFault.Truncated, TestBundles.Refused(Bundle[..length]));
    }

    [Fact]
    public void Bytes_at_the_end_and_inside_are_refused()
    {
        Assert.Equal(SigningFault.TrailingData, TestBundles.Refused([.. Bundle, 0]));
        Assert.Equal(SigningFault.TrailingData, TestBundles.Refused([.. Bundle, .. Bundle]));
        Assert.Equal(SigningFault.TrailingData, TestBundles.Refused([.. Bundle[..PayloadStart], 0, .. Bundle[PayloadStart..]]));
        // trailing bytes inside the signature, covered by its stated length
        byte[] longer = [.. Bundle[..PayloadStart], 0, .. Bundle[PayloadStart..]];
        BinaryPrimitives.WriteInt32LittleEndian(longer.AsSpan(16), SignatureLength + 1);
        Assert.Equal(SigningFault.TrailingData, TestBundles.Refused(longer));
        // and a payload that the header lengthens
        byte[] padded = [.. Bundle, 0];
        BinaryPrimitives.WriteInt64LittleEndian(padded.AsSpan(20), 41);
        Assert.Equal(SigningFault.Malformed, TestBundles.Refused(padded));
    }

    [Theory]
    [InlineData(12, 4, uint.MaxValue, SigningFault.TooLarge)]
    [InlineData(12, 4, (1 << 20) + 1, SigningFault.TooLarge)]
    [InlineData(12, 4, 1 << 20, SigningFault.Truncated)]
    [InlineData(16, 4, uint.MaxValue, SigningFault.TooLarge)]
    [InlineData(16, 4, (32 << 10) + 1, SigningFault.TooLarge)]
    [InlineData(20, 8, long.MaxValue, SigningFault.TooLarge)]
    [InlineData(20, 8, -1, SigningFault.TooLarge)]
    [InlineData(20, 8, (4L << 30) + 1, SigningFault.TooLarge)]
    [InlineData(20, 8, 4L << 30, SigningFault.Truncated)]
    [InlineData(20, 8, 0, SigningFault.TrailingData)]
    public void A_header_that_lies_about_lengths_is_refused_before_anything_is_allocated(int offset, int size, long value,
        SigningFault expected)
    {
        var altered = (byte[])Bundle.Clone();
        if (size == 4) BinaryPrimitives.WriteUInt32LittleEndian(altered.AsSpan(offset), (uint)value);
        else BinaryPrimitives.WriteInt64LittleEndian(altered.AsSpan(offset), value);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(expected, TestBundles.Refused(altered));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 19, "it allocated what the header states");
    }

    [Fact]
    public void A_payload_that_is_stated_large_is_read_as_it_arrives()
    {
        // 1 GiB is stated, signed even, and 40 bytes arrive: memory follows what arrives.
        var manifest = TestBundles.Manifest();
        manifest = manifest with { Tensors = [.. manifest.Tensors, new BundleTensor("huge", "U8", [1 << 30], 40, 1 << 30, default)] };
        var encoded = manifest.Encode();
        var signature = new ManifestSigner(TestCertificates.Pinned).Sign(encoded);
        byte[] bytes = [.. BundleFormat.WriteHeader(encoded.Length, signature.Length, manifest.PayloadLength), .. encoded, .. signature,
            .. Bundle[PayloadStart..]];
        using var reader = BundleReader.Open(new ForwardStream(bytes), TestBundles.Verifier());
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(SigningFault.Truncated, Assert.Throws<SigningException>(() => reader.ReadPayload()).Fault);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void Swapped_tensors_and_another_payload_are_refused()
    {
        byte[] swapped = [.. Bundle[..PayloadStart], .. Bundle[(PayloadStart + 24)..(PayloadStart + 36)],
            .. Bundle[PayloadStart..(PayloadStart + 24)], .. Bundle[(PayloadStart + 36)..]];
        Assert.Equal(SigningFault.TensorAltered, TestBundles.Refused(swapped));
        var other = TestBundles.Write(payload: TestBundles.Payload(seed: 2));
        Assert.Equal(SigningFault.TensorAltered, TestBundles.Refused([.. Bundle[..PayloadStart], .. other[^40..]]));
    }

    [Fact]
    public void A_manifest_and_a_signature_of_two_bundles_do_not_go_together()
    {
        var other = TestBundles.Write(TestBundles.Manifest() with { Version = 8 });
        var otherManifest = BinaryPrimitives.ReadInt32LittleEndian(other.AsSpan(12));
        Assert.Equal(ManifestLength, otherManifest);
        byte[] mixed = [.. Bundle[..BundleFormat.HeaderLength],
            .. other[BundleFormat.HeaderLength..(BundleFormat.HeaderLength + ManifestLength)],
            .. Bundle[(BundleFormat.HeaderLength + ManifestLength)..]];
        Assert.Equal(SigningFault.BadSignature, TestBundles.Refused(mixed));
    }

    [Fact]
    public void A_manifest_is_not_parsed_before_its_signature_is_verified()
    {
        // Its bytes are no JSON at all: what is reported is the signature.
        var altered = (byte[])Bundle.Clone();
        altered.AsSpan(BundleFormat.HeaderLength, ManifestLength).Fill((byte)'[');
        Assert.Equal(SigningFault.BadSignature, TestBundles.Refused(altered));
    }

    [Fact]
    public void A_signed_manifest_that_is_not_canonical_is_refused()
    {
        var manifest = TestBundles.Manifest().Encode();
        byte[] spaced = [(byte)'{', (byte)' ', .. manifest[1..]];
        var signature = new ManifestSigner(TestCertificates.Pinned).Sign(spaced);
        byte[] bytes = [.. BundleFormat.WriteHeader(spaced.Length, signature.Length, 40), .. spaced, .. signature,
            .. Bundle[PayloadStart..]];
        Assert.Equal(SigningFault.NonCanonical, TestBundles.Refused(bytes));
    }

    [Theory]
    [InlineData(0, SigningFault.Malformed)]
    [InlineData(8, SigningFault.UnsupportedVersion)]
    [InlineData(10, SigningFault.Malformed)]
    public void Another_magic_version_or_reserved_byte_is_refused(int index, SigningFault expected)
    {
        var altered = (byte[])Bundle.Clone();
        altered[index] = 0x7f;
        Assert.Equal(expected, TestBundles.Refused(altered));
    }

    [Fact]
    public void An_encrypted_bundle_opens_only_for_its_recipient()
    {
        using var recipient = HpkeKeyPair.Generate();
        using var stranger = HpkeKeyPair.Generate();
        var bytes = TestBundles.Write(recipient: recipient);
        Assert.Equal(TestBundles.Read(Bundle), TestBundles.Read(bytes, recipient: recipient));
        Assert.Throws<TamperedException>(() => TestBundles.Read(bytes, recipient: stranger));
        var e = Assert.Throws<SigningException>(() => TestBundles.Read(bytes));
        Assert.Contains("encrypted", e.Message, StringComparison.Ordinal);
        Assert.Throws<TamperedException>(() => TestBundles.Read(Bundle, recipient: recipient)); // in the clear where encryption is expected
        Assert.Equal(-1, bytes.AsSpan().IndexOf("style.en"u8));
        Assert.Throws<TamperedException>(() => TestBundles.Read([.. bytes, 0], recipient: recipient));
        Assert.Throws<TruncatedException>(() => TestBundles.Read(bytes[..^1], recipient: recipient));

        using var longer = new MemoryStream();
        using (var sealing = new HpkeSealingStream(longer, recipient.PublicKey.Span, BundleFormat.Purpose, leaveOpen: true))
        {
            sealing.Write([.. Bundle, 0]);
            sealing.Complete();
        }
        Assert.Equal(SigningFault.TrailingData,
            Assert.Throws<SigningException>(() => TestBundles.Read(longer.ToArray(), recipient: recipient)).Fault);
    }

    [Fact]
    public void An_encrypted_bundle_of_several_chunks_cannot_lose_its_end()
    {
        using var recipient = HpkeKeyPair.Generate();
        var payload = new BundlePayload();
        payload.Add("large", "U8", [3 << 20], new byte[3 << 20]);
        var bytes = TestBundles.Write(payload: payload, recipient: recipient);
        Assert.Equal(3 << 20, TestBundles.Read(bytes, recipient: recipient).Length);
        var state = new MemoryTrustState();
        var fullChunk = HpkeStreamFormat.ChunkHeaderLength + HpkeStreamFormat.ChunkLength + Hpke.TagLength;
        var cut = HpkeStreamFormat.HeaderLength + (3 * fullChunk);
        Assert.Throws<TruncatedException>(() => TestBundles.Read(bytes[..cut], TestBundles.Verifier(state: state), recipient));
        Assert.Null(state.Find("style.en"));
    }

    [Fact]
    public void A_file_appears_whole_or_not_at_all()
    {
        var path = Path.Combine(_folder.FullName, "a.ptad");
        var signer = new ManifestSigner(TestCertificates.Pinned);
        BundleWriter.WriteFile(path, TestBundles.Manifest(), TestBundles.Payload().OpenRead(), signer);
        var before = File.ReadAllBytes(path);
        Assert.Equal(SigningFault.TensorAltered, Assert.Throws<SigningException>(() =>
            BundleWriter.WriteFile(path, TestBundles.Manifest(), TestBundles.Payload(seed: 2).OpenRead(), signer)).Fault);
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal(SigningFault.Truncated, Assert.Throws<SigningException>(() =>
            BundleWriter.WriteFile(path, TestBundles.Manifest(), new MemoryStream(), signer)).Fault);
        Assert.Equal(SigningFault.TrailingData, Assert.Throws<SigningException>(() =>
            BundleWriter.WriteFile(path, TestBundles.Manifest() with { Tensors = [] }, TestBundles.Payload().OpenRead(), signer)).Fault);
        Assert.Equal(["a.ptad"], _folder.GetFiles().Select(f => f.Name));

        var extracted = Path.Combine(_folder.FullName, "payload.bin");
        using (var reader = BundleReader.Open(File.OpenRead(path), TestBundles.Verifier())) reader.ExtractPayload(extracted);
        Assert.Equal(TestBundles.Read(before), File.ReadAllBytes(extracted));
        File.Delete(extracted);
        before[^1] ^= 1;
        using (var reader = BundleReader.Open(new MemoryStream(before), TestBundles.Verifier()))
            Assert.Throws<SigningException>(() => reader.ExtractPayload(extracted));
        Assert.False(File.Exists(extracted));
    }

    [Fact]
    public void An_encrypted_file_opens_for_its_recipient()
    {
        using var recipient = HpkeKeyPair.Generate();
        var path = Path.Combine(_folder.FullName, "b.ptad");
        BundleWriter.WriteFile(path, TestBundles.Manifest(), TestBundles.Payload().OpenRead(),
            new ManifestSigner(TestCertificates.Pinned), recipient.PublicKey);
        using var reader = BundleReader.Open(File.OpenRead(path), TestBundles.Verifier(), recipient);
        Assert.Equal(40, reader.ReadPayload().Length);
    }

    [Fact]
    public void The_input_is_closed_unless_it_is_to_stay_open()
    {
        var good = new MemoryStream(Bundle);
        BundleReader.Open(good, TestBundles.Verifier(), leaveOpen: true).Dispose();
        Assert.True(good.CanRead);
        good.Position = 0;
        BundleReader.Open(good, TestBundles.Verifier()).Dispose();
        Assert.False(good.CanRead);
        var bad = new MemoryStream(Bundle[..100]);
        Assert.Throws<SigningException>(() => BundleReader.Open(bad, TestBundles.Verifier(), leaveOpen: true));
        Assert.True(bad.CanRead);
        Assert.Throws<SigningException>(() => BundleReader.Open(bad, TestBundles.Verifier()));
        Assert.False(bad.CanRead);
    }

    /// <summary>A stream of unknown length, as from a network.</summary>
    private sealed class ForwardStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();
    }
}
