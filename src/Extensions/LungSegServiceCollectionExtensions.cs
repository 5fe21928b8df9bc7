using LungSeg.Extensions;
using LungSeg.Models;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Puts segmenters into a service container.</summary>
public static class LungSegServiceCollectionExtensions
{
    /// <summary>
    /// Adds an <see cref="ILungSegmenter"/>, one for all, loaded when it is first asked for and disposed with the container. It logs under
    /// the category <c>LungSeg</c> where the container has a logger factory.
    /// </summary>
    /// <param name="services">The container's services.</param>
    /// <param name="configure">Sets options; further <c>IConfigureOptions&lt;LungSegmenterOptions&gt;</c> count too.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentNullException">There are no services.</exception>
    public static IServiceCollection AddLungSeg(this IServiceCollection services, Action<LungSegmenterOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        Configure(services, Options.Options.DefaultName, configure);
        services.TryAddSingleton<ILungSegmenter>(provider => Load(provider, Options.Options.DefaultName));
        return services;
    }

    /// <summary>
    /// Adds a named segmenter beside others: a keyed <see cref="ILungSegmenter"/>, for <c>[FromKeyedServices(name)]</c> and
    /// <c>GetRequiredKeyedService</c>. Its options are those of the same name.
    /// </summary>
    /// <param name="services">The container's services.</param>
    /// <param name="name">The key.</param>
    /// <param name="configure">Sets options.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentException">The services or the name are missing.</exception>
    public static IServiceCollection AddLungSeg(this IServiceCollection services, string name,
        Action<LungSegmenterOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(name);
        Configure(services, name, configure);
        services.TryAddKeyedSingleton<ILungSegmenter>(name, (provider, _) => Load(provider, name));
        return services;
    }

    private static void Configure(IServiceCollection services, string name, Action<LungSegmenterOptions>? configure)
    {
        OptionsBuilder<LungSegmenterOptions> options = services.AddOptions<LungSegmenterOptions>(name);
        if (configure is not null) options.Configure(configure);
    }

    private static LoggedSegmenter Load(IServiceProvider provider, string name)
    {
        LungSegmenterOptions options = provider.GetRequiredService<IOptionsMonitor<LungSegmenterOptions>>().Get(name);
        ILogger logger = (provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger(LungSegmenter.DiagnosticsName);
        return LoggedSegmenter.Load(options, logger);
    }
}
