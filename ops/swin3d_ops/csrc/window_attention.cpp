// Fused window attention with cRSE tables, forward and backward, without pair-sized arrays.
//
// Heads are the lanes of a vector, so that products, table look-ups and histograms of a pair are plain
// vector loads, adds and stores. Per query (and per key) only the table rows in use are projected; table
// gradients and the value table pass through a private histogram of the weights.
#include "attention_products.h"
#include "attention_run.h"

namespace swin3d {
namespace {

template <class T> struct InFull {
    static constexpr bool kShortHeads = true;
    template <int NC, int AX> using type = Products<T, NC, AX>;
};

}  // namespace
}  // namespace swin3d

SWIN3D_WINDOW_ATTENTION(f32, float, swin3d::InFull<float>)
SWIN3D_WINDOW_ATTENTION(f64, double, swin3d::InFull<double>)
