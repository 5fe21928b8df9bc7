#!/usr/bin/env bash
# deploy/slurm on a real Slurm: slurmctld, slurmd and munge of Debian, started here on loopback with folders of their own. Four tasks
# segment a folder; one is killed and requeued; the merged results equal those of one run byte by byte. slurm.sh LUNGSEG (the program).
# Needs root, and nobody else's Slurm on this machine. Exit code 0: it held.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
lungseg=$(realpath "${1:?expected the program lungseg}")
work=$(mktemp -d)
chmod 755 "$work"
daemons=()
stop() {
    for daemon in "${daemons[@]}"; do kill "$daemon" 2> /dev/null || true; done
    wait 2> /dev/null || true
    rm -rf "$work"
}
trap stop EXIT
fail() {
    echo "slurm: $1"
    tail -n 20 "$work"/log/*.log 2> /dev/null || true
    exit 1
}
until_true() { # until_true SECONDS WHAT COMMAND…
    local left=$(($1 * 5)) what=$2
    shift 2
    until "$@" > /dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || fail "$what did not happen in time"
        sleep 0.2
    done
}

# Munge proves who asks; its key and socket are of this test alone.
mkdir -p "$work"/{munge,state,spool,log,cluster}
chown munge:munge "$work/munge"
head -c 1024 /dev/urandom > "$work/munge/key"
chown munge:munge "$work/munge/key"
chmod 400 "$work/munge/key"
socket=$work/munge/socket
runuser -u munge -- munged --foreground --force --key-file="$work/munge/key" --socket="$socket" --pid-file="$work/munge/pid" \
    --seed-file="$work/munge/seed" --log-file="$work/munge/log" > "$work/log/munged.log" 2>&1 &
daemons+=($!)
until_true 20 "munge's start" test -S "$socket"

host=$(hostname -s)
# Ports that nobody has, below those that outgoing connections take.
free_ports() {
    local port found=0 lowest
    lowest=$(cut -f 1 /proc/sys/net/ipv4/ip_local_port_range)
    for port in $(shuf -i "$((lowest / 2))-$((lowest - 1))" -n 100); do
        (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null && continue
        echo "$port"
        found=$((found + 1))
        [ "$found" -lt 2 ] || return 0
    done
}
mapfile -t ports < <(free_ports)
export SLURM_CONF=$work/slurm.conf
cat > "$SLURM_CONF" <<END
ClusterName=lungseg
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmdPort=${ports[1]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$socket
CryptoType=crypto/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/log/slurmctld.log
SlurmdLogFile=$work/log/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
SchedulerParameters=sched_interval=1,sched_min_interval=0
MinJobAge=600
RequeueExit=0
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=8 RealMemory=16000 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
sed -i '/^RequeueExit=/d' "$SLURM_CONF"
slurmctld -D > "$work/log/ctld.out.log" 2>&1 &
daemons+=($!)
slurmd -D -N "$host" > "$work/log/slurmd.out.log" 2>&1 &
daemons+=($!)
until_true 40 "the node's start" sh -c "sinfo -h -o %T | grep -q idle"

# Sixteen images of different sizes, from the sample.
mkdir "$work/study"
for number in $(seq 16); do cp samples/radiograph.png "$work/study/$(printf 'image-%02d.png' "$number")"; done

export LUNGSEG=$lungseg
cd "$work/cluster"
"$root/deploy/slurm/segment.sh" 4 "$work/study" "$work/cluster/out" --format mask,json | tee "$work/submitted"
job=$(sed -n 's/^segment: job \([0-9]*\),.*/\1/p' "$work/submitted")
merge=$(sed -n 's/.*merge: job \([0-9]*\)$/\1/p' "$work/submitted")

# The second task is killed when it has written something, and put back into the queue.
until_true 120 "the first result of task 2" sh -c "grep -ls '\"file\"' $work/cluster/out/journal.2-of-4.jsonl"
scontrol requeue "${job}_2"
# Slurm holds a requeued task back for two minutes; nobody waits for that here.
until_true 60 "the requeued task" scontrol update "JobId=${job}_2" StartTime=now
echo "slurm: task 2 requeued"
ended() { [ "$(squeue -h -j "$merge" -o %T 2> /dev/null | wc -l)" = 0 ] || squeue -h -j "$merge" -t CD,F,CA,TO | grep -q .; }
until_true 300 "the end of the merge" ended
[ "$(scontrol show job "$merge" | sed -n 's/.*JobState=\([A-Z]*\).*/\1/p')" = COMPLETED ] ||
    fail "the merge did not complete: $(cat lungseg-merge-*.log 2> /dev/null)"
restarts=$(scontrol show job "${job}_2" | sed -n 's/.*Restarts=\([0-9]*\).*/\1/p' | head -n 1)
[ "${restarts:-0}" -ge 1 ] || fail "task 2 was not started again"

"$lungseg" segment "$work/study" -o "$work/one" --format mask,json --quiet
for file in "$work/one"/*.mask.png "$work/one"/*.json "$work/one/report.csv"; do
    cmp "$file" "$work/cluster/out/$(basename "$file")" || fail "$(basename "$file") differs from that of one run"
done
masks=$(find "$work/one" -name '*.mask.png' | wc -l)
echo "slurm: $(slurmctld -V): 4 tasks, one killed and requeued ($restarts restart): $masks masks, JSON files and report.csv equal those" \
    "of one run"
