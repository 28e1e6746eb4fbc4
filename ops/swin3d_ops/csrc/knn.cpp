// Exact k nearest neighbours by a uniform grid over the core of the cloud.
//
// Sources are sorted by cell; a query visits shells of cells around its own until the k-th
// distance is strictly below the distance to all unvisited cells. Cells at the border of the core
// reach to infinity, so outliers and far queries need no special case. Squared distances are
// (dx dx + dy dy) + dz dz without contraction (this file is compiled with -ffp-contract=off), and
// equal ones are ordered by row: the result is that of a full sort.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "lanes.h"

namespace swin3d {
namespace {

// Relative slack of a bound against the rounding of squared distances and of cell borders.
constexpr double kSlack = 1e-5;

template <class T> class Grid {
  public:
    Grid(const T* source, int64_t count, int64_t k) : count_(count) {
        fit_core(source);
        choose_cell(source, std::max(2.0, static_cast<double>(k) / 4));
        sort_by_cell(source);
    }

    // Write the neighbours of one query: rows relative to the first source, squared distances.
    void search(const T* query, int64_t k, int64_t* row, T* squared) const {
        std::fill(row, row + k, std::numeric_limits<int64_t>::max());
        std::fill(squared, squared + k, std::numeric_limits<T>::infinity());
        int64_t centre[3], low[3], high[3];
        for (int a = 0; a < 3; ++a) centre[a] = cell_of(query[a], a);
        for (int64_t ring = 0;; ++ring) {
            for (int a = 0; a < 3; ++a) {
                low[a] = std::max<int64_t>(centre[a] - ring, 0);
                high[a] = std::min<int64_t>(centre[a] + ring, cells_[a] - 1);
            }
            visit_shell(query, centre, low, high, ring, k, row, squared);
            const double bound = distance_to_unvisited(query, low, high);
            if (std::isinf(bound) || (bound > 0 && beyond(bound * bound, squared[k - 1]))) return;
        }
    }

  private:
    static bool beyond(double bound_squared, T worst) {
        return bound_squared * (1 - kSlack) > static_cast<double>(worst);
    }

    // The core: the box between the 0.5 % and the 99.5 % quantile of each axis.
    void fit_core(const T* source) {
        const int64_t step = std::max<int64_t>(1, count_ / 4096);
        std::vector<T> values;
        for (int a = 0; a < 3; ++a) {
            values.clear();
            for (int64_t i = 0; i < count_; i += step) values.push_back(source[3 * i + a]);
            const size_t cut = values.size() / 200;
            std::nth_element(values.begin(), values.begin() + cut, values.end());
            low_[a] = static_cast<double>(values[cut]);
            std::nth_element(values.begin(), values.end() - 1 - cut, values.end());
            extent_[a] = static_cast<double>(values[values.size() - 1 - cut]) - low_[a];
        }
    }

    // Find the edge that leaves about `wanted` sources in an occupied cell, within a bounded grid.
    void choose_cell(const T* source, double wanted) {
        const double longest = std::max({extent_[0], extent_[1], extent_[2]});
        const double most_cells = 8.0 * static_cast<double>(count_) + 64;
        set_cell(longest > 0 ? longest / 32 : 1.0, most_cells);
        if (!(longest > 0)) return;
        std::vector<uint8_t> occupied;
        for (int trial = 0; trial < 6; ++trial) {
            occupied.assign(cells_[0] * cells_[1] * cells_[2], 0);
            int64_t cells = 0;
            for (int64_t i = 0; i < count_; ++i) {
                uint8_t& seen = occupied[cell_index(source + 3 * i)];
                cells += seen == 0;
                seen = 1;
            }
            const double mean = static_cast<double>(count_) / static_cast<double>(cells);
            if (mean > wanted / 1.6 && mean < wanted * 1.6) return;
            const double before = edge_;
            set_cell(edge_ * std::min(8.0, std::max(0.125, std::sqrt(wanted / mean))), most_cells);
            if (edge_ > 0.9 * before && edge_ < 1.1 * before) return;
        }
    }

    void set_cell(double edge, double most_cells) {
        const double longest = std::max({extent_[0], extent_[1], extent_[2]});
        edge = std::min(std::max(edge, longest * 1e-6), longest > 0 ? 2 * longest : 1.0);
        edge = std::max(edge, std::numeric_limits<double>::min());  // a fraction of a denormal extent may be 0
        for (;; edge *= 1.25) {
            double total = 1;
            for (int a = 0; a < 3; ++a) total *= std::floor(extent_[a] / edge) + 1;
            if (total <= most_cells) break;
        }
        edge_ = edge;
        for (int a = 0; a < 3; ++a) cells_[a] = static_cast<int64_t>(std::floor(extent_[a] / edge)) + 1;
    }

    int64_t cell_of(T value, int axis) const {
        const double place = (static_cast<double>(value) - low_[axis]) / edge_;
        if (!(place > 0)) return 0;
        const double last = static_cast<double>(cells_[axis] - 1);
        return static_cast<int64_t>(place < last ? place : last);
    }

    int64_t cell_index(const T* point) const {
        return (cell_of(point[0], 0) * cells_[1] + cell_of(point[1], 1)) * cells_[2] + cell_of(point[2], 2);
    }

    void sort_by_cell(const T* source) {
        start_.assign(cells_[0] * cells_[1] * cells_[2] + 1, 0);
        std::vector<int64_t> cell(count_);
        for (int64_t i = 0; i < count_; ++i) ++start_[(cell[i] = cell_index(source + 3 * i)) + 1];
        for (size_t c = 1; c < start_.size(); ++c) start_[c] += start_[c - 1];
        std::vector<int64_t> next(start_.begin(), start_.end() - 1);
        points_.resize(3 * count_);
        rows_.resize(count_);
        for (int64_t i = 0; i < count_; ++i) {
            const int64_t at = next[cell[i]]++;
            rows_[at] = i;
            for (int a = 0; a < 3; ++a) points_[3 * at + a] = source[3 * i + a];
        }
    }

    // Distance from the query to the slab of cells `cell` on one axis; border cells are unbounded.
    double distance_to_slab(T value, int axis, int64_t first, int64_t last) const {
        const double x = static_cast<double>(value);
        const double left = low_[axis] + static_cast<double>(first) * edge_;
        const double right = low_[axis] + static_cast<double>(last + 1) * edge_;
        if (first > 0 && x < left) return left - x;
        if (last < cells_[axis] - 1 && x > right) return x - right;
        return 0;
    }

    double distance_to_unvisited(const T* query, const int64_t* low, const int64_t* high) const {
        double bound = std::numeric_limits<double>::infinity();
        for (int a = 0; a < 3; ++a) {
            const double x = static_cast<double>(query[a]) - low_[a];
            if (low[a] > 0) bound = std::min(bound, x - static_cast<double>(low[a]) * edge_);
            if (high[a] < cells_[a] - 1) {
                bound = std::min(bound, static_cast<double>(high[a] + 1) * edge_ - x);
            }
        }
        return bound;
    }

    void visit_shell(const T* query, const int64_t* centre, const int64_t* low, const int64_t* high,
                     int64_t ring, int64_t k, int64_t* row, T* squared) const {
        for (int64_t x = low[0]; x <= high[0]; ++x) {
            const double dx = distance_to_slab(query[0], 0, x, x);
            if (beyond(dx * dx, squared[k - 1])) continue;
            const bool x_face = std::llabs(x - centre[0]) == ring;
            for (int64_t y = low[1]; y <= high[1]; ++y) {
                const double dy = distance_to_slab(query[1], 1, y, y);
                if (beyond(dx * dx + dy * dy, squared[k - 1])) continue;
                const int64_t line = (x * cells_[1] + y) * cells_[2];
                if (x_face || std::llabs(y - centre[1]) == ring) {
                    scan(query, start_[line + low[2]], start_[line + high[2] + 1], k, row, squared);
                    continue;
                }
                for (int side = -1; side <= 1; side += 2) {
                    const int64_t z = centre[2] + side * ring;
                    if (z < 0 || z >= cells_[2]) continue;
                    const double dz = distance_to_slab(query[2], 2, z, z);
                    if (beyond(dx * dx + dy * dy + dz * dz, squared[k - 1])) continue;
                    scan(query, start_[line + z], start_[line + z + 1], k, row, squared);
                }
            }
        }
    }

    void scan(const T* query, int64_t from, int64_t to, int64_t k, int64_t* row, T* squared) const {
        for (int64_t p = from; p < to; ++p) {
            const T* s = points_.data() + 3 * p;
            const T dx = query[0] - s[0], dy = query[1] - s[1], dz = query[2] - s[2];
            const T d = (dx * dx + dy * dy) + dz * dz;
            const T worst = squared[k - 1];
            if (d > worst || (d == worst && rows_[p] > row[k - 1])) continue;
            int64_t at = k - 1;
            for (; at > 0; --at) {
                const bool before = d < squared[at - 1] || (d == squared[at - 1] && rows_[p] < row[at - 1]);
                if (!before) break;
                squared[at] = squared[at - 1];
                row[at] = row[at - 1];
            }
            squared[at] = d;
            row[at] = rows_[p];
        }
    }

    int64_t count_;
    double low_[3], extent_[3], edge_ = 1;
    int64_t cells_[3] = {1, 1, 1};
    std::vector<int64_t> start_, rows_;
    std::vector<T> points_;
};

template <class T>
void knn(const T* query, const T* source, int64_t k, const int64_t* query_ptr, const int64_t* source_ptr,
         int64_t items, int64_t* index, T* distance, int threads) {
    for (int64_t item = 0; item < items; ++item) {
        const int64_t first = query_ptr[item], last = query_ptr[item + 1];
        const int64_t base = source_ptr[item], count = source_ptr[item + 1] - base;
        if (first == last) continue;
        const int64_t found = std::min(k, count);
        const Grid<T> grid(source + 3 * base, count, found);
#pragma omp parallel for schedule(dynamic, 256) num_threads(threads) if (threads > 1)
        for (int64_t i = first; i < last; ++i) {
            int64_t* row = index + i * k;
            T* d = distance + i * k;
            grid.search(query + 3 * i, found, row, d);
            for (int64_t n = 0; n < found; ++n) row[n] += base, d[n] = std::sqrt(d[n]);
            for (int64_t n = found; n < k; ++n) row[n] = row[found - 1], d[n] = d[found - 1];
        }
    }
}

}  // namespace
}  // namespace swin3d

#define SWIN3D_KNN(NAME, T)                                                                              \
    SWIN3D_EXPORT(knn_##NAME)                                                                            \
    (const T* query, const T* source, int64_t k, const int64_t* query_ptr, const int64_t* source_ptr,    \
     int64_t items, int64_t* index, T* distance, int threads) {                                          \
        try {                                                                                            \
            swin3d::knn<T>(query, source, k, query_ptr, source_ptr, items, index, distance, threads);    \
        } catch (const std::bad_alloc&) {                                                                \
            return 1;                                                                                    \
        }                                                                                                \
        return 0;                                                                                        \
    }

SWIN3D_KNN(f32, float)
SWIN3D_KNN(f64, double)
