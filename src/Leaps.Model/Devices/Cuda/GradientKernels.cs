using Leaps.Model.Devices.Cuda.Driver;

namespace Leaps.Model.Devices.Cuda;

/// <summary>The kernels of a network's backward pass.</summary>
internal sealed class GradientKernels(CudaNetwork network)
{
    public CudaKernel Backward { get; } = network.Variant("lec_backward", "backward");
    public CudaKernel Weights { get; } = network.Variant("lec_weights", "weights");
    public CudaKernel WeightsSum { get; } = network.Kernel("sums", "weights_sum");
    public CudaKernel EmbeddingSum { get; } = network.Kernel("sums", "embedding_sum");
    public CudaKernel OmegaPartial { get; } = network.Kernel("sums", "omega_partial");
    public CudaKernel OmegaSum { get; } = network.Kernel("sums", "omega_sum");
    public CudaKernel FirstPartial { get; } = network.Kernel("sums", "first_partial");
    public CudaKernel FirstSum { get; } = network.Kernel("sums", "first_sum");
    public CudaKernel FirstEmbeddingSum { get; } = network.Kernel("sums", "first_embedding_sum");
    public CudaKernel Project { get; } = network.Kernel("sums", "project");
    public CudaKernel TauPartial { get; } = network.Kernel("sums", "tau_partial");
    public CudaKernel TauSum { get; } = network.Kernel("sums", "tau_sum");
    public CudaKernel MlpDeltas { get; } = network.Kernel("mlp", "mlp_deltas");
    public CudaKernel MlpGradient { get; } = network.Kernel("mlp", "mlp_gradient");
}
