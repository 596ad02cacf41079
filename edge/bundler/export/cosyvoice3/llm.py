"""The language model: Qwen2 over rows of embeddings, with its keys and values as one tensor.

Parameters have the names of llm.pt without its prefix `llm.model.model.`; the two embedding
tables are gathered outside the graph, by numpy.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge.bundler.export.cosyvoice3.dimensions import LlmDimensions


class RmsNorm(nn.Module):
    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt((x * x).mean(-1, keepdim=True) + self.eps))


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Qwen2's halves, not its neighbours, are the pairs that turn."""
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat((-second, first), dim=-1) * sine


class Attention(nn.Module):
    def __init__(self, d: LlmDimensions) -> None:
        super().__init__()
        self.d = d
        self.q_proj = nn.Linear(d.hidden, d.heads * d.head)
        self.k_proj = nn.Linear(d.hidden, d.kv_heads * d.head)
        self.v_proj = nn.Linear(d.hidden, d.kv_heads * d.head)
        self.o_proj = nn.Linear(d.heads * d.head, d.hidden, bias=False)

    def forward(
        self, x: Tensor, past: Tensor, cosine: Tensor, sine: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """x (1, n, hidden), past (2, 1, kv, p, head), mask (n, p + n) added to the scores."""
        d, n = self.d, x.shape[1]
        q = self.q_proj(x).view(1, n, d.heads, d.head).transpose(1, 2)
        k = self.k_proj(x).view(1, n, d.kv_heads, d.head).transpose(1, 2)
        v = self.v_proj(x).view(1, n, d.kv_heads, d.head).transpose(1, 2)
        q, k = rotate(q, cosine, sine), rotate(k, cosine, sine)
        k, v = torch.cat((past[0], k), dim=2), torch.cat((past[1], v), dim=2)
        groups = d.heads // d.kv_heads  # query heads that share one key and value
        q = q.reshape(1, d.kv_heads, groups, n, d.head) * d.head**-0.5
        scores = q @ k.transpose(2, 3).unsqueeze(2) + mask
        mixed = torch.softmax(scores, dim=-1) @ v.unsqueeze(2)
        mixed = mixed.reshape(1, d.heads, n, d.head).transpose(1, 2)
        return self.o_proj(mixed.reshape(1, n, d.heads * d.head)), k, v


class FeedForward(nn.Module):
    def __init__(self, d: LlmDimensions) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(d.hidden, d.feed_forward, bias=False)
        self.up_proj = nn.Linear(d.hidden, d.feed_forward, bias=False)
        self.down_proj = nn.Linear(d.feed_forward, d.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.gate_proj(x)
        down: Tensor = self.down_proj(gate * torch.sigmoid(gate) * self.up_proj(x))
        return down


class Layer(nn.Module):
    def __init__(self, d: LlmDimensions) -> None:
        super().__init__()
        self.self_attn = Attention(d)
        self.mlp = FeedForward(d)
        self.input_layernorm = RmsNorm(d.hidden, d.norm_eps)
        self.post_attention_layernorm = RmsNorm(d.hidden, d.norm_eps)

    def forward(
        self, x: Tensor, past: Tensor, cosine: Tensor, sine: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        mixed, k, v = self.self_attn(self.input_layernorm(x), past, cosine, sine, mask)
        x = x + mixed
        return x + self.mlp(self.post_attention_layernorm(x)), k, v


class Llm(nn.Module):
    """One graph for the prompt (p = 0) and for each token after it (n = 1)."""

    inverse: Tensor

    def __init__(self, d: LlmDimensions) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(d) for _ in range(d.layers))
        self.norm = RmsNorm(d.hidden, d.norm_eps)
        # No bias, and rows for the ids that end speech too.
        self.llm_decoder = nn.Linear(d.hidden, d.speech_rows, bias=False)
        # float64, then rounded: the same bytes whatever CPU builds.
        steps = torch.arange(0, d.head, 2, dtype=torch.float64, device="cpu") / d.head
        inverse = (1.0 / d.rope_theta**steps).to(torch.float32)
        self.register_buffer("inverse", inverse, persistent=False)

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """x (1, n, hidden), past (2 x layers, 1, kv heads, p, head): keys at 2 i, values at
        2 i + 1, keys already turned. The last row's logits (1, rows), and past with x in it."""
        n, before = x.shape[1], past.shape[3]
        here = torch.arange(n, device=x.device) + before
        # Angles in float32, as the released code has them, also where all else is float64.
        angles = here.to(torch.float32)[:, None] * self.inverse.to(torch.float32)
        angles = torch.cat((angles, angles), dim=-1)
        cosine, sine = torch.cos(angles).to(x.dtype), torch.sin(angles).to(x.dtype)
        later = torch.arange(before + n, device=x.device)[None] > here[:, None]
        mask = later.to(torch.float32) * torch.finfo(torch.float32).min
        present = []
        for i, layer in enumerate(self.layers):
            x, k, v = layer(x, past[2 * i : 2 * i + 2], cosine, sine, mask)
            present += [k, v]
        logits = self.llm_decoder(self.norm(x[:, -1:]))[:, 0]
        return logits, torch.stack(present)


class Tables(nn.Module):
    """Tables that numpy gathers from: a row per text token, a row per speech token and its
    controls."""

    def __init__(self, d: LlmDimensions) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(d.text_rows, d.hidden)
        self.speech_embedding = nn.Embedding(d.speech_rows, d.hidden)
