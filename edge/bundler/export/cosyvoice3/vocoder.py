"""The vocoder (causal HiFT): a mel and a source signal to sound; and the pitch that the source
is made from.

Parameters have the names of hift.pt, weight norm folded. Its Fourier transforms have 16 points,
so they are convolutions here, which every runtime has.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from edge.bundler.export.cosyvoice3.dimensions import F0_LAYERS, VocoderDimensions

MAX_MAGNITUDE = 100.0
F0_LOOK_RIGHT = 3


class CausalConv(nn.Conv1d):
    """Zeros on the left, or on the right for the layers that look ahead."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, dilation: int = 1, right: bool = False
    ) -> None:
        super().__init__(inputs, outputs, kernel, dilation=dilation)
        reach = (kernel - 1) * dilation
        self.reach = (0, reach) if right else (reach, 0)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.pad(x, self.reach))


class UpConv(CausalConv):
    """Each frame held `rate` times, then a convolution."""

    def __init__(self, inputs: int, outputs: int, kernel: int, rate: int) -> None:
        super().__init__(inputs, outputs, kernel)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        channels, length = x.shape[1], x.shape[2]
        held = x.unsqueeze(3).expand(1, channels, length, self.rate)
        return super().forward(held.reshape(1, channels, length * self.rate))


class DownConv(nn.Conv1d):
    """The source's spectrum at the rate of one stage; the last stage keeps the rate."""

    def __init__(self, inputs: int, outputs: int, rate: int) -> None:
        super().__init__(inputs, outputs, 1 if rate == 1 else 2 * rate, stride=rate)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.pad(x, (self.rate - 1, 0)))


class Snake(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        alpha = self.alpha[None, :, None]
        sine = torch.sin(x * alpha)
        return x + sine * sine / (alpha + 1e-9)


class ResBlock(nn.Module):
    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(CausalConv(channels, channels, kernel, d) for d in dilations)
        self.convs2 = nn.ModuleList(CausalConv(channels, channels, kernel) for _ in dilations)
        self.activations1 = nn.ModuleList(Snake(channels) for _ in dilations)
        self.activations2 = nn.ModuleList(Snake(channels) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        for conv1, conv2, snake1, snake2 in zip(
            self.convs1, self.convs2, self.activations1, self.activations2, strict=True
        ):
            x = x + conv2(snake2(conv1(snake1(x))))
        return x


class SourceModule(nn.Module):
    """Nine harmonics to one signal; numpy computes it (frames hold their sines, see there)."""

    def __init__(self, harmonics: int) -> None:
        super().__init__()
        self.l_linear = nn.Linear(harmonics + 1, 1)


class F0Predictor(nn.Module):
    """Frames to Hz in float64: in float32 the pitch is 2e-4 Hz off, and the phase sums that up.

    onnxruntime has no float64 Conv on the CPU, so each convolution is a MatMul of shifted frames.
    """

    def __init__(self, d: VocoderDimensions) -> None:
        super().__init__()
        sizes = [(d.mels, d.f0_channels, F0_LOOK_RIGHT + 1)]
        sizes += [(d.f0_channels, d.f0_channels, 3)] * (F0_LAYERS - 1)
        layers = [(CausalConv(*size, right=i == 0), nn.ELU()) for i, size in enumerate(sizes)]
        self.condnet = nn.Sequential(*itertools.chain.from_iterable(layers))
        self.classifier = nn.Linear(d.f0_channels, 1)
        self.double()

    def forward(self, mel: Tensor) -> Tensor:
        """mel float32 (1, mels, T): f0 float64 (1, T), never negative."""
        length = mel.shape[2]
        x = mel.transpose(1, 2).to(torch.float64)
        for conv in self.condnet[::2]:
            kernel, (left, right) = conv.kernel_size[0], conv.reach
            zeros = torch.zeros(1, 1, x.shape[2], dtype=torch.float64, device=x.device)
            held = [zeros] * left + [x] + [zeros] * right
            padded = torch.cat(held, dim=1)
            taps = torch.cat([padded[:, i : i + length] for i in range(kernel)], dim=2)
            weight = conv.weight.permute(2, 1, 0).reshape(-1, conv.weight.shape[0])
            x = taps @ weight + conv.bias
            # ELU by Exp: onnxruntime has no float64 Elu.
            x = torch.where(x > 0, x, torch.exp(x.clamp(max=0)) - 1)
        return torch.abs(x @ self.classifier.weight.T + self.classifier.bias)[..., 0]


def fourier(n_fft: int) -> tuple[Tensor, Tensor, Tensor]:
    """Kernels (n_fft + 2, 1, n_fft) of a forward and an inverse transform with a periodic Hann
    window, real parts before imaginary ones; and the window's square (1, 1, n_fft)."""
    bins = n_fft // 2 + 1
    time = torch.arange(n_fft, dtype=torch.float64, device="cpu")
    window = 0.5 - 0.5 * torch.cos(2 * torch.pi * time / n_fft)
    angles = 2 * torch.pi * torch.arange(bins, dtype=torch.float64, device="cpu")[:, None]
    angles = angles * time / n_fft
    twice = torch.full((bins, 1), 2.0, dtype=torch.float64, device="cpu")
    twice[0] = twice[-1] = 1.0  # the first and the last bin have no mirror
    forward = torch.cat((torch.cos(angles), -torch.sin(angles))) * window
    inverse = torch.cat((twice * torch.cos(angles), -twice * torch.sin(angles))) * window / n_fft
    square = (window * window)[None, None]
    return forward[:, None].float(), inverse[:, None].float(), square.float()


class Vocoder(nn.Module):
    forward_kernels: Tensor
    inverse_kernels: Tensor
    square: Tensor

    def __init__(self, d: VocoderDimensions) -> None:
        super().__init__()
        self.d = d
        bins = d.n_fft + 2
        sizes = [d.channels >> i for i in range(len(d.up_rates) + 1)]
        self.conv_pre = CausalConv(d.mels, d.channels, d.look_right + 1, right=True)
        self.ups = nn.ModuleList(
            UpConv(sizes[i], sizes[i + 1], d.up_kernels[i], rate)
            for i, rate in enumerate(d.up_rates)
        )
        # How far the source's spectrum is ahead of each stage: 15, 3 and 1 for rates 8, 5, 3.
        ahead = list(itertools.accumulate([1, *d.up_rates[:0:-1]], lambda a, b: a * b))[::-1]
        self.source_downs = nn.ModuleList(
            DownConv(bins, size, rate) for size, rate in zip(sizes[1:], ahead, strict=True)
        )
        self.source_resblocks = nn.ModuleList(
            ResBlock(size, kernel, dilations)
            for size, kernel, dilations in zip(
                sizes[1:], d.source_kernels, d.source_dilations, strict=True
            )
        )
        self.resblocks = nn.ModuleList(
            ResBlock(size, kernel, dilations)
            for size in sizes[1:]
            for kernel, dilations in zip(d.kernels, d.dilations, strict=True)
        )
        self.conv_post = CausalConv(sizes[-1], bins, 7)
        for name, kernel in zip(
            ("forward_kernels", "inverse_kernels", "square"), fourier(d.n_fft), strict=True
        ):
            self.register_buffer(name, kernel, persistent=False)

    def forward(self, mel: Tensor, source: Tensor, mask: Tensor) -> Tensor:
        """mel (1, mels, T), source (1, 1, frame x T): wav (1, frame x T), within +-limit. mask (1,
        1, frame / hop x T) is 1 for each hop of sound before the sentence's end and 0 behind it,
        where the sound means nothing."""
        d, half = self.d, self.d.n_fft // 2
        spectrum = functional.conv1d(
            functional.pad(source, (half, half), mode="reflect"),
            self.forward_kernels,
            stride=d.hop,
        )
        x = self.conv_pre(mel)
        for i, up in enumerate(self.ups):
            x = up(functional.leaky_relu(x, d.slope))
            if i == len(self.ups) - 1:
                x = torch.cat(
                    (x[:, :, 1:2], x), dim=2
                )  # one mirrored frame: the spectrum has one more
            x = x + self.source_resblocks[i](self.source_downs[i](spectrum))
            blocks = self.resblocks[i * len(d.kernels) : (i + 1) * len(d.kernels)]
            x = torch.stack([block(x) for block in blocks]).sum(0) / len(d.kernels)
        # 0.01 here, not the slope of the stages: the released model leaves it at the default.
        x = self.conv_post(functional.leaky_relu(x, 0.01))
        magnitude = torch.exp(x[:, : half + 1]).clamp(max=MAX_MAGNITUDE)
        phase = torch.sin(
            x[:, half + 1 :]
        )  # the network gives no angle, but what sin makes one of
        mask = torch.cat((torch.ones_like(mask[:, :, :1]), mask), dim=2)
        magnitude = magnitude * mask
        parts = torch.cat((magnitude * torch.cos(phase), magnitude * torch.sin(phase)), dim=1)
        sound = functional.conv_transpose1d(parts, self.inverse_kernels, stride=d.hop)
        weight = functional.conv_transpose1d(mask, self.square, stride=d.hop)
        sound = sound[:, 0, half:-half] / weight[:, 0, half:-half].clamp(min=1e-6)
        return sound.clamp(-d.limit, d.limit)
