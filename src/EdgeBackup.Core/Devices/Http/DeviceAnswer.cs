using System.Net;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>What a device answered: the whole body, or, where the caller streams, the response itself.</summary>
internal sealed class DeviceAnswer(HttpResponseMessage response, byte[]? body) : IDisposable
{
    public HttpResponseMessage Response => response;

    public HttpStatusCode Status => response.StatusCode;

    public bool IsSuccess => response.IsSuccessStatusCode;

    /// <summary>Empty for a streamed answer.</summary>
    public ReadOnlyMemory<byte> Body => body;

    public void Dispose() => response.Dispose();
}

/// <summary>Why no answer came.</summary>
internal enum NoAnswerKind
{
    /// <summary>There was no connection, so the call cannot have had an effect.</summary>
    NotConnected,

    /// <summary>The connection broke after it stood; the call may have had an effect.</summary>
    Broken,

    /// <summary>Nothing was heard for the silence limit.</summary>
    Silent,
}

/// <summary>Why an answer was not read: whoever can ask for less does.</summary>
internal sealed class AnswerTooLongException() : Exception("The answer is longer than what is read of one.");

/// <summary>One attempt brought no answer; <see cref="DeviceHttpClient"/> repeats it or turns it into DeviceUnreachable.</summary>
internal sealed class NoAnswerException(NoAnswerKind kind, string message, Exception? inner) : Exception(message, inner)
{
    public NoAnswerKind Kind => kind;
}
