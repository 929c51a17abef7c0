// SPDX-License-Identifier: BSD-3-Clause
#include "transport/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

int side_of(const std::string& kind) {
  if (kind == "volume") return -1;
  const auto found = std::ranges::find(side_names, kind);
  if (found == side_names.end())
    throw UserError(fmt::format("source.kind: {}: allowed are volume and the sides west … above", kind));
  return static_cast<int>(found - side_names.begin());
}

}  // namespace

std::size_t SourceRegion::Axis::find(double u) const noexcept {
  // All cells but the first and the last are covered alike, so this is off by one at most, and needs no search.
  const std::size_t n = low.size();
  std::size_t at = std::min(static_cast<std::size_t>(u * static_cast<double>(n)), n - 1);
  while (at > 0 && u < sum[at]) --at;
  while (at + 1 < n && u >= sum[at + 1]) ++at;
  return at;
}

double SourceRegion::Axis::rest(double u, std::size_t at) const noexcept {
  return std::clamp((u - sum[at]) / (sum[at + 1] - sum[at]), 0.0, 1.0);
}

SourceRegion::SourceRegion(const Geometry& geometry, const TransportCase& settings, const ParticleSource& source)
    : strength(source.strength_per_s), side_(side_of(source.kind)), group_(source.group - 1) {
  require(group_ >= 0 && group_ < settings.groups, "a group of the case");
  for (std::size_t a = 0; a < 3; ++a) {
    if (side_ >= 0 && axis_of(static_cast<Side>(side_)) == static_cast<int>(a)) {
      cover_side(geometry);
    } else {
      cover(geometry, a, source.low_cm.empty() ? 0 : source.low_cm.at(a),
            source.high_cm.empty() ? settings.length_cm[a] : source.high_cm.at(a));
    }
    const auto last = axes_[a].first + static_cast<std::int32_t>(axes_[a].low.size());
    own_begin[a] = std::max(axes_[a].first, static_cast<std::int32_t>(geometry.box.begin[a]));
    own_end[a] = std::min(last, static_cast<std::int32_t>(geometry.box.end[a]));
  }
  if (source.direction.empty()) return;
  directed_ = true;
  const double length = std::hypot(source.direction.at(0), source.direction.at(1), source.direction.at(2));
  for (std::size_t a = 0; a < 3; ++a) direction_[a] = source.direction[a] / length;
}

void SourceRegion::cover(const Geometry& geometry, std::size_t axis, double low, double high) {
  Axis& along = axes_[axis];
  const double n = static_cast<double>(geometry.cells[axis]), width = geometry.width[axis];
  // A border within rounding of a face is that face: no sliver of a cell becomes a part of the source.
  const double first = std::clamp(std::floor(low / width + 1e-9), 0.0, n - 1);
  const double end = std::clamp(std::ceil(high / width - 1e-9), first + 1, n);
  along.first = static_cast<std::int32_t>(first);
  for (double i = first; i < end; ++i) {
    along.low.push_back(std::clamp(low, geometry.face(axis, i), geometry.face(axis, i + 1)));
    along.high.push_back(std::clamp(high, geometry.face(axis, i), geometry.face(axis, i + 1)));
  }
  const double whole = along.high.back() - along.low.front();
  require(whole > 0, "a source of some extent");
  for (const double x : along.low) along.sum.push_back((x - along.low.front()) / whole);
  along.sum.push_back(1);
}

void SourceRegion::cover_side(const Geometry& geometry) {
  const auto a = static_cast<std::size_t>(axis_of(static_cast<Side>(side_)));
  const double n = static_cast<double>(geometry.cells[a]);
  const bool high = is_high(static_cast<Side>(side_));
  const double at = geometry.face(a, high ? n : 0);
  axes_[a] = {static_cast<std::int32_t>(high ? n - 1 : 0), {at}, {at}, {0, 1}};
}

bool SourceRegion::is_here() const noexcept {
  return own_begin[0] < own_end[0] && own_begin[1] < own_end[1] && own_begin[2] < own_end[2];
}

bool SourceRegion::owns(PerAxis<std::int32_t> cell) const noexcept {
  for (std::size_t a = 0; a < 3; ++a)
    if (cell[a] < own_begin[a] || cell[a] >= own_end[a]) return false;
  return true;
}

SourceRegion::Numbers SourceRegion::row(std::int32_t j, std::int32_t k) const noexcept {
  const auto at = [&](std::size_t axis, std::int32_t cell) {
    return static_cast<std::size_t>(cell - axes_[axis].first);
  };
  const auto &x = axes_[0].sum, &y = axes_[1].sum, &z = axes_[2].sum;
  const std::size_t yj = at(1, j), zk = at(2, k);
  const auto part = [&](std::int32_t i) {
    return z[zk] + (z[zk + 1] - z[zk]) * (y[yj] + (y[yj + 1] - y[yj]) * x[at(0, i)]);
  };
  const double n = static_cast<double>(count);
  const auto first = static_cast<std::int64_t>(part(own_begin[0]) * n),
             last = static_cast<std::int64_t>(part(own_end[0]) * n);
  return {std::max<std::int64_t>(first - 1, 0), std::min(last + 2, count)};  // one more at each end, for rounding
}

PerAxis<std::int32_t> SourceRegion::cell_of(std::int64_t i, double xi) const noexcept {
  double u = (static_cast<double>(i) + xi) / static_cast<double>(count);
  PerAxis<std::int32_t> cell{};
  for (std::size_t a = 3; a-- > 0;) {
    const std::size_t at = axes_[a].find(u);
    u = axes_[a].rest(u, at);
    cell[a] = axes_[a].first + static_cast<std::int32_t>(at);
  }
  return cell;
}

Particle SourceRegion::start(PerAxis<std::int32_t> cell, const FourNumbers& place,
                             const FourNumbers& aim) const noexcept {
  Particle particle{};
  particle.cell = cell;
  for (std::size_t a = 0; a < 3; ++a) {
    const auto at = static_cast<std::size_t>(cell[a] - axes_[a].first);
    const double low = axes_[a].low[at], high = axes_[a].high[at];
    particle.origin[a] = std::min(high, low + place[a + 1] * (high - low));
  }
  if (directed_) {
    particle.direction = direction_;
  } else if (side_ < 0) {
    particle.direction = direction_at(2 * aim[0] - 1, circle_point(aim[1]));
  } else {  // as many through the side as if there were an isotropic flux beyond it
    const PerAxis<double> d = direction_at(std::sqrt(aim[0]), circle_point(aim[1]));
    const auto a = static_cast<std::size_t>(axis_of(static_cast<Side>(side_)));
    particle.direction[a] = is_high(static_cast<Side>(side_)) ? -d[2] : d[2];
    particle.direction[(a + 1) % 3] = d[0];
    particle.direction[(a + 2) % 3] = d[1];
  }
  particle.depth = -std::log(aim[2]);
  particle.weight = weight;
  particle.group = group_;
  particle.draws = 2;
  return particle;
}

Source::Source(const Geometry& geometry, const TransportCase& settings, std::uint64_t seed) : seed_(seed) {
  for (const ParticleSource& source : settings.sources) {
    regions_.emplace_back(geometry, settings, source);
    strength_ += source.strength_per_s;
  }
  double sum = 0;
  std::int64_t given = 0;
  for (SourceRegion& region : regions_) {
    sum += region.strength;
    region.offset = given;
    given = std::llround(sum / strength_ * static_cast<double>(settings.particles));
    region.count = given - region.offset;
    if (region.count < 1)
      throw UserError(fmt::format("transport.particles: {}: too few to give one to a source of {:g} of {:g} per s",
                                  settings.particles, region.strength, strength_));
    region.weight =
        region.strength / strength_ * static_cast<double>(settings.particles) / static_cast<double>(region.count);
  }
}

void Source::begin(std::uint32_t batch) {
  batch_ = batch;
  region_ = 0;
  numbers_ = {};
  next_ = 0;
  j_ = k_ = -1;  // before the first row
}

bool Source::next_row() {
  for (; region_ < regions_.size(); ++region_, j_ = -1, next_ = 0) {
    const SourceRegion& region = regions_[region_];
    if (!region.is_here()) continue;
    if (j_ < 0) {
      j_ = region.own_begin[1];
      k_ = region.own_begin[2];
    } else if (++j_ == region.own_end[1]) {
      j_ = region.own_begin[1];
      if (++k_ == region.own_end[2]) continue;
    }
    numbers_ = region.row(j_, k_);
    next_ = std::max(next_, numbers_.first);  // the row before may have taken the first of this one already
    return true;
  }
  numbers_ = {};
  next_ = 0;
  return false;
}

bool Source::next(Particle& particle) {
  for (;;) {
    while (next_ >= numbers_.last)
      if (!next_row()) return false;
    const SourceRegion& region = regions_[region_];
    const std::int64_t i = next_++;
    const auto number = static_cast<std::uint64_t>(region.offset + i);
    RandomStream stream(seed_, batch_, number);
    const FourNumbers place = stream.four_uniforms();
    const PerAxis<std::int32_t> cell = region.cell_of(i, place[0]);
    if (!region.owns(cell)) continue;
    particle = region.start(cell, place, stream.four_uniforms());
    particle.number = number;
    return true;
  }
}

}  // namespace haloscope
