using System.Buffers;

namespace EdgeBackup.Core.Validation;

/// <summary>
/// Whether all brackets and texts of a JSON content are closed at its end. Comments are passed over, several documents in
/// a row are fine, and what turns out not to be JSON is not judged.
/// </summary>
internal sealed class JsonCheck : SteadyCheck
{
    private static readonly SearchValues<byte> Outside = SearchValues.Create("{}[]\"/"u8);
    private static readonly SearchValues<byte> Inside = SearchValues.Create("\"\\\n"u8);

    private State state = State.Start;
    private long depth;
    private bool star;

    private enum State
    {
        Start,
        Outside,
        Text,
        Escape,
        Slash,
        LineComment,
        BlockComment,
        Other,
    }

    protected override void Add(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0 && state != State.Other)
        {
            switch (state)
            {
                case State.Start:
                    Begin(ref bytes);
                    break;
                case State.Outside:
                    var mark = bytes.IndexOfAny(Outside);
                    if (mark < 0)
                    {
                        return;
                    }

                    Meet(bytes[mark]);
                    bytes = bytes[(mark + 1)..];
                    break;
                case State.Text:
                    var end = bytes.IndexOfAny(Inside);
                    if (end < 0)
                    {
                        return;
                    }

                    // A line does not end within a text of JSON.
                    state = bytes[end] switch { (byte)'"' => State.Outside, (byte)'\\' => State.Escape, _ => State.Other };
                    bytes = bytes[(end + 1)..];
                    break;
                case State.Escape:
                    state = State.Text;
                    bytes = bytes[1..];
                    break;
                case State.Slash:
                    state = bytes[0] switch { (byte)'/' => State.LineComment, (byte)'*' => State.BlockComment, _ => State.Other };
                    star = false;
                    bytes = bytes[1..];
                    break;
                case State.LineComment:
                    var line = bytes.IndexOf((byte)'\n');
                    state = line < 0 ? State.LineComment : State.Outside;
                    bytes = line < 0 ? [] : bytes[(line + 1)..];
                    break;
                default:
                    state = star && bytes[0] == '/' ? State.Outside : State.BlockComment;
                    star = bytes[0] == '*';
                    bytes = bytes[1..];
                    break;
            }
        }
    }

    protected override string? Finish(long length) => state switch
    {
        State.Other or State.Start => null,
        State.Text or State.Escape => "the JSON ends in the middle of a text",
        _ => depth > 0 ? $"the JSON ends with {(depth == 1 ? "a bracket" : "brackets")} still open" : null,
    };

    private void Begin(ref ReadOnlySpan<byte> bytes)
    {
        var first = bytes.IndexOfAnyExcept(" \t\r\n\uFEFF"u8);
        if (first < 0)
        {
            bytes = [];
            return;
        }

        bytes = bytes[first..];
        state = bytes[0] is (byte)'{' or (byte)'[' or (byte)'/' ? State.Outside : State.Other;
    }

    private void Meet(byte mark)
    {
        switch (mark)
        {
            case (byte)'{' or (byte)'[':
                depth++;
                break;
            case (byte)'}' or (byte)']':
                depth--;
                state = depth < 0 ? State.Other : State.Outside;
                break;
            case (byte)'"':
                state = State.Text;
                break;
            default:
                state = State.Slash;
                break;
        }
    }
}
