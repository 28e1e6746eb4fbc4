// The passes of window attention with what they multiply rounded to bfloat16; the rest and all sums are in float32.
#include "bfloat16_target.h"

#include "lanes.h"

#ifdef SWIN3D_BFLOAT16
#include "attention_pairs.h"
#include "attention_run.h"

namespace swin3d {
namespace {

// Heads of up to 8 channels gain nothing: their products are short beside the look-ups. Nobody asks for them.
struct InPairs {
    static constexpr bool kShortHeads = false;
    template <int NC, int AX> using type = PairProducts<NC, AX>;
};

}  // namespace
}  // namespace swin3d

SWIN3D_WINDOW_ATTENTION(bfloat16_f32, float, swin3d::InPairs)
#endif
