# The main job:      make run     train on a small critical Ising lattice, sample, write a report (two minutes)
# The tests:         make test
# Simulated faults:  make fuzz SEEDS=10000 FROM=1
# Real faults:       make chaos CASES=20 SEED=1 [LEASE=default|tight]
# Simulated scale:   make scale
# The benchmarks:    make bench
SHELL := /bin/sh
export DOTNET_CLI_TELEMETRY_OPTOUT = 1
export DOTNET_NOLOGO = 1

.PHONY: run build test fuzz chaos scale bench format clean

run:
	@./leaps run --progress

build:
	dotnet build -c Release -v quiet

test:
	@tests/run

SEEDS ?= 10000
FROM ?= 1
simulation := tests/Leaps.Simulation.Tests

fuzz:
	@log=$$(dotnet build $(simulation) -c Release -v quiet) || { echo "$$log"; exit 1; }
	@dotnet $(simulation)/bin/Release/net10.0/Leaps.Simulation.Tests.dll fuzz $(SEEDS) $(FROM)

CASES ?= 20
SEED ?= 1
LEASE ?= drawn
LIMIT ?= 120
chaos := tests/Leaps.Chaos.Tests

chaos:
	@tests/install-servers
	@log=$$(dotnet build $(chaos) -c Release -v quiet) || { echo "$$log"; exit 1; }
	@dotnet $(chaos)/bin/Release/net10.0/Leaps.Chaos.Tests.dll chaos $(CASES) $(SEED) $(LEASE) $(LIMIT)

scale:
	@log=$$(dotnet build $(simulation) -c Release -v quiet) || { echo "$$log"; exit 1; }
	@dotnet $(simulation)/bin/Release/net10.0/Leaps.Simulation.Tests.dll scale

bench:
	@benchmarks/run

format:
	dotnet format

clean:
	rm -rf runs artifacts src/*/bin src/*/obj tests/*/bin tests/*/obj benchmarks/*/bin benchmarks/*/obj \
	    src/Leaps.Host/Report/web/node_modules
