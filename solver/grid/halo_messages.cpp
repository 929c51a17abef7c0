// SPDX-License-Identifier: BSD-3-Clause
#include "grid/halo_messages.hpp"

#include <vector>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"

namespace haloscope {

namespace {

template <class T>
struct Posts {
  MPI_Comm comm;
  std::span<const Parcel> sends, receives;  ///< both in the order of directions
  const T* send_buffer;
  T* receive_buffer;
};

void wait_for_all(std::vector<MPI_Request>& requests) {
  if (requests.empty()) return;
  check_mpi(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE));
}

template <class T>
class PointToPoint final : public HaloMessages {
 public:
  explicit PointToPoint(const Posts<T>& posts) : posts_(posts) {
    in_flight_.reserve(posts_.sends.size() + posts_.receives.size());
  }
  void post() override {
    for (const Parcel& p : posts_.receives) {
      check_mpi(MPI_Irecv(posts_.receive_buffer + p.offset, p.elements, mpi_type<T>(), p.peer, p.tag, posts_.comm,
                          &in_flight_.emplace_back()));
    }
    for (const Parcel& p : posts_.sends) {
      check_mpi(MPI_Isend(posts_.send_buffer + p.offset, p.elements, mpi_type<T>(), p.peer, p.tag, posts_.comm,
                          &in_flight_.emplace_back()));
    }
  }
  void wait() override {
    wait_for_all(in_flight_);
    in_flight_.clear();
  }

 private:
  Posts<T> posts_;
  std::vector<MPI_Request> in_flight_;
};

template <class T>
class Persistent final : public HaloMessages {
 public:
  explicit Persistent(const Posts<T>& posts) {
    for (const Parcel& p : posts.receives) {
      keep([&](MPI_Request* request) {
        return MPI_Recv_init(posts.receive_buffer + p.offset, p.elements, mpi_type<T>(), p.peer, p.tag, posts.comm,
                             request);
      });
    }
    for (const Parcel& p : posts.sends) {
      keep([&](MPI_Request* request) {
        return MPI_Send_init(posts.send_buffer + p.offset, p.elements, mpi_type<T>(), p.peer, p.tag, posts.comm,
                             request);
      });
    }
  }
  void post() override {
    if (!in_flight_.empty()) check_mpi(MPI_Startall(static_cast<int>(in_flight_.size()), in_flight_.data()));
  }
  void wait() override { wait_for_all(in_flight_); }

 private:
  template <class Make>
  void keep(const Make& make) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(make(&request));
    owned_.emplace_back(request);
    in_flight_.push_back(request);
  }

  std::vector<Request> owned_;
  std::vector<MPI_Request> in_flight_;  ///< the same, as MPI takes them
};

template <class T>
class NeighborCollective final : public HaloMessages {
 public:
  /// Two ranks can be neighbours on several sides. The k-th edge from one to the other is matched with the k-th in both
  /// lists (MPI 3.1, section 7.6), and both lists go by the direction of travel.
  explicit NeighborCollective(const Posts<T>& posts)
      : send_buffer_(posts.send_buffer), receive_buffer_(posts.receive_buffer) {
    for (const Parcel& p : posts.receives) receives_.add(p);
    for (const Parcel& p : posts.sends) sends_.add(p);
    MPI_Comm made = MPI_COMM_NULL;
    check_mpi(MPI_Dist_graph_create_adjacent(posts.comm, receives_.size(), receives_.peers.data(), MPI_UNWEIGHTED,
                                             sends_.size(), sends_.peers.data(), MPI_UNWEIGHTED, MPI_INFO_NULL, 0,
                                             &made));
    graph_ = Communicator(made);
    check_mpi(MPI_Comm_set_errhandler(made, MPI_ERRORS_RETURN));
  }
  void post() override {
    check_mpi(MPI_Ineighbor_alltoallv(send_buffer_, sends_.counts.data(), sends_.offsets.data(), mpi_type<T>(),
                                      receive_buffer_, receives_.counts.data(), receives_.offsets.data(), mpi_type<T>(),
                                      graph_.get(), &in_flight_));
  }
  void wait() override { check_mpi(MPI_Waitall(1, &in_flight_, MPI_STATUSES_IGNORE)); }

 private:
  struct Edges {
    std::vector<int> peers, counts, offsets;
    void add(const Parcel& p) {
      peers.push_back(p.peer);
      counts.push_back(p.elements);
      offsets.push_back(static_cast<int>(p.offset));
    }
    [[nodiscard]] int size() const noexcept { return static_cast<int>(peers.size()); }
  };

  const T* send_buffer_;
  T* receive_buffer_;
  Edges sends_, receives_;
  Communicator graph_;
  MPI_Request in_flight_ = MPI_REQUEST_NULL;
};

class NoMessages final : public HaloMessages {
 public:
  void post() override {}
  void wait() override {}
};

}  // namespace

template <class T>
std::unique_ptr<HaloMessages> make_halo_messages(HaloMethod method, MPI_Comm comm, std::span<const Parcel> sends,
                                                 std::span<const Parcel> receives, const T* send_buffer,
                                                 T* receive_buffer) {
  const Posts<T> posts{comm, sends, receives, send_buffer, receive_buffer};
  switch (method) {
    case HaloMethod::point_to_point:
      return std::make_unique<PointToPoint<T>>(posts);
    case HaloMethod::persistent:
      return std::make_unique<Persistent<T>>(posts);
    case HaloMethod::neighbor_collective:
      return std::make_unique<NeighborCollective<T>>(posts);
    case HaloMethod::mock:
      break;
  }
  return std::make_unique<NoMessages>();
}

template std::unique_ptr<HaloMessages> make_halo_messages(HaloMethod, MPI_Comm, std::span<const Parcel>,
                                                          std::span<const Parcel>, const float*, float*);
template std::unique_ptr<HaloMessages> make_halo_messages(HaloMethod, MPI_Comm, std::span<const Parcel>,
                                                          std::span<const Parcel>, const double*, double*);

}  // namespace haloscope
