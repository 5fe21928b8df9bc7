// Takes a segmenter from a service container, and writes the mask of an image: SegmentInService IMAGE MASK.
using LungSeg.Imaging;
using LungSeg.Models;
using Microsoft.Extensions.DependencyInjection;

var services = new ServiceCollection();
services.AddLungSeg(options => options.Plans = 2);
await using ServiceProvider provider = services.BuildServiceProvider();

ILungSegmenter segmenter = provider.GetRequiredService<ILungSegmenter>();
LungSegmentation result = segmenter.Segment(ImageReader.Read(args[0]));
ImageWriter.WritePng(args[1], result.Mask);
Console.WriteLine($"{args[1]}: {result.Mask.Area} pixels of lung");
