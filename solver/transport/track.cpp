// SPDX-License-Identifier: BSD-3-Clause
#include "transport/track.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "haloscope/base/hash.hpp"

namespace haloscope {

namespace {

/// A particle that passes more sides than this without a collision will not end. (One with a mean free path of 1000
/// crossings does so once in e^1000 histories.)
constexpr std::int32_t sides_limit = 1'000'000;
constexpr std::size_t lost_kept = 8;
/// In widths of a cell: rounding does not leave a point so far outside its cell.
constexpr double off_cell = 1e-6;

/// @p turn given about the z axis, as a direction about @p axis; both of length 1. Duff et al., Journal of Computer
/// Graphics Techniques 6(1), 2017, section 3.
PerAxis<double> about(PerAxis<double> axis, PerAxis<double> turn) noexcept {
  const auto [u, v, w] = axis;
  const double sign = std::copysign(1.0, w), a = -1 / (sign + w), b = u * v * a;
  const PerAxis<double> one{1 + sign * u * u * a, sign * b, -sign * u}, two{b, sign + v * v * a, -v};
  PerAxis<double> d{};
  double square = 0;
  for (std::size_t n = 0; n < 3; ++n) {
    d[n] = turn[0] * one[n] + turn[1] * two[n] + turn[2] * axis[n];
    square += d[n] * d[n];
  }
  for (double& x : d) x *= 1.5 - 0.5 * square;  // a step of Newton's keeps rounding from adding up
  return d;
}

}  // namespace

Tracker::Tracker(const Decomposition& decomposition, const TransportCase& settings, const MaterialTable& materials,
                 const Geometry& geometry, CellTallies& tallies, std::uint64_t seed)
    : settings_(settings),
      materials_(materials),
      geometry_(geometry),
      tallies_(tallies),
      seed_(seed),
      implicit_(settings.capture == Capture::implicit),
      eigenvalue_(settings.mode == TransportMode::eigenvalue) {
  for (std::size_t s = 0; s < n_sides; ++s) {
    const int there = decomposition.neighbour(direction_of(static_cast<Side>(s)));
    to_neighbour_[s] = there != MPI_PROC_NULL && there != decomposition.rank();
  }
  lost.reserve(lost_kept);
}

void Tracker::begin(std::uint32_t batch, double k) noexcept {
  batch_ = batch;
  k_ = k;
}

void Tracker::follow(Particle& particle) {
  if (particle.draws == 0) be_born(particle);
  for (;;) {
    const Chance chance = ready(particle);
    Geometry::Kind kind = fly(particle);
    while (kind == geometry_.outside) {
      if (!pass_border(particle)) return;
      kind = fly(particle);
    }
    if (!collide(particle, kind, chance)) return;
  }
}

Tracker::Chance Tracker::ready(const Particle& p) const noexcept {
  const FourNumbers u = RandomStream(seed_, batch_, p.number, 4 * p.draws).four_uniforms();
  return {u[0], u[1], circle_point(u[2]), -std::log(u[3])};
}

void Tracker::follow(const FissionSite& site, double weight) {
  Particle particle{};
  particle.origin = site.position;
  particle.cell = site.cell;
  particle.number = site.number;
  particle.group = site.material;
  particle.weight = weight;
  follow(particle);
}

/// Flies from face to face until the particle collides, perhaps virtually, or leaves the box. Returns the kind of cell
/// it is then in.
Geometry::Kind Tracker::fly(Particle& p) noexcept {
  const double x0 = p.origin[0], y0 = p.origin[1], z0 = p.origin[2];
  const double dx = geometry_.width[0], dy = geometry_.width[1], dz = geometry_.width[2];
  const double ux = p.direction[0], uy = p.direction[1], uz = p.direction[2];
  const double ix = 1 / ux, iy = 1 / uy, iz = 1 / uz;
  const double step_x = ux > 0 ? 1 : -1, step_y = uy > 0 ? 1 : -1, step_z = uz > 0 ? 1 : -1;
  const std::ptrdiff_t jump_x = ux > 0 ? geometry_.stride[0] : -geometry_.stride[0];
  const std::ptrdiff_t jump_y = uy > 0 ? geometry_.stride[1] : -geometry_.stride[1];
  const std::ptrdiff_t jump_z = uz > 0 ? geometry_.stride[2] : -geometry_.stride[2];
  // The numbers of the faces ahead, and how far from the origin they lie; an axis across the flight has none.
  constexpr double never = std::numeric_limits<double>::infinity();
  double face_x = p.cell[0] + (ux > 0 ? 1 : 0), tx = ux == 0 ? never : (face_x * dx - x0) * ix;
  double face_y = p.cell[1] + (uy > 0 ? 1 : 0), ty = uy == 0 ? never : (face_y * dy - y0) * iy;
  double face_z = p.cell[2] + (uz > 0 ? 1 : 0), tz = uz == 0 ? never : (face_z * dz - z0) * iz;

  const double* const rates = geometry_.rates(p.group);
  const Geometry::Kind* const kinds = geometry_.kinds.data();
  double* const flux = tallies_.flux(p.group);
  std::ptrdiff_t c = geometry_.index(p.cell);
  double along = p.along, depth = p.depth;
  const double weight = p.weight;
  std::int64_t segments = 0;
  Geometry::Kind kind = kinds[c];
  for (;;) {
    kind = kinds[c];
    const double next = std::min(std::min(tx, ty), tz);
    const double thickness = rates[kind] * (next - along);
    if (!(depth > thickness)) break;  // also outside the box, where this is infinite or no number
    flux[c] += weight * (next - along);
    depth -= thickness;
    along = next;
    ++segments;
    if (next == tx) {
      c += jump_x;
      face_x += step_x;
      tx = (face_x * dx - x0) * ix;
    } else if (next == ty) {
      c += jump_y;
      face_y += step_y;
      ty = (face_y * dy - y0) * iy;
    } else {
      c += jump_z;
      face_z += step_z;
      tz = (face_z * dz - z0) * iz;
    }
  }
  if (kind != geometry_.outside) {
    const double rest = depth / rates[kind];
    if (rates[kind] > 0) flux[c] += weight * rest;  // else the particle is lost, which its infinite path will show
    along += rest;
    ++segments;
  }
  p.along = along;
  p.depth = depth;
  p.cell = {static_cast<std::int32_t>(face_x) - (ux > 0), static_cast<std::int32_t>(face_y) - (uy > 0),
            static_cast<std::int32_t>(face_z) - (uz > 0)};
  sums.counts.segments += segments;
  return kind;
}

/// False when the history ends here.
bool Tracker::collide(Particle& p, Geometry::Kind kind, const Chance& chance) {
  PerAxis<double> x{};
  for (std::size_t a = 0; a < 3; ++a) {
    const double width = geometry_.width[a];
    const double low = geometry_.face(a, p.cell[a]), high = geometry_.face(a, p.cell[a] + 1);
    const double at = p.origin[a] + p.along * p.direction[a];
    if (!(at >= low - off_cell * width && at <= high + off_cell * width)) return lose(p);  // NaN is lost as well
    x[a] = std::clamp(at, low, high);
  }
  const std::ptrdiff_t c = geometry_.index(p.cell);
  ++p.draws;
  const double rate = geometry_.rates(p.group)[kind];
  tallies_.collisions(p.group)[c] += p.weight / rate;
  int material = kind;
  double part = chance.reaction * rate;  // [1/cm]: in turn scattering to each group, absorption, virtual collision
  if (geometry_.is_mixture(kind)) {
    material = geometry_.material_at(kind, x);
    const std::size_t at = materials_.at(material, p.group);
    tallies_.absorbed(p.group)[c] += p.weight * materials_.absorption[at] / rate;
    tallies_.produced(p.group)[c] += p.weight * materials_.production[at] / rate;
    if (part >= materials_.total[at]) {
      p.depth = chance.depth;
      return true;
    }
  }
  const std::size_t at = materials_.at(material, p.group);
  const double total = materials_.total[at], scattering = materials_.scattering[at];
  ++sums.counts.collisions;
  p.origin = x;
  p.along = 0;
  p.sides_since_flight = 0;

  if (materials_.production[at] > 0) bear(p, p.weight * materials_.production[at] / total, material);
  if (implicit_) {
    const double captured = p.weight * materials_.absorption[at] / total;
    sums.absorbed += captured;
    p.weight -= captured;
    if (!(scattering > 0)) return end(p, End::absorbed);
    part *= scattering / total;
    if (p.weight < settings_.roulette_weight && !survives(p)) return end(p, End::rouletted);
  } else if (part >= scattering) {
    sums.absorbed += p.weight;
    return end(p, End::absorbed);
  }
  // p(μ) = (1 + a μ)/2 by inversion; a = 0 is the isotropic case.
  const double a = materials_.slope[at], b = 4 * chance.cosine - 2 + a;
  const PerAxis<double> turn = direction_at(b / (1 + std::sqrt(std::max(0.0, 1 + a * b))), chance.azimuth);
  p.direction = a == 0 ? turn : about(p.direction, turn);
  p.group = materials_.scattered_group(material, p.group, part);
  p.depth = chance.depth;
  return true;
}

/// False when the history ends here.
bool Tracker::pass_border(Particle& p) {
  std::size_t axis = 3;
  for (std::size_t a = 0; a < 3; ++a)
    if (p.cell[a] < geometry_.box.begin[a] || p.cell[a] >= geometry_.box.end[a]) {
      if (axis != 3) return lose(p);
      axis = a;
    }
  if (axis == 3 || !(p.along < std::numeric_limits<double>::infinity())) return lose(p);
  const bool high = p.direction[axis] > 0;
  const std::size_t side = 2 * axis + (high ? 1 : 0);
  const auto cells = static_cast<std::int32_t>(geometry_.cells[axis]);
  if (p.cell[axis] >= 0 && p.cell[axis] < cells) {
    outgoing[side].push_back(p);
    return false;
  }
  if (++p.sides_since_flight > sides_limit) return lose(p);
  switch (settings_.boundaries[side]) {
    case Boundary::vacuum:
      sums.leaked[side] += p.weight;
      return end(p, End::leaked);
    case Boundary::reflecting:
      p.cell[axis] += high ? -1 : 1;
      restart(p, axis, geometry_.face(axis, high ? cells : 0));
      p.direction[axis] = -p.direction[axis];
      return true;
    case Boundary::periodic:
      p.cell[axis] = high ? 0 : cells - 1;
      restart(p, axis, geometry_.face(axis, high ? 0 : cells));
      if (!to_neighbour_[side]) return true;
      outgoing[side].push_back(p);
      return false;
  }
  return lose(p);
}

/// Begins a new flight where the particle is. The coordinate along @p axis is known exactly.
void Tracker::restart(Particle& p, std::size_t axis, double position) const noexcept {
  for (std::size_t a = 0; a < 3; ++a)
    p.origin[a] = std::clamp(p.origin[a] + p.along * p.direction[a], geometry_.face(a, p.cell[a]),
                             geometry_.face(a, p.cell[a] + 1));
  p.origin[axis] = position;
  p.along = 0;
}

void Tracker::be_born(Particle& p) noexcept {
  const FourNumbers u = draw(p);
  p.group = materials_.fission_group(p.group, u[3]);
  p.direction = direction_at(2 * u[0] - 1, circle_point(u[1]));
  p.depth = -std::log(u[2]);
}

/// Bears @p expected children in the mean, each of weight 1.
void Tracker::bear(Particle& p, double expected, int material) {
  const std::uint32_t drawn = p.draws;
  const auto n = static_cast<std::uint32_t>((eigenvalue_ ? expected / k_ : expected) + draw(p)[0]);
  for (std::uint32_t child = 0; child < n; ++child) {
    const std::uint64_t number = child_number(seed_, p.number, drawn, child);
    if (eigenvalue_)
      sites.push_back({p.origin, number, p.cell, material});
    else
      bank.push_back({p.origin, {}, 0, 0, 1, number, p.cell, 0, material, 0});
  }
  if (eigenvalue_) {
    sums.counts.fission_sites += n;
  } else {
    sums.counts.secondaries += n;
    sums.born += n;
  }
}

bool Tracker::survives(Particle& p) noexcept {
  if (draw(p)[0] * settings_.survival_weight >= p.weight) {
    sums.roulette_loss += p.weight;
    return false;
  }
  sums.roulette_gain += settings_.survival_weight - p.weight;
  p.weight = settings_.survival_weight;
  return true;
}

/// Notes how a history ended. Returns false.
bool Tracker::end(const Particle& p, End how) noexcept {
  TransportCounts& counts = sums.counts;
  counts.leaked += how == End::leaked;
  counts.absorbed += how == End::absorbed;
  counts.rouletted += how == End::rouletted;
  counts.lost += how == End::lost;
  const auto word = [](std::int32_t low, std::int32_t high) {
    return std::uint64_t{static_cast<std::uint32_t>(high)} << 32 | static_cast<std::uint32_t>(low);
  };
  sums.fingerprint += mix(mix(mix(p.number) + word(p.cell[0], p.cell[1])) + word(p.cell[2], p.group) +
                          (std::uint64_t{p.draws} << 8) + static_cast<std::uint64_t>(how));
  return false;
}

bool Tracker::lose(const Particle& p) {
  if (lost.size() < lost_kept) {
    LostParticle where{{}, p.number};
    for (std::size_t a = 0; a < 3; ++a) where.position[a] = p.origin[a] + p.along * p.direction[a];
    lost.push_back(where);
  }
  sums.lost += p.weight;
  return end(p, End::lost);
}

}  // namespace haloscope
