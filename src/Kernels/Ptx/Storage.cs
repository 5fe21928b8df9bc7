namespace LungSeg.Kernels.Ptx;

/// <summary>
/// How elements of a map lie in memory, and how many of them a thread takes at once. Kernels are written once, over a storage;
/// arithmetic is float32 whatever the storage.
/// </summary>
internal interface IStorage
{
    /// <summary>Bytes of an element.</summary>
    int Size { get; }

    /// <summary>Elements that Load and Store move: 8 channels, or 1 in a map of one channel.</summary>
    int Width { get; }

    Float8 Load(long address);

    /// <summary>As Load, or zeros without a look at the address.</summary>
    Float8 LoadOrZero(long address, bool inside);

    void Store(long address, Float8 value);

    /// <summary>One element.</summary>
    float LoadOne(long address);

    /// <summary>One element.</summary>
    void StoreOne(long address, float value);
}

/// <summary>float32, eight channels at once.</summary>
internal readonly struct F32 : IStorage
{
    public int Size => 4;

    public int Width => 8;

    public Float8 Load(long address)
    {
        Float8 result;
        result.Low = Global.LoadFloat4(address);
        result.High = Global.LoadFloat4(address + 16);
        return result;
    }

    public Float8 LoadOrZero(long address, bool inside)
    {
        Float8 result;
        result.Low = Global.LoadFloat4OrZero(address, inside);
        result.High = Global.LoadFloat4OrZero(address + 16, inside);
        return result;
    }

    public void Store(long address, Float8 value)
    {
        Global.Store(address, value.Low);
        Global.Store(address + 16, value.High);
    }

    public float LoadOne(long address) => Global.LoadFloat(address);

    public void StoreOne(long address, float value) => Global.Store(address, value);
}

/// <summary>IEEE half, eight channels at once.</summary>
internal readonly struct F16 : IStorage
{
    public int Size => 2;

    public int Width => 8;

    public Float8 Load(long address) => Unpack(Global.Load(address));

    public Float8 LoadOrZero(long address, bool inside) => Unpack(Global.LoadOrZero(address, inside));

    public void Store(long address, Float8 value)
    {
        UInt4 packed;
        packed.X = Half2.Pack(value.Low.X, value.Low.Y);
        packed.Y = Half2.Pack(value.Low.Z, value.Low.W);
        packed.Z = Half2.Pack(value.High.X, value.High.Y);
        packed.W = Half2.Pack(value.High.Z, value.High.W);
        Global.Store(address, packed);
    }

    public float LoadOne(long address) => Half2.Low(Global.LoadUInt16(address));

    public void StoreOne(long address, float value) => Global.StoreUInt16(address, Half2.Pack(value, 0));

    private static Float8 Unpack(UInt4 packed)
    {
        Float8 result;
        result.Low.X = Half2.Low(packed.X);
        result.Low.Y = Half2.High(packed.X);
        result.Low.Z = Half2.Low(packed.Y);
        result.Low.W = Half2.High(packed.Y);
        result.High.X = Half2.Low(packed.Z);
        result.High.Y = Half2.High(packed.Z);
        result.High.Z = Half2.Low(packed.W);
        result.High.W = Half2.High(packed.W);
        return result;
    }
}

/// <summary>A storage element by element, for maps of one channel: the first lane works, the others are zero.</summary>
internal readonly struct Single<T> : IStorage where T : struct, IStorage
{
    public int Size => default(T).Size;

    public int Width => 1;

    public Float8 Load(long address)
    {
        Float8 result = Float8.Splat(0);
        result.Low.X = default(T).LoadOne(address);
        return result;
    }

    public Float8 LoadOrZero(long address, bool inside)
    {
        Float8 result = Float8.Splat(0);
        if (inside) result.Low.X = default(T).LoadOne(address);
        return result;
    }

    public void Store(long address, Float8 value) => default(T).StoreOne(address, value.Low.X);

    public float LoadOne(long address) => default(T).LoadOne(address);

    public void StoreOne(long address, float value) => default(T).StoreOne(address, value);
}
