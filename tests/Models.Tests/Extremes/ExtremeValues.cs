using System.Collections;
using System.Reflection;
using LungSeg.Imaging;

namespace LungSeg.Models.Tests.Extremes;

/// <summary>A value that callers pass by mistake, and its name in messages.</summary>
internal readonly record struct Extreme(object? Value, string Name);

/// <summary>What callers pass who did not read the documentation: null, not-a-number, negative, empty, huge.</summary>
internal sealed class ExtremeValues(Samples samples)
{
    private const int Huge = 1 << 20, Many = 5000, Side = 32;

    /// <summary>Extremes of a type. Of the libraries' own types also those that one extreme inside makes, to a depth of nesting.</summary>
    public IEnumerable<Extreme> Of(Type type, int depth, string where)
    {
        if (type.IsByRef) return [];
        if (Nullable.GetUnderlyingType(type) is { } underlying) return [Named(null), .. Of(underlying, depth, where)];
        if (Member.ElementOf(type) is { } spanned) return Arrays(spanned);
        if (type.IsArray) return [Named(null), .. Arrays(type.GetElementType()!)];
        if (type is { IsInterface: true, IsGenericType: true } && type.Namespace == "System.Collections.Generic")
            return [Named(null), .. Collections(type, where)];
        if (Known(type) is { } known) return known.Select(Named);
        Extreme none = Named(type.IsValueType ? Activator.CreateInstance(type) : null);
        return IsOurs(type) ? [none, .. Special(type).Select(Named), .. depth > 0 ? Variants(type, depth - 1) : []] : [none];
    }

    /// <summary>Instances of a type that are made with one extreme each, where its constructors and setters take it.</summary>
    public IEnumerable<Extreme> Variants(Type type, int depth)
    {
        foreach (ConstructorInfo constructor in type.IsAbstract ? [] : type.GetConstructors())
        {
            var member = new Member(constructor);
            foreach (ParameterInfo parameter in member.Parameters)
            {
                foreach (Extreme extreme in Of(parameter.ParameterType, depth, $"{type.Name}.{parameter.Name}"))
                {
                    object?[] arguments = [.. member.Parameters.Select(samples.ValueOf)];
                    arguments[parameter.Position] = extreme.Value;
                    if (Made(() => member.Make(arguments)) is { } made)
                        yield return new Extreme(made, $"{type.Name} of {parameter.Name} = {extreme.Name}");
                }
            }
        }
        foreach (PropertyInfo property in Samples.Settable(type))
        {
            foreach (Extreme extreme in Of(property.PropertyType, depth, $"{type.Name}.{property.Name}"))
            {
                if (Made(() => samples.With(property, extreme.Value)) is { } made)
                    yield return new Extreme(made, $"{type.Name} with {property.Name} = {extreme.Name}");
            }
        }
    }

    /// <summary>Whether a type is one of the libraries'.</summary>
    private static bool IsOurs(Type type) => type.Assembly.GetName().Name!.StartsWith("LungSeg", StringComparison.Ordinal);

    private static object?[]? Known(Type type)
    {
        if (type.IsEnum) return [Enum.ToObject(type, -1), Enum.ToObject(type, 99), Enum.ToObject(type, int.MaxValue)];
        if (type == typeof(int)) return [int.MinValue, -1, 0, 1, 46341, 65536, int.MaxValue];
        if (type == typeof(long)) return [long.MinValue, -1L, 0L, 1L, 1L << 32, long.MaxValue];
        if (type == typeof(float))
            return [float.NaN, float.NegativeInfinity, float.PositiveInfinity, -1f, 0f, 1f, float.MaxValue, float.Epsilon];
        if (type == typeof(double))
            return [double.NaN, double.NegativeInfinity, double.PositiveInfinity, -1.0, 0.0, 1.0, double.MaxValue, double.Epsilon];
        if (type == typeof(bool)) return [false, true];
        if (type == typeof(string)) return [null, "", " ", "\0", "\uD800", "a\nb", "../../..", "/", new string('x', 100_000)];
        if (type == typeof(CancellationToken)) return [new CancellationToken(canceled: true)];
        if (type == typeof(DateTime)) return [DateTime.MinValue, DateTime.MaxValue];
        if (type == typeof(TimeSpan)) return [TimeSpan.MinValue, TimeSpan.MaxValue];
        if (type == typeof(object)) return [null, 1];
        if (type == typeof(Stream)) return [null, Stream.Null, Closed(), new UnreadableStream()];
        if (type == typeof(ReadOnlyMemory<byte>)) return [ReadOnlyMemory<byte>.Empty, new ReadOnlyMemory<byte>(new byte[Huge])];
        return null;
    }

    private static object[] Special(Type type)
    {
        if (type == typeof(Radiograph))
            return [new Radiograph(1, 1, 1, 16, new ushort[1]), new Radiograph(1, Many, 3, 8, new ushort[3 * Many])];
        if (type == typeof(LungMask)) return [new LungMask(1, 1, new byte[1]), Filled(0), Filled(1), new LungMask(Many, 1, new byte[Many])];
        if (type != typeof(ProbabilityMap)) return [];
        float[] values = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue];
        ProbabilityMap Full(float value) => new(Side, Side, [.. Enumerable.Repeat(value, Side * Side)]);
        return [new ProbabilityMap(1, 1, new float[1]), .. values.Select(Full)];
    }

    private static LungMask Filled(byte value) => new(Side, Side, [.. Enumerable.Repeat(value, Side * Side)]);

    // What refuses is found where constructors and setters themselves are called.
    private static object? Made(Func<object> make)
    {
        try
        {
            return make();
        }
        catch (Exception)
        {
            return null;
        }
    }

    private static IEnumerable<Extreme> Arrays(Type element)
    {
        foreach (int count in (int[])[0, 1, Huge]) yield return Named(Array.CreateInstance(element, count));
        object[] values = element == typeof(float) ? [float.NaN, float.PositiveInfinity]
            : element == typeof(byte) ? [byte.MaxValue]
            : element == typeof(ushort) ? [ushort.MaxValue] : [];
        foreach (object value in values)
        {
            var array = Array.CreateInstance(element, Side * Side);
            for (int i = 0; i < array.Length; i++) array.SetValue(value, i);
            yield return Named(array);
        }
    }

    private IEnumerable<Extreme> Collections(Type type, string where)
    {
        Type[] of = type.GetGenericArguments();
        if (of.Length == 2)
        {
            Type concrete = typeof(Dictionary<,>).MakeGenericType(of);
            yield return Named(Activator.CreateInstance(concrete));
            foreach (Extreme value in Of(of[1], 0, where))
            {
                var dictionary = (IDictionary)Activator.CreateInstance(concrete)!;
                dictionary.Add(samples.Of(of[0], where)!, value.Value);
                yield return new Extreme(dictionary, $"{{{value.Name}}}");
            }
            yield break;
        }
        yield return Named(Array.CreateInstance(of[0], 0));
        foreach (Extreme value in Of(of[0], 0, where))
        {
            var one = Array.CreateInstance(of[0], 1);
            one.SetValue(value.Value, 0);
            yield return new Extreme(one, $"[{value.Name}]");
        }
        var many = Array.CreateInstance(of[0], Many);
        object? sample = samples.Of(of[0], where);
        for (int i = 0; i < Many; i++) many.SetValue(sample, i);
        yield return Named(many);
    }

    private static MemoryStream Closed()
    {
        var stream = new MemoryStream();
        stream.Dispose();
        return stream;
    }

    private static Extreme Named(object? value) => new(value, value switch
    {
        null => "null",
        string { Length: > 40 } text => $"{text.Length} characters",
        string text => $"\"{text.Replace("\0", "\\0").Replace("\n", "\\n")}\"",
        Array { Length: > 0 } array => $"{array.Length} x {Named(array.GetValue(0)).Name}",
        ICollection many => $"{many.Count} elements",
        _ => value.ToString() ?? "",
    });

    private sealed class UnreadableStream : MemoryStream
    {
        public override bool CanRead => false;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override int Read(Span<byte> buffer) => throw new NotSupportedException();
    }
}
