// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What lies in the cells of this rank's box: the kind of each cell, and how often a particle collides there.
//
// A kind is a material or a mixture: a cell that the border of a fill cuts. In a mixture a particle collides at the
// rate of the densest material. At each such point the material there is looked up; the surplus are virtual collisions,
// which change nothing (Woodcock, Murphy, Hemmings & Longworth, ANL-7050, 1965). So a sphere is a sphere, and the loop
// over cells knows nothing of it. A layer of cells of kind `outside` surrounds the box. Their rate is infinite, so
// leaving the box and colliding are one test.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "haloscope/case/transport_case.hpp"
#include "haloscope/grid/decomposition.hpp"
#include "transport/material.hpp"

namespace haloscope {

/// A fill with numbers in place of names.
struct Shape {
  bool sphere = false;
  PerAxis<double> low{}, high{};  ///< of a box [cm]
  PerAxis<double> center{};       ///< of a sphere [cm]
  double radius = 0;              ///< [cm]
  int material = 0;
  int priority = 0;
  [[nodiscard]] bool holds(PerAxis<double> x) const noexcept;
};

class Geometry {
 public:
  using Kind = std::uint16_t;

  /// Not collective. @throws UserError
  Geometry(const Decomposition& decomposition, const TransportCase& settings, const MaterialTable& materials);

  [[nodiscard]] double face(std::size_t axis, double number) const noexcept { return number * width[axis]; }
  /// The index into the arrays of this box, its surrounding layer included.
  [[nodiscard]] std::ptrdiff_t index(PerAxis<std::int32_t> cell) const noexcept {
    return (cell[0] - box.begin[0] + 1) * stride[0] + (cell[1] - box.begin[1] + 1) * stride[1] +
           (cell[2] - box.begin[2] + 1) * stride[2];
  }
  [[nodiscard]] std::size_t size() const noexcept { return kinds.size(); }
  /// Of a kind inside the box.
  [[nodiscard]] bool is_mixture(Kind kind) const noexcept { return kind >= first_mixture; }
  [[nodiscard]] int material_at(Kind kind, PerAxis<double> x) const noexcept;
  /// Of @p group, by kind [1/cm].
  [[nodiscard]] const double* rates(int group) const noexcept {
    return &rate_[static_cast<std::size_t>(group) * n_kinds];
  }
  [[nodiscard]] double cell_volume() const noexcept { return width[0] * width[1] * width[2]; }
  [[nodiscard]] bool has_mixtures() const noexcept { return !mixtures_.empty(); }

  PerAxis<double> width{};  ///< of a cell [cm]
  PerAxis<GlobalIndex> cells{};
  Box box;
  PerAxis<std::ptrdiff_t> stride{};
  std::vector<Kind> kinds;  ///< (z, y, x) with the layer
  Kind first_mixture = 0, outside = 0;
  std::size_t n_kinds = 0;

 private:
  /// The shapes that a cut cell meets. The first that holds a point decides; where none does, `otherwise`.
  struct Mixture {
    std::vector<std::size_t> shapes;
    int otherwise = 0;
    friend bool operator==(const Mixture&, const Mixture&) = default;
  };
  [[nodiscard]] Mixture mixture_of(PerAxis<double> low, PerAxis<double> high) const;
  [[nodiscard]] Kind kind_of(const Mixture& mixture);
  void make_rates(const MaterialTable& materials);

  std::vector<Shape> shapes_;  ///< by falling priority
  std::vector<Mixture> mixtures_;
  std::vector<double> rate_;  ///< (group, kind)
};

/// The shapes of a case, by falling priority; of equal ones the first comes first. @throws UserError
[[nodiscard]] std::vector<Shape> shapes_of(const TransportCase& settings, const MaterialTable& materials);

}  // namespace haloscope
