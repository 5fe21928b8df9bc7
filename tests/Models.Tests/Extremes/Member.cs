using System.Reflection;
using System.Reflection.Emit;

namespace LungSeg.Models.Tests.Extremes;

/// <summary>
/// A public method, constructor or accessor that takes its arguments as objects; spans are given as arrays. Reflection alone cannot call
/// what takes or returns a span.
/// </summary>
internal sealed class Member
{
    private readonly Func<object?[], object?> _call;

    public Member(MethodBase method)
    {
        Method = method;
        Parameters = method.GetParameters();
        _call = Compile();
    }

    public MethodBase Method { get; }

    public ParameterInfo[] Parameters { get; }

    public bool HasInstance => !Method.IsStatic && Method is MethodInfo;

    public string Name => $"{Method.DeclaringType!.Name}.{Method.Name}({string.Join(", ", Parameters.Select(p => p.ParameterType.Name))})";

    /// <summary>All of a type but what it inherits.</summary>
    public static IEnumerable<Member> Of(Type type)
    {
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        IEnumerable<MethodBase> constructors = type.IsAbstract ? [] : type.GetConstructors(Declared);
        IEnumerable<MethodBase> all = constructors.Concat(type.GetMethods(Declared));
        return all.Where(method => !method.ContainsGenericParameters).Select(method => new Member(method));
    }

    /// <summary>Calls it to its end: a task is waited for, a sequence is read.</summary>
    public void Call(object? instance, object?[] arguments)
    {
        switch (_call(HasInstance ? [instance, .. arguments] : arguments))
        {
            case Task task:
                task.GetAwaiter().GetResult();
                break;
            case System.Collections.IEnumerable sequence and not (string or Array):
                foreach (object? _ in sequence) { }
                break;
        }
    }

    /// <summary>Calls a constructor.</summary>
    public object Make(object?[] arguments) => _call(arguments)!;

    private Func<object?[], object?> Compile()
    {
        var thunk = new DynamicMethod(Method.Name, typeof(object), [typeof(object[])], typeof(Member).Module, skipVisibility: true);
        ILGenerator il = thunk.GetILGenerator();
        if (HasInstance)
        {
            Load(il, 0);
            il.Emit(Method.DeclaringType!.IsValueType ? OpCodes.Unbox : OpCodes.Castclass, Method.DeclaringType);
        }
        for (int i = 0; i < Parameters.Length; i++)
        {
            Type type = Parameters[i].ParameterType;
            if (type.IsByRef)
            {
                il.Emit(OpCodes.Ldloca, il.DeclareLocal(type.GetElementType()!));
                continue;
            }
            Load(il, HasInstance ? i + 1 : i);
            if (ElementOf(type) is { } element)
            {
                Type array = element.MakeArrayType();
                il.Emit(OpCodes.Castclass, array);
                il.Emit(OpCodes.Call, type.GetMethod("op_Implicit", [array])!);
            }
            else il.Emit(OpCodes.Unbox_Any, type);
        }
        if (Method is ConstructorInfo constructor) il.Emit(OpCodes.Newobj, constructor);
        else il.Emit(Method.IsVirtual ? OpCodes.Callvirt : OpCodes.Call, (MethodInfo)Method);
        Type result = Method is MethodInfo method ? method.ReturnType : Method.DeclaringType!;
        if (result.IsByRefLike || result.IsByRef) il.Emit(OpCodes.Pop);
        if (result == typeof(void) || result.IsByRefLike || result.IsByRef) il.Emit(OpCodes.Ldnull);
        else if (result.IsValueType) il.Emit(OpCodes.Box, result);
        il.Emit(OpCodes.Ret);
        return thunk.CreateDelegate<Func<object?[], object?>>();
    }

    /// <summary>The element of a span; null for other types.</summary>
    public static Type? ElementOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() is var of && (of == typeof(Span<>) || of == typeof(ReadOnlySpan<>))
            ? type.GetGenericArguments()[0]
            : null;

    private static void Load(ILGenerator il, int index)
    {
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldc_I4, index);
        il.Emit(OpCodes.Ldelem_Ref);
    }
}
