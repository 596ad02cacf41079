// The float parts of the text encoder: norm, GELU, depthwise convolution and softmax, as plain loops that every path
// compiles with its own flags. Sums go over channels, or over 16 lanes and then over those, in one order everywhere.
#pragma once
#include <cmath>

#include "rows.h"

namespace edge_kernels {
namespace {

constexpr float kFarthest = 1e30f;  // below any logit

// Eigen's rational function, within 3e-7 of erf.
inline float erf_of(float v) {
  const float x = v > 4.0f ? 4.0f : v < -4.0f ? -4.0f : v, x2 = x * x;
  float p = x2 * -2.72614225801306e-10f + 2.77068142495902e-08f;
  p = x2 * p + -2.10102402082508e-06f;
  p = x2 * p + -5.69250639462346e-05f;
  p = x2 * p + -7.34990630326855e-04f;
  p = x2 * p + -2.95459980854025e-03f;
  p = x2 * p + -1.60960333262415e-02f;
  float q = x2 * -1.45660718464996e-05f + -2.13374055278905e-04f;
  q = x2 * q + -1.68282697438203e-03f;
  q = x2 * q + -7.37332916720468e-03f;
  q = x2 * q + -1.42647390514189e-02f;
  return x * p / q;
}

inline float gelu(float v) { return 0.5f * v * (1.0f + erf_of(v * 0.70710678118654752f)); }

// exp of what is at most 0, within 2e-7 of its size.
inline float exp_of(float v) {
  const Exponential<float> e(v);
  return (e.q + 1.0f) * e.scale;
}

// rows [channels][kRow] += a depthwise convolution; `in` has (taps - 1) * dilation columns more than kRow.
void depthwise_rows(const Rows& in, const float* weights, const float* bias, int taps, int64_t dilation, float* rows) {
  for (int64_t c = 0; c < in.count; ++c, rows += kRow, weights += taps) {
    const float* row = in.data + static_cast<size_t>(c) * in.stride;
    float sums[kRow];
    for (float& sum : sums) sum = bias[c];
    for (int k = 0; k < taps; ++k)
      for (int i = 0; i < kRow; ++i) sums[i] += row[k * dilation + i] * weights[k];
    std::memcpy(rows, sums, sizeof sums);
  }
}

// The row goes through `v`: gcc does not see that a channel's factors lie outside it.
template <bool Gelu>
inline void scale_channels(float* rows, int64_t channels, const Norm& norm, const float* mean, const float* inverse) {
  for (int64_t c = 0; c < channels; ++c, rows += kRow) {
    const float gamma = norm.gamma[c], beta = norm.beta[c];
    float v[kRow];
    std::memcpy(v, rows, sizeof v);
    for (int i = 0; i < kRow; ++i) v[i] = (v[i] - mean[i]) * inverse[i] * gamma + beta;
    if (Gelu)
      for (float& one : v) one = gelu(one);
    std::memcpy(rows, v, sizeof v);
  }
}

// Each of kRow columns of rows [channels][kRow], in place.
void norm_rows(float* rows, int64_t channels, const Norm& norm) {
  float mean[kRow], inverse[kRow];
  constexpr int kMany = 3;  // vectors whose sums stay in registers
  static_assert(kRow % (kMany * kLanes) == 0);
  const float share = 1.0f / static_cast<float>(channels);
  for (int at = 0; at < kRow; at += kMany * kLanes) {
    Floats sums[kMany] = {}, squares[kMany] = {};
    for (int64_t c = 0; c < channels; ++c)
      for (int i = 0; i < kMany; ++i) {
        Floats v;
        std::memcpy(&v, rows + c * kRow + at + i * kLanes, sizeof v);
        sums[i] += v;
      }
    for (Floats& sum : sums) sum *= share;
    for (int64_t c = 0; c < channels; ++c)
      for (int i = 0; i < kMany; ++i) {
        Floats v;
        std::memcpy(&v, rows + c * kRow + at + i * kLanes, sizeof v);
        v -= sums[i];
        squares[i] += v * v;
      }
    std::memcpy(mean + at, sums, sizeof sums);
    std::memcpy(inverse + at, squares, sizeof squares);
  }
  for (float& v : inverse) v = 1.0f / std::sqrt(v * share + norm.epsilon);
  if (norm.gelu) scale_channels<true>(rows, channels, norm, mean, inverse);
  else scale_channels<false>(rows, channels, norm, mean, inverse);
}

// One row to its shares: n floats, in place; there is room for whole groups.
void softmax_row(float* row, int64_t n) {
  const int64_t whole = (n + kGroup - 1) / kGroup * kGroup;
  for (int64_t i = n; i < whole; ++i) row[i] = -kFarthest;
  float top[kGroup], sum[kGroup] = {};
  std::memcpy(top, row, sizeof top);
  for (int64_t at = kGroup; at < whole; at += kGroup)
    for (int i = 0; i < kGroup; ++i) top[i] = row[at + i] > top[i] ? row[at + i] : top[i];
  float most = top[0], total = 0.0f;
  for (float t : top) most = t > most ? t : most;
  for (int64_t at = 0; at < whole; at += kGroup)
    for (int i = 0; i < kGroup; ++i) row[at + i] = exp_of(row[at + i] - most);
  for (int64_t i = n; i < whole; ++i) row[i] = 0.0f;
  for (int64_t at = 0; at < whole; at += kGroup)
    for (int i = 0; i < kGroup; ++i) sum[i] += row[at + i];
  for (float s : sum) total += s;
  const float share = 1.0f / total;
  for (int64_t i = 0; i < whole; ++i) row[i] *= share;
}

// GELU within 5e-5: what comes next has steps of 1/254 of its range. A rational function of degree 7 / 6 for
// erf(v / sqrt(2)), fitted to the largest error in GELU; less than half of the operations above. Beyond 4.4 it is v
// but for 2e-5 of it, and below -4.4 what it is there, a hair from 0.
inline float gelu_near(float v) {
  const float x = v > 4.4f ? 4.4f : v < -4.4f ? -4.4f : v, x2 = x * x;
  float p = x2 * 6.77477708e-05f + 7.69332070e-03f;
  p = x2 * p + 5.42743530e-02f;
  p = x2 * p + 7.97879080e-01f;
  float q = x2 * 1.17843212e-03f + 2.37182534e-02f;
  q = x2 * q + 2.34704385e-01f;
  q = x2 * q + 1.0f;
  const float half = 0.5f * (v < -4.4f ? -4.4f : v);
  return half + half * (x * p / q);
}

void gelu_row(float* row, int64_t n) {
  for (int64_t i = 0; i < n; ++i) row[i] = gelu_near(row[i]);
}

// Sum of a row's distances from `center`, or of their squares: 64 floats in 16 lanes, and those in double.
template <bool Squares>
inline double sum_distances(const float* row, int64_t n, float center) {
  constexpr int kPiece = 64;
  double totals[kGroup] = {}, total = 0.0;
  for (int64_t at = 0; at < n; at += kPiece) {
    float last[kPiece], lanes[kGroup] = {};
    const float* piece = row + at;
    if (n - at < kPiece) {
      for (float& v : last) v = center;
      std::memcpy(last, piece, static_cast<size_t>(n - at) * sizeof *last);
      piece = last;
    }
    for (int i = 0; i < kPiece; i += kGroup)
      for (int lane = 0; lane < kGroup; ++lane) {
        const float distance = piece[i + lane] - center;
        lanes[lane] += Squares ? distance * distance : distance;
      }
    for (int lane = 0; lane < kGroup; ++lane) totals[lane] += static_cast<double>(lanes[lane]);
  }
  for (double t : totals) total += t;
  return total;
}

double sum_row(const float* row, int64_t n, float center, bool squares) {
  return squares ? sum_distances<true>(row, n, center) : sum_distances<false>(row, n, center);
}

}  // namespace
}  // namespace edge_kernels
