#!/usr/bin/env bash
# Segments a folder on a Slurm cluster and joins the results: segment.sh TASKS STUDY OUT [options of segment]. Prints the job's numbers.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tasks=${1:?expected the number of tasks}
study=$(realpath "${2:?expected the folder of images}")
out=$(realpath -m "${3:?expected the output folder}")
shift 3
mkdir -p "$out"
job=$(sbatch --parsable --array="1-$tasks" "$here/segment.sbatch" "$study" "$out" "$@")
merge=$(sbatch --parsable --dependency="afterok:$job" "$here/merge.sbatch" "$out")
echo "segment: job $job, $tasks tasks; merge: job $merge"
