"""The flow: speech tokens to a mel spectrogram, by a diffusion transformer (DiT).

Parameters have the names of flow.pt. What looks like a mistake here is what the weights were
trained with. A step may go on from the state of the frames before: the keys and values of every
block, and what the convolutions saw last. The released code keeps none.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from edge.bundler.export.cosyvoice3.dimensions import (
    POSITION_GROUPS,
    POSITION_KERNEL,
    TIME_WAVES,
    FlowDimensions,
)


class LookAhead(nn.Module):
    """Convolutions over the tokens: the first sees `look_ahead` tokens to come, zeros at the
    end; the second only what was."""

    def __init__(self, d: FlowDimensions) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(d.mels, d.look_ahead_channels, d.look_ahead + 1)
        self.conv2 = nn.Conv1d(d.look_ahead_channels, d.mels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """x (1, mels, n), the same out."""
        y = functional.pad(x, (0, self.conv1.kernel_size[0] - 1))
        y = functional.leaky_relu(self.conv1(y), 0.01)
        y = functional.pad(y, (self.conv2.kernel_size[0] - 1, 0))
        return x + self.conv2(y)


class FlowFront(nn.Module):
    def __init__(self, d: FlowDimensions) -> None:
        super().__init__()
        self.d = d
        self.input_embedding = nn.Embedding(d.codes, d.mels)
        self.spk_embed_affine_layer = nn.Linear(d.xvec, d.mels)
        self.pre_lookahead_layer = LookAhead(d)

    def forward(self, token: Tensor, xvec: Tensor) -> tuple[Tensor, Tensor]:
        """token int64 (1, n), xvec (1, xvec): mu (1, mels, 2 n), spks (1, mels)."""
        length = torch.sqrt((xvec * xvec).sum(-1, keepdim=True)).clamp(min=1e-12)
        spks = self.spk_embed_affine_layer(xvec / length)
        x = self.input_embedding(token).transpose(1, 2)
        x = self.pre_lookahead_layer(x)
        n, held = x.shape[2], self.d.frames_per_token
        mu = x.unsqueeze(3).expand(1, self.d.mels, n, held)
        return mu.reshape(1, self.d.mels, n * held), spks


class TimeEmbedding(nn.Module):
    waves: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.time_mlp = nn.Sequential(nn.Linear(TIME_WAVES, dim), nn.SiLU(), nn.Linear(dim, dim))
        half = TIME_WAVES // 2
        # torch's exp of float32 ends in another bit on another CPU: other bytes from each builder.
        steps = torch.arange(half, dtype=torch.float64, device="cpu")
        waves = torch.exp(steps * -(math.log(10_000) / (half - 1)))
        self.register_buffer("waves", waves.to(torch.float32), persistent=False)

    def forward(self, t: Tensor) -> Tensor:
        # Angles in float32, as the released code has them, also where all else is float64.
        angles = 1000.0 * t[:, None, None] * self.waves.to(torch.float32)
        angles = angles.to(self.waves.dtype)
        embedded: Tensor = self.time_mlp(torch.cat((angles.sin(), angles.cos()), dim=-1))
        return embedded


class PositionConvolution(nn.Module):
    """Two grouped convolutions that see only what was; what they make tells place."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        for name in ("conv1", "conv2"):
            conv = nn.Conv1d(dim, dim, POSITION_KERNEL, groups=POSITION_GROUPS)
            self.add_module(name, nn.Sequential(conv, nn.Mish()))

    def forward(self, x: Tensor, tails: Tensor) -> tuple[Tensor, Tensor]:
        """x (2, n, dim), tails (2, 2, dim, c): the c frames, 30 at most, before x that each of the
        two saw last. What they make (2, n, dim), and tails of 30."""
        x, ends = x.transpose(1, 2), []
        before = POSITION_KERNEL - 1
        zeros = x.new_zeros(x.shape[0], x.shape[1], before)  # of which a tail takes the place
        for tail, conv in zip(tails, (self.conv1, self.conv2), strict=True):
            seen = torch.cat((zeros, tail, x), dim=2)[:, :, tails.shape[3] :]
            ends.append(seen[:, :, -before:])
            x = conv(seen)
        return x.transpose(1, 2), torch.stack(ends)


class InputEmbedding(nn.Module):
    def __init__(self, d: FlowDimensions) -> None:
        super().__init__()
        self.proj = nn.Linear(4 * d.mels, d.dim)
        self.conv_pos_embed = PositionConvolution(d.dim)

    def forward(
        self, x: Tensor, cond: Tensor, mu: Tensor, spks: Tensor, tails: Tensor
    ) -> tuple[Tensor, Tensor]:
        x = self.proj(torch.cat((x, cond, mu, spks), dim=-1))
        place, ends = self.conv_pos_embed(x, tails)
        return x + place, ends


class Modulation(nn.Module):
    """AdaLN: `parts` vectors from the time, to shift, scale and gate with."""

    def __init__(self, dim: int, parts: int) -> None:
        super().__init__()
        self.parts = parts
        self.linear = nn.Linear(dim, parts * dim)

    def forward(self, time: Tensor) -> tuple[Tensor, ...]:
        return self.linear(functional.silu(time)).chunk(self.parts, dim=-1)


def normed(x: Tensor, shift: Tensor, scale: Tensor, dim: int) -> Tensor:
    return functional.layer_norm(x, (dim,), eps=1e-6) * (1 + scale) + shift


class SelfAttention(nn.Module):
    def __init__(self, d: FlowDimensions) -> None:
        super().__init__()
        self.d = d
        self.to_q = nn.Linear(d.dim, d.dim)
        self.to_k = nn.Linear(d.dim, d.dim)
        self.to_v = nn.Linear(d.dim, d.dim)
        self.to_out = nn.ModuleList([nn.Linear(d.dim, d.dim)])

    def _first_head_turned(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        # The released model turns the flat projection before it is split into heads, and only
        # as many channels as one head has: so head 0 alone knows the place. To turn every head,
        # as the code seems to mean, breaks the weights. Neighbours are the pairs, not halves.
        head = x[..., : self.d.head]
        pairs = head.reshape(x.shape[0], x.shape[1], self.d.head // 2, 2)
        turned = torch.stack((-pairs[..., 1], pairs[..., 0]), dim=-1).reshape(head.shape)
        return torch.cat((head * cosine + turned * sine, x[..., self.d.head :]), dim=-1)

    def forward(
        self, x: Tensor, past: Tensor, cosine: Tensor, sine: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """x (2, n, dim), past (p, 2, 2, dim) of keys and values, cosine and sine (n, head), mask
        (1, 1, n, p + n) added to the scores. And x's own keys and values (2, n, dim)."""
        d, length = self.d, x.shape[1]
        q = self._first_head_turned(self.to_q(x), cosine, sine)
        k = self._first_head_turned(self.to_k(x), cosine, sine)
        v = self.to_v(x)
        keys = torch.cat((past[:, 0].transpose(0, 1), k), dim=1)
        values = torch.cat((past[:, 1].transpose(0, 1), v), dim=1)
        q, keys, values = (
            y.view(2, -1, d.heads, d.head).transpose(1, 2) for y in (q, keys, values)
        )
        scores = (q * d.head**-0.5) @ keys.transpose(2, 3) + mask
        mixed = torch.softmax(scores, dim=-1) @ values
        return self.to_out[0](mixed.transpose(1, 2).reshape(2, length, d.dim)), k, v


class FeedForward(nn.Module):
    def __init__(self, d: FlowDimensions) -> None:
        super().__init__()
        inner = d.feed_forward * d.dim
        widen = nn.Sequential(nn.Linear(d.dim, inner), nn.GELU("tanh"))
        # Dropout keeps the place of the released model's own: its weights are 0.0 and 2.
        self.ff = nn.Sequential(widen, nn.Dropout(0.0), nn.Linear(inner, d.dim))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.ff(x)
        return out


class Block(nn.Module):
    def __init__(self, d: FlowDimensions) -> None:
        super().__init__()
        self.dim = d.dim
        self.attn_norm = Modulation(d.dim, 6)
        self.attn = SelfAttention(d)
        self.ff = FeedForward(d)

    def forward(
        self,
        x: Tensor,
        time: Tensor,
        past: Tensor,
        cosine: Tensor,
        sine: Tensor,
        mask: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        shift, scale, gate, shift_ff, scale_ff, gate_ff = self.attn_norm(time)
        seen = normed(x, shift, scale, self.dim)
        mixed, k, v = self.attn(seen, past, cosine, sine, mask)
        x = x + gate * mixed
        return x + gate_ff * self.ff(normed(x, shift_ff, scale_ff, self.dim)), k, v


class Rotary(nn.Module):
    inv_freq: Tensor

    def __init__(self, head: int) -> None:
        super().__init__()
        self.register_buffer("inv_freq", torch.zeros(head // 2))  # comes from the checkpoint


class Estimator(nn.Module):
    """The DiT: a velocity for a batch of two, with the condition and without."""

    def __init__(self, d: FlowDimensions) -> None:
        super().__init__()
        self.dim = d.dim
        self.time_embed = TimeEmbedding(d.dim)
        self.input_embed = InputEmbedding(d)
        self.rotary_embed = Rotary(d.head)
        self.transformer_blocks = nn.ModuleList(Block(d) for _ in range(d.depth))
        self.norm_out = Modulation(d.dim, 2)
        self.proj_out = nn.Linear(d.dim, d.mels)

    def forward(
        self,
        x: Tensor,
        mu: Tensor,
        cond: Tensor,
        t: Tensor,
        spks: Tensor,
        attn_mask: Tensor,
        past: Tensor,
        tails: Tensor,
        keep: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run like FlowStep's, but with the batch of two in x, mu, cond and spks."""
        length = x.shape[2]
        time = self.time_embed(t)
        speaker = spks.unsqueeze(1).expand(2, length, spks.shape[1])
        x, ends = self.input_embed(
            x.transpose(1, 2), cond.transpose(1, 2), mu.transpose(1, 2), speaker, tails
        )
        place = (torch.arange(length, device=x.device) + past.shape[0]).to(torch.float32)
        angles = (place[:, None] * self.rotary_embed.inv_freq)[..., None].expand(-1, -1, 2)
        angles = angles.reshape(length, -1)
        cosine, sine = torch.cos(angles), torch.sin(angles)
        mask = (~attn_mask).to(torch.float32) * torch.finfo(torch.float32).min
        kept = []
        for i, block in enumerate(self.transformer_blocks):
            x, k, v = block(x, time, past[:, 2 * i : 2 * i + 2], cosine, sine, mask)
            kept += [y.index_select(1, keep).transpose(0, 1) for y in (k, v)]
        scale, shift = self.norm_out(time)  # the other order than in the blocks
        out = self.proj_out(normed(x, shift, scale, self.dim))
        return out.transpose(1, 2), torch.stack(kept, dim=1), ends


class FlowStep(nn.Module):
    """One Euler step's velocity, guided: (1 + g) with the condition, less g without it."""

    def __init__(self, d: FlowDimensions) -> None:
        super().__init__()
        self.guidance = d.guidance
        self.estimator = Estimator(d)

    def forward(
        self,
        x: Tensor,
        mu: Tensor,
        cond: Tensor,
        t: Tensor,
        spks: Tensor,
        attn_mask: Tensor,
        past: Tensor,
        tails: Tensor,
        keep: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """x, mu, cond (1, mels, n), t (1,), spks (1, mels), attn_mask bool (1, 1, n, p + n), true
        where a frame (row) sees another (column): v (1, mels, n).

        The state of the p frames before, which may be none: past (p, 2 x blocks, 2, dim), keys at
        2 i, already turned, and values at 2 i + 1; tails (2, 2, dim, c), what the convolutions saw
        last, c = 30 or fewer at the start. keep int64 (k,): places among the n whose state is
        wanted; it comes as (k, 2 x blocks, 2, dim), and the tails (2, 2, dim, 30) after all n.
        The middle axis of 2 is with the condition, then without."""
        # Without the condition mu, cond and speaker are all zero, while x stays.
        both, kept, ends = self.estimator(
            torch.cat((x, x)),
            torch.cat((mu, torch.zeros_like(mu))),
            torch.cat((cond, torch.zeros_like(cond))),
            t,
            torch.cat((spks, torch.zeros_like(spks))),
            attn_mask,
            past,
            tails,
            keep,
        )
        return (1.0 + self.guidance) * both[:1] - self.guidance * both[1:], kept, ends
