using System.Text;
using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.IO;

namespace LungSeg.Native;

/// <summary>What a function of the C library returns.</summary>
internal enum Status
{
    Ok,
    BadArgument,
    BadImage,
    BadWeights,
    Device,
    NoMemory,
    Cancelled,
    Internal,
}

/// <summary>The border to C: an exception becomes a status, and its message the thread's last error.</summary>
internal static unsafe class Boundary
{
    [ThreadStatic]
    private static string? _error;

    /// <summary>The last error of this thread; "" before there was one.</summary>
    public static string Error => _error ?? "";

    /// <summary>Runs a function's body; nothing that it throws gets any further.</summary>
    public static int Call(Action body)
    {
        try
        {
            body();
            return (int)Status.Ok;
        }
        catch (Exception e)
        {
            (Status status, string text) = Describe(e);
            _error = text.ReplaceLineEndings(" ");
            return (int)status;
        }
    }

    /// <summary>Copies a text and its final zero into C's memory, or what fits of it; returns the bytes that all of it takes.</summary>
    public static nuint Copy(string text, byte* to, nuint size)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (to is not null && size > 0)
        {
            int fits = (int)Math.Min((nuint)bytes.Length, size - 1);
            bytes.AsSpan(0, fits).CopyTo(new Span<byte>(to, fits));
            to[fits] = 0;
        }
        return (nuint)bytes.Length + 1;
    }

    private static (Status Status, string Text) Describe(Exception e) => e switch
    {
        OperationCanceledException => (Status.Cancelled, "cancelled"),
        ImageException => (Status.BadImage, e.Message),
        CheckpointException or WeightException => (Status.BadWeights, e.Message),
        DeviceException => (Status.Device, e.Message),
        LungSegException => (Status.BadArgument, e.Message),
        ObjectDisposedException => (Status.BadArgument, "the segmenter was destroyed meanwhile"),
        ArgumentException argument => (Status.BadArgument, Text(argument)),
        _ when NoMemory.Is(e) => (Status.NoMemory, "not enough memory: use a smaller image, network size or number of images"),
        _ => (Status.Internal, $"internal error, please report it: {e.GetType().Name}: {e.Message}"),
    };

    // .NET puts the parameter's name behind the message, which C knows under another one.
    private static string Text(ArgumentException e) =>
        e.ParamName is { } name ? e.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : e.Message;
}
