#!/usr/bin/env python3
"""Measures the public PyTorch reference of LEAPS: walker-steps per second of its sampler.

usage: reference_speed.py CHECKOUT TARGET(ising|potts) WALKERS STEPS THREADS [DEVICE(cpu|cuda)]

The network has the paper's depth five (L = 15, kernels 3 5 7 9 15, 20 channels) and random weights, which the
speed does not depend on. Prints one line of JSON. Older PyTorch (1.13) gets `torch.func` from functorch.
"""
import importlib
import json
import sys
import time
import types

import torch


def provide_missing_modules():
    """Modules that the reference imports and its sampler does not use, or that have moved since."""
    if "torch.func" not in sys.modules:
        try:
            importlib.import_module("torch.func")
        except ImportError:
            import functorch
            func = types.ModuleType("torch.func")
            func.vmap, func.jacfwd, func.jacrev = functorch.vmap, functorch.jacfwd, functorch.jacrev
            sys.modules["torch.func"] = func
            torch.func = func
    try:
        import rotary_embedding_torch  # noqa: F401
    except ImportError:
        rotary = types.ModuleType("rotary_embedding_torch")
        rotary.RotaryEmbedding = None
        sys.modules["rotary_embedding_torch"] = rotary


def main():
    checkout, target, walkers, steps, threads = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    provide_missing_modules()
    sys.path.insert(0, checkout)
    device = sys.argv[6] if len(sys.argv) > 6 else "cpu"
    torch.set_num_threads(threads)
    if device != "cpu":
        torch.set_default_device(device)  # PyTorch 2
    torch.manual_seed(1)
    real_stdout, sys.stdout = sys.stdout, sys.stderr  # the reference prints its couplings
    from src.modules import rhot
    from src.modules.sampler import DiscreteJarzynskiIntegrator
    from src.nets import conv

    size = 15
    config = types.SimpleNamespace(
        path="linear", L=size, J_0=0.0, J_1=1.0, mu_0=0.0, mu_1=0.0, B_0=0.0, B_1=0.0,
        beta_0=0.4407, beta_1=0.4407, n_cat=3)
    kernels = [3, 5, 7, 9, 15]
    if target == "ising":
        energy = rhot.make_ising(config)
        net = conv.ConvSpinRateMatrix(kernel_sizes=kernels, num_channels=20, in_channels=1)
        states = 2 * torch.randint(0, 2, size=(walkers, size, size)).float() - 1
    else:
        config.beta_0 = config.beta_1 = 1.001
        energy = rhot.make_potts(config)
        net = conv.ConvPottsRateMatrix(n_cat=3, kernel_sizes=kernels, num_channels=20)
        states = torch.randint(0, 3, size=(walkers, size, size))
    integrator = DiscreteJarzynskiIntegrator(
        energy, torch.tensor(steps), torch.linspace(0, 1, steps + 1), Qt_net=net, transport=True, n_save=1,
        resample=False, model_class=target, n_mcmc_per_net=0, q=2 if target == "ising" else 3)
    def wait():
        if device != "cpu":
            torch.cuda.synchronize()

    with torch.no_grad():
        net(states, torch.zeros(walkers))  # warm up
        wait()
        start = time.perf_counter()
        net(states, torch.zeros(walkers))
        wait()
        evaluation = time.perf_counter() - start
    start = time.perf_counter()
    integrator.rollout(states.clone())
    wait()
    seconds = time.perf_counter() - start
    sys.stdout = real_stdout
    print(json.dumps({
        "walkerStepsPerSecond": walkers * steps / seconds,
        "millisecondsPerEvaluation": 1e3 * evaluation / walkers,
        "torch": torch.__version__, "threads": threads, "device": device}))


if __name__ == "__main__":
    main()
