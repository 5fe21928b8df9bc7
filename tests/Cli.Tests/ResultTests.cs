using System.Text.Json;
using LungSeg.Cli.Inputs;
using LungSeg.Cli.Runs;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Outputs;
using LungSeg.Imaging.Tests.Dicom;

namespace LungSeg.Cli.Tests;

/// <summary>Results as a user asks for them: kinds of segmentations, reports, datasets, uncertainty.</summary>
public sealed class ResultTests : IDisposable
{
    private const string Size = "256";
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private string Film(string name, int number = 4)
    {
        (byte[] film, _) = Films.Draw(320, 320, change: b => b.Text(0x00080018, "UI", $"1.2.3.{number}"));
        Directory.CreateDirectory(Path.GetDirectoryName(_directory[name])!);
        return _directory.Write(name, film);
    }

    [Theory]
    [InlineData("film.dcm")]
    [InlineData("film-with-plane.dcm")]
    public void Cornerstone_shows_the_mask_of_the_field_s_film(string name)
    {
        string film = Repository.PathOf("..", "shared", "field", name);
        Assert.SkipUnless(File.Exists(film), $"{film} is not there");
        Peer.NeedViewers();
        Lungseg.Run("segment", film, "-o", _directory.Name, "--format", "mask,seg").Succeeded();
        string stem = _directory[Path.GetFileNameWithoutExtension(name)];
        Peer.Viewer("labelmap.mjs", film, $"{stem}.seg.dcm", _directory["labels"]);
        byte[] labels = File.ReadAllBytes(_directory["labels"]);
        Assert.Equal([165580, 48101, 48463], Enumerable.Range(0, 3).Select(label => labels.Count(value => value == label)));
        Assert.Equal(ImageReader.Read($"{stem}.mask.png").Samples.ToArray(), labels.Select(label => (ushort)(label > 0 ? 255 : 0)));
    }

    [Theory]
    [InlineData("binary", "none")]
    [InlineData("binary", "deflated")]
    [InlineData("fractional", "rle")]
    [InlineData("labelmap", "rle")]
    [InlineData("labelmap", "deflated")]
    public void Compare_and_evaluate_read_every_kind_of_segmentation(string type, string compression)
    {
        Film("in/film.dcm");
        Lungseg.Run("segment", _directory["in/film.dcm"], "-o", _directory["mask"], "--format", "mask", "--size", Size).Succeeded();
        string[] options = ["--format", "seg", "--size", Size, "--seg-type", type, "--dicom-compression", compression];
        Lungseg.Run(["segment", _directory["in/film.dcm"], "-o", _directory["seg"], .. options]).Succeeded();
        JsonElement compared = Lungseg.Run("compare", _directory["mask/film.mask.png"], _directory["seg/film.seg.dcm"], "--json")
            .Succeeded().Json[0];
        // Probabilities are those before clean-up.
        Assert.InRange(compared.GetProperty("dice").GetDouble(), type == "fractional" ? 0.97 : 1, 1);
        JsonElement evaluated = Lungseg.Run("evaluate", _directory["in"], _directory["seg"], "--predictions", _directory["mask"], "--json")
            .Succeeded().Json;
        JsonElement dice = evaluated.GetProperty("networks")[0].GetProperty("summary").GetProperty("dice");
        Assert.InRange(dice.GetProperty("mean").GetDouble(), type == "fractional" ? 0.97 : 1, 1);
    }

    [Fact]
    public void What_does_not_go_together_is_refused()
    {
        string film = Film("film.dcm");
        Lungseg.Run("segment", film, "-o", _directory["out"], "--format", "seg", "--dicom-compression", "rle").Refused("RLE", "deflated");
        Lungseg.Run("segment", film, "-o", _directory["out"], "--format", "sr", "--sr-region", "seg").Refused("add seg");
        Lungseg.Run("segment", film, "-o", _directory["out"], "--format", "sgr").Refused("'sgr'");
        Lungseg.Run("segment", Repository.Sample, "-o", _directory["out"], "--size", "128", "--format", "sr").Refused("leave sr out");
        Assert.False(Directory.Exists(_directory["out"]) && Directory.EnumerateFiles(_directory["out"]).Any());
    }

    [Fact]
    public void Reports_and_presentation_states_are_written_beside_the_segmentation_they_refer_to()
    {
        Lungseg.Run("segment", Film("film.dcm"), "-o", _directory["out"], "--size", Size, "--format", "seg,sr,pr,nrrd,nifti").Succeeded();
        Assert.Equal(
            ["film.mask.nii.gz", "film.pr.dcm", "film.seg.dcm", "film.seg.nrrd", "film.sr.dcm"],
            Directory.EnumerateFiles(_directory["out"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        string uid = ImageReader.Read(_directory["out/film.seg.dcm"]).Dicom!.SopInstanceUid;
        Assert.True(File.ReadAllBytes(_directory["out/film.sr.dcm"]).AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(uid)) > 0);
    }

    [Fact]
    public void The_mirror_image_is_segmented_where_it_is_asked_for_and_changes_no_mask()
    {
        string film = Film("film.dcm");
        const string Formats = "mask,json,uncertainty-npy,uncertainty,uncertainty-seg";
        Lungseg.Run("segment", film, "-o", _directory["one"], "--size", Size, "--format", Formats).Succeeded();
        Lungseg.Run(
            "segment", film, "-o", _directory["two"], "--size", Size, "--format", "mask,json,uncertainty-npy", "--uncertainty").Succeeded();
        Assert.Equal(File.ReadAllBytes(_directory["one/film.mask.png"]), File.ReadAllBytes(_directory["two/film.mask.png"]));
        Assert.NotEqual(
            File.ReadAllBytes(_directory["one/film.uncertainty.npy"]), File.ReadAllBytes(_directory["two/film.uncertainty.npy"]));
        JsonElement Lungs(string folder) => JsonDocument.Parse(
            File.ReadAllBytes(_directory[$"{folder}/film.json"])).RootElement.GetProperty("lungs");
        Assert.Equal("image", Lungs("one").GetProperty("uncertainty_from").GetString());
        Assert.Equal("image and mirror image", Lungs("two").GetProperty("uncertainty_from").GetString());
        Assert.True(Lungs("two").GetProperty("right").GetProperty("uncertain_ratio").GetDouble() > 0);
        // The map is read as any other: a fractional segmentation and a PNG of the same.
        ProbabilityMap array = NumPyFile.Read(_directory["one/film.uncertainty.npy"]);
        float[] segmentation = ImageReader.Read(_directory["one/film.uncertainty.dcm"]).ToUnitFloat();
        float[] image = ImageReader.Read(_directory["one/film.uncertainty.png"]).ToUnitFloat();
        for (int i = 0; i < segmentation.Length; i++)
        {
            Assert.Equal(array.Values[i], segmentation[i], 0.5f / 255 + 1e-5f);
            Assert.Equal(array.Values[i], image[i], 0.5f / 65535 + 1e-5f);
        }
    }

    [Fact]
    public void A_dataset_holds_the_masks_of_a_run_and_says_where_each_is()
    {
        for (int i = 0; i < 3; i++) Film($"in/{i % 2}/film{i}.dcm", i);
        string[] arguments = ["--size", Size, "--format", "mask,dataset"];
        Lungseg.Run(["segment", _directory["in"], "-o", _directory["whole"], .. arguments, "-q"]).Succeeded();
        byte[] table = File.ReadAllBytes(_directory["whole/dataset.jsonl"]);
        JsonElement coco = JsonDocument.Parse(File.ReadAllBytes(_directory["whole/dataset.coco.json"])).RootElement;
        Assert.Equal(
            ["0/film0.dcm", "0/film2.dcm", "1/film1.dcm"],
            coco.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("file_name").GetString()));
        foreach (JsonElement image in coco.GetProperty("images").EnumerateArray())
        {
            (int start, int length) = (image.GetProperty("table_offset").GetInt32(), image.GetProperty("table_bytes").GetInt32());
            JsonElement line = JsonDocument.Parse(table.AsMemory(start, length)).RootElement;
            string file = image.GetProperty("file_name").GetString()!;
            Assert.Equal(file, line.GetProperty("file").GetString());
            Radiograph mask = ImageReader.Read(_directory[$"whole/{Path.ChangeExtension(file, null)}.mask.png"]);
            bool[] decoded = new bool[mask.Width * mask.Height];
            foreach (JsonElement lung in line.GetProperty("lungs").EnumerateArray()) Paint(decoded, lung.GetProperty("rle"));
            Assert.Equal(mask.Samples.ToArray().Select(sample => sample > 0), decoded);
            int id = image.GetProperty("id").GetInt32();
            JsonElement[] annotations =
                [.. coco.GetProperty("annotations").EnumerateArray().Where(a => a.GetProperty("image_id").GetInt32() == id)];
            Assert.Equal(
                line.GetProperty("lungs").EnumerateArray().Select(lung => lung.GetProperty("rle").GetRawText()),
                annotations.Select(annotation => annotation.GetProperty("segmentation").GetRawText()));
        }

        // In shards, merged, it is the same, byte for byte; and so it is when a run goes on.
        for (int i = 1; i <= 2; i++)
            Lungseg.Run(["segment", _directory["in"], "-o", _directory["parts"], .. arguments, "-q", "--shard", $"{i}/2"]).Succeeded();
        Lungseg.Run("merge", _directory["parts"]).Succeeded();
        File.Delete(_directory["whole/dataset.jsonl"]);
        File.Delete(_directory["whole/0/film2.mask.png"]);
        Assert.Equal(0, Lungseg.Run(["segment", _directory["in"], "-o", _directory["whole"], .. arguments, "-q", "--resume"]).Exit);
        foreach (string name in (string[])["dataset.jsonl", "dataset.coco.json"])
            Assert.Equal(File.ReadAllBytes(_directory[$"whole/{name}"]), File.ReadAllBytes(_directory[$"parts/{name}"]));
        Assert.Equal(table, File.ReadAllBytes(_directory["whole/dataset.jsonl"]));
    }

    [Fact]
    public void In_a_folder_a_format_that_an_image_cannot_have_is_skipped_and_counted()
    {
        Film("in/film.dcm");
        File.Copy(Repository.Sample, _directory["in/picture.png"]);
        File.Copy(Repository.Sample, _directory["in/second.png"]);
        string[] arguments = ["segment", _directory["in"], "-o", _directory["out"], "--size", Size, "--format", "mask,seg,sr"];
        Run run = Lungseg.Run(arguments);
        Assert.Equal(0, run.Exit);
        string line = Assert.Single(run.Error.Split('\n'), line => line.Contains("skipped"));
        Assert.Contains("seg of 2 (not a DICOM image); sr of 2 (not a DICOM image)", line);
        Assert.Equal(
            ["film.mask.png", "film.seg.dcm", "film.sr.dcm", "picture.mask.png", "second.mask.png"],
            Directory.GetFiles(_directory["out"]).Select(Path.GetFileName).Where(name => name!.Contains('.') && !name.StartsWith('.'))
                .Except(["journal.jsonl", "report.csv", "report.jsonl"]).Order(StringComparer.Ordinal));
        JsonElement[] report = [.. File.ReadLines(_directory["out/report.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal([0, 2, 2], report.Select(image => image.GetProperty("skipped").GetArrayLength()));
        Assert.Equal("seg", report[1].GetProperty("skipped")[0].GetProperty("format").GetString());
        Assert.Contains(",seg; sr,", File.ReadAllLines(_directory["out/report.csv"])[2]);
        Assert.Contains("3 of 3 images are already finished", Lungseg.Run([.. arguments, "--resume"]).Error);

        // What somebody names is written, or it is an error.
        string[] named = ["-o", _directory["named"], "--size", Size, "--format", "mask,seg"];
        Lungseg.Run(["segment", Repository.Sample, .. named]).Refused("seg refers to a DICOM image", "leave seg out");
        Run both = Lungseg.Run(["segment", Repository.Sample, _directory["in/film.dcm"], .. named]);
        Assert.Equal(1, both.Exit);
        Assert.True(File.Exists(_directory["named/film.seg.dcm"]));
        Assert.False(File.Exists(_directory["named/radiograph.mask.png"]));
    }

    // A run that is killed leaves a table of the images that it had finished.
    [Fact]
    public void The_table_of_a_dataset_grows_while_the_run_works()
    {
        for (int i = 0; i < 40; i++) Film($"in/film{i:00}.dcm", i);
        string[] arguments = ["segment", _directory["in"], "-o", _directory["out"], "--size", Size, "--format", "dataset", "--json"];
        using (System.Diagnostics.Process process = Lungseg.Start(arguments))
        {
            for (int i = 0; i < 3; i++) Assert.NotNull(process.StandardOutput.ReadLine());
            process.Kill();
            process.WaitForExit();
        }
        string[] lines = File.ReadAllLines(_directory["out/dataset.jsonl"]);
        Assert.InRange(lines.Length, 3, 39);
        Assert.All(lines, line => Assert.EndsWith(".dcm", JsonDocument.Parse(line).RootElement.GetProperty("file").GetString()));
        Assert.False(File.Exists(_directory["out/dataset.coco.json"]));
        Assert.Equal(0, Lungseg.Run([.. arguments, "--resume", "-q"]).Exit);
        Assert.Equal(
            Enumerable.Range(0, 40).Select(i => $"film{i:00}.dcm"),
            File.ReadLines(_directory["out/dataset.jsonl"]).Select(
                line => JsonDocument.Parse(line).RootElement.GetProperty("file").GetString()));
        Assert.True(File.Exists(_directory["out/dataset.coco.json"]));
    }

    [Fact]
    public void A_dataset_of_named_files_needs_no_other_format()
    {
        Lungseg.Run("segment", Film("film.dcm"), "-o", _directory["out"], "--size", Size, "--format", "dataset", "-q").Succeeded();
        Assert.Single(File.ReadAllLines(_directory["out/dataset.jsonl"]));
    }

    /// <summary>pycocotools' coding of runs, down the columns.</summary>
    private static void Paint(bool[] mask, JsonElement rle)
    {
        (int height, int width) = (rle.GetProperty("size")[0].GetInt32(), rle.GetProperty("size")[1].GetInt32());
        string text = rle.GetProperty("counts").GetString()!;
        List<int> counts = [];
        for (int at = 0; at < text.Length;)
        {
            (int value, int shift, int character) = (0, 0, 0);
            do
            {
                character = text[at++] - 48;
                value |= (character & 0x1F) << shift;
                shift += 5;
            }
            while ((character & 0x20) != 0);
            if ((character & 0x10) != 0) value |= -1 << shift;
            counts.Add(counts.Count > 2 ? value + counts[^2] : value);
        }
        int pixel = 0;
        for (int i = 0; i < counts.Count; i++)
            for (int end = pixel + counts[i]; pixel < end; pixel++)
                if (i % 2 == 1) mask[pixel % height * width + pixel / height] = true;
    }

    [Fact]
    public void A_source_that_changes_before_its_results_are_written_is_refused()
    {
        string film = Film("film.dcm");
        var input = new Input(film, "film.dcm");
        ReadImage read = new ImageLoader(new DicomOptions()).Read(input);
        ImageLoader.CheckUnchanged(input, read);
        // Another time and the same content is the same image.
        File.SetLastWriteTimeUtc(film, DateTime.UtcNow.AddMinutes(1));
        ImageLoader.CheckUnchanged(input, read);
        Film("film.dcm", number: 5);
        Assert.Contains("was changed or removed", Assert.Throws<UsageException>(() => ImageLoader.CheckUnchanged(input, read)).Message);
        File.Delete(film);
        Assert.Contains("was changed or removed", Assert.Throws<UsageException>(() => ImageLoader.CheckUnchanged(input, read)).Message);
    }
}
