using LungSeg.Engine.Weights;

namespace LungSeg.Models.Tests;

/// <summary>Checkpoints as training code saves them: wrapped, beside other tensors, several copies, later names.</summary>
public sealed class LibraryNamesTests
{
    [Theory]
    [InlineData("")]
    [InlineData("_orig_mod.")]
    [InlineData("module.")]
    [InlineData("network.")]
    [InlineData("unet.")]
    [InlineData("student.")]
    [InlineData("net.module.")]
    [InlineData("encoder.net.")]
    public void What_stands_before_every_key_is_taken_off(string prefix)
    {
        StateDict checkpoint = Of("pan", prefix);
        Assert.Equal("pan", Architectures.Recognise(checkpoint).Key);
        NetworkPart part = LibraryNames.Find(checkpoint);
        Assert.Equal(prefix.TrimEnd('.'), part.Prefix);
        Assert.Empty(part.LeftOut);
        Architectures.Get("pan").Load(checkpoint);
    }

    [Theory]
    [InlineData("model.", "loss_fn.weight")]
    [InlineData("module.", "n_averaged")]
    [InlineData("", "loss_fn.weight")]
    public void Tensors_beside_a_complete_network_are_left_out_and_named(string prefix, string other)
    {
        var checkpoint = new StateDict([.. Of("pan", prefix), new Parameter(other, [1], () => [1])]);
        Assert.Equal("pan", Architectures.Recognise(checkpoint).Key);
        Assert.Equal([other], LibraryNames.Find(checkpoint).LeftOut);
    }

    [Fact]
    public void Of_several_copies_one_must_be_chosen()
    {
        var checkpoint = new StateDict([.. Of("pan", "model."), .. Of("pan", "ema.module.")]);
        string message = Assert.Throws<WeightException>(() => Architectures.Recognise(checkpoint)).Message;
        Assert.Contains("holds 2 networks, under 'ema.module', 'model'", message);
        NetworkPart part = LibraryNames.Find(checkpoint, "ema.module");
        Assert.Equal("pan", Architectures.Recognise(part.Weights).Key);
        Assert.Equal(part.Weights.Count, part.LeftOut.Count);
        Assert.Contains("under 'student'", Assert.Throws<WeightException>(() => LibraryNames.Find(checkpoint, "student")).Message);
    }

    [Theory]
    [InlineData("deeplabv3")]
    [InlineData("pspnet")]
    [InlineData("linknet")]
    public void The_names_of_later_versions_are_the_same_networks(string network)
    {
        var checkpoint = new StateDict(Of(network, "").Select(parameter => parameter.WithKey(NewName(network, parameter.Key))));
        Assert.Equal(network, Architectures.Recognise(checkpoint).Key);
        Architectures.Get(network).Load(checkpoint);
    }

    [Fact]
    public void A_network_that_fits_none_is_told_its_own_differences_from_the_nearest()
    {
        var checkpoint = new StateDict(Of("pan", "_orig_mod.").Where(parameter => !parameter.Key.EndsWith("gau1.conv2.conv.weight")));
        string message = Assert.Throws<WeightException>(() => Architectures.Recognise(checkpoint)).Message;
        Assert.Contains("the nearest is PAN (pan, encoder efficientnet-b0) with 1 differences: decoder.gau1.conv2.conv.weight", message);
    }

    private static StateDict Of(string network, string prefix) => new(
        Architectures.Get(network).Layout.Select(entry => new Parameter(prefix + entry.Key, entry.Dims, () => new float[entry.Count])));

    private static string NewName(string network, string key) => network == "deeplabv3"
        ? key.Replace("decoder.0.", "decoder.aspp.").Replace("decoder.1.", "decoder.conv.").Replace("decoder.2.", "decoder.bn.")
        : key.StartsWith("encoder.") ? $"encoder.model.{key["encoder.".Length..]}" : key;
}
