namespace EdgeBackup.Core.Validation;

/// <summary>
/// Whether all elements of an XML content are closed at its end. A document type with rules of its own, and what turns out
/// not to be XML, is not judged.
/// </summary>
internal sealed class XmlCheck : SteadyCheck
{
    private State state = State.Start;
    private long depth;
    private bool anyElement;
    private byte quote;
    private byte last;
    private byte beforeLast;
    private int declared;

    private enum State
    {
        Start,
        Text,
        Less,
        Open,
        Close,
        Quote,
        Bang,
        Comment,
        CharacterData,
        Declaration,
        Instruction,
        Other,
    }

    protected override void Add(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0 && state != State.Other)
        {
            if (state == State.Text)
            {
                var less = bytes.IndexOf((byte)'<');
                if (less < 0)
                {
                    return;
                }

                state = State.Less;
                bytes = bytes[(less + 1)..];
                continue;
            }

            Meet(bytes[0]);
            beforeLast = last;
            last = bytes[0];
            bytes = bytes[1..];
        }
    }

    protected override string? Finish(long length) => state switch
    {
        State.Other or State.Start => null,
        State.Text when depth == 0 && anyElement => null,
        State.Text when depth == 0 => "the XML ends before its first element",
        State.Text => $"the XML ends with {(depth == 1 ? "an element" : "elements")} still open",
        _ => "the XML ends in the middle of a tag",
    };

    private void Meet(byte next)
    {
        switch (state)
        {
            case State.Start when next is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or 0xEF or 0xBB or 0xBF):
                state = next == '<' ? State.Less : State.Other;
                break;
            case State.Less:
                (state, last, declared) = next switch
                {
                    (byte)'/' => (State.Close, (byte)0, 0),
                    (byte)'!' => (State.Bang, (byte)0, 0),
                    (byte)'?' => (State.Instruction, (byte)0, 0),
                    _ => (State.Open, (byte)0, 0),
                };
                break;
            case State.Open when next is (byte)'"' or (byte)'\'':
                (quote, state) = (next, State.Quote);
                break;
            case State.Open when next == '>':
                anyElement = true;
                depth += last == '/' ? 0 : 1;
                state = State.Text;
                break;
            case State.Quote when next == quote:
                state = State.Open;
                break;
            case State.Close when next == '>':
                depth--;
                state = depth < 0 ? State.Other : State.Text;
                break;
            case State.Bang:
                // "<!-" begins a comment, "<![" character data, anything else a declaration.
                declared++;
                state = next switch { (byte)'-' when declared == 2 => State.Comment, (byte)'-' when declared == 1 => State.Bang, (byte)'[' when declared == 1 => State.CharacterData, _ => State.Declaration };
                last = state == State.Bang ? last : (byte)0;
                break;
            case State.Comment when next == '>' && last == '-' && beforeLast == '-':
            case State.CharacterData when next == '>' && last == ']' && beforeLast == ']':
            case State.Instruction when next == '>' && last == '?':
            case State.Declaration when next == '>':
                state = State.Text;
                break;
            case State.Declaration when next == '[':
                state = State.Other;
                break;
        }
    }
}
