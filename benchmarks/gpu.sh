#!/bin/sh
# Measures one NVIDIA GPU, unattended, in under ten minutes, and writes docs/benchmarks/gpu-NAME.json: correctness
# against the Reference first, then evaluations a second, windows, sweeps, training updates, a million walkers.
# usage: benchmarks/gpu.sh NAME [--device N] [--reference CHECKOUT PYTHON] [--program PATH]
#   NAME         of the file, such as h100
#   --device     which GPU (0), by the numbers of nvidia-smi
#   --reference  a checkout of the public PyTorch reference (github.com/malbergo/leaps) and a Python with PyTorch 2
#                and CUDA: measured in the same run on the same GPU
#   --program    the published program, for a machine without .NET; made elsewhere by
#                dotnet publish benchmarks/Leaps.GpuBenchmarks -c Release -r linux-x64 --self-contained
usage() { sed -n '2,11s/^# //p' "$0" >&2; exit 2; }
# A path as it is meant here, before the folder changes; a command of the search path stays as it is.
whole() { case $1 in /*) echo "$1" ;; */*) echo "$PWD/$1" ;; *) [ -e "$1" ] && echo "$PWD/$1" || echo "$1" ;; esac; }
[ $# -ge 1 ] || usage
name=$1 device=0 checkout= python= program=
shift
while [ $# -gt 0 ]; do
    case $1 in
        --device) [ $# -ge 2 ] || usage; device=$2; shift 2 ;;
        --reference) [ $# -ge 3 ] || usage; checkout=$(whole "$2") python=$(whole "$3"); shift 3 ;;
        --program) [ $# -ge 2 ] || usage; program=$(whole "$2"); shift 2 ;;
        *) usage ;;
    esac
done
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CUDA_DEVICE_ORDER=PCI_BUS_ID

if [ -z "$program" ]; then
    dotnet build benchmarks/Leaps.GpuBenchmarks -c Release -v quiet || exit 1
    program="dotnet benchmarks/Leaps.GpuBenchmarks/bin/Release/net10.0/Leaps.GpuBenchmarks.dll"
fi
# The limits below: 70 + 3 * 50 + 2 * 50 + 230 = 550 seconds; a minute is left for building.

# Everything once, tiny: a machine without a usable GPU is found out at once.
if ! timeout 70 $program "$work/quick.json" --quick --device "$device" >"$work/log" 2>&1; then
    cat "$work/log" >&2
    echo "No GPU was measured." >&2
    exit 1
fi
set --
if command -v compute-sanitizer >/dev/null; then
    for tool in memcheck racecheck synccheck; do
        timeout 50 compute-sanitizer --tool $tool --error-exitcode 9 \
            $program "$work/sanitized.json" --quick --device "$device" >"$work/log" 2>&1
        code=$?
        case $code in
            0) result=clean ;;
            124) result="not finished after 50 seconds" ;;
            9) tail -n 40 "$work/log" >&2; echo "compute-sanitizer's $tool found something." >&2; exit 1 ;;
            *) tail -n 5 "$work/log" >&2; result="ended with exit code $code" ;;
        esac
        echo "compute-sanitizer, $tool: $result"
        echo "$tool: $result" >>"$work/sanitizer"
    done
    set -- --sanitizer "$work/sanitizer"
else
    echo "compute-sanitizer is not installed: not run"
fi

if [ -n "$checkout" ]; then
    for target in ising potts; do
        line=$(CUDA_VISIBLE_DEVICES=$device timeout 50 "$python" benchmarks/reference_speed.py \
            "$checkout" "$target" 1000 20 4 cuda 2>"$work/errors") \
            || { cat "$work/errors" >&2; echo "The reference could not be measured." >&2; exit 1; }
        echo "$target $line" >>"$work/reference"
    done
    set -- "$@" --reference "$work/reference"
fi
mkdir -p docs/benchmarks
timeout 230 $program "docs/benchmarks/gpu-$name.json" --device "$device" "$@" \
    || { echo "The measurement failed or took longer than 230 seconds." >&2; exit 1; }
