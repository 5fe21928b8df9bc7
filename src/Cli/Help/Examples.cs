namespace LungSeg.Cli.Help;

/// <summary>What <c>--help</c> shows under "Examples", by the command's words after the program's name.</summary>
internal static class Examples
{
    private static readonly Dictionary<string, Example[]> All = new()
    {
        [""] =
        [
            new("lungseg segment chest.png -o out", "find the lungs in an image"),
            new("lungseg info", "the nine networks and the weights that are there"),
        ],
        ["segment"] =
        [
            new("lungseg segment chest.dcm -o out", "mask and overlay of a DICOM file, in the directory out"),
            new("lungseg segment chest.dcm -o out --format mask,json,seg,sc", "with areas and flags as JSON, and as DICOM segmentation and Secondary Capture"),
            new("lungseg segment *.png -o out --network deeplabv3plus", "several images by another network"),
            new("lungseg segment study -o out --resume", "a folder with all below it; again after a stop, it goes on"),
            new("lungseg segment study -o out --report", "with report.html, a page to look through"),
            new("lungseg segment 'study/**/*.dcm' -o out --shard 2/4", "a quarter of what a pattern matches, then: lungseg merge out"),
            new("find . -name '*.png' | lungseg segment @- -o out --json", "a list, and a line of JSON for each image"),
            new("lungseg segment chest.png --weights mine.safetensors --mode study", "weights of your own, the study's own steps"),
        ],
        ["inspect"] =
        [
            new("lungseg inspect chest.dcm", "what is read and decided: grey scale, inversion, spacing, orientation"),
            new("lungseg inspect chest.dcm --voi minmax -o out", "write the image as it is read with another grey scale"),
        ],
        ["merge"] =
        [
            new("lungseg merge out", "the shards that were written into one directory"),
            new("lungseg merge out1 out2 out3 out4 -o all", "shards of several directories, outputs copied"),
        ],
        ["report"] = [new("lungseg report out", "report.html of a run that is finished, interrupted or merged")],
        ["info"] =
        [
            new("lungseg info", "all nine networks"),
            new("lungseg info deeplabv3plus", "one network, layer by layer"),
            new("lungseg info weights.pth", "which network a file of weights is for"),
        ],
        ["verify"] =
        [
            new("lungseg verify tests/data/golden/pan.safetensors", "the engine against recorded outputs"),
            new("lungseg verify dump.safetensors --weights pan.safetensors --report report.html", "against a dump of your own PyTorch"),
        ],
        ["evaluate"] =
        [
            new("lungseg evaluate images masks -o evaluation", "the default network against masks of the images' names"),
            new("lungseg evaluate images masks --network all --threshold-sweep", "every network that has weights, and Dice by threshold"),
            new("lungseg evaluate images left right --predictions out", "masks made before, against the union of two masks for each image"),
        ],
        ["compare"] =
        [
            new("lungseg compare a.mask.png b.mask.png", "two masks"),
            new("lungseg compare masks_a masks_b -o difference", "two folders, matched by name, with images of the differences"),
        ],
        ["convert"] =
        [
            new("lungseg convert weights.pth -o deeplabv3plus.safetensors", "a checkpoint of PyTorch"),
            new("lungseg convert DeepLabV3plus.zip --dtype fp16", "the archive as it is downloaded, half the size"),
        ],
        ["weights"] = [new("lungseg weights list", "what is there")],
        ["weights list"] = [new("lungseg weights list", "files, networks, sources and licences")],
        ["weights verify"] = [new("lungseg weights verify", "every file against its hash")],
        ["weights add"] = [new("lungseg weights add deeplabv3plus.safetensors", "segment --network deeplabv3plus finds it from now on")],
        ["bench"] =
        [
            new("lungseg bench pan", "one network on this machine"),
            new("lungseg bench --threads 1 --json", "all nine on one thread, for programs"),
            new("lungseg bench deeplabv3plus --explain", "and the kernel of each layer, with its time"),
            new("lungseg bench unet --device cuda --precision fp16 --batch 1,8,32", "on a GPU, with its own clock"),
        ],
        ["profile"] =
        [
            new("lungseg profile pan", "where the time goes, kernel by kernel"),
            new("lungseg profile unet --threads 2 --trace unet.json", "and each thread's timeline, for ui.perfetto.dev"),
        ],
        ["selftest"] =
        [
            new("lungseg selftest --device cuda", "whether a new machine's GPU computes rightly, in every precision"),
            new("lungseg selftest --networks pan --cases 50", "many operations and one network on the processor"),
            new("lungseg selftest --device cuda --precision fp16 --only 'conv_wgmma_*'", "some kernels alone, for example after one was found wrong"),
        ],
        ["kernels"] =
        [
            new("lungseg kernels", "what there is for which GPUs"),
            new("lungseg kernels --device cuda", "what this GPU's driver made of each"),
            new("lungseg kernels --dump ptx", "each kernel's PTX as a file in the directory ptx"),
        ],
        ["tune"] =
        [
            new("lungseg tune --device cuda", "measure the GPU; segment and bench choose kernels by it from then on"),
            new("lungseg tune --device cuda:1 -o second.json", "into a file of your own, which LUNGSEG_TUNING names"),
        ],
        ["doctor"] =
        [
            new("lungseg doctor", "what works here, what does not, and what to do"),
            new("lungseg doctor --json", "the same for programs"),
        ],
        ["completion"] =
        [
            new("source <(lungseg completion bash)", "this shell; put the line into ~/.bashrc for every one"),
            new("lungseg completion zsh > ~/.zfunc/_lungseg", "zsh, with ~/.zfunc in fpath before compinit"),
            new("lungseg completion fish > ~/.config/fish/completions/lungseg.fish", "fish"),
            new("lungseg completion powershell | Out-String | Invoke-Expression", "PowerShell, in $PROFILE"),
        ],
    };

    /// <summary>The examples of a command, by its path such as <c>weights add</c>; none for an unknown one.</summary>
    public static IReadOnlyList<Example> Of(string path) => All.GetValueOrDefault(path, []);
}
