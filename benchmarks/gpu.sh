#!/bin/sh
# Measures one NVIDIA GPU, unattended, in under ten minutes, and writes docs/benchmarks/gpu-NAME.json: correctness
# against the Reference first, then evaluations a second, windows, sweeps, training updates, a million walkers.
# usage: benchmarks/gpu.sh NAME [--device N] [--reference CHECKOUT PYTHON] [--program PATH]
#   NAME         of the file, such as h100
#   --device     which GPU (0)
#   --reference  a checkout of the public PyTorch reference (github.com/malbergo/leaps) and a Python with PyTorch 2
#                and CUDA: measured in the same run on the same GPU
#   --program    the published program, for a machine without .NET; made elsewhere by
#                dotnet publish benchmarks/Leaps.GpuBenchmarks -c Release -r linux-x64 --self-contained
usage() { sed -n '2,12s/^# //p' "$0" >&2; exit 2; }
[ $# -ge 1 ] || usage
name=$1 device=0 checkout= python= program=
shift
while [ $# -gt 0 ]; do
    case $1 in
        --device) device=$2; shift 2 ;;
        --reference) checkout=$2 python=$3; shift 3 ;;
        --program) program=$2; shift 2 ;;
        *) usage ;;
    esac
done
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -z "$program" ]; then
    dotnet build benchmarks/Leaps.GpuBenchmarks -c Release -v quiet || exit 1
    program="dotnet benchmarks/Leaps.GpuBenchmarks/bin/Release/net10.0/Leaps.GpuBenchmarks.dll"
fi

# Everything once, tiny: a machine without a usable GPU is found out at once.
if ! timeout 120 $program "$work/quick.json" --quick --device "$device" >"$work/log" 2>&1; then
    cat "$work/log" >&2
    echo "No GPU was measured." >&2
    exit 1
fi
if command -v compute-sanitizer >/dev/null; then
    timeout 120 compute-sanitizer --error-exitcode 9 $program "$work/quick.json" --quick --device "$device" \
        >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; echo "compute-sanitizer found something." >&2; exit 1; }
fi

if [ -n "$checkout" ]; then
    for target in ising potts; do
        line=$(CUDA_VISIBLE_DEVICES=$device timeout 60 "$python" benchmarks/reference_speed.py \
            "$checkout" "$target" 1000 20 4 cuda 2>"$work/errors") \
            || { cat "$work/errors" >&2; echo "The reference could not be measured." >&2; exit 1; }
        echo "$target $line" >>"$work/reference"
    done
    set -- --reference "$work/reference"
fi
mkdir -p docs/benchmarks
timeout 300 $program "docs/benchmarks/gpu-$name.json" --device "$device" "$@" \
    || { echo "The measurement failed or took longer than five minutes." >&2; exit 1; }
