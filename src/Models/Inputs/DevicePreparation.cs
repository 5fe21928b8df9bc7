using System.Runtime.CompilerServices;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.Imaging;

namespace LungSeg.Models.Inputs;

/// <summary>
/// The GPU resizes and normalises the image and cuts the mask: the samples go there once, and the mask comes back. The probabilities are
/// brought to the image's size on the host if somebody reads them.
/// </summary>
internal sealed class DevicePreparation(Preprocess preprocess, Postprocess postprocess) : IInputPreparation
{
    private readonly ConditionalWeakTable<CudaPlan, ImageTransfer> _transfers = [];

    public IPreparedImage Prepare(Radiograph image) => new Prepared(this, image, preprocess.Describe(image), postprocess);

    private sealed class Prepared : IPreparedImage, IStreamWork
    {
        private readonly DevicePreparation _preparation;
        private readonly Radiograph _image;
        private readonly DeviceImage _description;
        private readonly Postprocess _postprocess;
        private readonly int _width;
        private readonly int _height;
        private readonly byte[] _mask;
        private ImageTransfer? _transfer;

        public Prepared(DevicePreparation preparation, Radiograph image, DeviceImage description, Postprocess postprocess)
        {
            (_preparation, _image, _description, _postprocess) = (preparation, image, description, postprocess);
            (_width, _height) = postprocess.CutSize(image, description.Size);
            _mask = new byte[_width * _height];
        }

        public void Run(Plan plan, Span<float> output, CancellationToken cancellation)
        {
            (Shape input, Shape made) = (plan.Input.Shape, plan.Output.Shape);
            if (input is not { N: 1, C: 3 } || made.C != 1 || input.H != _description.Size || input.W != _description.Size)
                throw new ShapeException(
                    $"an image of {_description.Size} x {_description.Size} goes into a plan of its size with one channel out, not of "
                        + $"{input} and {made}");
            var device = (CudaPlan)plan;
            _transfer = _preparation._transfers.GetValue(device, ImageTransfer.Of);
            device.Execute(this, output, cancellation);
        }

        public (ProbabilityMap Probabilities, LungMask Mask) Cut(ProbabilityMap output)
        {
            if (_mask.AsSpan().ContainsAnyExceptInRange((byte)0, (byte)1))
                throw new DeviceException(
                    "the GPU's mask holds other values than 0 and 1: it computes wrongly ('lungseg selftest' says where)");
            return (_postprocess.AtCut(output, _image), new LungMask(_width, _height, _mask));
        }

        void IStreamWork.MakeInput(CudaStream stream, ulong planarInput) =>
            _transfer!.Prepare(stream, _description, planarInput, _width, _height);

        void IStreamWork.TakeOutput(CudaStream stream, ulong planarOutput) => _transfer!.Cut(
            stream, planarOutput, new Shape(1, 1, _description.Size, _description.Size), _postprocess.Threshold, _width, _height);

        void IStreamWork.Finish() => _transfer!.CopyMask(_mask);
    }
}
