using LungSeg.Imaging;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LungSeg.Models.Tests;

/// <summary>Segmenters in a service container.</summary>
public sealed class ExtensionsTests
{
    private static readonly string Path = TestData.InRepository("samples", "radiograph.png");

    [Fact]
    public async Task A_container_gives_one_segmenter_and_named_ones_and_disposes_them()
    {
        var log = new LogLines();
        var services = new ServiceCollection();
        services.AddLogging(builder => builder.AddProvider(log).SetMinimumLevel(LogLevel.Debug));
        services.AddLungSeg(options => options.NetworkSize = 128);
        services.AddLungSeg("large", options => options.NetworkSize = 160);
        services.Configure<LungSegmenterOptions>("large", options => options.Plans = 2);
        ILungSegmenter one, large;
        await using (ServiceProvider provider = services.BuildServiceProvider())
        {
            one = provider.GetRequiredService<ILungSegmenter>();
            large = provider.GetRequiredKeyedService<ILungSegmenter>("large");
            Assert.Same(one, provider.GetRequiredService<ILungSegmenter>());
            Assert.Equal((128, 160), (one.NetworkSize, large.NetworkSize));
            LungSegmentation result = await one.SegmentAsync(Path, cancellation: TestContext.Current.CancellationToken);
            using LungSegmenter plain = LungSegmenter.Load(new LungSegmenterOptions { NetworkSize = 128 });
            Assert.Equal(plain.Segment(Path).Mask.Pixels, result.Mask.Pixels);
            Assert.Throws<ImageException>(() => one.Segment(new byte[100].AsSpan()));
        }
        Assert.Throws<ObjectDisposedException>(() => one.Segment(Path));
        Assert.Throws<ObjectDisposedException>(() => large.Segment(Path));
        Assert.Contains(log.Lines, line => line.StartsWith("Information: Loaded pan at 160 x 160 pixels", StringComparison.Ordinal)
            && line.Contains("2 plans"));
        Assert.Contains(log.Lines, line => line.StartsWith("Debug: Segmented an image", StringComparison.Ordinal));
        Assert.Contains("Warning: An image was refused", log.Lines);
        Assert.DoesNotContain(log.Lines, line => line.Contains(Path));
    }

    private sealed class LogLines : ILoggerProvider, ILogger
    {
        private readonly List<string> _lines = [];

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (_lines) return [.. _lines];
            }
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            lock (_lines) _lines.Add($"{logLevel}: {formatter(state, exception)}");
        }

        public void Dispose() { }
    }
}
