// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/grid/redistribution.hpp"

#include <algorithm>
#include <optional>

#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

constexpr int forward_tag = 1, backward_tag = 2;

std::optional<Box> intersection(const Box& a, const Box& b) {
  Box both;
  for (std::size_t d = 0; d < 3; ++d) {
    both.begin[d] = std::max(a.begin[d], b.begin[d]);
    both.end[d] = std::min(a.end[d], b.end[d]);
    if (both.begin[d] >= both.end[d]) return std::nullopt;
  }
  return both;
}

/// The pieces [first, past) of an axis that overlap cells [begin, end).
std::pair<int, int> overlapping(const std::vector<GlobalIndex>& cuts, GlobalIndex begin, GlobalIndex end) {
  const auto first = std::upper_bound(cuts.begin(), cuts.end(), begin) - cuts.begin() - 1;
  const auto past = std::lower_bound(cuts.begin(), cuts.end(), end) - cuts.begin();
  return {static_cast<int>(first), static_cast<int>(past)};
}

Box box_at(const PerAxis<std::vector<GlobalIndex>>& cuts, PerAxis<int> coordinates) {
  Box box;
  for (std::size_t a = 0; a < 3; ++a) {
    const auto c = static_cast<std::size_t>(coordinates[a]);
    box.begin[a] = cuts[a][c];
    box.end[a] = cuts[a][c + 1];
  }
  return box;
}

PerAxis<int> grid_of(const PerAxis<std::vector<GlobalIndex>>& cuts) {
  return {static_cast<int>(cuts[0].size()) - 1, static_cast<int>(cuts[1].size()) - 1,
          static_cast<int>(cuts[2].size()) - 1};
}

/// Calls visit(coordinates, common cells) for each box of @p cuts that overlaps @p box.
template <class Visit>
void for_each_overlap(const PerAxis<std::vector<GlobalIndex>>& cuts, const Box& box, const Visit& visit) {
  PerAxis<std::pair<int, int>> range;
  for (std::size_t a = 0; a < 3; ++a) range[a] = overlapping(cuts[a], box.begin[a], box.end[a]);
  for (int z = range[2].first; z < range[2].second; ++z) {
    for (int y = range[1].first; y < range[1].second; ++y) {
      for (int x = range[0].first; x < range[0].second; ++x) {
        if (const auto common = intersection(box, box_at(cuts, {x, y, z}))) visit(PerAxis<int>{x, y, z}, *common);
      }
    }
  }
}

}  // namespace

int rank_holding(const Decomposition& from, PerAxis<int> to_grid, PerAxis<int> to_coordinates) noexcept {
  PerAxis<int> held{};
  for (std::size_t a = 0; a < 3; ++a) held[a] = to_coordinates[a] * from.process_grid()[a] / to_grid[a];
  return from.rank_of(held);
}

std::optional<int> box_held(const Decomposition& from, PerAxis<int> to_grid) noexcept {
  int number = 0;
  for (std::size_t a = 3; a-- > 0;) {
    const int mine = from.coordinates()[a], ranks = from.process_grid()[a];
    const int box = (mine * to_grid[a] + ranks - 1) / ranks;  // the least that lies here or beyond
    if (box >= to_grid[a] || box * ranks / to_grid[a] != mine) return {};
    number = number * to_grid[a] + box;
  }
  return number;
}

template <class T>
struct Redistribution<T>::State {
  /// Cells that this rank has on one side and @p peer on the other; indices are local to this rank's box.
  struct Part {
    int peer;
    Box local;
    std::vector<T> buffer;
    [[nodiscard]] std::size_t width() const noexcept { return static_cast<std::size_t>(local.end[0] - local.begin[0]); }
    [[nodiscard]] std::size_t cells() const noexcept {
      return width() * static_cast<std::size_t>((local.end[1] - local.begin[1]) * (local.end[2] - local.begin[2]));
    }
  };
  MPI_Comm comm;
  int rank;
  std::vector<Part> here, there;  ///< parts of this rank's box in the first and in the second decomposition
  std::vector<MPI_Request> forward_requests, backward_requests;
  std::vector<Request> owned;

  State(const Decomposition& from, const PerAxis<std::vector<GlobalIndex>>& to) : comm(from.comm()), rank(from.rank()) {
    const auto part = [](int peer, const Box& cells, const Box& box) {
      Part p{peer, cells, {}};
      for (std::size_t a = 0; a < 3; ++a) p.local.begin[a] -= box.begin[a], p.local.end[a] -= box.begin[a];
      p.buffer.resize(p.cells());
      return p;
    };
    const PerAxis<int> grid = grid_of(to);
    for_each_overlap(to, from.box(), [&](PerAxis<int> c, const Box& common) {
      here.push_back(part(rank_holding(from, grid, c), common, from.box()));
    });
    for_each_overlap(to, Box{{0, 0, 0}, from.cells()}, [&](PerAxis<int> c, const Box& box) {
      if (rank_holding(from, grid, c) != rank) return;
      for_each_overlap(from.cuts(), box, [&](PerAxis<int> source, const Box& common) {
        there.push_back(part(from.rank_of(source), common, box));
      });
    });
    for (Part& p : here) add(p, true);
    for (Part& p : there) add(p, false);
  }

  void add(Part& p, bool sends_forward) {
    if (p.peer == rank) return;
    MPI_Request send = MPI_REQUEST_NULL, receive = MPI_REQUEST_NULL;
    const int count = static_cast<int>(p.buffer.size());
    const int send_tag = sends_forward ? forward_tag : backward_tag,
              receive_tag = sends_forward ? backward_tag : forward_tag;
    check_mpi(MPI_Send_init(p.buffer.data(), count, mpi_type<T>(), p.peer, send_tag, comm, &send));
    owned.emplace_back(send);
    check_mpi(MPI_Recv_init(p.buffer.data(), count, mpi_type<T>(), p.peer, receive_tag, comm, &receive));
    owned.emplace_back(receive);
    (sends_forward ? forward_requests : backward_requests).push_back(send);
    (sends_forward ? backward_requests : forward_requests).push_back(receive);
  }

  static void gather(FieldView<const T> field, Part& p) {
    T* out = p.buffer.data();
    for (auto k = p.local.begin[2]; k < p.local.end[2]; ++k) {
      for (auto j = p.local.begin[1]; j < p.local.end[1]; ++j, out += p.width()) {
        std::copy_n(field.row(static_cast<int>(j), static_cast<int>(k)) + p.local.begin[0], p.width(), out);
      }
    }
  }
  static void scatter(const Part& p, const std::vector<T>& buffer, FieldView<T> field) {
    const T* in = buffer.data();
    for (auto k = p.local.begin[2]; k < p.local.end[2]; ++k) {
      for (auto j = p.local.begin[1]; j < p.local.end[1]; ++j, in += p.width()) {
        std::copy_n(in, p.width(), field.row(static_cast<int>(j), static_cast<int>(k)) + p.local.begin[0]);
      }
    }
  }

  /// The one part that stays on this rank appears in both lists; it goes through the sender's buffer.
  void move(std::vector<Part>& source, FieldView<const T> from, std::vector<Part>& target, FieldView<T> to,
            std::vector<MPI_Request>& requests) {
    const Part* kept = nullptr;
    for (Part& p : source) {
      gather(from, p);
      if (p.peer == rank) kept = &p;
    }
    if (!requests.empty()) {
      check_mpi(MPI_Startall(static_cast<int>(requests.size()), requests.data()));
      check_mpi(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE));
    }
    for (const Part& p : target) scatter(p, p.peer == rank ? kept->buffer : p.buffer, to);
  }
};

template <class T>
Redistribution<T>::Redistribution(const Decomposition& from, PerAxis<std::vector<GlobalIndex>> to_cuts)
    : state_(std::make_unique<State>(from, to_cuts)) {}
template <class T>
Redistribution<T>::Redistribution(Redistribution&&) noexcept = default;
template <class T>
Redistribution<T>::~Redistribution() = default;

template <class T>
void Redistribution<T>::forward(FieldView<const T> here, FieldView<T> there) {
  state_->move(state_->here, here, state_->there, there, state_->forward_requests);
}
template <class T>
void Redistribution<T>::backward(FieldView<const T> there, FieldView<T> here) {
  state_->move(state_->there, there, state_->here, here, state_->backward_requests);
}

template class Redistribution<float>;
template class Redistribution<double>;

}  // namespace haloscope
