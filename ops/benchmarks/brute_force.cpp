// All distances of a query in blocks that the compiler vectorises; a block is looked into only where it
// holds a distance below the k-th so far.
#include <cstdint>
#include <limits>

extern "C" void brute_force(const float* query, const float* x, const float* y, const float* z, int64_t queries,
                            int64_t sources, int64_t k, int64_t* index, float* squared) {
    constexpr int kBlock = 64;
    for (int64_t q = 0; q < queries; ++q) {
        const float qx = query[3 * q], qy = query[3 * q + 1], qz = query[3 * q + 2];
        int64_t* row = index + q * k;
        float* best = squared + q * k;
        for (int64_t n = 0; n < k; ++n) best[n] = std::numeric_limits<float>::infinity(), row[n] = -1;
        for (int64_t start = 0; start < sources; start += kBlock) {
            const int count = sources - start < kBlock ? static_cast<int>(sources - start) : kBlock;
            float d[kBlock], least[8];
            for (int s = 0; s < kBlock; ++s) d[s] = std::numeric_limits<float>::infinity();
            for (int s = 0; s < count; ++s) {
                const float a = qx - x[start + s], b = qy - y[start + s], c = qz - z[start + s];
                d[s] = a * a + b * b + c * c;
            }
            for (int s = 0; s < 8; ++s) least[s] = d[s];
            for (int s = 8; s < kBlock; ++s) least[s % 8] = d[s] < least[s % 8] ? d[s] : least[s % 8];
            bool any = false;
            for (int s = 0; s < 8; ++s) any = any || least[s] < best[k - 1];
            if (!any) continue;
            for (int s = 0; s < count; ++s) {
                if (d[s] >= best[k - 1]) continue;
                int64_t at = k - 1;
                for (; at > 0 && d[s] < best[at - 1]; --at) best[at] = best[at - 1], row[at] = row[at - 1];
                best[at] = d[s], row[at] = start + s;
            }
        }
    }
}
