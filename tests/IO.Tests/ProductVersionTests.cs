namespace LungSeg.IO.Tests;

public sealed class ProductVersionTests
{
    [Fact]
    public void The_version_is_the_assemblys()
    {
        Assert.Equal(typeof(ProductVersion).Assembly.GetName().Version!.ToString(3), ProductVersion.Number);
        Assert.True(ProductVersion.Commit is null or { Length: 12 });
        Assert.StartsWith(ProductVersion.Number, ProductVersion.Full);
    }
}
