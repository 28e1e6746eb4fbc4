// GELU(x) = x Phi(x) of vectors, with Phi the normal distribution itself and not its tanh form, and its slope.
#pragma once

#include <cmath>

#include "product_tile.h"

namespace swin3d {
namespace {

template <int kCount> inline Wide<float> polynomial(const float (&coefficients)[kCount], Wide<float> u) {
    Wide<float> sum = Wide<float>{} + coefficients[0];
#pragma GCC unroll 8
    for (int i = 1; i < kCount; ++i) sum = sum * u + coefficients[i];
    return sum;
}

// Phi(x) = (1 + erf(x / sqrt 2)) / 2. erf(z) = z P(z^2) / Q(z^2) up to |z| = 3.92, where it rounds to 1: the
// ratio of least largest error, 2e-8 before and 4e-7 after rounding. What a NaN gives is multiplied by it later.
inline Wide<float> normal_distribution(Wide<float> x) {
    typedef Wide<float> V;
    constexpr float kP[] = {2.03886535e-06f, 2.86512242e-04f, 3.83367448e-03f,
                            5.29564682e-02f, 1.91978691e-01f, 1.12837911e+00f};
    constexpr float kQ[] = {3.80616387e-05f, 1.17928138e-03f, 1.51044415e-02f,
                            1.14759203e-01f, 5.03468922e-01f, 1.0f};
    const V z = x * 0.707106781f, u = z * z;
    V erf = z * polynomial(kP, u) / polynomial(kQ, u);
    erf = z < 3.92f ? erf : V{} + 1.0f;
    erf = z > -3.92f ? erf : V{} - 1.0f;
    return erf * 0.5f + 0.5f;
}

inline Wide<float> normal_density(Wide<float> x) {
    typedef int32_t Integers __attribute__((vector_size(kVectorBytes)));
    return exp_float<Wide<float>, Integers>(x * x * -0.5f) * 0.398942280f;
}

inline Wide<double> normal_distribution(Wide<double> x) {
    for (int i = 0; i < kWidth<double>; ++i) x[i] = 0.5 * std::erfc(-0.70710678118654752 * x[i]);
    return x;
}

inline Wide<double> normal_density(Wide<double> x) {
    for (int i = 0; i < kWidth<double>; ++i) x[i] = 0.39894228040143268 * std::exp(-0.5 * x[i] * x[i]);
    return x;
}

template <class V> inline V gelu(V x) { return x * normal_distribution(x); }

// GELU(x), and its derivative in `slope`.
template <class V> inline V gelu(V x, V& slope) {
    const V below = normal_distribution(x);
    slope = below + x * normal_density(x);
    return x * below;
}

}  // namespace
}  // namespace swin3d
