using System.Buffers;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Repository.Keys;

/// <summary>Seals and opens small objects (docs/format.md, Sealed objects).</summary>
internal sealed class Sealer(byte[] key, IRandomSource random)
{
    private const int SaltOffset = 12;
    private const int SaltSize = 32;
    private const int HeaderSize = SaltOffset + SaltSize;
    private const int TagSize = 16;
    private const int CodecOffset = 9;
    private const byte Version = 1;
    private const int CompressFrom = 256;
    private const int MaximumBody = 1 << 30;

    private static ReadOnlySpan<byte> Magic => "EDGESEAL"u8;

    /// <param name="name">What the object is bound to: its full name, or 'index' for objects that are named by their hash.</param>
    /// <param name="body">The plain bytes.</param>
    /// <param name="compress">Whether it may pay; a body that stays as large is stored as it is.</param>
    public byte[] Seal(string name, ReadOnlySpan<byte> body, bool compress = true)
    {
        byte codec = 0;
        byte[]? rented = null;
        if (compress && body.Length >= CompressFrom)
        {
            rented = ArrayPool<byte>.Shared.Rent(BrotliEncoder.GetMaxCompressedLength(body.Length));
            if (BrotliEncoder.TryCompress(body, rented, out var written, quality: 5, window: 22) && written < body.Length)
            {
                codec = 1;
                body = rented.AsSpan(0, written);
            }
        }

        var output = new byte[HeaderSize + body.Length + TagSize];
        Magic.CopyTo(output);
        output[8] = Version;
        output[CodecOffset] = codec;
        random.Fill(output.AsSpan(SaltOffset, SaltSize));
        using (var cipher = CreateCipher(output.AsSpan(SaltOffset, SaltSize)))
        {
            Span<byte> nonce = stackalloc byte[12];
            nonce.Clear();
            cipher.Encrypt(nonce, body, output.AsSpan(HeaderSize, body.Length), output.AsSpan(HeaderSize + body.Length), AssociatedData(output, name));
        }

        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return output;
    }

    /// <exception cref="ObjectDamagedException">The object is not what was sealed under this name.</exception>
    public byte[] Open(string name, string bound, ReadOnlySpan<byte> content)
    {
        var body = new byte[CheckHeader(name, content)];
        Decrypt(name, bound, content, body);
        return content[CodecOffset] == 0 ? body : Decompress(name, body);
    }

    /// <summary>Opens an object where it stands, so that a large one needs no second buffer.</summary>
    /// <param name="name">The object's name, for the message.</param>
    /// <param name="bound">What it is bound to.</param>
    /// <param name="content">Its bytes; overwritten.</param>
    /// <returns>The plain bytes: a part of <paramref name="content"/> unless they were compressed.</returns>
    /// <exception cref="ObjectDamagedException">The object is not what was sealed under this name.</exception>
    public Memory<byte> OpenInPlace(string name, string bound, Memory<byte> content)
    {
        var body = content.Slice(HeaderSize, CheckHeader(name, content.Span));
        Decrypt(name, bound, content.Span, body.Span);
        return content.Span[CodecOffset] == 0 ? body : Decompress(name, body.ToArray());
    }

    /// <returns>The length of the body as it is stored.</returns>
    private static int CheckHeader(string name, ReadOnlySpan<byte> content)
    {
        if (content.Length < HeaderSize + TagSize || !content.StartsWith(Magic))
        {
            throw new ObjectDamagedException(name, "it is no sealed object, or only the beginning of one");
        }

        return content[8] == Version && content[CodecOffset] <= 1
            ? content.Length - HeaderSize - TagSize
            : throw new ObjectDamagedException(name, "its first bytes were altered");
    }

    private void Decrypt(string name, string bound, ReadOnlySpan<byte> content, Span<byte> body)
    {
        using var cipher = CreateCipher(content.Slice(SaltOffset, SaltSize));
        Span<byte> nonce = stackalloc byte[12];
        nonce.Clear();
        try
        {
            cipher.Decrypt(nonce, content.Slice(HeaderSize, body.Length), content[^TagSize..], body, AssociatedData(content, bound));
        }
        catch (AuthenticationTagMismatchException exception)
        {
            throw new ObjectDamagedException(name, "it was altered, or stands at another object's place", exception);
        }
    }

    private static byte[] Decompress(string name, byte[] body)
    {
        using var input = new MemoryStream(body);
        using var brotli = new BrotliStream(input, CompressionMode.Decompress);
        using var output = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = brotli.Read(buffer)) > 0)
        {
            output.Write(buffer, 0, read);
            if (output.Length > MaximumBody)
            {
                throw new ObjectDamagedException(name, "its body is longer than any that is written");
            }
        }

        return output.ToArray();
    }

    private static byte[] AssociatedData(ReadOnlySpan<byte> content, string name)
    {
        var data = new byte[HeaderSize + Encoding.UTF8.GetByteCount(name)];
        content[..HeaderSize].CopyTo(data);
        Encoding.UTF8.GetBytes(name, data.AsSpan(HeaderSize));
        return data;
    }

    private AesGcm CreateCipher(ReadOnlySpan<byte> salt) => new(MasterKey.DeriveSalted(key, salt, "object"), TagSize);
}
