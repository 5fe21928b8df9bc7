using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Simd;

/// <summary>A number as a type, so that the just-in-time compiler folds it and drops the branches that it decides.</summary>
internal interface IConstant
{
    static abstract int Value { get; }
}

internal readonly struct Identity : IConstant { public static int Value => (int)Activation.None; }

internal readonly struct ReLU : IConstant { public static int Value => (int)Activation.ReLU; }

internal readonly struct SiLU : IConstant { public static int Value => (int)Activation.SiLU; }

internal readonly struct Sigmoid : IConstant { public static int Value => (int)Activation.Sigmoid; }

internal readonly struct ReLU6 : IConstant { public static int Value => (int)Activation.ReLU6; }

internal readonly struct HardSigmoid : IConstant { public static int Value => (int)Activation.HardSigmoid; }

internal readonly struct HardSwish : IConstant { public static int Value => (int)Activation.HardSwish; }

internal readonly struct C1 : IConstant { public static int Value => 1; }

internal readonly struct C2 : IConstant { public static int Value => 2; }

internal readonly struct C3 : IConstant { public static int Value => 3; }

internal readonly struct C4 : IConstant { public static int Value => 4; }

internal readonly struct C5 : IConstant { public static int Value => 5; }

internal readonly struct C6 : IConstant { public static int Value => 6; }

internal readonly struct C7 : IConstant { public static int Value => 7; }

internal readonly struct C8 : IConstant { public static int Value => 8; }

internal readonly struct C9 : IConstant { public static int Value => 9; }

internal readonly struct C10 : IConstant { public static int Value => 10; }

internal readonly struct C11 : IConstant { public static int Value => 11; }

internal readonly struct C12 : IConstant { public static int Value => 12; }
