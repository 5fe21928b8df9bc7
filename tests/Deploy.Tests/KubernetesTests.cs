using k8s;
using k8s.Models;

namespace LungSeg.Deploy.Tests;

/// <summary>deploy/kubernetes, read by Kubernetes' own client: a field that it does not know is an error.</summary>
public sealed class KubernetesTests
{
    private static readonly string Folder = Path.Combine(Repository(), "deploy", "kubernetes");

    [Theory, InlineData("job.yaml"), InlineData("merge.yaml")]
    public void Each_job_has_only_fields_that_Kubernetes_knows_and_may_write_to_its_volume_alone(string name)
    {
        V1Job job = Read(File.ReadAllText(Path.Combine(Folder, name)));
        Assert.Equal(("batch/v1", "Job"), (job.ApiVersion, job.Kind));
        V1PodSpec pod = job.Spec.Template.Spec;
        V1Container container = Assert.Single(pod.Containers);
        Assert.Equal("Never", pod.RestartPolicy);
        Assert.True(pod.SecurityContext.RunAsNonRoot);
        Assert.False(pod.AutomountServiceAccountToken);
        Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
        Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
        Assert.Equal(pod.Volumes.Select(volume => volume.Name), container.VolumeMounts.Select(mount => mount.Name));
        Assert.NotEmpty(container.Resources.Limits);
    }

    [Fact]
    public void The_shards_are_as_many_as_the_pods()
    {
        V1Job job = Read(File.ReadAllText(Path.Combine(Folder, "job.yaml")));
        Assert.Equal("Indexed", job.Spec.CompletionMode);
        V1EnvVar count = Assert.Single(job.Spec.Template.Spec.Containers[0].Env, variable => variable.Name == "JOB_COMPLETION_COUNT");
        Assert.Equal($"{job.Spec.Completions}", count.Value);
        Assert.Equal(job.Spec.Completions, job.Spec.Parallelism);
        Assert.Contains("--resume", job.Spec.Template.Spec.Containers[0].Args);
    }

    [Theory, InlineData("completionMode", "completionmode"), InlineData("readOnlyRootFilesystem", "readonlyRoot"),
        InlineData("claimName", "claim")]
    public void A_field_of_another_name_is_an_error(string field, string wrong)
    {
        string text = File.ReadAllText(Path.Combine(Folder, "job.yaml"));
        Assert.Contains(field, text, StringComparison.Ordinal);
        Assert.ThrowsAny<Exception>(() => Read(text.Replace(field, wrong, StringComparison.Ordinal)));
    }

    private static V1Job Read(string yaml) => KubernetesYaml.Deserialize<V1Job>(yaml, strict: true);

    private static string Repository()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "LungSeg.sln"))) folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("LungSeg.sln was not found above the tests");
    }
}
