using LungSeg.Cli.Runs;

namespace LungSeg.Cli.Tests.Runs;

public sealed class DivisionTests
{
    private const long Gigabyte = 1L << 30;

    [Theory]
    [InlineData(1, 8, 64, 1, 1, 8)]
    [InlineData(15, 8, 64, 9, 1, 8)]
    [InlineData(16, 8, 64, 9, 8, 1)]
    [InlineData(2000, 2, 64, 3, 2, 1)]
    [InlineData(2000, 1, 64, 2, 1, 1)]
    [InlineData(2000, 64, 8, 16, 16, 1)]
    [InlineData(2000, 8, 1, 2, 2, 1)]
    [InlineData(2000, 8, 0, 1, 1, 8)]
    public void Many_images_have_a_thread_each_and_few_have_all_in_turn_as_memory_allows(
        int images, int threads, int gigabytes, int underWay, int networks, int each) =>
        Assert.Equal(new Division(underWay, networks, each), Division.Of(images, threads, gigabytes * Gigabyte));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(16, 2)]
    public void On_a_device_one_image_is_copied_while_another_is_computed(int images, int networks) =>
        Assert.Equal((0, networks), (Of(images).OnDevice().ThreadsEach, Of(images).OnDevice().Networks));

    private static Division Of(int images) => Division.Of(images, 8, 64 * Gigabyte);
}
