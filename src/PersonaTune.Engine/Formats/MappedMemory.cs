using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace PersonaTune.Engine.Formats;

/// <summary>
/// Read-only bytes at a fixed address: a memory-mapped file, or a pinned copy of a buffer. Thread-safe for reading. Shrinking the
/// file from outside while it is mapped is not survivable on any operating system; model files are replaced by renaming.
/// </summary>
internal sealed unsafe class MappedMemory : IDisposable
{
    private readonly SafeFileHandle? _handle;
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte[]? _pinned;
    private bool _disposed;

    private MappedMemory(string subject, SafeFileHandle handle, long length)
    {
        Subject = subject;
        Length = length;
        _handle = handle;
        _map = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Pointer = start + _view.PointerOffset;
    }

    private MappedMemory(string subject, byte[] pinned, long length)
    {
        Subject = subject;
        Length = length;
        _pinned = pinned;
        Pointer = (byte*)Unsafe.AsPointer(ref pinned[0]);
    }

    /// <summary>The file's path, or the name that the caller gave the buffer.</summary>
    public string Subject { get; }

    /// <summary>First byte.</summary>
    public byte* Pointer { get; }

    /// <summary>Number of bytes.</summary>
    public long Length { get; }

    /// <summary>Maps a file.</summary>
    /// <exception cref="FileFormatException">The file is empty.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static MappedMemory Open(string path)
    {
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        try
        {
            var length = RandomAccess.GetLength(handle);
            if (length == 0) throw new FileFormatException(path, "the file is empty");
            return new MappedMemory(path, handle, length);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Copies a buffer.</summary>
    public static MappedMemory Copy(string subject, ReadOnlySpan<byte> bytes)
    {
        var pinned = GC.AllocateUninitializedArray<byte>(Math.Max(1, bytes.Length), pinned: true);
        bytes.CopyTo(pinned);
        return new MappedMemory(subject, pinned, bytes.Length);
    }

    /// <summary>A range as a span.</summary>
    public ReadOnlySpan<byte> Span(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (offset < 0 || length < 0 || offset > Length - length)
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"{length} bytes from there leave {Length} bytes");
        return new ReadOnlySpan<byte>(Pointer + offset, length);
    }

    /// <summary>SHA-256 of all bytes, lower-case hex. A file is read through its handle, so that hashing does not make it resident.</summary>
    public string Sha256()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_handle is null) return Convert.ToHexStringLower(SHA256.HashData(_pinned.AsSpan(0, checked((int)Length))));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[(int)Math.Min(Length, 1 << 20)];
        for (var offset = 0L; offset < Length;)
        {
            var read = RandomAccess.Read(_handle, buffer, offset);
            if (read == 0) throw new FileFormatException(Subject, $"the file shrank from {Length} to {offset} bytes while it was open");
            hash.AppendData(buffer, 0, read);
            offset += read;
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Unmaps the file; every pointer into it becomes invalid.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        if (_view is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
        }

        _map?.Dispose();
        _handle?.Dispose();
    }
}
