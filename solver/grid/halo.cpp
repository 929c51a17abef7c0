// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/grid/halo.hpp"

#include <algorithm>
#include <exception>
#include <vector>

#include "grid/halo_messages.hpp"
#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

/// The directions of an exchange, in an order that every rank shares; the position is the message tag.
std::vector<Direction> directions(HaloReach reach) {
  std::vector<Direction> all;
  for (const int order : {1, 2}) {
    if (order == 2 && reach == HaloReach::faces) break;
    for (int z = -1; z <= 1; ++z) {
      for (int y = -1; y <= 1; ++y) {
        for (int x = -1; x <= 1; ++x) {
          if (x * x + y * y + z * z == order) all.push_back({x, y, z});
        }
      }
    }
  }
  return all;
}

constexpr Direction opposite(Direction d) noexcept { return {-d[0], -d[1], -d[2]}; }

}  // namespace

std::string_view name(HaloMethod method) noexcept {
  switch (method) {
    case HaloMethod::point_to_point:
      return "point-to-point";
    case HaloMethod::persistent:
      return "persistent";
    case HaloMethod::neighbor_collective:
      return "neighbor-collective";
    case HaloMethod::mock:
      return "mock";
  }
  return "unknown";
}

HaloTicket::~HaloTicket() {
  // A ticket that dies while another failure unwinds is no mistake of its holder.
  if (open_ && std::uncaught_exceptions() == 0) std::terminate();
}

template <class T>
struct Halo<T>::State {
  struct Copy {
    Region from, to;
  };

  HaloMethod method;
  std::size_t n_fields;
  PhaseClock* clock;
  std::vector<Parcel> sends, receives;  ///< both in the order of directions()
  std::vector<Copy> copies;             ///< where the rank is its own neighbour
  std::vector<T> send_buffer, receive_buffer;
  std::vector<FieldView<T>> fields;  ///< of the exchange in flight
  std::unique_ptr<HaloMessages> messages;

  State(const Decomposition& where, HaloMethod how, HaloReach reach, int layers, int count, PhaseClock& phase_clock)
      : method(how), n_fields(static_cast<std::size_t>(count)), clock(&phase_clock) {
    const PerAxis<LocalIndex> n = where.local_cells();
    std::size_t sent = 0, received = 0;
    const auto add = [this](std::vector<Parcel>& to, Direction d, int tag, int peer, const Region& region,
                            std::size_t& offset) {
      if (peer == MPI_PROC_NULL) return;
      const std::size_t elements = region.size() * n_fields;
      to.push_back({d, tag, peer, region, offset, static_cast<int>(elements)});
      offset += elements;
    };
    int tag = 0;
    for (const Direction d : directions(reach)) {
      const int to = where.neighbour(d), from = where.neighbour(opposite(d));
      const Region out = outgoing(d, n, layers), in = incoming(d, n, layers);
      if (to == where.rank()) {
        copies.push_back({out, in});
      } else {
        add(sends, d, tag, to, out, sent);
        add(receives, d, tag, from, in, received);
      }
      ++tag;
    }
    send_buffer.resize(sent);
    receive_buffer.resize(received);
    fields.reserve(n_fields);
    messages = make_halo_messages<T>(method, where.comm(), sends, receives, send_buffer.data(), receive_buffer.data());
  }

  /// A copy costs three streams: the read, and the write, which fetches its line first.
  void announce_copying(std::size_t elements) const { clock->work(3 * sizeof(T) * static_cast<double>(elements)); }
  [[nodiscard]] std::size_t copied_elements() const noexcept {
    std::size_t cells = 0;
    for (const Copy& own : copies) cells += own.to.size();
    return cells * n_fields;
  }

  [[nodiscard]] static const Parcel* find(const std::vector<Parcel>& parcels, Direction d) noexcept {
    const auto found = std::ranges::find(parcels, d, &Parcel::direction);
    return found == parcels.end() ? nullptr : &*found;
  }
};

template <class T>
Halo<T>::Halo(const Decomposition& decomposition, HaloMethod method, HaloReach reach, int layers, int n_fields,
              PhaseClock& clock) {
  require(n_fields >= 1 && layers >= 1, "a halo has fields and layers");
  state_ = std::make_unique<State>(decomposition, method, reach, layers, n_fields, clock);
}

template <class T>
Halo<T>::Halo(Halo&&) noexcept = default;
template <class T>
Halo<T>& Halo<T>::operator=(Halo&&) noexcept = default;
template <class T>
Halo<T>::~Halo() = default;

template <class T>
HaloTicket Halo<T>::begin(std::span<const FieldView<T>> fields) {
  State& s = *state_;
  require(fields.size() == s.n_fields, "begin() gets as many fields as the halo was made for");
  const ScopedPhase phase(*s.clock, Phase::halo);
  s.fields.assign(fields.begin(), fields.end());
  s.announce_copying(s.send_buffer.size());
  for (const Parcel& p : s.sends) {
    for (std::size_t f = 0; f < fields.size(); ++f)
      copy(block_of(fields[f], p.region), packed(&s.send_buffer[p.offset + f * p.region.size()], p.region), p.region);
  }
  s.messages->post();
  return HaloTicket();
}

template <class T>
HaloTicket Halo<T>::begin_packed() {
  State& s = *state_;
  const ScopedPhase phase(*s.clock, Phase::halo);
  s.fields.clear();
  s.messages->post();
  return HaloTicket();
}

template <class T>
void Halo<T>::end(HaloTicket ticket) {
  State& s = *state_;
  ticket.open_ = false;
  const ScopedPhase phase(*s.clock, Phase::halo);
  s.messages->wait();
  if (!s.fields.empty() && s.fields[0].ghost > 0) s.announce_copying(s.receive_buffer.size() + s.copied_elements());
  for (std::size_t f = 0; f < s.fields.size(); ++f) {
    if (s.fields[f].ghost == 0) continue;
    for (const auto& own : s.copies) copy(block_of(s.fields[f], own.from), block_of(s.fields[f], own.to), own.to);
    for (const Parcel& p : s.receives)
      copy(packed(&s.receive_buffer[p.offset + f * p.region.size()], p.region), block_of(s.fields[f], p.region),
           p.region);
  }
}

template <class T>
void Halo<T>::exchange(std::span<const FieldView<T>> fields) {
  if (alone() && std::ranges::all_of(fields, [](const FieldView<T>& f) { return f.ghost == 0; })) return;
  const ScopedPhase phase(*state_->clock, Phase::halo);
  end(begin(fields));
}

template <class T>
bool Halo<T>::alone() const noexcept {
  return state_->sends.empty() && state_->receives.empty();
}

template <class T>
std::span<T> Halo<T>::to_send(Side side, int field) noexcept {
  const Parcel* const p = State::find(state_->sends, direction_of(side));
  if (p == nullptr) return {};
  const std::size_t cells = p->region.size();
  return {&state_->send_buffer[p->offset + static_cast<std::size_t>(field) * cells], cells};
}

template <class T>
std::span<const T> Halo<T>::received(Side side, int field) const noexcept {
  const Parcel* const p = State::find(state_->receives, opposite(direction_of(side)));
  if (p == nullptr) return {};
  const std::size_t cells = p->region.size();
  return {&state_->receive_buffer[p->offset + static_cast<std::size_t>(field) * cells], cells};
}

template <class T>
int Halo<T>::messages() const noexcept {
  return state_->method == HaloMethod::mock ? 0 : static_cast<int>(state_->sends.size());
}

template <class T>
std::size_t Halo<T>::bytes() const noexcept {
  return state_->method == HaloMethod::mock ? 0 : state_->send_buffer.size() * sizeof(T);
}

template class Halo<float>;
template class Halo<double>;

}  // namespace haloscope
