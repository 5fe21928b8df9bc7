// Segments an image from a stream, and stops when Ctrl+C is pressed or a minute has passed.
using LungSeg.Imaging;
using LungSeg.Imaging.Quality;
using LungSeg.Models;

using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(1));
Console.CancelKeyPress += (_, pressed) => { pressed.Cancel = true; stop.Cancel(); };

using LungSegmenter segmenter = LungSegmenter.Load(new LungSegmenterOptions { Threads = Environment.ProcessorCount });
using Stream image = File.OpenRead(args[0]);
LungSegmentation result = await segmenter.SegmentAsync(image, cancellation: stop.Token);

Console.WriteLine($"{result.Mask.Area} of {result.Mask.Width} x {result.Mask.Height} pixels are lung ({segmenter.Network.Name})");
foreach (QualityFlag flag in result.Flags) Console.WriteLine(flag);
