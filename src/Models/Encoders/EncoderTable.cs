using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>An encoder of the library: its name there, and how to build it.</summary>
/// <param name="Name">The name in the library, such as <c>timm-regnety_032</c>.</param>
/// <param name="Build">Builds the encoder at a place in the checkpoint.</param>
/// <param name="NotDilated">Why the library refuses to dilate the encoder; null if it does.</param>
internal sealed record EncoderEntry(string Name, Func<WeightScope, EncoderOptions, Encoder> Build, string? NotDilated = null);

/// <summary>Every encoder of segmentation_models_pytorch 0.1.3 to 0.6.0 that is a convolutional network.</summary>
internal static class EncoderTable
{
    private const string Pools = "it halves its maps by pooling, which no dilation replaces";

    // The study's families are first: a program that runs one of its networks then builds no other family's table.
    private static readonly Func<IEnumerable<EncoderEntry>>[] Families =
    [
        () => Of(EfficientNet.Variants, (w, variant, options) => new EfficientNet(w, variant, options)),
        () => Of(SeNet.Variants, (w, variant, options) => new SeNet(w, variant, options)),
        () => Of(RegNet.Variants, (w, variant, options) => new RegNet(w, variant, options)),
        () => Of(ResNet.Variants, (w, variant, options) => new ResNet(w, variant, options)),
        () => Of(Res2Net.Variants, (w, variant, options) => new Res2Net(w, variant, options), Pools),
        () => Of(ResNeSt.Variants, (w, variant, options) => new ResNeSt(w, variant, options), Pools),
        () => Of(SkNet.Variants, (w, variant, options) => new SkNet(w, variant, options)),
        () => Of(SkNet.OldVariants, (w, variant, options) => new SkNet(w, variant, options)),
        () => Of(DenseNet.Variants, (w, variant, options) => new DenseNet(w, variant, options), Pools),
        () => Of(Dpn.Variants, (w, variant, options) => new Dpn(w, variant, options)),
        () => Of(Vgg.Variants, (w, variant, options) => new Vgg(w, variant, options), Pools),
        () => [new EncoderEntry("xception", (w, options) => new Xception(w, options), Pools)],
        () => [new EncoderEntry("inceptionv4", (w, options) => new InceptionV4(w, options), Pools)],
        () => [new EncoderEntry("inceptionresnetv2", (w, options) => new InceptionResNetV2(w, options), Pools)],
        () => [new EncoderEntry("mobilenet_v2", (w, options) => new MobileNetV2(w, options))],
        () => Of(MobileNetV3.Variants, (w, variant, options) => new MobileNetV3(w, variant, options)),
        () => Of(TimmEfficientNet.Variants, (w, variant, options) => new TimmEfficientNet(w, variant, options)),
        () => Of(GerNet.Variants, (w, variant, options) => new GerNet(w, variant, options)),
        () => Of(MobileOne.Variants, (w, variant, options) => new MobileOne(w, variant, options)),
        () => OfTimm(Res2Net.Variants, (w, variant, options) => new Res2Net(w["model"], variant, options)),
        () => OfTimm(ResNeSt.Variants, (w, variant, options) => new ResNeSt(w["model"], variant, options), Pools),
        () => OfTimm(RegNet.Variants, (w, variant, options) => new RegNet(w["model"], variant, options)),
        () => OfTimm(GerNet.Variants, (w, variant, options) => new GerNet(w["model"], variant, options)),
        () => OfTimm(
            MobileNetV3.Variants.Where(pair => !pair.Value.IsMinimal),
            (w, variant, options) => new MobileNetV3(w, variant with { IsTensorFlow = false }, options)),
    ];

    private static readonly Lazy<IReadOnlyDictionary<string, EncoderEntry>> ByName =
        new(() => Families.SelectMany(family => family()).ToDictionary(entry => entry.Name));

    /// <summary>All encoders by name.</summary>
    public static IReadOnlyDictionary<string, EncoderEntry> All => ByName.Value;

    /// <summary>The encoder of a name; null if the library has none. Looks no further than the family that has it.</summary>
    public static EncoderEntry? Find(string name)
    {
        foreach (Func<IEnumerable<EncoderEntry>> family in Families)
        {
            foreach (EncoderEntry entry in family())
            {
                if (entry.Name == name) return entry;
            }
        }
        return null;
    }

    /// <summary>Whether the library has an encoder of this name that is a transformer, which this engine does not run.</summary>
    public static bool IsTransformer(string name) => name.StartsWith("mit_b", StringComparison.Ordinal);

    // The encoders that the library takes from timm as they are, since 0.4: named tu-, and in a module of their own.
    private static IEnumerable<EncoderEntry> OfTimm<T>(
        IEnumerable<KeyValuePair<string, T>> variants, Func<WeightScope, T, EncoderOptions, Encoder> build, string? notDilated = null) =>
        variants.Select(pair => new EncoderEntry(
            $"tu-{pair.Key["timm-".Length..]}", (w, options) => build(w, pair.Value, options with { DilatesLate = true }), notDilated));

    private static IEnumerable<EncoderEntry> Of<T>(
        IReadOnlyDictionary<string, T> variants, Func<WeightScope, T, EncoderOptions, Encoder> build, string? notDilated = null) =>
        variants.Select(pair => new EncoderEntry(pair.Key, (w, options) => build(w, pair.Value, options), notDilated));
}
