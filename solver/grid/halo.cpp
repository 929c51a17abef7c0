// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/grid/halo.hpp"

#include <algorithm>
#include <exception>
#include <vector>

#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

/// Cells [begin, end) of a view, ghosts included as negative and past-the-end indices.
struct Region {
  PerAxis<LocalIndex> begin, end;
  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t product = 1;
    for (std::size_t a = 0; a < 3; ++a) product *= static_cast<std::size_t>(end[a] - begin[a]);
    return product;
  }
};

/// What travels in direction @p d: the outermost owned layers on that side.
Region outgoing(Direction d, PerAxis<LocalIndex> n, int layers) {
  Region r{{0, 0, 0}, n};
  for (std::size_t a = 0; a < 3; ++a) {
    if (d[a] > 0) r.begin[a] = n[a] - layers;
    if (d[a] < 0) r.end[a] = layers;
  }
  return r;
}

/// Where what travels in direction @p d arrives: the ghost layers on the opposite side.
Region incoming(Direction d, PerAxis<LocalIndex> n, int layers) {
  Region r{{0, 0, 0}, n};
  for (std::size_t a = 0; a < 3; ++a) {
    if (d[a] > 0) r.begin[a] = -layers, r.end[a] = 0;
    if (d[a] < 0) r.begin[a] = n[a], r.end[a] = n[a] + layers;
  }
  return r;
}

/// Where the cells of a block lie: the first, and the distance to the next row and plane.
template <class T>
struct Block {
  T* first;
  std::ptrdiff_t row, plane;
};

template <class T>
Block<T> block_of(FieldView<T> field, const Region& r) {
  return {field.row(r.begin[1], r.begin[2]) + r.begin[0], field.stride[1], field.stride[2]};
}

/// The same cells packed without gaps.
template <class T>
Block<T> packed(T* buffer, const Region& r) {
  const std::ptrdiff_t width = r.end[0] - r.begin[0];
  return {buffer, width, width * (r.end[1] - r.begin[1])};
}

/// Faces along x are one cell wide: a call of memcpy for each cell would cost more than all the rest.
template <class From, class To>
void copy(Block<From> from, Block<To> to, const Region& shape) {
  const LocalIndex width = shape.end[0] - shape.begin[0], rows = shape.end[1] - shape.begin[1];
  for (LocalIndex k = shape.begin[2]; k < shape.end[2]; ++k, from.first += from.plane, to.first += to.plane) {
    const From* in = from.first;
    To* out = to.first;
    if (width == 1) {
      for (LocalIndex j = 0; j < rows; ++j) out[j * to.row] = in[j * from.row];
    } else {
      for (LocalIndex j = 0; j < rows; ++j, in += from.row, out += to.row) std::copy_n(in, width, out);
    }
  }
}

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
  /// What travels in one direction: to the rank on that side, or from the rank on the opposite side.
  struct Channel {
    Direction direction{};
    int tag = 0;  ///< position in directions()
    int peer = MPI_PROC_NULL;
    Region region;
    std::size_t offset = 0;  ///< in the buffer, in elements; the fields follow each other there
    [[nodiscard]] std::size_t cells() const noexcept { return region.size(); }
  };
  struct Copy {
    Region from, to;
  };

  HaloMethod method;
  std::size_t n_fields;
  PhaseClock* clock;
  MPI_Comm comm;
  std::vector<Channel> sends, receives;  ///< both in the order of directions()
  std::vector<Copy> copies;              ///< where the rank is its own neighbour
  std::vector<T> send_buffer, receive_buffer;
  std::vector<FieldView<T>> fields;    ///< of the exchange in flight
  std::vector<MPI_Request> in_flight;  ///< not owned where persistent
  std::vector<Request> persistent;
  Communicator graph;
  std::vector<int> send_counts, send_offsets, receive_counts, receive_offsets;

  State(const Decomposition& where, HaloMethod how, HaloReach reach, int layers, int count, PhaseClock& phase_clock)
      : method(how), n_fields(static_cast<std::size_t>(count)), clock(&phase_clock), comm(where.comm()) {
    const PerAxis<LocalIndex> n = where.local_cells();
    std::size_t sent = 0, received = 0;
    int tag = 0;
    for (const Direction d : directions(reach)) {
      const int to = where.neighbour(d), from = where.neighbour(opposite(d));
      const Region out = outgoing(d, n, layers), in = incoming(d, n, layers);
      if (to == where.rank()) {
        copies.push_back({out, in});
      } else {
        if (to != MPI_PROC_NULL) sends.push_back({d, tag, to, out, sent});
        if (from != MPI_PROC_NULL) receives.push_back({d, tag, from, in, received});
        if (to != MPI_PROC_NULL) sent += out.size() * n_fields;
        if (from != MPI_PROC_NULL) received += in.size() * n_fields;
      }
      ++tag;
    }
    send_buffer.resize(sent);
    receive_buffer.resize(received);
    fields.reserve(n_fields);
    in_flight.reserve(sends.size() + receives.size());
    if (method == HaloMethod::persistent) make_persistent();
    if (method == HaloMethod::neighbor_collective) make_graph();
  }

  void make_persistent() {
    const auto keep = [this](int code, MPI_Request request) {
      check_mpi(code);
      persistent.emplace_back(request);
      in_flight.push_back(request);
    };
    MPI_Request request = MPI_REQUEST_NULL;
    for (const Channel& c : receives) {
      const int code =
          MPI_Recv_init(&receive_buffer[c.offset], elements(c), mpi_type<T>(), c.peer, c.tag, comm, &request);
      keep(code, request);
    }
    for (const Channel& c : sends) {
      const int code = MPI_Send_init(&send_buffer[c.offset], elements(c), mpi_type<T>(), c.peer, c.tag, comm, &request);
      keep(code, request);
    }
  }

  /// Two ranks can be neighbours on several sides. The k-th edge from one to the other is matched with the k-th in both
  /// lists (MPI 3.1, section 7.6), and both lists go by the direction of travel.
  void make_graph() {
    std::vector<int> sources, destinations;
    for (const Channel& c : receives) {
      sources.push_back(c.peer);
      receive_counts.push_back(elements(c));
      receive_offsets.push_back(static_cast<int>(c.offset));
    }
    for (const Channel& c : sends) {
      destinations.push_back(c.peer);
      send_counts.push_back(elements(c));
      send_offsets.push_back(static_cast<int>(c.offset));
    }
    MPI_Comm made = MPI_COMM_NULL;
    check_mpi(MPI_Dist_graph_create_adjacent(comm, static_cast<int>(sources.size()), sources.data(), MPI_UNWEIGHTED,
                                             static_cast<int>(destinations.size()), destinations.data(), MPI_UNWEIGHTED,
                                             MPI_INFO_NULL, 0, &made));
    graph = Communicator(made);
    check_mpi(MPI_Comm_set_errhandler(made, MPI_ERRORS_RETURN));
  }

  /// A copy costs three streams: the read, and the write, which fetches its line first.
  void announce_copying(std::size_t elements) const { clock->work(3 * sizeof(T) * static_cast<double>(elements)); }
  [[nodiscard]] std::size_t copied_elements() const noexcept {
    std::size_t cells = 0;
    for (const Copy& own : copies) cells += own.to.size();
    return cells * n_fields;
  }

  [[nodiscard]] int elements(const Channel& c) const noexcept { return static_cast<int>(c.cells() * n_fields); }

  void post() {
    switch (method) {
      case HaloMethod::point_to_point:
        for (const Channel& c : receives) {
          check_mpi(MPI_Irecv(&receive_buffer[c.offset], elements(c), mpi_type<T>(), c.peer, c.tag, comm,
                              &in_flight.emplace_back()));
        }
        for (const Channel& c : sends) {
          check_mpi(MPI_Isend(&send_buffer[c.offset], elements(c), mpi_type<T>(), c.peer, c.tag, comm,
                              &in_flight.emplace_back()));
        }
        break;
      case HaloMethod::persistent:
        if (!in_flight.empty()) check_mpi(MPI_Startall(static_cast<int>(in_flight.size()), in_flight.data()));
        break;
      case HaloMethod::neighbor_collective:
        check_mpi(MPI_Ineighbor_alltoallv(send_buffer.data(), send_counts.data(), send_offsets.data(), mpi_type<T>(),
                                          receive_buffer.data(), receive_counts.data(), receive_offsets.data(),
                                          mpi_type<T>(), graph.get(), &in_flight.emplace_back()));
        break;
      case HaloMethod::mock:
        break;
    }
  }

  void wait() {
    if (in_flight.empty()) return;
    check_mpi(MPI_Waitall(static_cast<int>(in_flight.size()), in_flight.data(), MPI_STATUSES_IGNORE));
    if (method != HaloMethod::persistent) in_flight.clear();
  }

  [[nodiscard]] static const Channel* find(const std::vector<Channel>& channels, Direction d) noexcept {
    const auto found =
        std::find_if(channels.begin(), channels.end(), [d](const Channel& c) { return c.direction == d; });
    return found == channels.end() ? nullptr : &*found;
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
  for (const auto& c : s.sends) {
    for (std::size_t f = 0; f < fields.size(); ++f)
      copy(block_of(fields[f], c.region), packed(&s.send_buffer[c.offset + f * c.cells()], c.region), c.region);
  }
  s.post();
  return HaloTicket();
}

template <class T>
HaloTicket Halo<T>::begin_packed() {
  State& s = *state_;
  const ScopedPhase phase(*s.clock, Phase::halo);
  s.fields.clear();
  s.post();
  return HaloTicket();
}

template <class T>
void Halo<T>::end(HaloTicket ticket) {
  State& s = *state_;
  ticket.open_ = false;
  const ScopedPhase phase(*s.clock, Phase::halo);
  s.wait();
  if (!s.fields.empty() && s.fields[0].ghost > 0) s.announce_copying(s.receive_buffer.size() + s.copied_elements());
  for (std::size_t f = 0; f < s.fields.size(); ++f) {
    if (s.fields[f].ghost == 0) continue;
    for (const auto& own : s.copies) copy(block_of(s.fields[f], own.from), block_of(s.fields[f], own.to), own.to);
    for (const auto& c : s.receives)
      copy(packed(&s.receive_buffer[c.offset + f * c.cells()], c.region), block_of(s.fields[f], c.region), c.region);
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
  const auto* c = State::find(state_->sends, direction_of(side));
  if (c == nullptr) return {};
  return {&state_->send_buffer[c->offset + static_cast<std::size_t>(field) * c->cells()], c->cells()};
}

template <class T>
std::span<const T> Halo<T>::received(Side side, int field) const noexcept {
  const auto* c = State::find(state_->receives, opposite(direction_of(side)));
  if (c == nullptr) return {};
  return {&state_->receive_buffer[c->offset + static_cast<std::size_t>(field) * c->cells()], c->cells()};
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
