using System.Collections;
using System.Reflection;
using System.Text.Json;
using LungSeg.CudaStub;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Imaging.Classes;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Outputs;
using LungSeg.Imaging.Quality;
using LungSeg.Models.Scoring;
using Microsoft.Extensions.DependencyInjection;

namespace LungSeg.Models.Tests.Extremes;

/// <summary>
/// Values that public members accept: for each type, and for parameters that need one of their own. What is not here is made by its
/// constructor of samples; a type that cannot be made so needs a line here.
/// </summary>
internal sealed class Samples : IDisposable
{
    private const int Side = 32;
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"lungseg-{Guid.NewGuid():N}");
    private readonly Dictionary<Type, Func<object>[]> _instances;
    private readonly Dictionary<string, Func<object?>> _parameters;
    private readonly List<IDisposable> _made = [];

    public Samples()
    {
        Directory.CreateDirectory(_folder);
        ImageWriter.WritePng(ImageFile, Image);
        Safetensors.Write(WeightsFile, Network.Parameters);
        _instances = new()
        {
            [typeof(IBackend)] = [() => Kept(new CpuBackend(2)), () => Kept(new ReferenceBackend()), () => Kept(EmulatedGpu.Open())],
            [typeof(CudaBackend)] = [() => Kept(EmulatedGpu.Open())],
            [typeof(CudaDevice)] = [() => Kept(EmulatedGpu.Open()).Device],
            [typeof(CudaTuning)] = [() => CudaTuning.Read(Tuning)],
            [typeof(Graph)] = [() => Network],
            [typeof(Tensor)] = [() => Network.Outputs[0]],
            [typeof(EngineException)] = [() => new ShapeException("text")],
            [typeof(IO.LungSegException)] = [() => new IO.FileException("text")],
            [typeof(StateDict)] = [() => new StateDict([Weight("a"), Weight("b")], new Dictionary<string, string> { ["key"] = "value" })],
            [typeof(Parameter)] = [() => Weight("a")],
            [typeof(Radiograph)] = [() => Image, () => Color],
            [typeof(LungMask)] = [() => Mask],
            [typeof(ProbabilityMap)] = [() => Map, () => new ProbabilityMap(1, 1, [0.5f]).Resize(Side, Side)],
            [typeof(LungSegmentation)] = [() => Result, () => OfDicom],
            [typeof(MaskStatistics)] = [() => Result.Statistics],
            [typeof(ChestMeasures)] = [() => Result.Chest],
            [typeof(LungUncertainty)] = [() => Result.Uncertainty],
            [typeof(QualityMeasures)] = [() => Result.Measures],
            [typeof(IResultWriter)] = [.. ResultFormats.All.Select(writer => (Func<object>)(() => writer))],
            [typeof(Architecture)] = [() => Architectures.Get("pan")],
            [typeof(WeightsFolder)] = [() => new WeightsFolder(TestData.InRepository("weights"))],
            [typeof(LungSegmenter)] = [() => Kept(LungSegmenter.Load(new LungSegmenterOptions { NetworkSize = 128, Threads = 1 }))],
            [typeof(ILungSegmenter)] = [() => Kept(Services().BuildServiceProvider()).GetRequiredService<ILungSegmenter>()],
            [typeof(ClassSegmenter)] = [() => Kept(ClassSegmenter.Load(OfClasses))],
            [typeof(LesionScorer)] = [() => Kept(LesionScorer.Load(Lesions, Small))],
            [typeof(IServiceCollection)] = [Services],
            [typeof(Stream)] = [ImageStream],
            [typeof(Utf8JsonWriter)] = [() => new Utf8JsonWriter(Stream.Null)],
            [typeof(Exception)] = [() => new IOException("text")],
            [typeof(Lazy<string>)] = [() => new Lazy<string>("text")],
            [typeof(Version)] = [() => new Version(1, 2)],
        };
        _instances[typeof(Model)] = Each<IBackend>(backend => Kept(backend.Load(Network)));
        _instances[typeof(Plan)] = Each<Model>(model => Kept(model.Plan(1, 8, 8)));
        _instances[typeof(Engine.Buffer)] = Each<Plan>(plan => plan.Input);
        _parameters = new()
        {
            ["path"] = () => ImageFile,
            ["AtomicFile.path"] = () => In("out"),
            ["WeightsFolder.path"] = () => TestData.InRepository("weights"),
            ["Checkpoint.path"] = () => WeightsFile,
            ["Checkpoint.bytes"] = () => new ReadOnlyMemory<byte>(File.ReadAllBytes(WeightsFile)),
            ["Checkpoint.stream"] = () => new MemoryStream(File.ReadAllBytes(WeightsFile)),
            ["Safetensors.path"] = () => WeightsFile,
            ["ImageWriter.path"] = () => In("out.png"),
            ["stem"] = () => In("stem"),
            ["checkpoint"] = () => WeightsFile,
            ["output"] = () => In("converted.safetensors"),
            ["ClassSegmenter.options"] = () => OfClasses,
            ["ClassSegmenter.classes"] = () => new[] { ImageClass.Of("a", 0), ImageClass.Of("b", 1) },
            ["LesionScorer.lesionWeights"] = () => Lesions,
            ["LesionScorer.lungs"] = () => Small,
            ["LesionScorer.options"] = () => Array.Empty<KeyValuePair<string, string>>(),
            ["LesionScorer.part"] = () => "",
            ["Run.options"] = () => new ConversionOptions { Any = true, Overwrite = true },
            ["WithTaps.paths"] = () => new[] { "body" },
            ["WithInput.input"] = () => new Shape(1, 3, 8, 8),
            ["CheckSize.input"] = () => new Shape(1, 3, 128, 128),
            ["Architecture.stateDict"] = () => Checkpoint.Read(TestData.InRepository("weights", "pan.safetensors")),
            ["Recognise.stateDict"] = () => Checkpoint.Read(TestData.InRepository("weights", "pan.safetensors")),
            ["Get.key"] = () => "pan",
            ["CudaTuning.utf8"] = () => Tuning,
            ["Buffer.nchw"] = () => new float[3 * 8 * 8],
            ["Execute.input"] = () => new float[3 * 8 * 8],
            ["Execute.output"] = () => new float[8 * 8],
            ["Plan.n"] = () => 1,
            ["Plan.h"] = () => 2,
            ["Plan.w"] = () => 2,
            ["LungMask.width"] = () => Side,
            ["LungMask.height"] = () => Side,
            ["LungMask.pixels"] = () => new byte[Side * Side],
            ["LungMask.probabilities"] = () => new float[Side * Side],
            ["LungMask.image"] = () => new Radiograph(Side, Side, 1, 8, [.. Mask.To8Bit().Select(pixel => (ushort)pixel)]),
            ["ProbabilityMap.width"] = () => Side,
            ["ProbabilityMap.height"] = () => Side,
            ["ProbabilityMap.values"] = () => new float[Side * Side],
            ["Radiograph.width"] = () => Side,
            ["Radiograph.height"] = () => Side,
            ["Radiograph.channels"] = () => 1,
            ["Radiograph.bitDepth"] = () => 8,
            ["Radiograph.stride"] = () => Side,
            ["Radiograph.samples"] = () => new ushort[Side * Side],
            ["FromPixels.pixels"] = () => null,
            ["ImageWriter.width"] = () => Side,
            ["ImageWriter.height"] = () => Side,
            ["ImageWriter.channels"] = () => 1,
            ["ImageWriter.pixels"] = () => new byte[Side * Side],
            ["ImageWriter.grey"] = () => new byte[Side * Side],
            ["quality"] = () => 90,
            ["ImageReader.file"] = () => File.ReadAllBytes(ImageFile),
            ["encoded"] = () => File.ReadAllBytes(ImageFile),
            ["list"] = () => "mask,json",
            ["IResultWriter.result"] = () => OfDicom,
            ["ResultFiles.writers"] = () => ResultFormats.Parse("mask,json"),
            ["mask"] = () => Mask,
            ["Segment.mask"] = () => new byte[Side * Side],
            ["Segment.probabilities"] = () => new float[Side * Side],
            ["DicomReference.ImageOrientation"] = () => new double[] { 1, 0, 0, 0, 1, 0 },
            ["DicomReference.ImagePosition"] = () => new double[3],
            ["LungSegmentation.MirrorProbabilities"] = () => Map,
            ["QualityMeasures.CutShares"] = () => new double[4],
            ["LungSegmenterOptions.Network"] = () => "pan",
            ["LungSegmenterOptions.NetworkSize"] = () => 128,
        };
    }

    /// <summary>An image file that can be read.</summary>
    public string ImageFile => In("image.png");

    /// <summary>A weights file of <see cref="Network"/>.</summary>
    public string WeightsFile => In("weights.safetensors");

    /// <summary>Where files may be made.</summary>
    public string Folder => _folder;

    private static byte[] Tuning =>
        """{"device": "x", "launch_microseconds": 2, "memory_bytes_per_second": 1e12, "macs_per_clock": {"conv": 3}}"""u8.ToArray();

    private static Graph Network { get; } = Graph.Record(new Shape(1, 3, 8, 8), x =>
    {
        var layers = new RandomLayers(1);
        return layers.Conv2d(layers.Conv2d(x, "body", 8, 3, padding: 1).ReLU(), "head", 1, 1).Sigmoid();
    });

    private static LungMask Mask { get; } = new(Side, Side, [.. Enumerable.Range(0, Side * Side).Select(i =>
        (byte)(i / Side is > 4 and < 26 && i % Side is (> 3 and < 13) or (> 18 and < 28) ? 1 : 0))]);

    private static ProbabilityMap Map => new(Side, Side, [.. Enumerable.Range(0, Side * Side).Select(i => Mask.Pixels[i] * 0.7f + 0.15f)]);

    private static Radiograph Image =>
        Radiograph.FromPixels([.. Enumerable.Range(0, Side * Side).Select(i => (byte)(i * 7 % 251))], Side, Side);

    private static Radiograph Color =>
        Radiograph.FromPixels([.. Enumerable.Range(0, 3 * Side * Side).Select(i => (ushort)(i * 7 % 60000))], Side, Side, 16, 3);

    private static LungSegmentation Result => new()
    {
        Image = Image,
        Mask = Mask,
        Probabilities = Map,
        Method = new SegmentationMethod("pan", "weights", 64, 0.5f, "native", "CPU"),
        Times = default,
    };

    private static LungSegmentation OfDicom => Result with
    {
        Image = new Radiograph(Side, Side, 1, 16, [.. Image.Samples])
        {
            Spacing = new PixelSpacing(0.2, 0.2),
            PatientLeftIsOnTheRight = true,
            Dicom = ImageReader.Read(TestData.PathOf("dicom", "read", "native12.dcm")).Dicom! with { Rows = Side, Columns = Side },
        },
    };

    public void Dispose()
    {
        foreach (IDisposable made in _made) made.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Instances of a type to call its members on, each made when it is asked for; none where none can be made.</summary>
    public IReadOnlyList<Func<object>> InstancesOf(Type type)
    {
        if (_instances.TryGetValue(type, out Func<object>[]? known)) return known;
        if (type.IsEnum) return [() => Enum.GetValues(type).GetValue(0)!];
        if (type.IsAbstract) return [];
        ConstructorInfo? constructor = type.GetConstructors().OrderByDescending(c => c.GetParameters().Length)
            .FirstOrDefault(c => c.GetParameters().All(p => p.ParameterType != type));
        if (constructor is null) return [];
        return [() =>
        {
            object made = constructor.Invoke([.. constructor.GetParameters().Select(ValueOf)]);
            foreach (PropertyInfo property in Settable(type).Where(IsRequired)) property.SetValue(made, ValueOf(property));
            return made is IDisposable disposable ? Kept(disposable) : made;
        }];
    }

    /// <summary>
    /// The properties that callers may set: always, or while they make an instance, where they can.
    /// </summary>
    public static IEnumerable<PropertyInfo> Settable(Type type)
    {
        bool isMadeByCallers = type.IsValueType || type.GetConstructors().Length > 0;
        return type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.SetMethod is { IsPublic: true } setter && (isMadeByCallers || !IsInitOnly(setter)));
    }

    /// <summary>A new instance with a property set.</summary>
    public object With(PropertyInfo property, object? value)
    {
        object made = InstancesOf(property.ReflectedType!)[0]();
        property.SetValue(made, value, BindingFlags.DoNotWrapExceptions, null, null, null);
        return made;
    }

    /// <summary>A value that a parameter takes.</summary>
    public object? ValueOf(ParameterInfo parameter)
    {
        Type owner = parameter.Member.DeclaringType!, type = parameter.ParameterType;
        foreach (string key in (string[])[$"{parameter.Member.Name}.{parameter.Name}", $"{owner.Name}.{parameter.Name}", parameter.Name!])
        {
            if (_parameters.TryGetValue(key, out Func<object?>? make) && make() is { } value && Fits(value, type)) return value;
        }
        return type.IsByRef ? null : Of(type, $"{owner.Name}.{parameter.Member.Name}.{parameter.Name}");
    }

    /// <summary>A value that a property takes.</summary>
    public object? ValueOf(PropertyInfo property) =>
        _parameters.TryGetValue($"{property.DeclaringType!.Name}.{property.Name}", out Func<object?>? make)
            ? make()
            : Of(property.PropertyType, $"{property.DeclaringType.Name}.{property.Name}");

    /// <summary>A value of a type.</summary>
    public object? Of(Type type, string where)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying) return Of(underlying, where);
        if (Member.ElementOf(type) is { } element) return Many(element, Side * Side, where);
        if (type.IsArray) return Many(type.GetElementType()!, Side * Side, where);
        if (type == typeof(string)) return "text";
        if (type == typeof(bool)) return false;
        if (type == typeof(CancellationToken)) return CancellationToken.None;
        if (type == typeof(TimeSpan)) return TimeSpan.Zero;
        if (type == typeof(DateTime)) return DateTime.UnixEpoch;
        if (type == typeof(object)) return "text";
        if (type.IsPrimitive) return Convert.ChangeType(type == typeof(float) || type == typeof(double) ? 0.5 : 4, type);
        if (typeof(Delegate).IsAssignableFrom(type)) return Callback(type, where);
        if (type.IsGenericType)
        {
            Type definition = type.GetGenericTypeDefinition();
            Type[] of = type.GetGenericArguments();
            if (definition == typeof(IEnumerable<>) || definition == typeof(IReadOnlyList<>)) return Many(of[0], 1, where);
            if (definition == typeof(IReadOnlyDictionary<,>))
            {
                var dictionary = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(of))!;
                dictionary.Add(Of(of[0], where)!, Of(of[1], where));
                return dictionary;
            }
            if (definition == typeof(ReadOnlyMemory<>)) return Activator.CreateInstance(type, Many(of[0], Side * Side, where));
            if (type.IsValueType && !type.FullName!.StartsWith("LungSeg", StringComparison.Ordinal))
                return Activator.CreateInstance(type, [.. of.Select(argument => Of(argument, where))]);
        }
        return InstancesOf(type) is [{ } make, ..] ? make() : throw new NotSupportedException($"{where}: there is no sample of {type}");
    }

    private static bool Fits(object value, Type type) =>
        (Nullable.GetUnderlyingType(type) ?? type).IsInstanceOfType(value)
        || (Member.ElementOf(type) is { } element && value.GetType() == element.MakeArrayType());

    /// <summary>Weights of a small network of three classes, and of one for lesions.</summary>
    private string Classes => Made("classes.safetensors", new NetworkOptions { Classes = 3, Activation = OutputActivation.Softmax });

    private LungSegmenterOptions OfClasses => new() { WeightsFile = Classes, NetworkSize = 64, Threads = 1 };

    private string Lesions => Made("lesions.safetensors", new NetworkOptions());

    private static LungSegmenterOptions Small => new() { NetworkSize = 128, Threads = 1 };

    private string Made(string name, NetworkOptions options)
    {
        string path = In(name);
        if (File.Exists(path)) return path;
        var unet = new Network("Unet", "timm-mobilenetv3_small_minimal_100", options);
        var network = new Architecture(unet, CheckpointOptions.None);
        IEnumerable<Parameter> weights = network.Layout
            .Select(entry => new Parameter(entry.Key, entry.Dims, () => [.. Enumerable.Repeat(0.01f, (int)entry.Count)]));
        Safetensors.Write(path, weights, new Dictionary<string, string>
        {
            ["architecture"] = network.Decoder,
            ["encoder"] = network.Encoder,
            ["options"] = NetworkOptionNames.ToText(options),
        });
        return path;
    }

    private static Parameter Weight(string key) => new(key, [2, 3], () => new float[6]);

    private static IServiceCollection Services() =>
        new ServiceCollection().AddLungSeg(options => (options.NetworkSize, options.Threads) = (128, 1));

    // One that can be written to as well.
    private MemoryStream ImageStream()
    {
        var stream = new MemoryStream();
        stream.Write(File.ReadAllBytes(ImageFile));
        stream.Position = 0;
        return stream;
    }

    private Array Many(Type element, int count, string where)
    {
        var array = Array.CreateInstance(element, count);
        for (int i = 0; i < count && !element.IsPrimitive; i++) array.SetValue(Of(element, where), i);
        return array;
    }

    // One that does nothing, or returns a sample.
    private Delegate Callback(Type type, string where)
    {
        MethodInfo invoke = type.GetMethod("Invoke")!;
        var parameters = invoke.GetParameters().Select(p => System.Linq.Expressions.Expression.Parameter(p.ParameterType)).ToArray();
        object? result = invoke.ReturnType == typeof(void) ? null : Of(invoke.ReturnType, where);
        System.Linq.Expressions.Expression body = invoke.ReturnType == typeof(void)
            ? System.Linq.Expressions.Expression.Empty()
            : System.Linq.Expressions.Expression.Constant(result, invoke.ReturnType);
        return System.Linq.Expressions.Expression.Lambda(type, body, parameters).Compile();
    }

    private Func<object>[] Each<T>(Func<T, object> make) => [.. InstancesOf(typeof(T)).Select(of => (Func<object>)(() => make((T)of())))];

    private T Kept<T>(T disposable)
        where T : IDisposable
    {
        _made.Add(disposable);
        return disposable;
    }

    private string In(string name) => Path.Combine(_folder, name);

    private static bool IsInitOnly(MethodInfo setter) =>
        setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(System.Runtime.CompilerServices.IsExternalInit));

    private static bool IsRequired(PropertyInfo property) =>
        property.GetCustomAttribute<System.Runtime.CompilerServices.RequiredMemberAttribute>() is not null;
}
