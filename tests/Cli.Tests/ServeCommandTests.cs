namespace LungSeg.Cli.Tests;

/// <summary><c>lungseg serve</c> where the service's program is not there; tests/Server.Tests has the rest.</summary>
public sealed class ServeCommandTests
{
    [Fact]
    public void Without_the_service_s_program_serve_says_what_makes_it() =>
        Lungseg.Process(["serve"], environment: ("PATH", "/nowhere")).Refused("lungseg-server", "dotnet publish -c Release src/Server");

    [Fact]
    public void Options_are_checked_before_the_service_s_program_is_looked_for() =>
        Lungseg.Run("serve", "--associations", "0").Refused("--associations", "from 1 to 1000");
}
