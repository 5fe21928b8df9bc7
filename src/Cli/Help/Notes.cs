using LungSeg.Imaging.Outputs;

namespace LungSeg.Cli.Help;

/// <summary>What a command's users should know and its options do not say, by the command's words; shown by <c>--help</c>.</summary>
internal static class Notes
{
    private static readonly Dictionary<string, string[]> All = new()
    {
        ["segment"] =
        [
            $"Formats:\n{string.Join('\n', ResultFormats.All.Select(format => $"- {format.Name}: {format.Description}"))}\n- dataset: masks of all images in one file, run-length coded: dataset.jsonl and dataset.coco.json",
            "Over a folder, a pattern or a list, outputs lie in the output directory as the images do below theirs, with a journal, report.csv and report.jsonl; an image that fails is named at the end. Ctrl-C finishes what is under way. docs/folders.md says the rules.",
        ],
        ["merge"] =
        [
            "The merged reports are those of a run in one piece, byte for byte. Shards that are missing, unfinished or done twice are named, and exit code 1 says so.",
        ],
        ["evaluate"] =
        [
            "The mask of NAME.png is NAME.mask.png or NAME_mask.png, or in a folder of its own also NAME.png; folders are paired by relative paths. What has no partner is named, and not evaluated.",
            "Everything is measured on the image's own pixels. A mask of another size and the same shape is resized to the nearest pixel; lung is what is brighter than half. docs/reading.md says in which codings masks are read.",
            "With --ignore both masks are cleared where the third one is set, before anything is measured.",
            "Dice, IoU, precision and recall: 1 for two empty masks; 0 where one is empty. Surface distances go between the outlines' pixels, both ways: their mean, and the larger of both ways' 95 % quantiles; 0 for two empty masks, undefined where one is empty, and then not part of the mean. Millimetres where the file states a spacing.",
            "Intervals: 95 %, percentile bootstrap of the mean over images, 2000 resamples, the same on every run. Images of one patient are taken for independent.",
            "A network that is named and has no weights is an error; of 'all', those without weights are named.",
        ],
        ["doctor"] =
        [
            "The self-test runs the default network on the drawn X-ray and compares with its recorded output. Memory is measured: each network is loaded with synthetic weights. A warning is something slower than it could be; a problem, which sets exit code 1, is something that does not work.",
        ],
        ["convert"] =
        [
            "No code in a checkpoint is ever run. The network is recognised by the names and shapes of its weights, the study's own files by their SHA-256.",
        ],
        ["verify"] =
        [
            "Without --weights: golden files, whose weights are synthetic; an output may be off by 1e-4, a module's result by 1e-3 of its largest magnitude. With --weights: a dump that tools/dump_reference.py or tools/torch_twin.py wrote with your own PyTorch.",
        ],
    };

    /// <summary>The notes of a command, by its path; none for most.</summary>
    public static IReadOnlyList<string> Of(string path) => All.GetValueOrDefault(path, []);
}
