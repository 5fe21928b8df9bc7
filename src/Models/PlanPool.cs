using System.Collections.Concurrent;
using LungSeg.Engine;

namespace LungSeg.Models;

/// <summary>Plans of one model that threads take in turns, waiting where all are taken.</summary>
internal sealed class PlanPool : IDisposable
{
    private readonly Plan[] _plans;
    private readonly ConcurrentStack<Plan> _idle;
    private readonly SemaphoreSlim _free;

    /// <summary>Makes so many plans.</summary>
    public PlanPool(int count, Func<Plan> make)
    {
        _plans = new Plan[count];
        try
        {
            for (int i = 0; i < count; i++) _plans[i] = make();
        }
        catch
        {
            foreach (Plan? plan in _plans) plan?.Dispose();
            throw;
        }
        _idle = new ConcurrentStack<Plan>(_plans);
        _free = new SemaphoreSlim(count, count);
    }

    /// <summary>Waits for a plan, which <see cref="Return"/> gives back.</summary>
    public Plan Take(CancellationToken cancellation)
    {
        _free.Wait(cancellation);
        return Pop();
    }

    /// <summary>Waits for a plan without holding a thread.</summary>
    public async ValueTask<Plan> TakeAsync(CancellationToken cancellation)
    {
        await _free.WaitAsync(cancellation).ConfigureAwait(false);
        return Pop();
    }

    /// <summary>Lets the next one have a plan.</summary>
    public void Return(Plan plan)
    {
        _idle.Push(plan);
        _free.Release();
    }

    public void Dispose()
    {
        foreach (Plan plan in _plans) plan.Dispose();
        _free.Dispose();
    }

    private Plan Pop() => _idle.TryPop(out Plan? plan) ? plan : throw new InvalidOperationException("more plans were taken than are free");
}
